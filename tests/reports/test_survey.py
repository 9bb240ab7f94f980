"""Marks of the survey: what they are taken of, the share beside them, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from ari_app.core.access import Scope
from ari_app.core.call import Fact, FactKind
from ari_app.core.ids import MunicipalityCode, answer_id_of
from ari_app.core.survey import SurveyAnswer, SurveyQuestion
from ari_app.reports.periods import read_period
from ari_app.reports.survey import FEWEST_ANSWERS, SurveyFigure, read_survey, survey_row, survey_text
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.storage.values import ELDERLO, NINE, WIERDAM, new_call

pytestmark = pytest.mark.postgres

TODAY = read_period(NINE.date().isoformat(), NINE.date())
MARK, HELPED = SurveyQuestion.MARK, SurveyQuestion.HELPED


async def answered(
    ledger: PostgresLedger,
    town: MunicipalityCode,
    *values: int | None,
    agreed: bool = True,
    days: int = 0,
) -> None:
    """A call whose caller was asked, and gave these answers, to a mark and then to yes or no."""
    at = NINE + timedelta(days=days)
    call = replace(new_call(at=at), municipality=town, survey_asked_at=at, survey_agreed_at=at if agreed else None)
    rows = [
        SurveyAnswer(answer_id_of(call.id, number), call.id, town, question, at, value, None if value is None else at)
        for number, (question, value) in enumerate(zip((MARK, HELPED), values, strict=False))
    ]
    await ledger.store(call, [Fact(at, FactKind.ARRIVED)], answers=rows)


async def test_a_mark_has_its_share_of_all_who_were_asked(database: Database, ledger: PostgresLedger) -> None:
    for mark in (8, 6, 10, 7, 9, 8, 8, 6, 9, 9):
        await answered(ledger, WIERDAM, mark, mark % 2)
    await answered(ledger, WIERDAM, None)
    for _ in range(9):
        await answered(ledger, WIERDAM, agreed=False)
    await answered(ledger, WIERDAM, 1, days=1)
    marks, helped = await read_survey(database.pool, None, TODAY)
    assert marks == SurveyFigure(WIERDAM, MARK, callers=20, agreed=11, questioned=11, answers=10, mean=8.0)
    assert (marks.value, marks.response_percent) == (8.0, 50.0)
    assert (helped.questioned, helped.answers, helped.value) == (10, 10, 40.0)
    text = survey_text([marks, helped], {WIERDAM: "Wierdam"})
    assert "Wierdam: 20 callers asked, 11 agreed" in text
    assert "Welk cijfer geeft u dit gesprek?         8.0       10    50.0 %" in text
    assert "Is uw vraag beantwoord?                 40 %       10    50.0 %" in text


async def test_too_few_answers_have_no_mark_in_any_form(database: Database, ledger: PostgresLedger) -> None:
    for _ in range(FEWEST_ANSWERS - 1):
        await answered(ledger, WIERDAM, 9)
    (one,) = await read_survey(database.pool, None, TODAY)
    assert one.is_too_few and one.value is None
    assert survey_row(one)["value"] is None and "few" in survey_text([one], {})
    assert " 9.0" not in survey_text([one], {}), "as a mark would be shown"


@pytest.mark.parametrize(
    ("scope", "towns"),
    [
        (None, [WIERDAM, ELDERLO]),
        (frozenset({WIERDAM}), [WIERDAM]),
        (frozenset({ELDERLO}), [ELDERLO]),
        (frozenset(), []),
    ],
)
async def test_a_municipality_reads_its_own_marks_only(
    database: Database, ledger: PostgresLedger, scope: Scope, towns: list[MunicipalityCode]
) -> None:
    await answered(ledger, WIERDAM, 8)
    await answered(ledger, ELDERLO, 4)
    found = await read_survey(database.pool, scope, TODAY)
    assert [(one.municipality, one.callers) for one in found] == [(town, 1) for town in towns]


async def test_the_pages_have_no_right_to_answers(web: Database, ledger: PostgresLedger) -> None:
    """What a caller said of one talk is shown to nobody."""
    await answered(ledger, WIERDAM, 8)
    allowed = await web.pool.fetchval("SELECT has_table_privilege(current_user, 'survey_answer', 'SELECT')")
    assert allowed is False


async def test_a_period_without_answers_is_empty(database: Database) -> None:
    assert await read_survey(database.pool, None, read_period("2026-03", date(2026, 3, 2))) == []
    assert survey_text([], {}) == ""
