"""The vocabulary of handing a caller over: the row of a transfer, and what can happen to it.

`core.transfers` holds the rules. Instants are timezone-aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ari_app.core.ids import (
    CallId,
    Endpoint,
    LegId,
    MunicipalityCode,
    OperatorNumber,
    SessionId,
    TeamCode,
    TransferId,
)


class TransferKind(StrEnum):
    WARM = "warm"  # who asks speaks with the colleague first
    COLD = "cold"  # who asks is free at once
    QUEUE = "queue"  # the next operator of another queue takes the caller


class TransferState(StrEnum):
    """Where a transfer is. The caller is on hold but for WITH_CALLER and CONFERENCED."""

    RINGING = "ringing"  # the colleague is being reached
    BRIEFING = "briefing"  # the colleague has picked up, and is told who comes
    CONSULTING = "consulting"  # who asked and the colleague talk
    WITH_CALLER = "with_caller"  # who asked and the caller talk; the colleague is on hold
    CONFERENCED = "conferenced"  # all three talk
    QUEUED = "queued"  # the caller waits in a queue
    ENDED = "ended"


class TransferOutcome(StrEnum):
    """How a transfer ended. Every exit names one."""

    COMPLETED = "completed"  # somebody else has the caller now
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # the colleague put the phone down instead of taking the caller
    CANCELLED = "cancelled"  # by who asked for it
    CALLER_LEFT = "caller_left"
    LOST = "lost"  # ended while nobody was looking, or by a fault


class CountReason(StrEnum):
    """Why a transfer counts towards the two that AV §2 allows, or does not."""

    HANDED_OVER = "handed_over"  # from one person to another
    SAME_PERSON = "same_person"  # the queue gave the caller back to who had them
    NOT_HANDED_OVER = "not_handed_over"  # cancelled, refused, not answered, or the caller left


@dataclass(frozen=True, slots=True)
class Transfer:
    """The row of one transfer, field for field. `number` counts from 1 within its call.

    `from_leg` is the part in the call of who asks; `from_session` their login, None for a colleague. `to_party` is an
    operator number, an extension or a queue, and never a number outside: that is `pii_to_number`. `in_presence`: who
    asked is still in the call.
    """

    id: TransferId
    call_id: CallId
    number: int
    kind: TransferKind
    state: TransferState
    requested_at: datetime
    from_party: str
    from_leg: LegId
    to_party: str
    from_session: SessionId | None = None
    in_presence: bool = False
    to_endpoint: Endpoint | None = None
    to_operator: OperatorNumber | None = None
    to_team: TeamCode | None = None
    to_municipality: MunicipalityCode | None = None
    to_leg: LegId | None = None
    must_accept: bool = False  # a number outside: a voicemail picks up as well, and presses no key
    pii_subject: str = ""  # may be free text
    until_at: datetime | None = None  # when ringing, or waiting for a key, is given up
    answered_at: datetime | None = None
    completed_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: TransferOutcome | None = None
    counted: bool = False
    count_reason: CountReason | None = None
    pii_to_number: str | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


# --- events: what happened, and what was asked for -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TargetAnswered:
    at: datetime


@dataclass(frozen=True, slots=True)
class TargetBriefed:
    """The colleague heard who comes, and takes the caller."""

    at: datetime


@dataclass(frozen=True, slots=True)
class TargetFailed:
    """The colleague could not be reached; `outcome` says how."""

    outcome: TransferOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class TargetLeft:
    """The colleague, who had picked up, put the phone down."""

    at: datetime


@dataclass(frozen=True, slots=True)
class HolderLeft:
    at: datetime


@dataclass(frozen=True, slots=True)
class CallerLeft:
    at: datetime


@dataclass(frozen=True, slots=True)
class TimeUp:
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """An operator of the queue, or the operator that was asked for, has the caller."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Complete:
    at: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    at: datetime


@dataclass(frozen=True, slots=True)
class Swap:
    at: datetime


@dataclass(frozen=True, slots=True)
class Conference:
    at: datetime


TransferEvent = (
    TargetAnswered
    | TargetBriefed
    | TargetFailed
    | TargetLeft
    | HolderLeft
    | CallerLeft
    | TimeUp
    | Taken
    | Complete
    | Cancel
    | Swap
    | Conference
)
