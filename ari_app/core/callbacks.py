"""The promise to call a citizen back: the request, its attempts, and the facts of its history.

`CallbackRequest` and `CallbackAttempt` are the rows of the tables `callback_request` and `callback_attempt`, field for
field. Every request has a number, a deadline and an owner. All instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ari_app.core.ids import AttemptId, CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode


class RequestReason(StrEnum):
    """The situation in which a request was made."""

    MENU = "menu"
    WAITING = "waiting"  # instead of waiting any longer
    CLOSED = "closed"
    CALAMITY = "calamity"
    OVERLOAD = "overload"  # turned away: more callers than this machine can carry
    OPERATOR = "operator"  # made by an operator during or after a call
    REFUSED_TRANSFER = "refused_transfer"  # a transfer that AV §2 does not allow
    TRANSFER_NOT_ANSWERED = "transfer_not_answered"
    ABANDONED = "abandoned"  # hung up before a human answered
    DESK = "desk"  # entered on a screen or with the command


class RequestKind(StrEnum):
    PROMISE = "promise"  # at latest on the working day after the first contact
    VIRTUAL_HOLD = "virtual_hold"  # today, at the place in the queue that the caller kept


class RequestState(StrEnum):
    OPEN = "open"  # to be called; without a next attempt, a person has to decide
    PLANNED = "planned"  # was tried; the next attempt is planned
    IN_PROGRESS = "in_progress"  # an operator or a call has the lease
    CLOSED = "closed"


class Confirmed(StrEnum):
    """How the number was confirmed."""

    SHOWN = "shown"  # the network showed it, and the caller confirmed it with a key
    TYPED = "typed"  # keyed in, read back, and confirmed
    SPOKEN = "spoken"  # said to an operator
    UNCONFIRMED = "unconfirmed"  # shown by the network; the caller hung up


class CloseKind(StrEnum):
    REACHED = "reached"  # in a talk on a callback
    HELPED = "helped"  # the citizen called again and was helped
    BY_PERSON = "by_person"  # a person closed it, with a reason


class AttemptOutcome(StrEnum):
    REACHED = "reached"  # the citizen's leg was answered, and there was a talk
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    VOICEMAIL = "voicemail"  # marked by the operator's key
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"  # the citizen does not want to be called
    FAILED = "failed"  # a fault of ours or of the network
    LOST = "lost"  # nobody saw its end

    @property
    def counts(self) -> bool:
        """Whether the citizen could have noticed it."""
        return self not in (AttemptOutcome.FAILED, AttemptOutcome.LOST)


class CallbackFactKind(StrEnum):
    """The kind of a row of `callback_fact`."""

    CREATED = "created"
    JOINED = "joined"  # asked for again: the same promise
    ASSIGNED = "assigned"
    CLAIMED = "claimed"
    RELEASED = "released"
    LEASE_EXPIRED = "lease_expired"
    ATTEMPT_STARTED = "attempt_started"
    ATTEMPT_ANSWERED = "attempt_answered"
    TALK_BEGAN = "talk_began"
    ATTEMPT_ENDED = "attempt_ended"
    VIRTUAL_HOLD_LAPSED = "virtual_hold_lapsed"  # not called on its day; an ordinary promise from here on
    ESCALATED = "escalated"
    REMINDED = "reminded"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CallbackFact:
    """One thing that happened to a request; append-only. `detail` holds personal data under `pii_*` keys only."""

    at: datetime
    kind: CallbackFactKind
    detail: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """The row of a request.

    `next_attempt_at` is None while it is open: no attempt is planned, a person has to decide. From `personal_until_at`
    on, the request of `owner_operator` belongs to their whole team. `lease_owner` may call until `lease_until_at`.
    `reached_at` is the beginning of the talk that kept the promise.
    """

    id: RequestId
    reference: str  # spoken to the citizen; digits, the last is a check digit
    municipality: MunicipalityCode
    reason: RequestReason
    kind: RequestKind
    state: RequestState
    first_contact_at: datetime
    deadline_at: datetime
    plan_by_at: datetime
    owner_team: TeamCode
    number_confirmed_how: Confirmed
    pii_number: str = field(repr=False)  # E.164
    created_at: datetime
    last_seq: int = 0
    call_id: CallId | None = None  # the call in which it was asked for
    queued_at: datetime | None = None  # of a virtual hold: gives its place in the queue
    owner_operator: OperatorNumber | None = None
    owner_entry: str | None = None  # a person or department of the directory, by its code
    personal_until_at: datetime | None = None
    subject: str = ""
    pii_note: str = field(default="", repr=False)
    transfer_count: int = 0  # of the call, so that transfers are counted across the callback
    joined_count: int = 0  # how often it was asked for again
    attempts_count: int = 0  # attempts that the citizen could notice
    first_attempt_at: datetime | None = None
    next_attempt_at: datetime | None = None
    lease_owner: str | None = None
    lease_until_at: datetime | None = None
    escalate_at_once: bool = False  # when it was made, too little opening time was left
    escalated_at: datetime | None = None
    reached_at: datetime | None = None
    closed_at: datetime | None = None
    close_kind: CloseKind | None = None
    closed_by: str | None = None
    pii_close_reason: str | None = field(default=None, repr=False)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class CallbackAttempt:
    """The row of one attempt. Its outcome is `REACHED` only when the citizen answered and there was a talk."""

    id: AttemptId
    request_id: RequestId
    number: int  # from 1 within its request
    operator: OperatorNumber
    started_at: datetime
    call_id: CallId | None = None  # the call that carries its legs
    answered_at: datetime | None = None  # the citizen's leg
    reached_at: datetime | None = None  # the talk began
    ended_at: datetime | None = None
    outcome: AttemptOutcome | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


#: the next version of a row, and the facts that lead to it
Change = tuple[CallbackRequest, list[CallbackFact]]


@dataclass(frozen=True, slots=True)
class Created:
    """The result of a wish. `joined`: this number had a promise already, and the wish joined it."""

    request: CallbackRequest
    joined: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """An operator is away, until an instant; None: until further notice."""

    operator: OperatorNumber
    from_at: datetime
    until_at: datetime | None = None
    reason: str = ""

    def lasts(self) -> bool:
        """Whether it ends after it begins; a planned one that was called off ends where it begins."""
        return self.until_at is None or self.from_at < self.until_at

    def covers(self, now: datetime) -> bool:
        return self.from_at <= now and (self.until_at is None or now < self.until_at)
