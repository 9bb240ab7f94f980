"""Operators: who is logged in, in which state, and what each key or event changes.

`step` is the whole rule book: a session and an event in, the new session out. The session's own task carries it out;
`sweep` derives from live channels what the events should have told, so that nobody stays "in call" for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ari_app.core.area import Reach
from ari_app.core.call import LegEndReason
from ari_app.core.ids import (
    AsteriskId,
    BridgeId,
    CallId,
    ChannelId,
    Endpoint,
    LineId,
    OperatorNumber,
    SessionId,
)


class OperatorState(StrEnum):
    AWAY = "away"  # logged out
    READY = "ready"
    OFFERED = "offered"  # a call is being announced to them, or their phone rings
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class PauseReason(StrEnum):
    """What `*9` asks for; the digit is the reason's place, counted from 1."""

    BREAK = "break"
    LUNCH = "lunch"
    MEETING = "meeting"
    TRAINING = "training"
    ADMINISTRATION = "administration"
    NO_ANSWER = "no_answer"  # set by us: the phone rang and was not picked up


#: keys an operator may press after *9
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
    LOST = "lost"  # the line vanished while nobody was looking
    ASTERISK_RESTARTED = "asterisk_restarted"  # must dial in again


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """The row of one channel that dialled 1400, whether it logged in or not. Instants are UTC."""

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
    state_since_at: datetime
    idle_since_at: datetime
    line_id: LineId | None = None
    channel_id: ChannelId | None = None  # the standing line; None for operators whose phone is rung
    bridge_id: BridgeId | None = None  # the talk bridge of the standing line
    call_id: CallId | None = None
    pause_reason: PauseReason | None = None
    pause_pending: PauseReason | None = None  # takes effect when the call is over
    logout_pending: bool = False
    wrap_up_until_at: datetime | None = None
    logged_out_at: datetime | None = None
    logout_reason: LogoutReason | None = None

    @property
    def is_open(self) -> bool:
        return self.logged_out_at is None

    @property
    def may_be_offered(self) -> bool:
        return self.is_open and self.state is OperatorState.READY


# --- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallOffered:
    """`returns`: a caller whom this operator handed over comes back, also into the wrap-up of that very talk.

    `wanted`: a callback that the operator asked for, also in a pause, which goes on after it.
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
    """The call left this operator, by whatever way. `answered`: they talked."""

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
class Resume:
    at: datetime


@dataclass(frozen=True, slots=True)
class LogOut:
    at: datetime


@dataclass(frozen=True, slots=True)
class LineLost:
    at: datetime
    reason: LogoutReason


OperatorEvent = CallOffered | CallConnected | CallOver | DidNotAnswer | WrapUpOver | Pause | Resume | LogOut | LineLost

_BUSY = frozenset({OperatorState.OFFERED, OperatorState.TALKING})


def step(session: OperatorSession, event: OperatorEvent) -> OperatorSession:
    """The session after the event; the same object where the event changes nothing."""
    if not session.is_open:
        return session
    changed = _after(session, event)
    return session if changed == session else changed


def _after(session: OperatorSession, event: OperatorEvent) -> OperatorSession:
    match event:
        case CallOffered(call_id, at, returns, wanted):
            if session.state not in _free_for(returns, wanted):
                return session
            after = session.pause_reason if session.state is OperatorState.PAUSED else session.pause_pending
            session = replace(session, pause_pending=after, pause_reason=None, wrap_up_until_at=None)
            return _to(session, OperatorState.OFFERED, at, call_id=call_id)
        case CallConnected(call_id, at):
            if session.call_id != call_id or session.state is not OperatorState.OFFERED:
                return session
            return _to(session, OperatorState.TALKING, at)
        case CallOver(call_id, at, wrap_up_seconds):
            return _call_over(session, call_id, at, wrap_up_seconds)
        case DidNotAnswer(call_id, at):
            if session.call_id != call_id or session.state is not OperatorState.OFFERED:
                return session
            if session.logout_pending:
                return _logged_out(session, at, LogoutReason.KEY)
            reason = session.pause_pending or PauseReason.NO_ANSWER
            return _to(session, OperatorState.PAUSED, at, call_id=None, pause_reason=reason, pause_pending=None)
        case WrapUpOver(at):
            if session.state is not OperatorState.WRAP_UP:
                return session
            return _to(session, OperatorState.READY, at, idle_since_at=at, wrap_up_until_at=None)
        case Pause(reason, at):
            if session.state in _BUSY:
                return replace(session, pause_pending=reason)
            return _to(session, OperatorState.PAUSED, at, pause_reason=reason, wrap_up_until_at=None)
        case Resume(at):
            if session.state in _BUSY:
                return replace(session, pause_pending=None, logout_pending=False)
            if session.state not in (OperatorState.PAUSED, OperatorState.WRAP_UP):
                return session
            return _to(session, OperatorState.READY, at, idle_since_at=at, pause_reason=None, wrap_up_until_at=None)
        case LogOut(at):
            if session.state in _BUSY:
                return replace(session, logout_pending=True)
            return _logged_out(session, at, LogoutReason.KEY)
        case LineLost(at, reason):
            return _logged_out(session, at, reason)


def _free_for(returns: bool, wanted: bool) -> tuple[OperatorState, ...]:
    if wanted:
        return (OperatorState.READY, OperatorState.WRAP_UP, OperatorState.PAUSED)
    return (OperatorState.READY, OperatorState.WRAP_UP) if returns else (OperatorState.READY,)


def _call_over(session: OperatorSession, call_id: CallId, at: datetime, wrap_up_seconds: int) -> OperatorSession:
    if session.call_id != call_id:
        return session
    talked = session.state is OperatorState.TALKING
    session = replace(session, call_id=None)
    if session.logout_pending:
        return _logged_out(session, at, LogoutReason.KEY)
    if session.pause_pending is not None:
        reason = session.pause_pending
        return _to(session, OperatorState.PAUSED, at, pause_reason=reason, pause_pending=None)
    if talked and wrap_up_seconds > 0:
        until = at + timedelta(seconds=wrap_up_seconds)
        return _to(session, OperatorState.WRAP_UP, at, wrap_up_until_at=until)
    # An offer that came to nothing costs the operator nothing: their place among the idle stays.
    idle_since = at if talked else session.idle_since_at
    return _to(session, OperatorState.READY, at, idle_since_at=idle_since)


def _logged_out(session: OperatorSession, at: datetime, reason: LogoutReason) -> OperatorSession:
    return _to(
        session,
        OperatorState.AWAY,
        at,
        call_id=None,
        wrap_up_until_at=None,
        pause_reason=None,
        pause_pending=None,
        logout_pending=False,
        logged_out_at=at,
        logout_reason=reason,
    )


def _to(session: OperatorSession, state: OperatorState, at: datetime, **changes: object) -> OperatorSession:
    return replace(session, state=state, state_since_at=at, **changes)  # type: ignore[arg-type]


# --- the sweep ------------------------------------------------------------------------------------------------------


def sweep(
    sessions: Collection[OperatorSession],
    calls_of_sessions: Mapping[SessionId, CallId],
    live_channels: Collection[ChannelId],
    now: datetime,
    grace_seconds: float = 5.0,
) -> list[tuple[SessionId, OperatorEvent]]:
    """What the sessions should have been told by now, from what is really there.

    `calls_of_sessions` names the open call that each session is offered or has, by the calls' own rows. `now` is the
    moment at which `live_channels` were seen: who logged in after it is not judged. A state younger than
    `grace_seconds` is left alone: its news may still be on the way.
    """
    found: list[tuple[SessionId, OperatorEvent]] = []
    for session in sessions:
        if not session.is_open or session.logged_in_at > now:
            continue
        if session.channel_id is not None and session.channel_id not in live_channels:
            found.append((session.id, LineLost(now, LogoutReason.LOST)))
            continue
        if (now - session.state_since_at).total_seconds() < grace_seconds:
            continue
        if session.call_id is not None and calls_of_sessions.get(session.id) != session.call_id:
            found.append((session.id, CallOver(session.call_id, now)))
        elif session.wrap_up_until_at is not None and session.wrap_up_until_at < now:
            found.append((session.id, WrapUpOver(now)))
    return found
