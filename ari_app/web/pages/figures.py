"""Figures of a period: with definitions, comparisons, charts and tables; and as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from ari_app.core.access import Action
from ari_app.reports.measures import MEASURES
from ari_app.reports.reading import Wanted, busy_hours, is_small, read_many
from ari_app.reports.report import report_of
from ari_app.web.csv_file import csv_file, lines, moment_cell
from ari_app.web.figure_filters import FigureFilter, known_periods, numbers_of, read_figure_filter
from ari_app.web.figures_view import COLUMNS, days, view_of
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.call import subjects_of
from ari_app.web.site import Visit

HERE = "/cijfers"
#: of longer periods hours and weekdays say nothing new, and cost more than all the rest
MOST_DAYS_BY_HOUR = 92
_HEAD = ("code", "maat", "eenheid", "waarde", "van hoeveel", "periode ervoor", "een jaar eerder", "definitie")
_UNITS = {"count": "aantal", "share": "procent", "seconds": "seconden"}


async def show(visit: Visit) -> web.Response:
    """Of an address that is wrong the form alone, which says what is; of too many municipalities it asks for one."""
    site, now = visit.site, visit.site.now()
    names = Names.of(site.area.current, visit.actor.scope_of(Action.FIGURES))
    wanted, view = _filter(visit, names), None
    chosen = Names.of(names.area, wanted.narrowed(names.scope))
    must_choose = not is_small(names.area, chosen.scope)
    if not wanted.faults and not must_choose:
        asked, period = Wanted(chosen.scope, wanted.team, wanted.number), wanted.period
        sums = await read_many(site.pool, asked, (period, period.before, period.year_ago), now)
        hours = await busy_hours(site.pool, asked, period) if period.days <= MOST_DAYS_BY_HOUR else {}
        # A busy month of a large municipality takes longer than other pages may wait.
        subjects = subjects_of(names.area, chosen.towns)
        view = await asyncio.to_thread(view_of, chosen, sums, hours, subjects)
    return page_for(
        visit,
        "figures",
        status=400 if wanted.faults else 200,
        wanted=wanted,
        must_choose=must_choose,
        view=view,
        names=names,
        numbers=numbers_of(names.area, names),
        periods=[(name, wanted.of_days(HERE, one)) for name, one in known_periods(now)],
        calls=wanted.address("/gesprekken"),
        columns=[MEASURES[code] for code in COLUMNS],
        export=wanted.address(f"{HERE}.csv"),
        most_days_by_hour=MOST_DAYS_BY_HOUR,
    )


async def export(visit: Visit) -> web.StreamResponse:
    """Every measure with its definition, for a spreadsheet. Raises HTTPBadRequest, and as `csv_file`."""
    names = Names.of(visit.site.area.current, visit.actor.scope_of(Action.FIGURES))
    wanted = _filter(visit, names)
    if wanted.faults or not is_small(names.area, wanted.narrowed(names.scope)):
        raise web.HTTPBadRequest
    name = f"cijfers-{wanted.period.first}-{wanted.period.last}.csv"
    return await csv_file(visit.request, name, _HEAD, _rows(visit, names, wanted))


async def _rows(visit: Visit, names: Names, wanted: FigureFilter) -> AsyncIterator[str]:
    """Raises StoreUnavailable."""
    period, now = wanted.period, visit.site.now()
    asked = Wanted(wanted.narrowed(names.scope), wanted.team, wanted.number)
    sums = await read_many(visit.site.pool, asked, (period, period.before, period.year_ago), now)
    reports = [report_of(names.area, one) for one in sums]
    rows = [
        (
            line.measure.code,
            line.measure.name,
            _UNITS[line.measure.unit],
            _cell(line.figure.value),
            str(line.figure.of),
            *(_cell(other.lines[place].figure.value) for other in reports[1:]),
            line.measure.definition,
        )
        for place, line in enumerate(reports[0].lines)
    ]
    counted_at = sums[0].counted_at
    until = "nog niets geteld" if counted_at is None else f"geteld tot {moment_cell(counted_at)}"
    yield lines([*rows, (f"Van {days(period)}; {until}.",)])


def _filter(visit: Visit, names: Names) -> FigureFilter:
    query = visit.request.query
    repeated = frozenset(name for name in query if len(query.getall(name)) > 1)
    return read_figure_filter(query, repeated, names, visit.site.now())


def _cell(value: float | None) -> str:
    """A number with a decimal comma, as a spreadsheet in the Netherlands reads it; empty where there is none."""
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
