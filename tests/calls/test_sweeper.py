"""Lost events, and how the sweep mends them; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.call import EndReason, LegEndReason, Stage
from ari_app.core.ids import Endpoint
from ari_app.core.operators import OperatorState
from tests.calls.scenes import SceneMaker, choosing, connecting_rung, talking, talking_rung, waiting
from tests.calls.world import World

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("make_scene", [choosing, waiting, connecting_rung, talking, talking_rung])
async def test_a_caller_whose_hang_up_went_unseen_is_found_by_the_sweep(
    make_world: Callable[..., World], make_scene: SceneMaker
) -> None:
    scene = await make_scene(make_world)
    world = scene.world
    world.switch.vanish_one(scene.citizen)
    assert await world.sweep() == 0  # the event may still be on the way
    assert world.call(scene.citizen).is_open
    await world.clock.advance(2)
    assert await world.sweep() == 1
    await world.clock.advance(3)
    call = world.call(scene.citizen)
    assert (call.end_reason, call.end_is_estimated) == (EndReason.LOST, True)
    assert not [leg for leg in world.ledger.legs.values() if leg.is_open]
    assert all(session.call_id is None for session in world.ledger.sessions.values())


async def test_the_caller_of_a_rung_operator_whose_end_went_unseen_is_first_in_the_queue(
    make_world: Callable[..., World],
) -> None:
    scene = await talking_rung(make_world)
    assert scene.other is not None
    scene.world.switch.vanish_one(scene.other)
    await scene.world.sweep()
    await scene.world.sweep()
    await scene.world.clock.advance(3)
    call = scene.world.call(scene.citizen)
    assert call.stage is Stage.WAITING and call.returned_at is not None
    leg = next(leg for leg in scene.world.ledger.legs.values() if leg.channel_id == scene.other)
    assert (leg.end_reason, leg.end_is_estimated) == (LegEndReason.LOST, True)
    assert scene.world.session("101").state is OperatorState.WRAP_UP


async def test_a_sweep_changes_nothing_for_parties_who_are_there(make_world: Callable[..., World]) -> None:
    scene = await talking(make_world)
    await scene.world.citizen()
    for _ in range(3):
        assert await scene.world.sweep() == 0
        await scene.world.clock.advance(10)
    assert scene.world.call(scene.citizen).stage is Stage.TALKING


async def test_an_operator_who_is_freed_by_the_sweep_gets_the_next_caller(make_world: Callable[..., World]) -> None:
    scene = await connecting_rung(make_world)
    world = scene.world
    following = await world.citizen("+31119555001")
    await world.clock.advance(6)
    world.switch.vanish_one(scene.citizen)
    await world.sweep()
    await world.sweep()
    await world.clock.advance(1)
    world.switch.pick_up(next(c for c, e in world.switch.ringing.items() if e == Endpoint("PJSIP/phone07")))
    await world.clock.advance(0)
    assert world.call(following).stage is Stage.TALKING
