"""The invariants of the random walks find what they are to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import Stage
from tests.calls.invariants import Invariants
from tests.calls.scenes import talking
from tests.calls.standing_rules import Silence, check_plans
from tests.calls.transfers import consulting, talk
from tests.calls.world import World
from tests.core.callback_values import made

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def test_an_operator_who_talks_with_a_caller_in_the_queue_is_found(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    Invariants(world).check_that_everything_fits()
    call = world.call(scene.citizen)
    world.switch.bridges[call.bridge_id].discard(scene.citizen)  # type: ignore[index]
    world.switch.waiting.add(scene.citizen)
    world.switch.music.add(scene.citizen)
    world.ledger.calls[call.id] = replace(
        call, stage=Stage.WAITING, has_music=True, operator_session=None, bridge_id=None, handled_by=None
    )
    with pytest.raises(AssertionError):
        Invariants(world).check_that_everything_fits()


@pytest.mark.parametrize("reach", Reach)
async def test_an_operator_who_consults_a_colleague_fits(make_world: Make, reach: Reach) -> None:
    t, _ = await consulting(make_world, reach=reach)
    Invariants(t.world).check_that_everything_fits()
    assert t.transfer.in_presence


async def test_an_operator_who_reaches_a_colleague_fits(make_world: Make) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    assert t.rings()
    Invariants(t.world).check_that_everything_fits()


async def test_a_caller_who_talks_and_hears_nobody_for_too_long_is_found(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    Silence(world, lambda: False)
    await world.clock.advance(60)
    world.switch.bridges[world.call(scene.citizen).bridge_id].clear()  # type: ignore[index]
    await world.clock.advance(1.9)
    with pytest.raises(AssertionError, match="in silence"):
        await world.clock.advance(0.2)


def test_a_promise_without_a_plan_is_found() -> None:
    request = made()
    check_plans([request])
    late = request.deadline_at + timedelta(seconds=1)
    for wrong in (replace(request, next_attempt_at=None), replace(request, next_attempt_at=late)):
        with pytest.raises(AssertionError):
            check_plans([wrong])
