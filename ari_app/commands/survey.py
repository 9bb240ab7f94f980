"""`ari-app survey`: what callers said after their talks, per municipality and question."""

from __future__ import annotations

import click

from ari_app.commands import WRONG, as_json, fail, json_option, listed, municipality_option, with_database
from ari_app.commands.figures import PeriodType
from ari_app.core.access import Scope
from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.reports.periods import Period
from ari_app.reports.survey import SurveyFigure, read_survey, survey_row, survey_text
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database


@click.command()
@click.option(
    "--period", type=PeriodType(), default="today", show_default=True, help="a day, week, month, year, or days"
)
@municipality_option
@json_option
def survey(period: Period, municipality: str | None, json_wanted: bool) -> None:
    """Marks that callers gave after their talks, each with its response share.

    Of fewer than ten answers no value is shown. Nothing of it is about one call or one operator.
    """
    scope: Scope = None if municipality is None else frozenset({MunicipalityCode(municipality)})

    async def work(db: Database) -> tuple[Area, list[SurveyFigure]]:
        area = await load_area(db.background)
        if municipality is not None and MunicipalityCode(municipality) not in area.municipalities:
            fail(f"there is no municipality {municipality}; there are {listed(area.municipalities)}", WRONG)
        return area, await read_survey(db.background, scope, period)

    area, found = with_database(work)
    for one in found if json_wanted else ():
        click.echo(as_json({"first": period.first, "last": period.last, **survey_row(one)}))
    if not json_wanted:
        names = {code: town.name for code, town in area.municipalities.items()}
        click.echo(survey_text(found, names) or f"no caller heard a question from {period.first} to {period.last}")
