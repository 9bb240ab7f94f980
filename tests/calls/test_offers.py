"""A waiting caller is offered to an operator: the whisper, the phone that is rung, and the next one; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.calls.messages import Digit
from ari_app.core.area import Norms, Reach, Whisper
from ari_app.core.call import EndReason, LegEndReason, Stage
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import OperatorState, PauseReason
from tests.calls.world import ESDAM_ALONE, VEENDIJK, World, an_area

pytestmark = pytest.mark.pure


async def test_an_operator_who_leaves_during_the_whisper_costs_the_caller_nothing_but_the_wait(world: World) -> None:
    leaving = await world.operator("101")
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.call(citizen).stage is Stage.CONNECTING
    await world.hang_up(leaving)
    assert world.call(citizen).stage is Stage.WAITING
    queued_at = world.call(citizen).queued_at
    world.switch.prompts_last = False
    other = await world.operator("102", phone="phone02")
    assert world.switch.partners(citizen) == {other}
    assert world.call(citizen).queued_at == queued_at


async def test_a_caller_who_leaves_during_the_whisper_frees_the_operator_with_place_kept(world: World) -> None:
    await world.operator("101")
    idle_since = world.session("101").idle_since_at
    world.switch.prompts_last = True
    await world.clock.advance(10)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.session("101").state is OperatorState.OFFERED
    await world.hang_up(citizen)
    assert world.call(citizen).end_reason is EndReason.ABANDONED_WAITING
    session = world.session("101")
    assert (session.state, session.idle_since_at) == (OperatorState.READY, idle_since)


async def test_the_next_caller_gets_the_operator_whom_a_leaving_caller_did_not_take(world: World) -> None:
    operator = await world.operator("101")
    world.switch.prompts_last = True
    first = await world.citizen(ESDAM_ALONE)
    second = await world.citizen(ESDAM_ALONE)
    world.switch.prompts_last = False
    await world.hang_up(first)
    world.switch.finish_prompt(second)
    await world.clock.advance(1)
    assert world.switch.partners(second) == {operator}


async def test_a_phone_that_is_rung_and_picked_up_joins_the_caller(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(reach=Reach.RING, whisper=Whisper.FULL))
    login = await world.operator("101", phone="phone07")
    await world.hang_up(login)
    assert world.session("101").state is OperatorState.READY
    citizen = await world.citizen(ESDAM_ALONE)
    ringing = world.ringing_at("PJSIP/phone07")
    assert world.session("101").state is OperatorState.OFFERED
    await world.clock.advance(5)
    world.switch.pick_up(ringing)
    await world.clock.advance(0)
    assert world.switch.partners(citizen) == {ringing}
    assert world.session("101").state is OperatorState.TALKING
    await world.hang_up(citizen)
    assert ringing not in world.switch.channels
    assert world.session("101").state is OperatorState.WRAP_UP
    assert not world.switch.bridges


async def test_a_phone_that_is_not_picked_up_pauses_its_operator_and_the_next_is_rung(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    for number, phone in (("101", "phone07"), ("102", "phone08")):
        await world.hang_up(await world.operator(number, phone=phone))
        await world.clock.advance(1)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.ringing_at("PJSIP/phone07")
    await world.clock.advance(21)
    silent = world.session("101")
    assert (silent.state, silent.pause_reason) == (OperatorState.PAUSED, PauseReason.NO_ANSWER)
    world.switch.pick_up(world.ringing_at("PJSIP/phone08"))
    await world.clock.advance(0)
    call = world.call(citizen)
    assert call.stage is Stage.TALKING
    assert call.refused_by == (OperatorNumber("101"),)
    silent_leg = next(leg for leg in world.ledger.legs.values() if leg.party == "101")
    assert silent_leg.end_reason is LegEndReason.NO_ANSWER


async def test_helping_teams_see_a_caller_after_the_overflow(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(helps=(VEENDIJK,), norms=Norms(overflow_after_seconds=60)))
    helper = await world.operator("101")
    citizen = await world.citizen()
    await world.press(citizen, "2")
    assert world.call(citizen).stage is Stage.WAITING
    await world.clock.advance(59)
    assert world.call(citizen).stage is Stage.WAITING
    await world.clock.advance(2)
    assert world.switch.partners(citizen) == {helper}


async def test_an_offer_is_found_behind_the_keys_of_an_impatient_caller(world: World) -> None:
    operator = await world.operator("101")
    citizen = await world.citizen()
    for digit in "1555":
        world.registry.post(citizen, Digit(citizen, digit, world.clock.now()))
    await world.clock.advance(0)
    assert world.switch.partners(citizen) == {operator}
    assert "nl/in-gesprek" not in world.switch.heard(citizen)


async def test_a_caller_whose_line_is_taken_hears_music_while_a_phone_rings(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen()
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.CONNECTING and citizen in world.switch.music
    world.switch.pick_up(world.ringing_at("PJSIP/phone07"))
    await world.clock.advance(0)
    assert world.call(citizen).stage is Stage.TALKING and citizen not in world.switch.music


async def test_an_operator_who_comes_back_is_offered_the_caller_that_rang_in_vain(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(21)
    assert world.session("101").state is OperatorState.PAUSED
    await world.hang_up(await world.operator("101", phone="phone07"))
    world.switch.pick_up(world.ringing_at("PJSIP/phone07"))
    await world.clock.advance(0)
    assert world.call(citizen).stage is Stage.TALKING
