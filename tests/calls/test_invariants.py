"""The invariants of the random walks find what they are to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import Stage
from tests.calls.invariants import Invariants
from tests.calls.scenes import talking
from tests.calls.transfers import consulting, talk
from tests.calls.world import World

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
