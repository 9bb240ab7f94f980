"""A citizen's call from the first ring to the last row, on fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.area import Norms
from ari_app.core.call import ChoiceKind, EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.world import ESDAM, ESDAM_ALONE, SHARED, VEENDIJK, World, an_area

pytestmark = pytest.mark.pure


async def test_given_an_operator_ready_when_a_citizen_chooses_by_key_then_they_talk_and_every_leg_is_stored(
    world: World,
) -> None:
    operator = await world.operator("101")
    citizen = await world.citizen()
    await world.press(citizen, "1")

    call = world.call(citizen)
    assert call.stage is Stage.TALKING
    assert (call.municipality, call.choice, call.shared_number) == (ESDAM, ChoiceKind.KEY, SHARED)
    assert world.switch.partners(citizen) == {operator}
    assert "gemeente/GM9901/naam" in " ".join(world.switch.heard(operator))
    assert world.session("101").state is OperatorState.TALKING

    await world.clock.advance(60)
    await world.hang_up(citizen)
    call = world.call(citizen)
    assert (call.stage, call.end_reason) == (Stage.ENDED, EndReason.CALLER_HUNG_UP)
    assert call.answered_at is not None and call.ended_at == call.answered_at + timedelta(seconds=60)
    legs = {leg.role: leg for leg in world.ledger.legs.values() if leg.call_id == call.id}
    assert legs[LegRole.CALLER].end_reason is LegEndReason.HUNG_UP
    assert legs[LegRole.OPERATOR].end_reason is LegEndReason.RELEASED
    assert legs[LegRole.OPERATOR].left_at == legs[LegRole.CALLER].ended_at == call.ended_at
    assert operator in world.switch.channels
    assert world.session("101").state is OperatorState.WRAP_UP
    await world.clock.advance(31)
    assert world.session("101").state is OperatorState.READY


async def test_given_a_talk_when_the_operator_hangs_up_then_the_caller_is_let_go_and_the_operator_is_logged_out(
    world: World,
) -> None:
    operator = await world.operator("101")
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.call(citizen).stage is Stage.TALKING
    await world.clock.advance(1)
    await world.hang_up(operator)
    assert world.call(citizen).end_reason is EndReason.OPERATOR_HUNG_UP
    assert citizen not in world.switch.channels
    assert world.session("101").logout_reason is LogoutReason.HUNG_UP
    assert not world.switch.bridges


async def test_a_key_may_be_pressed_while_the_menu_is_still_spoken(world: World) -> None:
    world.switch.prompts_last = True
    citizen = await world.citizen()
    assert world.switch.playing
    await world.press(citizen, "2")
    assert world.call(citizen).municipality == VEENDIJK


async def test_two_tries_then_the_default_of_the_number(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(default=VEENDIJK))
    citizen = await world.citizen()
    await world.press(citizen, "7")
    assert world.call(citizen).menu_tries == 1
    await world.clock.advance(6)
    call = world.call(citizen)
    assert (call.municipality, call.choice, call.menu_tries) == (VEENDIJK, ChoiceKind.DEFAULT, 2)
    assert call.stage is Stage.WAITING


async def test_without_a_default_any_operator_of_the_number_takes_a_caller_who_did_not_choose(world: World) -> None:
    operator = await world.operator("103")
    citizen = await world.citizen()
    await world.clock.advance(15)
    call = world.call(citizen)
    assert (call.municipality, call.choice, call.stage) == (None, ChoiceKind.DEFAULT, Stage.TALKING)
    assert world.switch.partners(citizen) == {operator}


@pytest.mark.parametrize("prompt_seconds", [0.0, 0.8, 2.0], ids=["all", "short", "once"])
@pytest.mark.parametrize("within", [15, 40])
async def test_given_no_key_then_the_question_is_over_when_the_time_of_the_number_is(
    make_world: Callable[..., World], prompt_seconds: float, within: int
) -> None:
    area = an_area()
    shared = {SHARED: replace(area.shared_numbers[SHARED], choose_within_seconds=within)}
    world = make_world(area=replace(area, shared_numbers=shared))
    world.voice.prompt_seconds = prompt_seconds
    citizen = await world.citizen()
    await world.clock.advance(within - 0.5)
    assert world.call(citizen).stage is Stage.CHOOSING
    await world.clock.advance(0.5)
    call = world.call(citizen)
    assert (call.stage, call.choice) == (Stage.WAITING, ChoiceKind.DEFAULT)
    fits_twice = 7 * prompt_seconds + 3 <= within  # six prompts, one, and a moment after each
    assert world.ledger.kinds(call.id).count(FactKind.WRONG_KEY) == (2 if fits_twice else 1)


async def test_a_waiting_caller_hears_music_and_their_place_at_the_interval(world: World) -> None:
    await world.operator("101")
    first = await world.citizen(ESDAM_ALONE)
    second = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    third = await world.citizen(ESDAM_ALONE)
    assert world.call(first).stage is Stage.TALKING
    assert {second, third} <= world.switch.waiting
    assert "nl/positie-eerste" in world.switch.heard(second)
    assert "nl/positie-2" in world.switch.heard(third)
    await world.clock.advance(46)
    assert world.switch.heard(third).count("nl/positie-2") == 2
    await world.hang_up(second)
    await world.clock.advance(46)
    assert world.switch.heard(third)[-1] == "nl/positie-eerste"
    assert world.call(second).end_reason is EndReason.ABANDONED_WAITING


async def test_with_nobody_logged_in_the_caller_hears_it_once_and_waits_for_the_grace(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    assert "nl/even-niemand" in world.switch.heard(citizen)
    await world.clock.advance(30)
    operator = await world.operator("101")
    assert world.switch.partners(citizen) == {operator}


async def test_with_nobody_logged_in_after_the_grace_the_call_ends(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(61)
    assert world.call(citizen).end_reason is EndReason.NOBODY_AVAILABLE
    assert world.switch.heard(citizen).count("nl/even-niemand") == 1


async def test_a_caller_who_waited_longer_than_the_limit_hears_it(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(norms=Norms(max_wait_seconds=120)))
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(121)
    call = world.call(citizen)
    assert call.end_reason is EndReason.WAITED_TOO_LONG
    assert "nl/te-lang-gewacht" in world.switch.heard(citizen)
    assert call.answered_at is None


async def test_a_caller_of_a_number_that_is_not_served_hears_it_without_the_line_being_answered(world: World) -> None:
    citizen = await world.citizen("+31301112222")
    call = world.call(citizen)
    assert (call.end_reason, call.line_answered_at) == (EndReason.NOT_SERVED, None)


async def test_garbage_as_dialled_number_and_caller_number_is_stored_cut_and_harmless(world: World) -> None:
    citizen = await world.citizen("9" * 300, number="' OR 1=1 --")
    call = world.call(citizen)
    assert call.end_reason is EndReason.NOT_SERVED
    assert len(call.dialled) == 32
    assert call.pii_caller_number is None


async def test_a_withheld_number_is_not_stored(world: World) -> None:
    assert world.call(await world.citizen(number="")).pii_caller_number is None


async def test_three_hundred_digits_choose_once_and_harm_nobody(world: World) -> None:
    await world.operator("101")
    citizen = await world.citizen()
    await world.press(citizen, "1" * 300)
    assert world.call(citizen).stage is Stage.TALKING
    assert world.ledger.kinds(world.call(citizen).id).count(FactKind.MUNICIPALITY_CHOSEN) == 1
