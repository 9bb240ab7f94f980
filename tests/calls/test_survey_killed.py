"""The process dies before and after every order and write of a survey: it goes on, or the call ends as the talk did."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import OperatorNumber
from ari_app.core.operator_commands import PutDown
from ari_app.core.operators import OperatorState
from ari_app.core.survey import SurveyQuestion
from tests.calls.requests import Make
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.test_survey import agreed, questioned, values
from tests.calls.world import World

pytestmark = pytest.mark.pure


async def goes_through(world: World, stalls: Stalls) -> None:
    """The operator puts down, and the caller answers each question that they hear, until all ends."""
    asked = asyncio.create_task(world.commands().ask(OperatorNumber("101"), PutDown()))
    await answers(world, stalls)
    asked.cancel()


async def answers(world: World, stalls: Stalls) -> None:
    (citizen,) = (call.channel_id for call in world.ledger.calls.values())
    for _ in range(40):
        if stalls.stopped or citizen not in world.switch.channels:
            return
        heard = [name for name in world.switch.heard(citizen) if name.startswith("nl/vra")]
        if heard and heard[-1] == "nl/vraag-cijfer":
            await world.press(citizen, "8")
        elif heard and heard[-1] == "nl/vraag-ja-nee":
            await world.press(citizen, "1")
        await world.clock.advance(0.5)


async def moments(make: Make) -> int:
    world, _ = await agreed(make)
    stalls = Stalls(world)
    await goes_through(world, stalls)
    assert values(world) == [(SurveyQuestion.MARK, 8), (SurveyQuestion.HELPED, 1)]
    assert stalls.moments >= 20
    return stalls.moments


async def test_wherever_the_process_dies_the_answers_are_stored_once_and_the_end_is_that_of_the_talk(
    make_world: Make,
) -> None:
    for at in range(await moments(make_world)):
        world, citizen = await agreed(make_world)
        stalls = Stalls(world, at)
        await goes_through(world, stalls)
        assert stalls.stopped, at
        was_in_survey = world.call(citizen).stage is Stage.SURVEY
        await world.kill()
        await world.clock.advance(1)
        await world.restart()
        stalls.stopped = False
        if world.call(citizen).stage is Stage.TALKING:  # it died before anything of it was written
            await goes_through(world, stalls)
        await answers(world, stalls)
        await world.clock.advance(12)
        await world.sweep()
        await world.clock.advance(5)
        call = world.call(citizen)
        assert call.end_reason is EndReason.OPERATOR_HUNG_UP, at
        assert citizen not in world.switch.channels and citizen not in world.switch.fallback, at
        questions = [question for question, _ in values(world)]
        assert questions == [SurveyQuestion.MARK, SurveyQuestion.HELPED][: len(questions)], at
        assert not was_in_survey or (SurveyQuestion.MARK, 8) in values(world), at
        assert world.session("101").state in (OperatorState.WRAP_UP, OperatorState.READY), at


async def test_a_process_that_comes_after_the_deadline_of_a_question_ends_the_call(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    await world.kill()
    await world.clock.advance(30)
    await world.restart()
    await world.clock.advance(1)
    assert citizen not in world.switch.channels
    assert world.call(citizen).end_reason is EndReason.OPERATOR_HUNG_UP
    assert values(world) == [(SurveyQuestion.MARK, None)]


async def test_a_process_that_comes_in_time_asks_the_same_question_until_its_deadline(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    until = world.call(citizen).survey_until_at
    await world.kill()
    await world.clock.advance(4)
    await world.restart()
    assert world.call(citizen).survey_until_at == until
    assert world.switch.heard(citizen)[-1] == "nl/vraag-cijfer"
    await world.press(citizen, "9")
    assert values(world)[0] == (SurveyQuestion.MARK, 9)


async def test_a_caller_who_left_while_no_process_ran_has_the_end_of_the_talk(make_world: Make) -> None:
    world, citizen = await questioned(make_world)
    await world.kill()
    await world.hang_up(citizen)
    await world.restart()
    await world.clock.advance(1)
    assert world.call(citizen).end_reason is EndReason.OPERATOR_HUNG_UP
