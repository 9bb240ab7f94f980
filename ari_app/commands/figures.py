"""`ari-app figures`: figures of a period with their definitions, and how they are kept true."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import click

from ari_app.commands import (
    WRONG,
    Day,
    as_json,
    author_option,
    fail,
    json_option,
    listed,
    municipality_option,
    with_database,
)
from ari_app.core.access import Scope
from ari_app.core.area import Area
from ari_app.core.calendar import local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.render.text import local
from ari_app.reports.choices import FEWEST_CALLS, Choices, Definition, Denominator, EarlyAbandons
from ari_app.reports.definitions import add_definition, definitions_of
from ari_app.reports.measures import MEASURES
from ari_app.reports.periods import Period, read_period
from ari_app.reports.reading import Sums, Wanted, is_small, read_sums
from ari_app.reports.report import grouped, report_of
from ari_app.reports.text import figure_rows, grouped_text, report_text
from ari_app.reports.upkeep import count_changes, count_days, progress_of, start_anew
from ari_app.reports.waits import Clock
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database

_BY: Mapping[str, Any] = {
    "municipality": lambda bucket: bucket.municipality,
    "team": lambda bucket: bucket.team,
    "number": lambda bucket: bucket.number,
    "step": lambda bucket: local(bucket.step_at),
}


class PeriodType(click.ParamType):  # type: ignore[type-arg]
    """A day, week, month or year, or days from one to another."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            return read_period(str(value), local_date(datetime.now(UTC)))
        except ValueError:
            self.fail(
                f"{value!r} is no period; write today, yesterday, 2026-11-23, 2026-W48, 2026-11, 2026 or "
                "2026-11-01..2026-11-15",
                param,
                ctx,
            )


@click.group(invoke_without_command=True)
@click.option(
    "--period", type=PeriodType(), default="today", show_default=True, help="a day, week, month, year, or days"
)
@municipality_option
@click.option("--team", metavar="CODE", help="only calls that this team answered first")
@click.option("--number", metavar="DIGITS", help="only calls to this number, as it was dialled")
@click.option("--by", type=click.Choice(list(_BY)), help="a line for each; with --json every measure of each")
@json_option
@click.pass_context
def figures(
    ctx: click.Context,
    period: Period,
    municipality: str | None,
    team: str | None,
    number: str | None,
    by: str | None,
    json_wanted: bool,
) -> None:
    """Figures of a period, each with its definition (docs/figures.md)."""
    if ctx.invoked_subcommand is not None:
        return
    now = datetime.now(UTC)
    scope: Scope = None if municipality is None else frozenset({MunicipalityCode(municipality)})

    async def work(db: Database) -> tuple[Area, Sums]:
        area = await load_area(db.background)
        if municipality is not None and MunicipalityCode(municipality) not in area.municipalities:
            fail(f"there is no municipality {municipality}; there are {listed(area.municipalities)}", WRONG)
        in_detail = by not in (None, "municipality") or is_small(area, scope)
        return area, await read_sums(db.background, Wanted(scope, team, number, in_detail), period, now)

    area, sums = with_database(work)
    if sums.counted_at is None:
        fail("nothing was counted yet: `ari-app serve` counts every minute, `ari-app figures recount` now")
    if by is not None:
        groups = grouped(area, sums, _BY[by])
        if not json_wanted:
            click.echo(grouped_text(groups, by.upper()))
        for name, tally in groups.items() if json_wanted else ():
            for row in figure_rows([(one, one.figure(tally)) for one in MEASURES.values()]):
                click.echo(as_json({by: name, **row}))
        return
    report = report_of(area, sums)
    if json_wanted:
        for row, line in zip(
            figure_rows([(one.measure, one.figure) for one in report.lines]), report.lines, strict=True
        ):
            earlier = {} if line.earlier is None else {"value_by_earlier_choices": line.earlier.value}
            click.echo(as_json({"first": period.first, "last": period.last, **row, **earlier}))
        return
    click.echo(f"{period.first} to {period.last}, counted until {local(sums.counted_at)}")
    if sums.counting_from is not None:
        click.echo(f"still counting: from {sums.counting_from} to yesterday calls may be missing")
    click.echo(report_text(report, area))


@figures.command("recount")
@click.option("--since", type=Day(), help="the first day to be counted anew; without it only what changed")
def figures_recount(since: date | None) -> None:
    """Count from the record again: days from --since on, and what changed. Calls go on meanwhile.

    It may be broken off; the next run, or the controller, goes on.
    """
    now = datetime.now(UTC)
    if since is not None and since > local_date(now):
        fail(f"--since {since}: this day is still to come", WRONG)

    async def work(db: Database) -> int:
        await count_changes(db.background, now)
        if since is not None:
            await start_anew(db.background, since, now)
            await count_changes(db.background, now)
        count = 0
        async with aclosing(count_days(db.background, now)) as days:
            async for day in days:
                click.echo(f"{day} counted")
                count += 1
        progress = await progress_of(db.background)
        assert progress is not None, "counted"
        return count

    click.echo(f"{with_database(work)} days counted; what changed is in the figures")


@figures.command("define")
@click.argument("municipality")
@click.option("--from", "from_day", type=Day(), required=True, help="the day from which the choices count")
@click.option("--clock", type=click.Choice([one.value for one in Clock]), default="queue", show_default=True)
@click.option(
    "--short-abandon-seconds", type=click.IntRange(0, 3600), default=0, show_default=True, help="is no abandon"
)
@click.option(
    "--denominator", type=click.Choice([one.value for one in Denominator]), default="offered", show_default=True
)
@click.option(
    "--early-abandons",
    type=click.Choice([one.value for one in EarlyAbandons]),
    default="left_out",
    show_default=True,
    help="who leaves by their own choice within the norm",
)
@click.option("--calamities", is_flag=True, help="callers in a calamity count (AV §1: they do not)")
@click.option("--norm-seconds", type=click.IntRange(1, 3600), help="without it: the norm of the area file")
@click.option(
    "--fewest-calls",
    type=click.IntRange(1, 1000),
    default=FEWEST_CALLS,
    show_default=True,
    help="of fewer no share is shown",
)
@author_option
def figures_define(
    municipality: str,
    from_day: date,
    clock: str,
    short_abandon_seconds: int,
    denominator: str,
    early_abandons: str,
    calamities: bool,
    norm_seconds: int | None,
    fewest_calls: int,
    author: str,
) -> None:
    """Choose how MUNICIPALITY (its CBS code) counts, from a day on. Figures of before keep the choices of then."""
    choices = Choices(
        Clock(clock),
        short_abandon_seconds,
        Denominator(denominator),
        EarlyAbandons(early_abandons),
        calamities,
        norm_seconds,
        fewest_calls,
    )
    code = MunicipalityCode(municipality)

    async def work(db: Database) -> None:
        known = (await load_area(db.background)).municipalities
        if code not in known:
            fail(f"there is no municipality {municipality}; there are {listed(known)}", WRONG)
        await add_definition(db.background, Definition(code, from_day, choices, author, datetime.now(UTC)))

    with_database(work)
    click.echo(f"{municipality}: these choices count from {from_day} on")


@figures.command("definitions")
@municipality_option
@json_option
def figures_definitions(municipality: str | None, json_wanted: bool) -> None:
    """What municipalities chose, and from which day on. Without a choice those of docs/figures.md count."""
    scope: Scope = None if municipality is None else frozenset({MunicipalityCode(municipality)})
    found = with_database(lambda db: definitions_of(db.background, scope))
    for one in found:
        if json_wanted:
            click.echo(as_json(asdict(one)))
        else:
            chosen = ", ".join(f"{name} {value}" for name, value in asdict(one.choices).items())
            click.echo(f"{one.municipality} from {one.from_day}: {chosen} (by {one.author}, {local(one.created_at)})")
    if not found and not json_wanted:
        click.echo("no municipality chose otherwise")
