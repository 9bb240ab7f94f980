"""Whether a caller is asked for a survey, which question is next, and what a key means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from ari_app.core.area import Area
from ari_app.core.call import Call
from ari_app.core.ids import CallId, answer_id_of
from ari_app.core.survey import SurveyAnswer, SurveyQuestion, SurveyRules, SurveyScale

#: of waiting; who is helped sooner is not asked
ASK_AFTER = timedelta(seconds=15)
#: from the first word of a question until its answer is no longer awaited
ANSWER_WITHIN = timedelta(seconds=10)
#: a 0 so soon after a 1 makes it a 10
SECOND_DIGIT_WITHIN = timedelta(seconds=1)

_NO_RULES = SurveyRules()
_MARKS: Mapping[str, int] = {**{str(mark): mark for mark in range(1, 10)}, "*": 10}
_YES_NO: Mapping[str, int] = {"1": 1, "2": 0}


def is_sampled(call_id: CallId, share: int) -> bool:
    """Whether this call is among the `share` percent that are asked: by its id alone, whichever process looks."""
    return int.from_bytes(sha256(call_id.bytes).digest()[:4]) % 100 < share


def is_offered(area: Area, call: Call, now: datetime) -> bool:
    """Whether this caller may be asked at all: not in a calamity, and not one whom we called."""
    return _rules(area, call).is_held and call.callback_request is None and not _is_calamity(area, call, now)


def ask_due_at(area: Area, call: Call, now: datetime) -> datetime | None:
    """When to ask a waiting caller; None when they were asked, were helped before, or are not in the sample."""
    if call.survey_asked_at is not None or call.queued_at is None or call.answered_at is not None:
        return None
    if not is_sampled(call.id, _rules(area, call).share) or not is_offered(area, call, now):
        return None
    return call.queued_at + ASK_AFTER


def follows_talk(area: Area, call: Call, now: datetime) -> bool:
    """Whether the questions follow, now that the person who had the caller has ended the talk."""
    return call.survey_agreed_at is not None and call.pii_callback_number is None and is_offered(area, call, now)


def next_question(area: Area, call: Call) -> SurveyQuestion | None:
    """The question to be asked, or that is being asked; None when all are done."""
    questions = _rules(area, call).questions
    return questions[call.survey_done] if call.survey_done < len(questions) else None


def asked(call: Call, question: SurveyQuestion, now: datetime) -> SurveyAnswer:
    """The row of the present question, without its answer; the same row whichever process asks."""
    assert call.municipality is not None, "a survey has a municipality"
    return SurveyAnswer(answer_id_of(call.id, call.survey_done), call.id, call.municipality, question, now)


def value_of(question: SurveyQuestion, key: str) -> int | None:
    """What a key means as an answer; None for one that means nothing."""
    return (_MARKS if question.scale is SurveyScale.MARK else _YES_NO).get(key)


def may_become_ten(question: SurveyQuestion, value: int) -> bool:
    """Whether this may be the first digit of 10, which people key all the same."""
    return question.scale is SurveyScale.MARK and value == 1


def _rules(area: Area, call: Call) -> SurveyRules:
    municipality = None if call.municipality is None else area.municipalities.get(call.municipality)
    return _NO_RULES if municipality is None else municipality.survey


def _is_calamity(area: Area, call: Call, now: datetime) -> bool:
    mine = (one for one in area.calamities if one.municipality == call.municipality)
    return call.calamity or any(one.is_active(now) for one in mine)
