"""The part of the area that is about the survey after a call: the rules of municipalities that hold one."""

from __future__ import annotations

from typing import Any

from ari_app.core.area import Municipality
from ari_app.core.ids import MunicipalityCode
from ari_app.core.survey import SurveyQuestion, SurveyRules
from ari_app.storage.db.engine import Connection


async def read_survey_rules(conn: Connection) -> dict[MunicipalityCode, SurveyRules]:
    rows = await conn.fetch("SELECT * FROM survey_rules")
    return {
        MunicipalityCode(row["municipality"]): SurveyRules(row["share"], tuple(map(SurveyQuestion, row["questions"])))
        for row in rows
    }


def survey_row(town: Municipality) -> list[dict[str, Any]]:
    rules = town.survey
    if not rules.is_held:
        return []
    return [{"municipality": town.code, "share": rules.share, "questions": [one.value for one in rules.questions]}]
