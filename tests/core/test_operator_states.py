"""Stretches of an operator's states: they touch, and their sums over a day are the time logged in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Reach
from ari_app.core.ids import AsteriskId, CallId, OperatorNumber, SessionId, TeamCode
from ari_app.core.operator_rules import step
from ari_app.core.operator_states import OperatorStretch, bounds_of, ended_stretch, sums, within
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

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = CallId(UUID(int=1))
LOGGED_IN = OperatorSession(
    id=SessionId(UUID(int=2)),
    asterisk_id=AsteriskId("node1"),
    operator=OperatorNumber("101"),
    reach=Reach.LINE,
    endpoint=None,
    logged_in_at=NINE,
    state=OperatorState.READY,
    state_since_at=NINE,
    idle_since_at=NINE,
    teams=(TeamCode("kcc"),),
)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def worked(events: Sequence[OperatorEvent]) -> tuple[OperatorSession, list[OperatorStretch]]:
    session, stretches = LOGGED_IN, []
    for event in events:
        changed = step(session, event)
        ended = ended_stretch(session, changed)
        session = changed
        if ended is not None:
            stretches.append(ended)
    return session, stretches


def test_a_state_that_is_over_is_a_stretch_with_its_call_its_reason_and_the_teams_of_its_beginning() -> None:
    _, stretches = worked(
        [
            CallOffered(CALL, at(10)),
            CallConnected(CALL, at(12)),
            CallOver(CALL, at(60), 30),
            Pause(PauseReason.LUNCH, at(80)),
            LogOut(at(100)),
        ]
    )
    assert [(one.state, one.call_id, one.pause_reason, one.duration.total_seconds()) for one in stretches] == [
        (OperatorState.READY, None, None, 10),
        (OperatorState.OFFERED, CALL, None, 2),
        (OperatorState.TALKING, CALL, None, 48),
        (OperatorState.WRAP_UP, None, None, 20),
        (OperatorState.PAUSED, None, PauseReason.LUNCH, 20),
    ]
    assert {one.teams for one in stretches} == {("kcc",)}


def test_what_changes_nothing_of_the_state_ends_no_stretch() -> None:
    talking = replace(LOGGED_IN, state=OperatorState.TALKING, call_id=CALL)
    assert ended_stretch(talking, replace(talking, pause_pending=PauseReason.LUNCH)) is None
    assert ended_stretch(None, LOGGED_IN) is None
    over = step(LOGGED_IN, LogOut(at(5)))
    assert ended_stretch(over, over) is None
    assert ended_stretch(LOGGED_IN, step(LOGGED_IN, LogOut(NINE))) is None, "it lasted no time"


def test_an_end_that_nobody_saw_is_an_estimate() -> None:
    lost = step(LOGGED_IN, LineLost(at(9), LogoutReason.LOST))
    ended = ended_stretch(LOGGED_IN, lost, is_estimated=True)
    assert ended is not None and ended.end_is_estimated


SECONDS = st.integers(-5, 3600).map(at)
EVENTS = st.one_of(
    st.builds(CallOffered, st.just(CALL), SECONDS, st.booleans(), st.booleans()),
    st.builds(CallConnected, st.just(CALL), SECONDS),
    st.builds(CallOver, st.just(CALL), SECONDS, st.sampled_from([0, 30])),
    st.builds(DidNotAnswer, st.just(CALL), SECONDS),
    st.builds(WrapUpOver, SECONDS),
    st.builds(Pause, st.sampled_from(PauseReason), SECONDS),
    st.builds(Resume, SECONDS),
    st.builds(LineHeld, SECONDS),
    st.builds(LineUnheld, SECONDS),
    st.builds(LineLost, SECONDS, st.sampled_from(LogoutReason)),
)


@given(st.lists(EVENTS, max_size=40))
def test_stretches_touch_from_login_to_logout_whatever_the_clocks_say(events: list[OperatorEvent]) -> None:
    session, stretches = worked([*events, LineLost(at(4000), LogoutReason.HUNG_UP)])
    if not session.is_open and stretches:
        assert stretches[0].from_at == session.logged_in_at
        assert stretches[-1].until_at == session.logged_out_at
    assert [one.until_at for one in stretches[:-1]] == [one.from_at for one in stretches[1:]]
    total = sum((one.duration for one in sums(stretches)), timedelta())
    assert session.logged_out_at is not None and total == session.logged_out_at - session.logged_in_at


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 2), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)],
    ids=["a day", "the clock goes forward", "the clock goes back"],
)
def test_a_day_is_amsterdams(day: date, hours: int) -> None:
    begins_at, ends_at = bounds_of(day)
    assert ends_at - begins_at == timedelta(hours=hours)
    assert begins_at < datetime.combine(day, NINE.timetz()) < ends_at


def test_of_a_night_shift_each_day_has_its_part() -> None:
    night = OperatorStretch(LOGGED_IN.id, LOGGED_IN.operator, (), OperatorState.READY, None, None, at(0), at(20 * 3600))
    parts = [within([night], *bounds_of(day)) for day in (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))]
    assert [sum((one.duration for one in part), timedelta()) for part in parts] == [
        timedelta(hours=14),
        timedelta(hours=6),
        timedelta(),
    ]


def test_sums_are_per_state_and_reason() -> None:
    _, stretches = worked(
        [
            Pause(PauseReason.LUNCH, at(10)),
            Resume(at(40)),
            Pause(PauseReason.MEETING, at(45)),
            Pause(PauseReason.LUNCH, at(50)),
            LogOut(at(60)),
        ]
    )
    assert [(one.state, one.pause_reason, one.duration.total_seconds()) for one in sums(stretches)] == [
        (OperatorState.READY, None, 15),
        (OperatorState.PAUSED, PauseReason.LUNCH, 40),
        (OperatorState.PAUSED, PauseReason.MEETING, 5),
    ]
