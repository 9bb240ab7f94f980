"""A transfer: its row, and the events that change it, as `core.transfer_rules` says.

Instants are timezone-aware UTC.
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
    WARM = "warm"  # the handling party speaks with the colleague first
    COLD = "cold"  # the handling party is free at once
    QUEUE = "queue"  # the next operator of another queue takes the caller


class TransferState(StrEnum):
    """Where a transfer is. The caller is on hold in every state but WITH_CALLER and CONFERENCED."""

    RINGING = "ringing"  # the colleague is being reached
    BRIEFING = "briefing"  # the colleague has picked up, and hears who is on the line
    CONSULTING = "consulting"  # handling party and colleague talk
    WITH_CALLER = "with_caller"  # handling party and caller talk; the colleague is on hold
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
    CANCELLED = "cancelled"  # by the handling party
    CALLER_LEFT = "caller_left"
    LOST = "lost"  # ended in a gap, when nobody saw how, or by a fault


class CountReason(StrEnum):
    """Why a transfer counts towards the two that AV §2 allows, or does not."""

    TO_ANOTHER_PERSON = "handed_over"
    SAME_PERSON = "same_person"  # the queue gave the caller back to the operator who had them before
    NOT_COMPLETED = "not_handed_over"  # cancelled, refused, not answered, or the caller left


@dataclass(frozen=True, slots=True)
class Transfer:
    """The row of one transfer, field for field. `number` counts from 1 within its call.

    It is asked for by the handling party: `from_leg` is their leg, `from_session` their login (None for a colleague).
    `to_party` is an operator number, an extension or a queue, and never a number outside: that is `pii_to_number`.
    `in_presence`: the handling party is still in the call.
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


# --- events: of people and phones, and commands of the handling party; each comes with its instant ---


@dataclass(frozen=True, slots=True)
class TargetAnswered:
    """The colleague's phone was picked up."""


@dataclass(frozen=True, slots=True)
class TargetBriefed:
    """The colleague heard who is on the line, and takes the caller."""


@dataclass(frozen=True, slots=True)
class TargetFailed:
    """The colleague could not be reached; `outcome` says how."""

    outcome: TransferOutcome


@dataclass(frozen=True, slots=True)
class TargetLeft:
    """The colleague, who had picked up, put the phone down."""


@dataclass(frozen=True, slots=True)
class HandlingPartyLeft:
    """The person who asked for the transfer put the phone down, or is gone."""


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller put the phone down, or is gone."""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """`Transfer.until_at` has come."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An operator took the caller: the next one of the queue, or the one to whom the caller was to go."""

    by: str


@dataclass(frozen=True, slots=True)
class SwapParties:
    """From the colleague to the caller, or the other way round; the other one is on hold."""


@dataclass(frozen=True, slots=True)
class Conference:
    """Caller, colleague and handling party talk together."""


@dataclass(frozen=True, slots=True)
class CompleteTransfer:
    """The colleague takes the caller; the handling party is let go."""


@dataclass(frozen=True, slots=True)
class CancelTransfer:
    """The colleague is let go; the handling party has the caller again."""


#: what the handling party may ask of a transfer that is open
TransferCommand = SwapParties | Conference | CompleteTransfer | CancelTransfer
TransferEvent = (
    TargetAnswered
    | TargetBriefed
    | TargetFailed
    | TargetLeft
    | HandlingPartyLeft
    | CallerLeft
    | TimeUp
    | Taken
    | TransferCommand
)
