"""Keys that belong to no code: in a talk the other side hears them, on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from tests.calls.transfers import talk
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure


def keys(world: World) -> list[tuple[str, str]]:
    return [(order[1], order[2]) for order in world.switch.orders if order[0] == "key"]


async def test_the_other_side_of_a_talk_hears_keys_and_no_codes(world: World) -> None:
    operator, citizen = await world.talk()
    await world.press(operator, "1*92#5")
    assert keys(world) == [(citizen, "1"), (citizen, "#"), (citizen, "5")]
    await world.press(operator, "*4")
    await world.press(operator, "7")
    assert keys(world)[3:] == [], "on hold nobody is together with the operator"


async def test_a_colleague_who_is_consulted_hears_them_and_the_caller_on_hold_does_not(
    make_world: Callable[..., World],
) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    colleague = await t.picked_up()
    assert t.hears(t.operator) == {colleague}
    await t.keys("3")
    assert keys(t.world) == [(colleague, "3")]


async def test_also_those_of_a_phone_that_was_rung(make_world: Callable[..., World]) -> None:
    t = await talk(make_world, reach=Reach.RING)
    await t.keys("2")
    assert keys(t.world) == [(t.citizen, "2")]


async def test_without_a_talk_nobody_hears_them(world: World) -> None:
    operator = await world.operator("101")
    await world.press(operator, "5#")
    assert keys(world) == []
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    await world.press(operator, "5")
    assert keys(world) == []
