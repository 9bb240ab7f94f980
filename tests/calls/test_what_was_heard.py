"""The record says of nobody that they were told or asked something which they did not hear."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.calls.messages import PutBack
from ari_app.core.call import FactKind
from ari_app.core.ids import ChannelId
from tests.calls.requests import asking
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure
Make = Callable[..., World]

FIRST = "nl/positie-eerste"


def kinds(world: World, citizen: ChannelId) -> list[FactKind]:
    return world.ledger.kinds(world.call(citizen).id)


async def second_in_line(world: World) -> ChannelId:
    """A caller who hears the welcome to its end, and then begins to hear their position."""
    await world.talk()
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.finish_prompt(citizen)
    await world.clock.advance(0)
    assert world.switch.heard(citizen)[-1] == FIRST
    return citizen


async def test_a_position_is_recorded_once_it_was_heard(world: World) -> None:
    citizen = await second_in_line(world)
    assert FactKind.POSITION_TOLD not in kinds(world, citizen)
    assert (world.call(citizen).position_told, world.call(citizen).last_told_at) == (0, None)
    await world.clock.advance(2)
    world.switch.finish_prompt(citizen)
    await world.clock.advance(0)
    assert kinds(world, citizen)[-1] is FactKind.POSITION_TOLD
    assert (world.call(citizen).position_told, world.call(citizen).last_told_at) == (1, world.clock.now())


@pytest.mark.parametrize("how", ["a key", "a sound that is missing", "an operator", "the sweep", "a hang-up"])
async def test_a_position_that_broke_off_is_not_recorded_and_comes_again_at_its_time(world: World, how: str) -> None:
    citizen = await second_in_line(world)
    match how:
        case "a key":
            await world.press(citizen, "5")
        case "a sound that is missing":
            world.switch.finish_prompt(citizen, failed=True)
        case "an operator":
            await world.operator("102", phone="phone02")
        case "the sweep":
            world.registry.post(citizen, PutBack())
        case "a hang-up":
            await world.hang_up(citizen)
    await world.clock.advance(1)
    assert FactKind.POSITION_TOLD not in kinds(world, citizen)
    assert world.switch.heard(citizen).count(FIRST) == 1
    if how in ("a key", "a sound that is missing"):
        await world.clock.advance(60)
        assert world.switch.heard(citizen).count(FIRST) == 2


async def test_a_prompt_whose_end_nobody_saw_is_not_recorded(world: World) -> None:
    citizen = await second_in_line(world)
    world.switch.post = lambda channel_id, message: None
    world.switch.finish_prompt(citizen)
    world.switch.post = world.post
    await world.close_gap()
    await world.clock.advance(1)
    assert FactKind.POSITION_TOLD not in kinds(world, citizen)


async def test_that_nobody_is_there_is_recorded_once_it_was_heard(world: World) -> None:
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.finish_prompt(citizen)
    await world.clock.advance(0)
    assert world.switch.heard(citizen)[-1] == "nl/even-niemand"
    assert FactKind.NOBODY_TOLD not in kinds(world, citizen)
    assert world.call(citizen).nobody_until_at is not None
    world.switch.finish_prompt(citizen)
    await world.clock.advance(0)
    assert FactKind.NOBODY_TOLD in kinds(world, citizen)


@pytest.mark.parametrize(("key", "is_asked"), [("1", True), ("5", False)])
async def test_an_offer_counts_when_it_was_answered_or_heard(make_world: Make, key: str, is_asked: bool) -> None:
    world = make_world(area=asking())
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.prompts_last = True
    await world.clock.advance(60)
    world.switch.finish_prompt(citizen)  # their position, which was due before
    await world.clock.advance(1)
    assert "nl/terug-aanbod" in world.switch.heard(citizen)
    await world.press(citizen, key)
    assert (FactKind.CALLBACK_OFFERED in kinds(world, citizen)) is is_asked


async def test_a_caller_who_leaves_before_the_question_was_not_asked(world: World) -> None:
    world.switch.prompts_last = True
    early, late = await world.citizen(), await world.citizen()
    world.switch.finish_prompt(late)
    await world.clock.advance(0)
    for citizen in (early, late):
        await world.hang_up(citizen)
    await world.clock.advance(5)
    assert [FactKind.QUESTION_ASKED in kinds(world, citizen) for citizen in (early, late)] == [False, True]
