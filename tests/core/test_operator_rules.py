"""Operators: the rule book as a table, and no history that leads to an impossible session."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Reach
from ari_app.core.ids import AsteriskId, CallId, ChannelId, OperatorNumber, SessionId
from ari_app.core.operator_rules import step, sweep
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
    Pause,
    PauseReason,
    Resume,
    WrapUpOver,
)

pytestmark = pytest.mark.pure

START = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NOW = START + timedelta(minutes=10)
CALL, OTHER = CallId(UUID(int=1)), CallId(UUID(int=2))
LINE = ChannelId("node1-1.1")


def session(state: OperatorState = OperatorState.READY, **changes: object) -> OperatorSession:
    plain = OperatorSession(
        id=SessionId(UUID(int=9)),
        asterisk_id=AsteriskId("node1"),
        operator=OperatorNumber("101"),
        reach=Reach.LINE,
        endpoint=None,
        logged_in_at=START,
        state=state,
        state_since_at=START,
        idle_since_at=START,
        channel_id=LINE,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


READY = session()
OFFERED = session(OperatorState.OFFERED, call_id=CALL)
TALKING = session(OperatorState.TALKING, call_id=CALL)
WRAP_UP = session(OperatorState.WRAP_UP, wrap_up_until_at=NOW + timedelta(seconds=20))
PAUSED = session(OperatorState.PAUSED, pause_reason=PauseReason.LUNCH)
CLOSED = step(READY, LogOut(START))


@pytest.mark.parametrize(
    ("before", "event", "state"),
    [
        (READY, CallOffered(CALL, NOW), OperatorState.OFFERED),
        (OFFERED, CallConnected(CALL, NOW), OperatorState.TALKING),
        (TALKING, CallOver(CALL, NOW, 30), OperatorState.WRAP_UP),
        (TALKING, CallOver(CALL, NOW, 0), OperatorState.READY),
        (OFFERED, CallOver(CALL, NOW, 30), OperatorState.READY),
        (OFFERED, DidNotAnswer(CALL, NOW), OperatorState.PAUSED),
        (WRAP_UP, WrapUpOver(NOW), OperatorState.READY),
        (WRAP_UP, Resume(NOW), OperatorState.READY),
        (WRAP_UP, Pause(PauseReason.BREAK, NOW), OperatorState.PAUSED),
        (READY, Pause(PauseReason.BREAK, NOW), OperatorState.PAUSED),
        (PAUSED, Resume(NOW), OperatorState.READY),
        (READY, LogOut(NOW), OperatorState.AWAY),
        (WRAP_UP, LogOut(NOW), OperatorState.AWAY),
        (PAUSED, LogOut(NOW), OperatorState.AWAY),
        (TALKING, LineLost(NOW, LogoutReason.HUNG_UP), OperatorState.AWAY),
    ],
    ids=lambda value: value.name if isinstance(value, OperatorState) else type(value).__name__,
)
def test_an_event_leads_to_a_state_that_began_with_it(
    before: OperatorSession, event: OperatorEvent, state: OperatorState
) -> None:
    after = step(before, event)
    assert (after.state, after.state_since_at) == (state, NOW)


@pytest.mark.parametrize(
    ("before", "event"),
    [
        (PAUSED, CallOffered(CALL, NOW)),
        (WRAP_UP, CallOffered(CALL, NOW)),
        (TALKING, CallOffered(OTHER, NOW)),
        (OFFERED, CallOffered(OTHER, NOW)),
        (OFFERED, CallConnected(OTHER, NOW)),
        (CLOSED, CallConnected(CALL, NOW)),
        (TALKING, CallOver(OTHER, NOW, 30)),
        (TALKING, DidNotAnswer(CALL, NOW)),
        (READY, DidNotAnswer(CALL, NOW)),
        (READY, WrapUpOver(NOW)),
        (TALKING, WrapUpOver(NOW)),
        (READY, Resume(NOW)),
        (TALKING, Resume(NOW)),
        (CLOSED, Resume(NOW)),
        (CLOSED, CallOffered(CALL, NOW)),
        (CLOSED, LineLost(NOW, LogoutReason.LOST)),
    ],
    ids=lambda value: value.state.name if isinstance(value, OperatorSession) else type(value).__name__,
)
def test_an_event_that_does_not_belong_to_the_state_changes_nothing(
    before: OperatorSession, event: OperatorEvent
) -> None:
    assert step(before, event) is before


@pytest.mark.parametrize("busy", [OFFERED, TALKING], ids=["offered", "talking"])
def test_a_pause_during_a_call_takes_effect_when_the_call_is_over(busy: OperatorSession) -> None:
    waiting = step(busy, Pause(PauseReason.LUNCH, NOW))
    assert (waiting.state, waiting.pause_pending) == (busy.state, PauseReason.LUNCH)
    after = step(waiting, CallOver(CALL, NOW, 30))
    assert (after.state, after.pause_reason, after.pause_pending) == (OperatorState.PAUSED, PauseReason.LUNCH, None)


@pytest.mark.parametrize("busy", [OFFERED, TALKING], ids=["offered", "talking"])
def test_a_logout_during_a_call_takes_effect_when_the_call_is_over(busy: OperatorSession) -> None:
    waiting = step(busy, LogOut(NOW))
    assert waiting.is_open and waiting.logout_pending
    after = step(waiting, CallOver(CALL, NOW, 30))
    assert (after.is_open, after.logout_reason, after.call_id) == (False, LogoutReason.KEY, None)


def test_a_logout_goes_before_a_pause_when_both_were_asked_for_during_a_call() -> None:
    waiting = step(step(TALKING, Pause(PauseReason.LUNCH, NOW)), LogOut(NOW))
    assert step(waiting, CallOver(CALL, NOW, 30)).state is OperatorState.AWAY


def test_resuming_during_a_call_takes_back_the_pause_that_was_asked_for() -> None:
    waiting = step(step(TALKING, Pause(PauseReason.LUNCH, NOW)), LogOut(NOW))
    assert replace(step(waiting, Resume(NOW)), version=TALKING.version) == TALKING


def test_an_operator_who_lets_the_phone_ring_is_paused_with_that_reason() -> None:
    assert step(OFFERED, DidNotAnswer(CALL, NOW)).pause_reason is PauseReason.NO_ANSWER


def test_an_operator_who_asked_to_be_logged_out_and_lets_the_phone_ring_is_logged_out() -> None:
    after = step(step(OFFERED, LogOut(NOW)), DidNotAnswer(CALL, NOW))
    assert (after.logout_reason, after.logout_pending) == (LogoutReason.KEY, False)


def test_an_operator_who_asked_for_a_pause_and_lets_the_phone_ring_has_that_pause() -> None:
    after = step(step(OFFERED, Pause(PauseReason.LUNCH, NOW)), DidNotAnswer(CALL, NOW))
    assert (after.pause_reason, after.pause_pending) == (PauseReason.LUNCH, None)


def test_an_offer_that_came_to_nothing_leaves_the_operator_their_place_among_the_idle() -> None:
    assert step(OFFERED, CallOver(CALL, NOW)).idle_since_at == START


@pytest.mark.parametrize(
    "after",
    [step(TALKING, CallOver(CALL, NOW, 0)), step(WRAP_UP, WrapUpOver(NOW)), step(PAUSED, Resume(NOW))],
    ids=["talk", "wrap-up", "pause"],
)
def test_idleness_begins_anew_after_work_and_after_a_pause(after: OperatorSession) -> None:
    assert (after.state, after.idle_since_at) == (OperatorState.READY, NOW)


def test_wrap_up_lasts_as_long_as_the_team_says() -> None:
    assert step(TALKING, CallOver(CALL, NOW, 45)).wrap_up_until_at == NOW + timedelta(seconds=45)


# --- any history ---

calls = st.sampled_from([CALL, OTHER])
moments = st.integers(0, 1000).map(lambda seconds: START + timedelta(seconds=seconds))
events: st.SearchStrategy[OperatorEvent] = st.one_of(
    st.builds(CallOffered, calls, moments),
    st.builds(CallConnected, calls, moments),
    st.builds(CallOver, calls, moments, st.sampled_from([0, 30])),
    st.builds(DidNotAnswer, calls, moments),
    st.builds(WrapUpOver, moments),
    st.builds(Pause, st.sampled_from(PauseReason), moments),
    st.builds(Resume, moments),
    st.builds(LogOut, moments),
    st.builds(LineHeld, moments),
    st.builds(LineUnheld, moments),
    st.builds(LineLost, moments, st.sampled_from(LogoutReason)),
)
# A logout ends every history: it comes seldom, so that there is a history to end.
histories = st.lists(st.one_of(events, events.filter(lambda e: not isinstance(e, LogOut | LineLost))), max_size=40)


@given(histories)
def test_no_history_leads_to_an_impossible_session(history: list[OperatorEvent]) -> None:
    now = READY
    for event in history:
        before, now = now, step(now, event)
        assert before.is_open or now is before
        has_call = now.state in (OperatorState.OFFERED, OperatorState.TALKING)
        assert (now.call_id is not None) == has_call
        assert (now.wrap_up_until_at is not None) == (now.state is OperatorState.WRAP_UP)
        assert (now.pause_reason is not None) == (now.state is OperatorState.PAUSED)
        assert has_call or (now.pause_pending is None and not now.logout_pending)
        assert now.is_open == (now.state is not OperatorState.AWAY) == (now.logout_reason is None)
        assert now.may_be_offered == (now.state is OperatorState.READY)


@given(histories)
def test_an_operator_never_goes_from_one_call_to_another_without_being_free_between(
    history: list[OperatorEvent],
) -> None:
    now = READY
    for event in history:
        before, now = now, step(now, event)
        if before.call_id is not None and now.call_id is not None:
            assert before.call_id == now.call_id
        if before.call_id is None and now.call_id is not None:
            # An operator who is found talking after all, talks; a caller is offered to ready operators only.
            assert before.state is OperatorState.READY or isinstance(event, CallConnected)


@pytest.mark.parametrize("before", [READY, PAUSED, WRAP_UP], ids=["ready", "paused", "wrap-up"])
def test_an_operator_who_is_found_talking_talks_whatever_became_of_the_offer(before: OperatorSession) -> None:
    after = step(before, CallConnected(CALL, NOW))
    assert (after.state, after.call_id, after.state_since_at) == (OperatorState.TALKING, CALL, NOW)
    assert (after.pause_pending, after.wrap_up_until_at) == (before.pause_reason, None)


# --- the sweep ---

LATER = START + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("found", "call", "is_live", "event"),
    [
        (READY, None, True, None),
        (READY, None, False, LineLost(LATER, LogoutReason.LOST)),
        (replace(READY, channel_id=None), None, False, None),
        (TALKING, CALL, True, None),
        (TALKING, OTHER, True, CallOver(CALL, LATER)),
        (TALKING, None, True, CallOver(CALL, LATER)),
        (OFFERED, None, True, CallOver(CALL, LATER)),
        (TALKING, CALL, False, LineLost(LATER, LogoutReason.LOST)),
        (WRAP_UP, None, True, WrapUpOver(LATER)),
        (replace(WRAP_UP, wrap_up_until_at=LATER + timedelta(seconds=1)), None, True, None),
        (replace(TALKING, state_since_at=LATER - timedelta(seconds=4)), None, True, None),
        (replace(READY, logged_in_at=LATER + timedelta(milliseconds=1)), None, False, None),
        (CLOSED, None, False, None),
    ],
    ids=[
        "ready on a live line",
        "line gone",
        "rung: has no line",
        "in the call that has them",
        "in a call that another has",
        "in a call that is over",
        "offered a call that is over",
        "line gone in a talk",
        "wrap-up overdue",
        "wrap-up goes on",
        "its event may be on the way",
        "logged in after the channels were seen",
        "closed",
    ],
)
def test_the_sweep_finds_the_events_that_were_missed(
    found: OperatorSession, call: CallId | None, is_live: bool, event: OperatorEvent | None
) -> None:
    calls_of_sessions = {} if call is None else {found.id: call}
    found_missing = sweep([found], calls_of_sessions, [LINE] if is_live else [], LATER)
    assert found_missing == ([] if event is None else [(found.id, event)])


def test_the_sweep_joins_a_session_that_was_resumed_when_its_talk_had_begun() -> None:
    calls = {OFFERED.id: CALL}
    assert sweep([OFFERED], calls, [LINE], LATER, talking=[OFFERED.id]) == [(OFFERED.id, CallConnected(CALL, LATER))]
    assert sweep([OFFERED], calls, [LINE], LATER) == []
    assert sweep([TALKING], {TALKING.id: CALL}, [LINE], LATER, talking=[TALKING.id]) == []


@given(histories)
def test_after_the_sweep_nobody_is_in_a_call_that_is_not_there(history: list[OperatorEvent]) -> None:
    now = READY
    for event in history:
        now = step(now, event)
    for _, event in sweep([now], {}, [LINE], LATER):
        now = step(now, event)
    assert now.call_id is None
    assert sweep([now], {}, [LINE], LATER + timedelta(minutes=5)) == [] or now.wrap_up_until_at is not None
