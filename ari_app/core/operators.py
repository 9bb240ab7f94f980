"""Operators: their lines and sessions, the states they can be in, and the events that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ari_app.core.area import Reach
from ari_app.core.call import LegEndReason
from ari_app.core.causes import is_goodbye
from ari_app.core.ids import (
    AsteriskId,
    BridgeId,
    CallId,
    ChannelId,
    CommandId,
    Endpoint,
    LineId,
    OperatorNumber,
    SessionId,
    TeamCode,
)


class OperatorState(StrEnum):
    AWAY = "away"  # logged out
    READY = "ready"
    OFFERED = "offered"  # a call is being announced to them, or their phone rings
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class PauseReason(StrEnum):
    """Why an operator pauses; all but the last two are keyed after `*9`."""

    BREAK = "break"
    LUNCH = "lunch"
    MEETING = "meeting"
    TRAINING = "training"
    ADMINISTRATION = "administration"
    NO_ANSWER = "no_answer"  # set by us: their phone rang and was not picked up
    ON_HOLD = "on_hold"  # set by us: their phone has our line on hold, until it takes it back


#: the keys after *9
PAUSE_KEYS: Mapping[str, PauseReason] = {
    "1": PauseReason.BREAK,
    "2": PauseReason.LUNCH,
    "3": PauseReason.MEETING,
    "4": PauseReason.TRAINING,
    "5": PauseReason.ADMINISTRATION,
}


class LogoutReason(StrEnum):
    HUNG_UP = "hung_up"
    KEY = "key"  # *8
    REPLACED = "replaced"  # logged in on another phone
    LINE_LOST = "line_lost"  # the line broke off: no sound for too long, or a network out of order
    LOST = "lost"  # the line was gone when a sweep or a recovery looked
    ASTERISK_RESTARTED = "asterisk_restarted"  # the line went with Asterisk: the operator must log in again


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """The row of one channel that dialled 1400 or was called by us, with or without a login. Instants are UTC."""

    id: LineId
    asterisk_id: AsteriskId
    channel_id: ChannelId
    endpoint: Endpoint | None
    started_at: datetime
    operator: OperatorNumber | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: LegEndReason | None = None
    hangup_cause: int | None = None
    end_is_estimated: bool = False
    failed_logins: int = 0
    version: int = 0  # counts the changes; a write of an older one that arrives late is refused
    command_id: CommandId | None = None  # of the command from a screen that had this phone rung


@dataclass(frozen=True, slots=True)
class OperatorSession:
    """The row of one operator from login to logout. Instants are UTC.

    `idle_since_at` orders operators for the next call: the longest idle goes first.
    """

    id: SessionId
    asterisk_id: AsteriskId
    operator: OperatorNumber
    reach: Reach
    endpoint: Endpoint | None
    logged_in_at: datetime
    state: OperatorState
    state_since_at: datetime  # never before that of the state before it
    idle_since_at: datetime
    line_id: LineId | None = None
    channel_id: ChannelId | None = None  # the standing line; None for operators whose phone is rung
    bridge_id: BridgeId | None = None  # the talk bridge of the standing line
    call_id: CallId | None = None
    pause_reason: PauseReason | None = None
    pause_pending: PauseReason | None = None  # takes effect when the call, or its wrap-up, is over
    logout_pending: bool = False
    held_at: datetime | None = None  # their phone has the line on hold, since when; nobody listens there
    wrap_up_until_at: datetime | None = None
    line_lost_at: datetime | None = None  # the page that is their phone was seen to lose the line before this one
    line_until_at: datetime | None = None  # until then it may dial again; None: it has, or lost none
    logged_out_at: datetime | None = None
    logout_reason: LogoutReason | None = None
    teams: tuple[TeamCode, ...] = ()  # of the operator when the state began, the first one first
    version: int = 0  # as of a line
    command_id: CommandId | None = None  # the last command from a screen that changed this row

    @property
    def is_open(self) -> bool:
        return self.logged_out_at is None

    @property
    def is_reconnecting(self) -> bool:
        """Whether the page that is their phone is expected back, and there is no line to it."""
        return self.is_open and self.line_until_at is not None

    @property
    def may_be_offered(self) -> bool:
        return self.is_open and self.state is OperatorState.READY


# --- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallOffered:
    """`returns`: a caller whom this operator transferred comes back, also during the wrap-up of that very talk.

    `wanted`: a callback that the operator asked for, also during a pause, which goes on after it.
    """

    call_id: CallId
    at: datetime
    returns: bool = False
    wanted: bool = False


@dataclass(frozen=True, slots=True)
class CallConnected:
    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class CallOver:
    """The call is no longer this operator's, talked with or not."""

    call_id: CallId
    at: datetime
    wrap_up_seconds: int = 0


@dataclass(frozen=True, slots=True)
class DidNotAnswer:
    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class WrapUpOver:
    at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    reason: PauseReason
    at: datetime


@dataclass(frozen=True, slots=True)
class PauseAfterCall:
    """Pause when the call is over, or, when it is over already, its wrap-up."""

    reason: PauseReason
    at: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    at: datetime


@dataclass(frozen=True, slots=True)
class LogOut:
    at: datetime


@dataclass(frozen=True, slots=True)
class LineLost:
    at: datetime
    reason: LogoutReason


def line_gone(at: datetime, cause: int | None) -> LineLost:
    """A standing line whose end was seen, with its Q.850 cause: the operator hung up, or the line was lost."""
    return LineLost(at, LogoutReason.HUNG_UP if is_goodbye(cause) else LogoutReason.LINE_LOST)


@dataclass(frozen=True, slots=True)
class LineHeld:
    """The operator's phone put the standing line on hold."""

    at: datetime


@dataclass(frozen=True, slots=True)
class LineUnheld:
    """The operator's phone took the standing line back."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PageGone:
    """The page that is the operator's phone lost its line; until `until` it may dial again and go on."""

    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PageBack:
    """The page that is the operator's phone dialled again, whether the loss of its line was seen or not."""

    line_id: LineId
    channel_id: ChannelId
    endpoint: Endpoint | None


OperatorEvent = (
    CallOffered
    | CallConnected
    | CallOver
    | DidNotAnswer
    | WrapUpOver
    | Pause
    | PauseAfterCall
    | Resume
    | LogOut
    | LineLost
    | LineHeld
    | LineUnheld
    | PageGone
    | PageBack
)
