"""The vocabulary of a call: stages, endings, and the rows that tell its story.

`Call` and `Leg` are the rows of the tables `call` and `call_leg`, field for field. The call's own task holds them as
values and stores a new value with every step; nobody else changes them. All instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ari_app.core.callbacks import AttemptOutcome, Confirmed, RequestKind, RequestReason
from ari_app.core.causes import Cause, is_goodbye
from ari_app.core.ids import (
    AsteriskId,
    AttemptId,
    BridgeId,
    CallId,
    ChannelId,
    Endpoint,
    LegId,
    MunicipalityCode,
    OperatorNumber,
    RequestId,
    SessionId,
    TeamCode,
)


class Stage(StrEnum):
    """The stage of a call. It is committed before anything is done in it."""

    ARRIVED = "arrived"
    CHOOSING = "choosing"  # asked for its municipality
    ANNOUNCING = "announcing"  # closed, or a calamity text
    WAITING = "waiting"
    CONNECTING = "connecting"  # an operator, a colleague or a direct number is being reached
    TALKING = "talking"
    SURVEY = "survey"  # the talk is over, and the caller answers questions about it
    LEAVING_CALLBACK = "leaving_callback"  # asked for a number to be called back on, or told that nobody is there
    ENDED = "ended"


class EndSide(StrEnum):
    """The side that made the call end; percentages over sides add up to all calls."""

    CALLER = "caller"
    US = "us"
    NETWORK = "network"
    UNKNOWN = "unknown"


class EndReason(StrEnum):
    """Why a call ended. Every exit names one."""

    CALLER_HUNG_UP_EARLY = "caller_hung_up_early"  # before the first question or the queue
    ABANDONED_IN_MENU = "abandoned_in_menu"
    ABANDONED_IN_ANNOUNCEMENT = "abandoned_in_announcement"
    ABANDONED_WAITING = "abandoned_waiting"
    CALLER_HUNG_UP = "caller_hung_up"  # after a talk with a human
    CALLER_LINE_LOST = "caller_line_lost"  # in a talk with a human, the caller's line broke off
    OPERATOR_HUNG_UP = "operator_hung_up"  # or the colleague who had the caller
    CALLBACK_NOT_ANSWERED = "callback_not_answered"  # we called; nobody picked up, or the line was busy
    CALLBACK_GIVEN_UP = "callback_given_up"  # the operator left first, or it could not be dialled
    CALLER_LEFT_IN_TRANSFER = "caller_left_in_transfer"  # had talked to a human, and was on the way to another one
    CLOSED = "closed"
    CALAMITY = "calamity"  # the calamity text was all there was to say
    NOBODY_AVAILABLE = "nobody_available"  # no operator logged in
    WAITED_TOO_LONG = "waited_too_long"
    CALLBACK_PROMISED = "callback_promised"  # the caller will be called back, and knows by when
    NOT_SERVED = "not_served"  # a dialled number that is not ours
    HEARD_BUSY = "heard_busy"  # more calls at the same time than may be; the dialplan refused this one
    TURNED_AWAY = "turned_away"  # more callers than this machine can carry: heard so, or busy
    HANDLED_BY_FALLBACK = "handled_by_fallback"  # helped by the dialplan, without us
    FAULT = "fault"  # our own bug; the caller was returned to the dialplan
    LOST = "lost"  # ended in a gap, when nobody saw how

    @property
    def side(self) -> EndSide:
        return _SIDES[self]

    @property
    def is_abandoned(self) -> bool:
        """The caller left before a human answered."""
        return self in _ABANDONED


_ABANDONED = {EndReason.CALLER_HUNG_UP_EARLY, *(one for one in EndReason if one.startswith("abandoned_"))}
_SIDES: Mapping[EndReason, EndSide] = {
    EndReason.CALLER_HUNG_UP_EARLY: EndSide.CALLER,
    EndReason.ABANDONED_IN_MENU: EndSide.CALLER,
    EndReason.ABANDONED_IN_ANNOUNCEMENT: EndSide.CALLER,
    EndReason.ABANDONED_WAITING: EndSide.CALLER,
    EndReason.CALLER_HUNG_UP: EndSide.CALLER,
    EndReason.CALLER_LINE_LOST: EndSide.NETWORK,
    EndReason.OPERATOR_HUNG_UP: EndSide.US,
    EndReason.CALLER_LEFT_IN_TRANSFER: EndSide.CALLER,
    EndReason.CALLBACK_NOT_ANSWERED: EndSide.CALLER,
    EndReason.CALLBACK_GIVEN_UP: EndSide.US,
    EndReason.CLOSED: EndSide.US,
    EndReason.CALAMITY: EndSide.US,
    EndReason.NOBODY_AVAILABLE: EndSide.US,
    EndReason.WAITED_TOO_LONG: EndSide.US,
    EndReason.CALLBACK_PROMISED: EndSide.US,
    EndReason.NOT_SERVED: EndSide.NETWORK,
    EndReason.HEARD_BUSY: EndSide.US,
    EndReason.TURNED_AWAY: EndSide.US,
    EndReason.HANDLED_BY_FALLBACK: EndSide.US,
    EndReason.FAULT: EndSide.US,
    EndReason.LOST: EndSide.UNKNOWN,
}


class LegRole(StrEnum):
    CALLER = "caller"
    OPERATOR = "operator"
    COLLEAGUE = "colleague"
    CALLBACK = "callback"


class LegEndReason(StrEnum):
    """Why one leg ended."""

    HUNG_UP = "hung_up"  # this party put the phone down
    RELEASED = "released"  # we let this party go: the call was over
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    TO_FALLBACK = "to_fallback"  # went on in the dialplan
    LINE_LOST = "line_lost"  # the line broke off: no sound for too long, or a network out of order
    LOST = "lost"  # ended in a gap, when nobody saw how


def how_it_ended(cause: int | None, *, was_answered: bool = True, was_called: bool = False) -> LegEndReason:
    """Why a line that we did not end is over, by its Q.850 cause.

    An answered one by a goodbye, or it was lost. One that was not answered: a caller gave up, whatever the cause; a
    phone that we called was busy, or nobody picked up.
    """
    if was_answered:
        return LegEndReason.HUNG_UP if is_goodbye(cause) else LegEndReason.LINE_LOST
    if was_called:
        return LegEndReason.BUSY if cause == Cause.BUSY else LegEndReason.NO_ANSWER
    return LegEndReason.HUNG_UP


class ChoiceKind(StrEnum):
    """How the municipality of a call became known."""

    KEY = "key"  # pressed in the menu
    DEFAULT = "default"  # two tries without a valid key
    NUMBER = "number"  # the dialled number belongs to one municipality


class FactKind(StrEnum):
    """The kinds of rows of `call_fact`."""

    ARRIVED = "arrived"
    ANSWERED_LINE = "answered_line"  # we took the line; not a human's answer
    QUESTION_ASKED = "question_asked"
    WRONG_KEY = "wrong_key"
    MUNICIPALITY_CHOSEN = "municipality_chosen"
    ANNOUNCED = "announced"
    QUEUED = "queued"
    POSITION_TOLD = "position_told"
    NOBODY_TOLD = "nobody_told"
    OFFERED = "offered"
    OFFER_FAILED = "offer_failed"
    ANSWERED = "answered"  # by a human
    CALLING_BACK = "calling_back"  # we call a citizen
    CALLBACK_MARKED = "callback_marked"  # its outcome, by the operator's key
    REQUEST_CLOSED = "request_closed"  # the caller was owed a callback, and was helped in this call
    PUT_DOWN = "put_down"  # the handling party ended the call, from a screen
    HELD = "held"  # on hold, with music
    HELD_NO_MORE = "held_no_more"
    TRANSFER_ASKED = "transfer_asked"
    TRANSFER_REFUSED = "transfer_refused"  # by a rule
    TRANSFER_STATE = "transfer_state"  # it goes on in another state
    TRANSFERRED = "transferred"  # another person has the caller
    TRANSFER_OVER = "transfer_over"  # no other person has the caller
    CAME_BACK = "came_back"  # to the party that transferred the caller, or to the front of the queue
    CALLBACK_OFFERED = "callback_offered"
    CALLBACK_REQUESTED = "callback_requested"  # promised, with its reference
    CALLBACK_LIMITED = "callback_limited"  # not promised: a limit was reached
    SURVEY_OFFERED = "survey_offered"  # asked whether they will answer questions after the talk
    SURVEY_AGREED = "survey_agreed"
    SURVEY_QUESTION = "survey_question"
    SURVEY_ANSWERED = "survey_answered"  # never with the answer: it stands in `survey_answer` only
    STAGE = "stage"  # a stage without a better name
    RESUMED = "resumed"  # by another process, or after a gap
    TO_FALLBACK = "to_fallback"  # the dialplan helped without us
    NOTED = "noted"  # a detail of the row changed; `what` names it
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened in a call; append-only. `detail` holds no personal data except under `pii_*` keys."""

    at: datetime
    kind: FactKind
    detail: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """The row of a call. `answered_at` means that a human answered; a prompt is not an answer.

    `last_seq` is the sequence number of the newest fact: a write names the one it adds, so that two controllers
    cannot both continue the same call. `menu_tries`, `wait_until_at`, `last_told_at` are what a stage needs to be
    resumed by another process.
    """

    id: CallId
    asterisk_id: AsteriskId
    channel_id: ChannelId
    dialled: str  # as the trunk delivered it, digits only, at most 32
    stage: Stage
    stage_entered_at: datetime
    arrived_at: datetime
    last_seq: int = 0
    shared_number: str | None = None
    municipality: MunicipalityCode | None = None
    choice: ChoiceKind | None = None
    line_answered_at: datetime | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    end_is_estimated: bool = False
    transfer_count: int = 0  # completed transfers between persons (AV §2)
    transfers_asked: int = 0
    calamity: bool = False
    has_music: bool = False  # was put among the waiting, where the music is the channel's own
    menu_tries: int = 0
    wait_until_at: datetime | None = None  # the caller's patience, an instant
    nobody_until_at: datetime | None = None  # no operator is logged in: until when the caller is held all the same
    last_told_at: datetime | None = None  # last time the caller heard a position
    position_told: int = 0
    only_operator: OperatorNumber | None = None  # a direct number of one person
    only_team: TeamCode | None = None  # a direct number of one team
    direct_endpoint: Endpoint | None = None  # a direct number of somebody's phone
    direct_until_at: datetime | None = None  # when a direct number that is not answered goes to the queue
    operator_session: SessionId | None = None  # of the operator who has this call, or is offered it
    refused_by: tuple[OperatorNumber, ...] = ()  # operators who let it ring; it is not offered to them again
    bridge_id: BridgeId | None = None  # where the talk is
    handled_by: LegId | None = None  # the leg of the handling party: the person who has the caller
    held_at: datetime | None = None  # on hold in a talk, since when
    returned_at: datetime | None = None  # a transfer came to nothing: first in the queue until somebody talks to them
    callback_request: RequestId | None = None  # of a call that is a callback: the request that it is for
    callback_attempt: AttemptId | None = None
    callback_mark: AttemptOutcome | None = None  # its outcome, by the operator's key
    ending: EndReason | None = None  # why we are about to hang up; written before the hang-up
    handled_by_fallback: bool = False
    callback_offered_at: datetime | None = None  # since when a key means yes to a callback
    callback_reason: RequestReason | None = None  # where in the call it was offered
    callback_kind: RequestKind | None = None  # what the caller wants; None: not agreed on yet
    callback_confirmed_how: Confirmed | None = None
    callback_reference: str | None = None  # of the request that this call made
    survey_asked_at: datetime | None = None  # since when a key of a waiting caller means yes to the survey
    survey_agreed_at: datetime | None = None
    survey_done: int = 0  # questions that are over
    survey_until_at: datetime | None = None  # until when the present question may be answered
    pii_caller_number: str | None = field(default=None, repr=False)  # E.164, None when withheld
    pii_callback_number: str | None = field(default=None, repr=False)  # E.164, confirmed: from here on it is a promise

    @property
    def is_open(self) -> bool:
        return self.stage is not Stage.ENDED


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's part in one call. For an operator on a standing line, `channel_id` is that line."""

    id: LegId
    call_id: CallId
    channel_id: ChannelId
    role: LegRole
    party: str | None  # operator number, extension or endpoint; never a citizen's number
    started_at: datetime
    answered_at: datetime | None = None
    joined_at: datetime | None = None
    left_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: LegEndReason | None = None
    hangup_cause: int | None = None  # Q.850
    end_is_estimated: bool = False
    owns_channel: bool = True  # False: the channel outlives the call (an operator's standing line)
    team: TeamCode | None = None  # the first team of an operator, when the leg began

    @property
    def is_open(self) -> bool:
        return self.ended_at is None
