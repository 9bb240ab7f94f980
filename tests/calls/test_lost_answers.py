"""The store has written, and its answer is lost: nothing is left inconsistent; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason
from ari_app.core.ids import ChannelId
from ari_app.core.operators import LogoutReason, OperatorSession, OperatorState
from tests.calls.absences import Losing, all_is_closed
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


async def _a_call(world: World) -> ChannelId:
    await world.operator("101")
    citizen = await world.citizen()
    await world.clock.advance(0.6)
    await world.press(citizen, "1")
    await world.clock.advance(10)
    await world.hang_up(citizen)
    await world.clock.advance(5)
    return citizen


async def test_a_lost_answer_is_harmless_whichever_it_is(make_world: Callable[..., World]) -> None:
    world = make_world()
    undisturbed = world.ledger.kinds(world.call(await _a_call(world)).id)
    writes = world.ledger.writes
    assert writes > 8
    for lost in range(writes):
        world = make_world()
        store = Losing(world, lost)
        call = world.call(await _a_call(world))
        assert world.ledger.kinds(call.id) == undisturbed, f"answer {lost} was lost"
        assert call.end_reason is EndReason.CALLER_HUNG_UP and all_is_closed(world)
        assert store.is_lost
        assert world.session("101").state is OperatorState.WRAP_UP


async def test_a_lost_answer_of_a_store_that_then_stays_away_leaves_no_row_open(
    make_world: Callable[..., World],
) -> None:
    """The write arrived, its answer did not, and the fallback took the caller: the row ends after what did arrive."""
    for lost in range(20):
        world = make_world()
        await world.operator("101")
        store = Losing(world, lost, stays_away=True)
        citizen = await world.citizen()
        await world.press(citizen, "1")
        await world.clock.advance(30)
        world.ledger.available = True
        await world.clock.advance(5)
        if not store.is_lost:
            break
        call = world.call(citizen)
        in_talk = world.switch.partners(citizen) != set()
        assert in_talk or (call.end_reason is EndReason.HANDLED_BY_FALLBACK and citizen in world.switch.fallback)
        assert in_talk == call.is_open, f"answer {lost} was lost"
        await world.hang_up(citizen)
        await world.clock.advance(5)
        assert all_is_closed(world)
    assert lost > 5


@pytest.mark.parametrize("reach", Reach)
async def test_a_login_whose_answer_was_lost_leaves_no_operator_at_work_who_hung_up_meanwhile(
    make_world: Callable[..., World], reach: Reach
) -> None:
    world = make_world(area=an_area(reach=reach))
    login = await world.dial_in()
    await world.press(login, "101#")
    store_session = world.ledger.store_session

    async def loses_the_answer(session: OperatorSession, is_estimated: bool = False) -> None:
        is_first = not world.ledger.sessions
        world.ledger.lose_answers = int(is_first)
        try:
            await store_session(session, is_estimated)
        finally:
            world.ledger.available = world.ledger.available and not is_first

    world.ledger.store_session = loses_the_answer  # type: ignore[method-assign]
    await world.press(login, "1234#")
    if reach is Reach.RING:
        await world.press(login, "*0")
        await world.clock.advance(20)
    await world.clock.advance(2)
    await world.hang_up(login)
    await world.clock.advance(3)
    world.ledger.available = True
    await world.clock.advance(2)
    open_sessions = [session for session in world.ledger.sessions.values() if session.is_open]
    assert {session.id for session in open_sessions} == {session.id for session in world.registry.sessions()}
    assert len(open_sessions) == (reach is Reach.RING), "whose phone is rung is at work"
    if reach is Reach.LINE:
        (session,) = world.ledger.sessions.values()
        assert session.logout_reason is LogoutReason.HUNG_UP
        assert [one.until_at for one in world.ledger.stretches] == [session.logged_out_at]


@pytest.mark.parametrize("is_offered", [True, False])
async def test_a_login_whose_answer_was_lost_and_that_a_recovery_took_up_is_one_task(
    make_world: Callable[..., World], is_offered: bool
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    login = await world.dial_in()
    await world.press(login, "101#1234#")
    world.ledger.lose_answers = 1
    await world.hang_up(login)
    await world.clock.advance(0.1)
    await world.close_gap()
    assert world.session("101").state is OperatorState.READY
    if is_offered:
        await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    assert world.line(login).ended_at is not None
    assert len(list(world.registry.sessions())) == 1
    assert world.session("101").state is (OperatorState.OFFERED if is_offered else OperatorState.READY)
