"""A citizen's call from the first ring to the last row, on fakes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.calls.messages import Digit
from ari_app.core.area import AfterCalamity, Calamity, Norms, Reach, Whisper
from ari_app.core.call import ChoiceKind, EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import LogoutReason, OperatorState, PauseReason
from ari_app.prompts.catalogue import said_prompt
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, OPEN_AT, SHARED, VEENDIJK, World, an_area

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


async def test_closed_is_announced_without_taking_the_line(make_world: Callable[..., World]) -> None:
    world = make_world(now=CLOSED_AT)
    citizen = await world.citizen()
    call = world.call(citizen)
    assert (call.end_reason, call.line_answered_at) == (EndReason.CLOSED, None)
    assert ("answer", citizen) not in world.switch.orders
    assert "nl/weer-morgen" in world.switch.heard(citizen)


@pytest.mark.parametrize(
    ("then", "ending"), [(AfterCalamity.END, EndReason.CALAMITY), (AfterCalamity.QUEUE, EndReason.ABANDONED_WAITING)]
)
async def test_a_calamity_text_comes_first_and_marks_the_call(
    make_world: Callable[..., World], then: AfterCalamity, ending: EndReason
) -> None:
    calamity = Calamity(ESDAM, OPEN_AT - timedelta(hours=1), None, "Geen water in Esdam.", then, "teamleider")
    world = make_world(area=an_area(calamities=(calamity,)))
    citizen = await world.citizen(ESDAM_ALONE)
    assert any(name.startswith("said/") for name in world.switch.heard(citizen))
    if then is AfterCalamity.QUEUE:
        assert world.call(citizen).stage is Stage.WAITING
        await world.hang_up(citizen)
    call = world.call(citizen)
    assert (call.calamity, call.end_reason) == (True, ending)


GEEN_WATER = "Geen water in Esdam."


def _calamity_without_sound(make_world: Callable[..., World], then: AfterCalamity) -> World:
    calamity = Calamity(ESDAM, OPEN_AT - timedelta(hours=1), None, GEEN_WATER, then, "teamleider")
    world = make_world(area=an_area(calamities=(calamity,)))
    world.voice.silent.add(said_prompt(GEEN_WATER))
    return world


async def test_given_a_calamity_without_sound_when_a_citizen_calls_then_its_sound_is_made_for_the_call(
    make_world: Callable[..., World],
) -> None:
    world = _calamity_without_sound(make_world, AfterCalamity.QUEUE)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.heard(citizen)[:2] == ["nl/mededeling", f"said {GEEN_WATER}"]
    assert FactKind.ANNOUNCED in world.ledger.kinds(world.call(citizen).id)


@pytest.mark.parametrize("then", AfterCalamity)
async def test_given_a_calamity_that_cannot_be_spoken_then_nothing_is_announced_and_nobody_is_sent_away_in_silence(
    make_world: Callable[..., World], then: AfterCalamity
) -> None:
    world = _calamity_without_sound(make_world, then)
    world.voice.unspeakable.add(GEEN_WATER)
    citizen = await world.citizen(ESDAM_ALONE)
    call = world.call(citizen)
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id)
    assert "nl/mededeling" not in world.switch.heard(citizen)
    assert ("nl/fallback-sorry" in world.switch.heard(citizen)) is (then is AfterCalamity.END)
    assert call.stage is (Stage.ENDED if then is AfterCalamity.END else Stage.WAITING)


async def test_given_a_playback_that_fails_then_nothing_is_announced(make_world: Callable[..., World]) -> None:
    world = make_world(now=CLOSED_AT)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.finish_prompt(citizen, failed=True)
    await world.clock.advance(1)
    call = world.call(citizen)
    assert call.end_reason is EndReason.CLOSED
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id)


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


async def test_a_caller_who_hangs_up_during_the_closed_announcement_abandoned_it(
    make_world: Callable[..., World],
) -> None:
    world = make_world(now=CLOSED_AT)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    call = world.call(citizen)
    assert call.end_reason is EndReason.ABANDONED_IN_ANNOUNCEMENT
    assert FactKind.ANNOUNCED not in world.ledger.kinds(call.id)
