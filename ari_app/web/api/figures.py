"""Meetwaarden: figures of a period, each with its definition (`reports`, docs/figures.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ari_app.core.access import Action
from ari_app.core.calendar import local_date
from ari_app.reports.choices import in_words
from ari_app.reports.measures import MEASURES, Figure, Measure, Unit
from ari_app.reports.periods import read_period
from ari_app.reports.reading import Bucket, Sums, Wanted, is_small, read_sums
from ari_app.reports.report import choices_on, grouped, report_of
from ari_app.web.api.problems import invalid, param
from ari_app.web.api.rights import narrowed
from ari_app.web.api.shapes import Code, Instant, Query, Shape, write_instant
from ari_app.web.api.table import Answer, Asked
from ari_app.web.names import Names


class UnitWord(StrEnum):
    COUNT = "aantal"
    SHARE = "procent"
    SECONDS = "seconden"


class By(StrEnum):
    """`stap`: quarters of a day, days of a month, months of a longer period."""

    TOWN = "gemeente"
    TEAM = "team"
    NUMBER = "nummer"
    STEP = "stap"


_UNITS = {Unit.COUNT: UnitWord.COUNT, Unit.SHARE: UnitWord.SHARE, Unit.SECONDS: UnitWord.SECONDS}
_KEYS: Mapping[By, Callable[[Bucket], str]] = {
    By.TOWN: lambda bucket: bucket.municipality,
    By.TEAM: lambda bucket: bucket.team,
    By.NUMBER: lambda bucket: bucket.number,
    By.STEP: lambda bucket: write_instant(bucket.step_at),
}


class FiguresQuery(Query):
    """`periode`: vandaag, gisteren, 2026-11-23, 2026-W48, 2026-11, 2026 or 2026-11-01..2026-11-15."""

    periode: Annotated[str, Field(pattern=r"^[0-9A-Za-z.-]{4,22}$")] = "vandaag"
    gemeente: Code | None = None
    team: Code | None = None
    nummer: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] | None = None
    per: By | None = None


class Meetwaarde(Shape):
    """`waarde` null: there is nothing to take it of, or, with `teWeinig`, of too few calls. `aantal`: what it rests on.

    `waardeEerdereKeuzes`: by the choices of the first day, where a municipality chose otherwise within the period.
    """

    code: str
    naam: str
    eenheid: UnitWord
    waarde: float | None
    aantal: int
    te_weinig: bool
    definitie: str
    waarde_eerdere_keuzes: float | None = None


class Groep(Shape):
    """`code` is empty for calls of no municipality, team or number."""

    code: str
    meetwaarden: list[Meetwaarde]


class Keuze(Shape):
    """How this municipality counts on the last day of the period; `vanaf` null: as the program does by itself."""

    gemeente: str
    vanaf: date | None
    omschrijving: str


class Meetwaarden(Shape):
    """`geteldTot`: changes up to then are in it; null: nothing was counted yet. `nogTeTellenVanaf`: from this day up to
    yesterday calls may be missing, as after an upgrade.
    """

    eerste_dag: date
    laatste_dag: date
    geteld_tot: Instant | None
    nog_te_tellen_vanaf: date | None
    keuzes: list[Keuze]
    keuzes_gewijzigd_op: list[date]
    meetwaarden: list[Meetwaarde]
    groepen: list[Groep]


async def list_figures(asked: Asked[FiguresQuery, None]) -> Answer:
    """Of a team that is none of the reader's: nothing."""
    query, site, now = asked.query, asked.site, asked.site.now()
    try:
        period = read_period(query.periode, local_date(now))
    except ValueError:
        raise invalid(param("periode", "period")) from None
    scope = narrowed(asked.actor.scope_of(Action.FIGURES), query.gemeente)
    area, names = site.area.current, Names.of(site.area.current, scope)
    if not is_small(area, scope):
        raise invalid(param("gemeente", "choose_town"))
    sums = await read_sums(site.pool, Wanted(scope, query.team, query.nummer), period, now)
    report = report_of(area, sums)
    groups = {} if query.per is None else grouped(area, sums, _KEYS[query.per])
    if query.per is By.TEAM:
        groups = {code: tally for code, tally in groups.items() if not code or code in names.teams}
    return Answer(
        Meetwaarden(
            eerste_dag=period.first,
            laatste_dag=period.last,
            geteld_tot=sums.counted_at,
            nog_te_tellen_vanaf=sums.counting_from,
            keuzes=_choices(names, sums),
            keuzes_gewijzigd_op=sorted({day for _, day in report.changed_on}),
            meetwaarden=[
                _value(line.measure, line.figure, None if line.earlier is None else line.earlier.value)
                for line in report.lines
            ],
            groepen=[
                Groep(code=code, meetwaarden=[_value(one, one.figure(tally)) for one in MEASURES.values()])
                for code, tally in groups.items()
            ],
        )
    )


def _value(measure: Measure, figure: Figure, earlier: float | None = None) -> Meetwaarde:
    return Meetwaarde(
        code=measure.code,
        naam=measure.name,
        eenheid=_UNITS[measure.unit],
        waarde=None if figure.value is None else round(figure.value, 3),
        aantal=figure.of,
        te_weinig=figure.is_too_few,
        definitie=measure.definition,
        waarde_eerdere_keuzes=None if earlier is None else round(earlier, 3),
    )


def _choices(names: Names, sums: Sums) -> list[Keuze]:
    chosen = choices_on(names.area, sums, sums.period.last)
    since = {one.municipality: one.from_day for one in sums.definitions if one.from_day <= sums.period.last}
    return [Keuze(gemeente=code, vanaf=since.get(code), omschrijving=in_words(*chosen(code))) for code in names.towns]
