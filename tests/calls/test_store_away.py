"""The store is away: citizens are helped, and operators stay at work; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Norms
from ari_app.core.call import EndReason, Stage
from ari_app.core.operators import OperatorState
from tests.calls.absences import all_is_closed
from tests.calls.scenes import SceneMaker, choosing, connecting, connecting_rung, waiting
from tests.calls.world import World, an_area

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("scene", [choosing, connecting, connecting_rung])
async def test_a_call_that_waits_for_the_store_goes_to_the_fallback_after_its_patience(
    make_world: Callable[..., World], scene: SceneMaker
) -> None:
    found = await scene(make_world)
    world, citizen = found.world, found.citizen
    world.ledger.available = False
    world.switch.prompts_last = False
    if found.other is None:
        await world.press(citizen, "1")
    elif found.other in world.switch.ringing:
        world.switch.pick_up(found.other)
    else:
        world.switch.finish_prompt(found.other)
    await world.clock.advance(29)
    assert citizen not in world.switch.fallback and citizen in world.switch.music
    await world.clock.advance(2)
    assert world.switch.fallback == {citizen: "store_unavailable"}
    assert not any(citizen in world.switch.partners(channel) for channel in world.switch.channels)
    await world.clock.advance(60)
    world.ledger.available = True
    await world.clock.advance(3)
    assert world.call(citizen).end_reason is EndReason.HANDLED_BY_FALLBACK
    assert world.call(citizen).answered_at is None
    assert all_is_closed(world)
    if found.other is not None:
        assert world.session("101").state is OperatorState.READY


async def test_waiting_callers_keep_their_place_through_an_absence(world: World) -> None:
    found = await waiting(lambda: world)
    world.ledger.available = False
    await world.clock.advance(28)
    world.ledger.available = True
    operator = await world.operator("101")
    await world.clock.advance(1)
    assert world.switch.partners(found.citizen) == {operator}


async def test_waiting_callers_go_to_the_fallback_when_the_absence_lasts(make_world: Callable[..., World]) -> None:
    found = await waiting(lambda: make_world(area=an_area(norms=Norms(nobody_grace_seconds=600))))
    world = found.world
    world.ledger.available = False
    await world.clock.advance(59)
    assert world.call(found.citizen).stage is Stage.WAITING  # with nothing to write, nothing is noticed
    for _ in range(136):
        world.shell.door.heartbeat_failed()  # as the application notices by itself
        await world.clock.advance(4)
    assert world.switch.fallback == {found.citizen: "store_unavailable"}


async def test_a_caller_who_hangs_up_while_the_call_waits_for_the_store_was_not_helped_by_the_fallback(
    world: World,
) -> None:
    citizen = await world.citizen()
    world.ledger.available = False
    await world.press(citizen, "1")
    await world.clock.advance(3)
    left_at = world.clock.now()
    await world.hang_up(citizen)
    await world.clock.advance(20)
    world.ledger.available = True
    await world.clock.advance(3)
    call = world.call(citizen)
    assert (call.end_reason, call.handled_by_fallback) == (EndReason.ABANDONED_WAITING, False)
    assert (call.ended_at, call.end_is_estimated) == (left_at, False)


async def test_an_operator_who_cannot_log_in_hears_it_and_the_line_is_closed_when_the_store_is_back(
    world: World,
) -> None:
    operator = await world.dial_in()
    world.ledger.available = False
    await world.press(operator, "101#1234#")
    assert world.switch.heard(operator)[-1] == "nl/storing-bel-later"
    assert operator not in world.switch.channels
    ended_at = world.clock.now()
    await world.clock.advance(60)
    world.ledger.available = True
    await world.clock.advance(1)
    assert world.line(operator).ended_at == ended_at
    await world.operator("101")
    assert world.session("101").state is OperatorState.READY


async def test_an_operator_at_work_stays_at_work(world: World) -> None:
    operator = await world.operator("101")
    world.ledger.available = False
    await world.press(operator, "*92")
    await world.clock.advance(600)
    assert operator in world.switch.channels
    world.ledger.available = True
    await world.clock.advance(1)
    assert world.session("101").state is OperatorState.PAUSED
    await world.press(operator, "*0")
    assert world.session("101").state is OperatorState.READY
