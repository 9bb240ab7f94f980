"""Who is asked for the survey, which question is next, and what keys mean."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ari_app.core.area import AfterCalamity, Area, Calamity, Municipality
from ari_app.core.call import Call, EndReason, Stage
from ari_app.core.ids import AsteriskId, CallId, ChannelId, MunicipalityCode, RequestId
from ari_app.core.survey import SurveyQuestion, SurveyRules
from ari_app.core.survey_rules import (
    ASK_AFTER,
    ask_due_at,
    asked,
    follows_talk,
    is_offered,
    is_sampled,
    may_become_ten,
    next_question,
    value_of,
)

pytestmark = pytest.mark.pure

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOWN, OTHER = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")
RULES = SurveyRules(100, (SurveyQuestion.MARK, SurveyQuestion.HELPED))
AREA = Area({TOWN: Municipality(TOWN, "Esdam", survey=RULES), OTHER: Municipality(OTHER, "Veendijk")})
ID = CallId(UUID(int=7))
CALL = Call(
    ID, AsteriskId("node1"), ChannelId("one.1"), "140119", Stage.WAITING, NOON, NOON, municipality=TOWN, queued_at=NOON
)
TALKED = replace(CALL, stage=Stage.TALKING, answered_at=NOON, survey_asked_at=NOON, survey_agreed_at=NOON)


def flooded(code: MunicipalityCode, *, ended: bool = False) -> Area:
    until = NOON - timedelta(minutes=1) if ended else None
    text = Calamity(code, NOON - timedelta(hours=1), until, "Geen water.", AfterCalamity.QUEUE, "teamleider")
    return replace(AREA, calamities=(text,))


@pytest.mark.parametrize("share", [0, 1, 25, 60, 100])
def test_the_sample_is_that_share_of_many_calls(share: int) -> None:
    sampled = sum(is_sampled(CallId(UUID(int=number * 7919)), share) for number in range(10_000))
    assert abs(sampled / 100 - share) < 1.5
    assert share or not sampled


def test_a_larger_share_has_the_calls_of_a_smaller_one() -> None:
    ids = [CallId(UUID(int=number * 104_729)) for number in range(500)]
    assert {one for one in ids if is_sampled(one, 20)} <= {one for one in ids if is_sampled(one, 40)}


@pytest.mark.parametrize(
    ("area", "call", "due"),
    [
        (AREA, CALL, NOON + ASK_AFTER),
        (AREA, replace(CALL, survey_asked_at=NOON), None),
        (AREA, replace(CALL, answered_at=NOON), None),
        (AREA, replace(CALL, queued_at=None), None),
        (AREA, replace(CALL, calamity=True), None),
        (AREA, replace(CALL, municipality=OTHER), None),
        (AREA, replace(CALL, municipality=None), None),
        (AREA, replace(CALL, callback_request=RequestId(UUID(int=1))), None),
        (flooded(TOWN), CALL, None),
        (flooded(TOWN, ended=True), CALL, NOON + ASK_AFTER),
        (flooded(OTHER), CALL, NOON + ASK_AFTER),
        (Area({TOWN: Municipality(TOWN, "Esdam", survey=replace(RULES, share=0))}), CALL, None),
    ],
)
def test_who_is_asked_while_they_wait(area: Area, call: Call, due: datetime | None) -> None:
    assert ask_due_at(area, call, NOON) == due


@pytest.mark.parametrize(
    ("area", "call", "follows"),
    [
        (AREA, TALKED, True),
        (AREA, replace(TALKED, survey_agreed_at=None), False),
        (AREA, replace(TALKED, calamity=True), False),
        (flooded(TOWN), TALKED, False),
        (AREA, replace(TALKED, municipality=OTHER), False),
        (AREA, replace(TALKED, pii_callback_number="+31201234567"), False),
        (AREA, replace(TALKED, callback_request=RequestId(UUID(int=1))), False),
    ],
)
def test_when_the_questions_follow_the_talk(area: Area, call: Call, *, follows: bool) -> None:
    assert follows_talk(area, call, NOON) is follows


def test_operators_may_offer_it_whatever_the_share() -> None:
    area = Area({TOWN: Municipality(TOWN, "Esdam", survey=replace(RULES, share=0))})
    assert is_offered(area, CALL, NOON)
    assert not is_offered(AREA, replace(CALL, municipality=OTHER), NOON)


@pytest.mark.parametrize(
    ("done", "question"), [(0, SurveyQuestion.MARK), (1, SurveyQuestion.HELPED), (2, None), (9, None)]
)
def test_questions_come_in_the_order_of_the_area_file(done: int, question: SurveyQuestion | None) -> None:
    assert next_question(AREA, replace(TALKED, survey_done=done)) is question


def test_a_question_has_one_row_whichever_process_asks_it() -> None:
    first = asked(TALKED, SurveyQuestion.MARK, NOON)
    again = asked(replace(TALKED, ending=EndReason.OPERATOR_HUNG_UP), SurveyQuestion.MARK, NOON + timedelta(seconds=9))
    assert first.id == again.id and first.municipality == TOWN
    assert asked(replace(TALKED, survey_done=1), SurveyQuestion.HELPED, NOON).id != first.id


@pytest.mark.parametrize(
    ("question", "key", "value"),
    [
        *((SurveyQuestion.MARK, str(mark), mark) for mark in range(1, 10)),
        (SurveyQuestion.WAIT, "*", 10),
        (SurveyQuestion.MARK, "0", None),
        (SurveyQuestion.MARK, "#", None),
        (SurveyQuestion.HELPED, "1", 1),
        (SurveyQuestion.HELPED, "2", 0),
        (SurveyQuestion.CLEAR, "3", None),
        (SurveyQuestion.CLEAR, "*", None),
    ],
)
def test_what_a_key_means(question: SurveyQuestion, key: str, value: int | None) -> None:
    assert value_of(question, key) == value


def test_only_a_mark_of_one_may_become_ten() -> None:
    assert may_become_ten(SurveyQuestion.MARK, 1)
    assert not may_become_ten(SurveyQuestion.MARK, 2) and not may_become_ten(SurveyQuestion.HELPED, 1)
