"""The survey after a talk, on fakes: who is asked, when the questions come, and what becomes of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.area import AfterCalamity, Calamity, CallbackRules, Reach
from ari_app.core.call import EndReason, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.ids import ChannelId, OperatorNumber
from ari_app.core.operator_commands import ACCEPTED, Answer, Command, OfferSurvey, PromiseCallback, PutDown, Refused
from ari_app.core.operator_commands import RefusalReason as Why
from ari_app.core.operators import OperatorState
from ari_app.core.survey import SurveyQuestion, SurveyRules
from tests.calls.requests import Make, is_over
from tests.calls.world import ESDAM, ESDAM_ALONE, OPEN_AT, World, an_area
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure

ANNA = OperatorNumber("101")
RULES = SurveyRules(100, (SurveyQuestion.MARK, SurveyQuestion.HELPED))


async def asks(world: World, command: Command) -> Answer:
    asked = asyncio.create_task(world.commands().ask(ANNA, command))
    await settle()
    return await asked


async def agreed(make: Make, rules: SurveyRules = RULES, reach: Reach = Reach.LINE) -> tuple[World, ChannelId]:
    """A talk in which the operator pressed `*#`."""
    world = make(area=an_area(survey=rules, reach=reach))
    login = await world.operator("101")
    if reach is Reach.RING:
        await world.hang_up(login)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    for phone in list(world.switch.ringing):
        world.switch.pick_up(phone)
    await world.clock.advance(1)
    (operator,) = world.switch.partners(citizen)
    await world.press(operator, "*#")
    assert world.call(citizen).survey_agreed_at is not None
    return world, citizen


async def questioned(make: Make) -> tuple[World, ChannelId]:
    """The operator has put down, and the first question is asked."""
    world, citizen = await agreed(make)
    assert await asks(world, PutDown()) == ACCEPTED
    assert world.call(citizen).stage is Stage.SURVEY
    return world, citizen


def values(world: World) -> list[tuple[SurveyQuestion, int | None]]:
    return [(one.question, one.value) for one in sorted(world.ledger.answers.values(), key=lambda one: one.asked_at)]


async def test_given_an_agreement_when_the_operator_puts_down_then_the_questions_follow_and_are_stored(
    make_world: Make,
) -> None:
    world, citizen = await questioned(make_world)
    assert world.session("101").state is OperatorState.WRAP_UP, "free at once, before the first answer"
    assert not world.switch.partners(citizen) and citizen in world.switch.music
    assert world.switch.heard(citizen)[-3:] == ["nl/vragen-begin", "nl/vraag-gesprek", "nl/vraag-cijfer"]
    await world.press(citizen, "8")
    assert world.switch.heard(citizen)[-2:] == ["nl/vraag-geholpen", "nl/vraag-ja-nee"]
    await world.press(citizen, "2")
    await world.clock.advance(1)
    assert values(world) == [(SurveyQuestion.MARK, 8), (SurveyQuestion.HELPED, 0)]
    assert world.switch.heard(citizen)[-1] == "nl/vragen-dank"
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP
    told = world.ledger.told[world.call(citizen).id]
    assert all("value" not in fact.detail for fact in told), "the record of the call says nothing of the marks"


async def test_the_talk_of_the_operator_ends_with_the_talk(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    put_down_at = world.clock.now()
    await world.clock.advance(5)
    await world.press(citizen, "7")
    await world.hang_up(citizen)
    await world.clock.advance(1)
    legs = {leg.role: leg for leg in world.ledger.legs.values() if leg.call_id == world.call(citizen).id}
    operator, caller = legs[LegRole.OPERATOR], legs[LegRole.CALLER]
    assert (operator.ended_at, operator.end_reason) == (put_down_at, LegEndReason.RELEASED)
    assert caller.end_reason is LegEndReason.HUNG_UP and caller.ended_at is not None and caller.ended_at > put_down_at


@pytest.mark.parametrize(("keys", "mark"), [("1", 1), ("10", 10), ("*", 10), ("0", None), ("#9", 9), ("5", 5)])
async def test_a_mark_is_one_key_and_ten_is_an_asterisk_or_both_digits(
    make_world: Make, keys: str, mark: int | None
) -> None:
    world, citizen = await questioned(make_world)
    await world.press(citizen, keys)
    await world.clock.advance(1.5)
    assert values(world)[0] == (SurveyQuestion.MARK, mark)


async def test_a_key_after_a_one_that_is_no_zero_answers_the_next_question(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    await world.press(citizen, "11")
    await world.clock.advance(2)
    assert values(world) == [(SurveyQuestion.MARK, 1), (SurveyQuestion.HELPED, 1)]


async def test_keys_are_taken_before_the_end_of_a_question(make_world: Make) -> None:
    world, citizen = await agreed(make_world)
    world.switch.prompts_last = True
    await asks(world, PutDown())
    await world.press(citizen, "9")
    assert citizen in world.switch.playing.values(), "the next question begins at once"
    assert values(world) == [(SurveyQuestion.MARK, 9), (SurveyQuestion.HELPED, None)]


async def test_who_gives_no_answer_within_ten_seconds_is_kept_no_longer(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    await world.clock.advance(9.5)
    assert world.call(citizen).stage is Stage.SURVEY
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP
    assert values(world) == [(SurveyQuestion.MARK, None)]


async def test_given_the_caller_hangs_up_first_then_nothing_of_it_is_stored(make_world: Make) -> None:
    world, citizen = await agreed(make_world)
    await world.hang_up(citizen)
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.CALLER_HUNG_UP
    assert not world.ledger.answers


async def test_given_a_rung_operator_who_hangs_up_then_the_questions_follow(make_world: Make) -> None:
    world, citizen = await agreed(make_world, reach=Reach.RING)
    (operator,) = world.switch.partners(citizen)
    await world.hang_up(operator)
    await world.press(citizen, "6")
    assert values(world)[0] == (SurveyQuestion.MARK, 6)
    assert not world.switch.bridges, "the bridge of the talk is gone"


async def test_given_a_rung_operator_when_the_desk_puts_down_then_the_phone_is_released(make_world: Make) -> None:
    world, citizen = await agreed(make_world, reach=Reach.RING)
    (operator,) = world.switch.partners(citizen)
    assert await asks(world, PutDown()) == ACCEPTED
    await world.clock.advance(1)
    assert operator not in world.switch.channels and citizen in world.switch.channels
    assert world.session("101").state is OperatorState.WRAP_UP


async def test_given_a_caller_on_hold_when_it_is_put_down_then_nothing_is_asked(make_world: Make) -> None:
    world, citizen = await agreed(make_world)
    (operator,) = world.switch.partners(citizen)
    await world.press(operator, "*4")
    assert await asks(world, PutDown()) == ACCEPTED
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP and not world.ledger.answers


async def test_given_a_promise_in_the_talk_then_nothing_is_asked(make_world: Make) -> None:
    world, citizen = await agreed(make_world)
    await asks(world, PromiseCallback("0612345678"))
    assert world.call(citizen).survey_agreed_at is None
    await asks(world, PutDown())
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP and not world.ledger.answers


async def test_given_the_store_is_away_then_the_call_ends_as_without_a_survey(make_world: Make) -> None:
    world, citizen = await agreed(make_world)
    world.ledger.available = False
    await asks_without_answer(world)
    await world.clock.advance(3)
    assert citizen not in world.switch.channels and citizen not in world.switch.fallback
    world.ledger.available = True
    await world.clock.advance(3)
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP and not world.ledger.answers


async def asks_without_answer(world: World) -> None:
    asked = asyncio.create_task(world.commands().ask(ANNA, PutDown()))
    await settle()
    asked.cancel()


async def test_given_the_store_goes_in_a_question_then_nobody_is_sent_to_the_fallback(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    world.ledger.available = False
    await world.press(citizen, "8")
    await world.clock.advance(40)
    assert citizen not in world.switch.channels and citizen not in world.switch.fallback
    world.ledger.available = True
    await world.clock.advance(3)
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP
    assert values(world) == [(SurveyQuestion.MARK, 8)], "what was answered goes with the end"


# --- who is asked ---


async def behind_another(make: Make, rules: SurveyRules = RULES, **options: object) -> tuple[World, ChannelId]:
    """Waits behind a caller who has the only operator."""
    world = make(area=replace(an_area(survey=rules), **options))  # type: ignore[arg-type]
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(16)
    return world, citizen


async def test_a_waiting_caller_of_the_sample_is_asked_and_agrees_by_key(make_world: Make) -> None:
    world, citizen = await behind_another(make_world)
    assert world.switch.heard(citizen)[-1] == "nl/vragen-aanbod"
    assert world.ledger.kinds(world.call(citizen).id)[-1] is FactKind.SURVEY_OFFERED
    await world.press(citizen, "2")
    assert world.switch.heard(citizen)[-1] == "nl/vragen-straks"
    assert world.call(citizen).survey_agreed_at is not None
    assert world.call(citizen).stage is Stage.WAITING and citizen in world.switch.music
    await asks(world, PutDown())
    await world.clock.advance(31)
    assert world.switch.partners(citizen)
    assert await asks(world, PutDown()) == ACCEPTED
    assert world.call(citizen).stage is Stage.SURVEY


async def test_who_was_asked_and_pressed_nothing_is_not_questioned(make_world: Make) -> None:
    world, citizen = await behind_another(make_world)
    await asks(world, PutDown())
    await world.clock.advance(31)
    await asks(world, PutDown())
    await world.clock.advance(1)
    assert is_over(world, citizen) is EndReason.OPERATOR_HUNG_UP and not world.ledger.answers


async def test_who_is_offered_an_operator_before_the_end_of_the_question_was_not_asked(make_world: Make) -> None:
    world = make_world(area=an_area(survey=RULES, wrap_up_seconds=0))
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(14)
    world.switch.prompts_last = True
    await world.clock.advance(1.5)
    assert world.switch.heard(citizen)[-1] == "nl/vragen-aanbod"
    await asks(world, PutDown())
    world.switch.prompts_last = False
    for channel_id in list(world.switch.playing.values()):
        world.switch.finish_prompt(channel_id)
    await world.clock.advance(1)
    assert world.call(citizen).stage is Stage.TALKING
    assert world.call(citizen).survey_asked_at is None
    assert FactKind.SURVEY_OFFERED not in world.ledger.kinds(world.call(citizen).id)


async def test_a_share_of_nought_asks_nobody_who_waits(make_world: Make) -> None:
    world, citizen = await behind_another(make_world, replace(RULES, share=0))
    assert "nl/vragen-aanbod" not in world.switch.heard(citizen)


async def test_in_a_calamity_nobody_is_asked(make_world: Make) -> None:
    began = OPEN_AT - timedelta(hours=1)
    flood = Calamity(ESDAM, began, None, "Geen water in Esdam.", AfterCalamity.QUEUE, "teamleider")
    world, citizen = await behind_another(make_world, calamities=(flood,))
    assert "nl/vragen-aanbod" not in world.switch.heard(citizen)
    assert await asks(world, OfferSurvey()) == Refused(Why.NO_SURVEY)


async def test_without_questions_the_key_of_the_operator_is_refused(make_world: Make) -> None:
    world = make_world()
    operator, citizen = await world.talk()
    await world.press(operator, "*#")
    assert world.switch.heard(operator)[-1] == "nl/geen-vragen"
    assert world.call(citizen).survey_agreed_at is None
    assert await asks(world, OfferSurvey()) == Refused(Why.NO_SURVEY)


async def test_the_desk_may_offer_it_too_and_twice_is_once(make_world: Make) -> None:
    world = make_world(area=an_area(survey=RULES))
    _, citizen = await world.talk()
    assert [await asks(world, OfferSurvey()) for _ in range(2)] == [ACCEPTED, ACCEPTED]
    assert world.ledger.kinds(world.call(citizen).id).count(FactKind.SURVEY_AGREED) == 1


async def test_the_key_for_a_callback_stays_what_it_is(make_world: Make) -> None:
    area = an_area(survey=RULES, callback=CallbackRules(offered=True, offer_after_seconds=5))
    world = make_world(area=area)
    await world.operator("101")
    await world.citizen(ESDAM_ALONE)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(20)
    assert {"nl/terug-aanbod", "nl/vragen-aanbod"} <= set(world.switch.heard(citizen))
    await world.press(citizen, "1")
    assert world.call(citizen).stage is Stage.LEAVING_CALLBACK
