"""Marks of the survey after calls, per municipality and question, each with the share of callers that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode
from ari_app.core.survey import SurveyQuestion, SurveyScale
from ari_app.reports.periods import Period
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes

#: of fewer answers no value is shown: it would say more about one talk than about all
FEWEST_ANSWERS = 10

#: as callers hear them
QUESTIONS: Mapping[SurveyQuestion, str] = {
    SurveyQuestion.MARK: "Welk cijfer geeft u dit gesprek?",
    SurveyQuestion.WAIT: "Welk cijfer geeft u de wachttijd?",
    SurveyQuestion.HELPED: "Is uw vraag beantwoord?",
    SurveyQuestion.CLEAR: "Was de uitleg duidelijk?",
}

# Callers and answers are those of calls that arrived in the period, whenever the questions came.
_ANSWERS = """
WITH asked AS (
  SELECT municipality, count(*) AS callers, count(survey_agreed_at) AS agreed FROM call
  WHERE arrived_at >= $2 AND arrived_at < $3 AND survey_asked_at IS NOT NULL
    AND ($1::text[] IS NULL OR municipality = ANY ($1)) GROUP BY municipality)
SELECT answer.municipality, answer.question, coalesce(max(asked.callers), 0) AS callers,
  coalesce(max(asked.agreed), 0) AS agreed, count(*) AS questioned, count(answer.value) AS answers,
  avg(answer.value)::float8 AS mean
FROM survey_answer answer JOIN call ON call.id = answer.call_id
  LEFT JOIN asked ON asked.municipality = answer.municipality
WHERE call.arrived_at >= $2 AND call.arrived_at < $3
  AND ($1::text[] IS NULL OR answer.municipality = ANY ($1))
GROUP BY answer.municipality, answer.question"""


@dataclass(frozen=True, slots=True)
class SurveyFigure:
    """The answers to one question. `callers`: who were asked whether they wanted to answer; `agreed`: who did.

    `questioned`: who heard this question, `answers`: who answered it.
    """

    municipality: MunicipalityCode
    question: SurveyQuestion
    callers: int
    agreed: int
    questioned: int
    answers: int
    mean: float | None

    @property
    def response_percent(self) -> float | None:
        """Of all who were asked before or in the talk: whoever hung up first is among them. None: nobody was."""
        return 100 * self.answers / self.callers if self.callers else None

    @property
    def is_too_few(self) -> bool:
        return self.answers < FEWEST_ANSWERS

    @property
    def value(self) -> float | None:
        """The mean mark, or the percentage of yes; None for too few answers."""
        if self.is_too_few or self.mean is None:
            return None
        return self.mean if self.question.scale is SurveyScale.MARK else 100 * self.mean


async def read_survey(pool: Pool, scope: Scope, period: Period) -> list[SurveyFigure]:
    """By municipality and in the order of the questions; only questions that were asked. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_ANSWERS, scope_codes(scope), period.begins_at, period.ends_at)
    found = [
        SurveyFigure(**{**row, "municipality": row["municipality"], "question": SurveyQuestion(row["question"])})
        for row in map(dict, rows)
    ]
    order = list(SurveyQuestion)
    return sorted(found, key=lambda one: (one.municipality, order.index(one.question)))


def survey_text(figures: list[SurveyFigure], names: Mapping[MunicipalityCode, str]) -> str:
    """A line per question, below the name of the municipality. `few`: fewer answers than `FEWEST_ANSWERS`."""
    lines: list[str] = []
    town: MunicipalityCode | None = None
    for one in figures:
        if one.municipality != town:
            town = one.municipality
            head = f"{names.get(town, town)}: {one.callers} callers asked, {one.agreed} agreed"
            lines += [*([""] if lines else []), head, f"  {'QUESTION':<36}{'VALUE':>8}{'ANSWERS':>9}{'RESPONSE':>10}"]
        share = one.response_percent
        response = "-" if share is None else f"{share:.1f} %"
        lines.append(f"  {QUESTIONS[one.question]:<36}{_value(one):>8}{one.answers:>9}{response:>10}")
    return "\n".join(lines)


def _value(one: SurveyFigure) -> str:
    if one.value is None:
        return "few"
    return f"{one.value:.1f}" if one.question.scale is SurveyScale.MARK else f"{one.value:.0f} %"


def survey_row(one: SurveyFigure) -> dict[str, object]:
    """A figure for programs; without a value where there are too few answers."""
    return {
        "municipality": one.municipality,
        "question": one.question.value,
        "scale": one.question.scale.value,
        "value": one.value,
        "is_too_few": one.is_too_few,
        "callers_asked": one.callers,
        "callers_agreed": one.agreed,
        "questioned": one.questioned,
        "answers": one.answers,
        "response_percent": one.response_percent,
    }
