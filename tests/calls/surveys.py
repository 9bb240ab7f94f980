"""The survey in a random walk: who offers and answers it, and what must hold of it whatever happens."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operator_commands import PutDown
from ari_app.core.operators import OperatorState
from ari_app.core.survey import SurveyScale
from tests.calls.pages import WithPages
from tests.calls.world import World


class SurveyWalk(WithPages):
    """People who offer the survey and answer it, and its rules after every step."""

    def __init__(self, world: World, dice: Random) -> None:
        super().__init__(world)
        self.dice = dice

    def pick(self, *candidates: ChannelId) -> ChannelId | None:
        return self.dice.choice(sorted(candidates)) if candidates else None

    async def citizens_answer_questions(self) -> None:
        """All who are asked for the survey, or in it, say something."""
        for citizen in sorted(self.citizens):
            call = next((c for c in self.world.ledger.calls.values() if c.channel_id == citizen), None)
            if call is not None and call.stage is Stage.SURVEY:
                await self.world.press(citizen, self.dice.choice(["1", "2", "10", "*", "7", "0", ""]))
            elif call is not None and call.survey_asked_at is not None and self.dice.random() < 0.7:
                await self.world.press(citizen, "2")

    async def an_operator_offers_the_survey(self) -> None:
        with_somebody = [phone for phone in self.handling if self.switch.partners(phone)]
        if (phone := self.pick(*with_somebody)) is not None:
            await self.world.press(phone, "*#")

    async def an_operator_puts_down(self) -> None:
        """From a screen: a standing line stays."""
        open_ones = [one for one in self.world.ledger.sessions.values() if one.is_open]
        sessions = sorted(one.operator for one in open_ones if one.state is OperatorState.TALKING)
        if self.world.is_running and sessions:
            asked = asyncio.create_task(self.world.commands().ask(self.dice.choice(sessions), PutDown()))
            await self.world.clock.advance(0.1)
            asked.cancel()

    def check(self) -> None:
        super().check()
        self.check_surveys()

    def check_surveys(self) -> None:
        """Only after a talk that its person ended, of who agreed, with so many questions as the municipality has."""
        ledger, towns = self.world.ledger, self.world.area.municipalities
        for call_id, rows in self.rows.items():
            for (before, _), (call, _) in pairwise(rows):
                if call.stage is Stage.SURVEY:
                    assert before.stage in (Stage.TALKING, Stage.SURVEY), call_id
                    assert call.ending is EndReason.OPERATOR_HUNG_UP and call.survey_agreed_at is not None
                    assert call.callback_request is None and not call.calamity and call.held_at is None
                if before.stage is Stage.SURVEY:
                    assert call.stage in (Stage.SURVEY, Stage.ENDED), "nobody is helped again after the questions"
                    assert call.is_open or call.end_reason is EndReason.OPERATOR_HUNG_UP
        for answer in ledger.answers.values():
            call = ledger.calls[answer.call_id]
            assert FactKind.SURVEY_QUESTION in ledger.kinds(call.id)
            assert answer.municipality == call.municipality
            assert answer.question in towns[answer.municipality].survey.questions
            allowed = range(1, 11) if answer.question.scale is SurveyScale.MARK else range(2)
            assert answer.value is None or answer.value in allowed
            assert (answer.value is None) == (answer.answered_at is None)
        for call_id in {answer.call_id for answer in ledger.answers.values()}:
            of_call = [answer.question for answer in ledger.answers.values() if answer.call_id == call_id]
            assert len(of_call) == len(set(of_call)), "no question is asked twice as another one"
