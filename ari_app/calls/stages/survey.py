"""The talk is over: the caller who agreed answers a few questions by key, and may hang up at any moment.

Between question and key there is music, since a silent line sounds like one that is gone. The operator is free before
the first word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.calls.call.bridging import release_others, start_prompt, stop_prompt
from ari_app.calls.call.cleanup import destroy_left_bridges, wrap_up
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.messages import Digit
from ari_app.core.call import EndReason, Fact, FactKind
from ari_app.core.call_changes import WITH_NOBODY
from ari_app.core.survey import SurveyQuestion
from ari_app.core.survey_rules import (
    ANSWER_WITHIN,
    SECOND_DIGIT_WITHIN,
    asked,
    may_become_ten,
    next_question,
    value_of,
)
from ari_app.prompts.phrases import caller as to_caller

_OVER = End(EndReason.OPERATOR_HUNG_UP)


async def survey(flow: Flow) -> Step | End:
    if not await _is_parted(flow):
        return _OVER
    while (question := next_question(flow.area, flow.call)) is not None:
        if not await _ask(flow, question):
            return _OVER
    await flow.play(to_caller.SURVEY_THANKS)
    return _OVER


async def _is_parted(flow: Flow) -> bool:
    """Take the caller out of the talk, and let its person go. False while the store is away: then nothing is asked."""
    if not await flow.commit_if_possible():
        return False
    await flow.ensure_music()
    await release_others(flow, keep={flow.caller})
    wrap_up(flow, flow.call.operator_session)
    await destroy_left_bridges(flow, flow.call.bridge_id)
    return flow.call.bridge_id is None or await flow.commit_if_possible(**WITH_NOBODY)


async def _ask(flow: Flow, question: SurveyQuestion) -> bool:
    """Ask the present question, and store its answer. False when the call is to end without another word."""
    first = to_caller.SURVEY_INTRODUCTION if flow.call.survey_done == 0 else ()
    if flow.call.survey_until_at is None:
        introduced = timedelta(seconds=flow.shell.voice.seconds(first, flow.call.municipality))
        flow.change_answer(asked(flow.call, question, flow.now + introduced))
        fact = Fact(flow.now, FactKind.SURVEY_QUESTION, {"question": question.value})
        if not await flow.commit_if_possible(fact, survey_until_at=flow.now + introduced + ANSWER_WITHIN):
            return False
    until = flow.call.survey_until_at
    assert until is not None, "committed"
    if until <= flow.now:
        return False  # nobody was there to hear the answer, and the caller has waited long enough
    await start_prompt(flow, flow.caller, (*first, *to_caller.survey_question(question)))
    value = await _value(flow, question, until)
    await stop_prompt(flow, flow.caller)
    if value is None:
        return await flow.commit_if_possible(survey_done=len(SurveyQuestion), survey_until_at=None)
    answer = asked(flow.call, question, until - ANSWER_WITHIN)
    flow.change_answer(replace(answer, value=value, answered_at=max(flow.now, answer.asked_at)))
    fact = Fact(flow.now, FactKind.SURVEY_ANSWERED, {"question": question.value})
    return await flow.commit_if_possible(fact, survey_done=flow.call.survey_done + 1, survey_until_at=None)


async def _value(flow: Flow, question: SurveyQuestion, until: datetime) -> int | None:
    """The answer by key, also during the question; None when none came in time."""
    while (message := await flow.next(until)) is not None:
        value = value_of(question, message.digit) if isinstance(message, Digit) else None
        if value is not None:
            return 10 if may_become_ten(question, value) and await _is_followed_by_zero(flow) else value
    return None


async def _is_followed_by_zero(flow: Flow) -> bool:
    message = await flow.next(flow.now + SECOND_DIGIT_WITHIN)
    is_zero = isinstance(message, Digit) and message.digit == "0"
    if isinstance(message, Digit) and not is_zero:
        flow.mailbox.post_first(message)
    return is_zero
