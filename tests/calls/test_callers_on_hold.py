"""A caller whose phone puts us on hold: nobody hears us, and the caller keeps their place; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.calls.messages import Digit, Held
from ari_app.core.call import EndReason, FactKind, Stage
from tests.calls.holding import READY, hold, holds, state_of, unhold
from tests.calls.scenes import announcing, talking, waiting
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def test_given_a_talk_when_the_citizens_phone_holds_then_the_record_says_so(make_world: Make) -> None:
    scene = await talking(make_world)
    await hold(scene.world, scene.citizen)
    assert holds(scene.world, scene.citizen) == [(FactKind.HELD, "caller")]


async def test_given_a_caller_who_waits_when_their_phone_holds_then_they_keep_their_place(make_world: Make) -> None:
    scene = await waiting(make_world)
    await hold(scene.world, scene.citizen)
    await scene.world.clock.advance(5)
    assert scene.world.call(scene.citizen).stage is Stage.WAITING


async def test_given_a_caller_on_hold_when_our_socket_was_closed_then_they_are_taken_to_be_there(
    make_world: Make,
) -> None:
    """Nobody saw whether they took their line back: else they would be offered to nobody for as long as they wait."""
    scene = await waiting(make_world)
    world = scene.world
    await hold(world, scene.citizen)
    await world.close_gap()
    await world.operator("101", phone="phone07")
    await world.clock.advance(5)
    assert world.call(scene.citizen).stage is Stage.TALKING
    told = world.ledger.told[world.call(scene.citizen).id]
    assert [fact.detail["how"] for fact in told if fact.kind is FactKind.HELD_NO_MORE] == ["not seen"]


async def test_given_a_prompt_when_the_listeners_phone_holds_and_takes_back_then_the_record_says_each_once(
    make_world: Make,
) -> None:
    """Their messages are read while the prompt is heard out, and again after it."""
    scene = await announcing(make_world)
    world, citizen = scene.world, scene.citizen
    await hold(world, citizen)
    await hold(world, citizen)
    await unhold(world, citizen)
    world.switch.prompts_last = False
    world.switch.finish_prompt(citizen)
    await world.clock.advance(60)
    assert not world.call(citizen).is_open
    assert holds(world, citizen) == [(FactKind.HELD, "caller"), (FactKind.HELD_NO_MORE, "caller")]


async def test_given_a_caller_in_the_menu_when_their_phone_holds_then_the_record_says_so_once(
    make_world: Make,
) -> None:
    world = make_world()
    world.switch.prompts_last = True
    citizen = await world.citizen()
    await hold(world, citizen)
    await world.clock.advance(1)
    world.switch.prompts_last = False
    world.switch.finish_prompt(citizen)
    await world.clock.advance(1)
    await world.press(citizen, "1")
    await world.clock.advance(1)
    assert world.call(citizen).stage is Stage.WAITING
    assert holds(world, citizen) == [(FactKind.HELD, "caller")]


async def test_given_a_waiting_caller_on_hold_when_an_operator_is_free_then_the_next_one_is_helped_and_they_when_back(
    world: World,
) -> None:
    operator, talker = await world.talk()
    first = await world.citizen(ESDAM_ALONE)
    second = await world.citizen(ESDAM_ALONE)
    place, heard = world.call(first).queued_at, world.switch.heard(first)
    await hold(world, first)
    await world.hang_up(talker)
    await world.press(operator, "*0")
    assert world.switch.partners(operator) == {second}
    await world.clock.advance(90)
    told = world.ledger.kinds(world.call(first).id)
    assert (world.call(first).stage, FactKind.OFFERED in told) == (Stage.WAITING, False)
    assert world.switch.heard(first) == heard, "announcements would reach nobody"

    third = await world.citizen(ESDAM_ALONE)
    await unhold(world, first)
    assert world.call(first).queued_at == place
    await world.hang_up(second)
    await world.press(operator, "*0")
    assert world.switch.partners(operator) == {first}
    assert world.call(third).stage is Stage.WAITING


async def test_given_a_free_operator_when_a_caller_comes_back_from_hold_then_they_are_helped_at_once(
    world: World,
) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    await hold(world, citizen)
    operator = await world.operator("101")
    assert not world.switch.partners(citizen)
    assert state_of(world) == READY
    await unhold(world, citizen)
    assert world.switch.partners(citizen) == {operator}


async def test_given_a_hold_that_comes_with_the_offer_then_the_operator_gets_the_next_caller(world: World) -> None:
    """Both are in the mailbox before the call reads either."""
    first = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    second = await world.citizen(ESDAM_ALONE)
    world.post(first, Held(first, world.clock.now()))
    operator = await world.operator("101")
    assert world.switch.partners(operator) == {second}
    await unhold(world, first)
    await world.hang_up(second)
    await world.press(operator, "*0")
    assert world.switch.partners(operator) == {first}


async def test_given_a_hold_that_is_forgotten_then_it_ends_with_the_patience_of_any_caller(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    await hold(world, citizen)
    until = world.call(citizen).wait_until_at
    assert until is not None
    await world.clock.advance((until - world.clock.now()).total_seconds() + 30)
    call = world.call(citizen)
    assert call.end_reason is EndReason.WAITED_TOO_LONG
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id), "nobody heard it"


async def test_given_a_caller_on_hold_when_they_hang_up_then_they_left_the_queue(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    await hold(world, citizen)
    await world.hang_up(citizen)
    assert world.call(citizen).end_reason is EndReason.ABANDONED_WAITING
    assert world.dispatcher.position(world.call(citizen).id) is None


async def test_given_a_caller_who_held_in_the_menu_and_is_back_as_they_are_queued_then_they_are_offered(
    world: World,
) -> None:
    operator, talker = await world.talk()
    world.switch.prompts_last = True
    citizen = await world.citizen()
    await hold(world, citizen)
    call = world.call(citizen)
    world.registry.post(citizen, Digit(citizen, "1", world.clock.now()))
    await world.clock.advance(1)
    assert world.call(call.channel_id).stage is Stage.WAITING
    assert world.dispatcher.position(call.id) is None
    await unhold(world, citizen)
    world.switch.prompts_last = False
    for channel_id in list(world.switch.playing.values()):
        world.switch.finish_prompt(channel_id)
    await world.hang_up(talker)
    await world.press(operator, "*0")
    await world.clock.advance(1)
    assert world.switch.partners(operator) == {citizen}
