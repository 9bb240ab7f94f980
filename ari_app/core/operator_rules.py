"""The changes that each event makes in an operator's session, and the events that a sweep finds missing.

`step` is the whole rule book: a session and an event in, the new session out; the session's own task carries it out.
`sweep` derives from live channels the events that did not come, so that no operator stays "in call" for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.core.browser_phones import name_at
from ari_app.core.ids import CallId, ChannelId, SessionId
from ari_app.core.operators import (
    CallConnected,
    CallOffered,
    CallOver,
    DidNotAnswer,
    LineHeld,
    LineLost,
    LineUnheld,
    LogOut,
    LogoutReason,
    OperatorEvent,
    OperatorSession,
    OperatorState,
    PageBack,
    PageGone,
    Pause,
    PauseAfterCall,
    PauseReason,
    Resume,
    WrapUpOver,
)

#: how long a caller hears music while the page of their operator is loaded anew, or its network is away
PAGE_PATIENCE = timedelta(seconds=20)
#: what an operator goes on with at a page that was away; who was free for callers is logged out at once
_GOES_ON = frozenset({OperatorState.TALKING, OperatorState.WRAP_UP, OperatorState.PAUSED})
#: pauses that we began, and that a talk ends
_NOT_CHOSEN = frozenset({PauseReason.NO_ANSWER, PauseReason.ON_HOLD})
_BUSY = frozenset({OperatorState.OFFERED, OperatorState.TALKING})


def step(session: OperatorSession, event: OperatorEvent) -> OperatorSession:
    """The session after the event; the same object where the event changes nothing."""
    if not session.is_open:
        return session
    changed = _after(session, event)
    if changed.held_at is not None and changed.state is OperatorState.READY:
        changed = replace(changed, state=OperatorState.PAUSED, pause_reason=PauseReason.ON_HOLD)
    if changed.is_reconnecting and changed.state is OperatorState.READY:
        changed = _logged_out(changed, changed.state_since_at, LogoutReason.LINE_LOST)  # no caller without a phone
    return session if changed == session else replace(changed, version=session.version + 1)


def _after(session: OperatorSession, event: OperatorEvent) -> OperatorSession:
    match event:
        case CallOffered(call_id, at, returns, wanted):
            if session.held_at is not None or session.state not in _free_for(returns, wanted):
                return session
            after = session.pause_reason if session.state is OperatorState.PAUSED else session.pause_pending
            session = replace(session, pause_pending=after, pause_reason=None, wrap_up_until_at=None)
            return _to(replace(session, call_id=call_id), OperatorState.OFFERED, at)
        case CallConnected(call_id, at) if session.call_id is None:
            # They talk, whatever became of the offer: a process died between it and the answer.
            chosen = None if session.pause_reason in _NOT_CHOSEN else session.pause_reason
            session = replace(session, call_id=call_id, pause_reason=None, wrap_up_until_at=None)
            return _to(replace(session, pause_pending=chosen or session.pause_pending), OperatorState.TALKING, at)
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
            return _to(
                replace(session, call_id=None, pause_reason=reason, pause_pending=None), OperatorState.PAUSED, at
            )
        case WrapUpOver(at):
            return _wrap_up_over(session, at) if session.state is OperatorState.WRAP_UP else session
        case Pause(reason, at):
            if session.state in _BUSY:
                return replace(session, pause_pending=reason)
            session = replace(session, pause_reason=reason, pause_pending=None, wrap_up_until_at=None)
            return _to(session, OperatorState.PAUSED, at)
        case PauseAfterCall(reason, at):
            has_call = session.state in _BUSY or session.state is OperatorState.WRAP_UP
            return replace(session, pause_pending=reason) if has_call else session
        case Resume(at):
            session = replace(session, held_at=None)  # they pressed a key: somebody is there
            if session.state in _BUSY:
                return replace(session, pause_pending=None, logout_pending=False)
            if session.state not in (OperatorState.PAUSED, OperatorState.WRAP_UP):
                return session
            session = replace(session, pause_reason=None, pause_pending=None, wrap_up_until_at=None)
            return _to(replace(session, idle_since_at=at), OperatorState.READY, at)
        case LogOut(at):
            if session.state in _BUSY and not session.is_reconnecting:
                return replace(session, logout_pending=True)
            return _logged_out(session, at, LogoutReason.KEY)
        case LineHeld(at) if session.held_at is not None:
            return session
        case LineHeld(at):
            held = replace(session, held_at=at)
            if session.state is OperatorState.OFFERED and session.call_id is not None:
                return _call_over(held, session.call_id, at, 0)
            return _to(held, OperatorState.READY, at) if session.state is OperatorState.READY else held
        case LineUnheld(at):
            free = replace(session, held_at=None)
            if session.state is OperatorState.PAUSED and session.pause_reason is PauseReason.ON_HOLD:
                return _to(replace(free, idle_since_at=at, pause_reason=None), OperatorState.READY, at)
            return free
        case LineLost(at, reason):
            return _logged_out(session, at, reason)
        case PageGone(at, until):
            gone = replace(session, line_id=None, channel_id=None, held_at=None)
            return replace(gone, line_lost_at=at, line_until_at=until)
        case PageBack(line_id, channel_id, endpoint):
            lost_at = session.line_lost_at if session.is_reconnecting else None  # else nobody saw when it was lost
            back = replace(session, line_id=line_id, channel_id=channel_id, endpoint=endpoint)
            return replace(back, held_at=None, line_lost_at=lost_at, line_until_at=None)


def page_gone(session: OperatorSession, at: datetime) -> PageGone | None:
    """The event of a page whose line ended at this moment, by whatever cause: a page that is loaded anew says goodbye.

    None: it is no page, or the operator is logged out: a caller might be sent there, or they asked for it.
    """
    if name_at(session.endpoint) is None or session.state not in _GOES_ON:
        return None
    if not session.is_open or session.logout_pending or session.pause_reason is PauseReason.ON_HOLD:
        return None
    return PageGone(at, at + PAGE_PATIENCE)


def outlives_line(session: OperatorSession, channel_id: ChannelId, at: datetime) -> bool:
    """Whether the talk of this session goes on although this line of its page, which it had, is gone."""
    return session.channel_id != channel_id or page_gone(session, at) is not None


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
        return _to(replace(session, pause_reason=reason, pause_pending=None), OperatorState.PAUSED, at)
    if talked and wrap_up_seconds > 0:
        until = at + timedelta(seconds=wrap_up_seconds)
        return _to(replace(session, wrap_up_until_at=until), OperatorState.WRAP_UP, at)
    # An offer that came to nothing costs the operator nothing: they keep their place among the idle.
    idle_since = at if talked else session.idle_since_at
    return _to(replace(session, idle_since_at=idle_since), OperatorState.READY, at)


def _wrap_up_over(session: OperatorSession, at: datetime) -> OperatorSession:
    session = replace(session, wrap_up_until_at=None)
    if session.pause_pending is not None:
        reason = session.pause_pending
        return _to(replace(session, pause_reason=reason, pause_pending=None), OperatorState.PAUSED, at)
    return _to(replace(session, idle_since_at=at), OperatorState.READY, at)


def _logged_out(session: OperatorSession, at: datetime, reason: LogoutReason) -> OperatorSession:
    at = max(at, session.state_since_at)
    return _to(
        replace(
            session,
            call_id=None,
            wrap_up_until_at=None,
            pause_reason=None,
            pause_pending=None,
            logout_pending=False,
            held_at=None,
            line_lost_at=None,
            line_until_at=None,
            logged_out_at=at,
            logout_reason=reason,
        ),
        OperatorState.AWAY,
        at,
    )


def _to(session: OperatorSession, state: OperatorState, at: datetime) -> OperatorSession:
    """Clocks of two machines differ: a state that would begin before the last one began begins with it."""
    return replace(session, state=state, state_since_at=max(at, session.state_since_at))


# --- the sweep ------------------------------------------------------------------------------------------------------


def sweep(
    sessions: Collection[OperatorSession],
    calls_of_sessions: Mapping[SessionId, CallId],
    live_channels: Collection[ChannelId],
    now: datetime,
    grace_seconds: float = 5.0,
    talking: Collection[SessionId] = (),
) -> list[tuple[SessionId, OperatorEvent]]:
    """The events that the sessions missed, by what is really there.

    `calls_of_sessions` names the open call that each session is offered or has, by the calls' own rows, and `talking`
    those who talk, by the same rows: a session that is resumed does not hear again that it was joined. `now` is the
    moment at which `live_channels` were seen: a session that began after it is not judged. A state younger than
    `grace_seconds` is left alone: its event may still be on the way.
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
        elif session.state is OperatorState.OFFERED and session.call_id is not None and session.id in talking:
            found.append((session.id, CallConnected(session.call_id, now)))
        elif session.wrap_up_until_at is not None and session.wrap_up_until_at < now:
            found.append((session.id, WrapUpOver(now)))
    return found
