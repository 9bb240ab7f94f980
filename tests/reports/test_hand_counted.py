"""One day of the sample, counted by hand: `counted_day` is what happened, here stand the figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest

from ari_app.area_file.imports import import_area
from ari_app.core.access import Scope
from ari_app.core.area import Area
from ari_app.reports.choices import Choices, Definition
from ari_app.reports.definitions import add_definition
from ari_app.reports.measures import MEASURES
from ari_app.reports.periods import read_period
from ari_app.reports.reading import Wanted, busy_hours, read_sums
from ari_app.reports.report import Report, report_of
from ari_app.reports.waits import Clock
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.reports.counted import count_all
from tests.reports.counted_day import OOSTERWENDE, ZANDERMEER, write_day
from tests.storage.area_values import SAMPLE

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)


@pytest.fixture
async def area(database: Database, owner: Database, ledger: PostgresLedger) -> Area:
    await import_area(database.engine, SAMPLE, "beheer", NOW)
    await write_day(ledger, owner.pool)
    await count_all(database.background, NOW)
    return await load_area(database.background)


async def chosen(database: Database, from_day: date, choices: Choices) -> None:
    for town in (OOSTERWENDE, ZANDERMEER):
        await add_definition(database.background, Definition(town, from_day, choices, "anna", NOW))


async def report(database: Database, area: Area, period: str = "2026-11-23", scope: Scope = None) -> Report:
    sums = await read_sums(database.background, Wanted(scope), read_period(period, NOW.date()), NOW)
    return report_of(area, sums)


def shown(found: Report, *codes: str) -> Mapping[str, float | None]:
    values = {code: found.line(code).figure.value for code in codes}
    return {code: None if value is None else round(value, 2) for code, value in values.items()}


OF_OOSTERWENDE = {
    "aangeboden": 5,
    "beantwoord": 3,
    "opgehangen": 2,
    "opgehangen_wachtrij": 2,
    "opgehangen_keuzemenu": 0,
    "uitval": 40.0,  # 2 of 2 + 3
    "bereikbaarheid": 60.0,  # 3 of 5
    "binnen_norm": 50.0,  # 10 s and 10 s; not 35 s, and hung up after 40 s; hung up after 8 s does not count
    "wachttijd_gemiddeld": 18.33,  # 10, 35, 10
    "wachttijd_mediaan": 10,
    "wachttijd_p90": 35,
    "wachttijd_langste": 35,
    "gesprekstijd": 95.0,  # 120, 105, 60
    "in_de_wacht": 15.0,
    "nawerktijd": 20.0,  # 30, 10
    "afhandeltijd": 108.33,  # 285 + 40 over 3
    "doorverbonden_niet": 2,
    "doorverbonden_een_keer": 1,
    "zelf_afgehandeld": 66.67,
    "keuze_geen": 0.0,  # of 5
    "terugbellen_beloofd": 1,
    "terugbellen_deadline": 0,  # on Tuesday
    "noodroute": 0,
    "einde_geschat": 0.0,
}
OF_ZANDERMEER = {
    "aangeboden": 3,
    "beantwoord": 2,
    "tijdens_sluiting": 1,
    "tijdens_calamiteit": 1,
    "bereikbaarheid": 100.0,  # who was told that we are closed is not asked for
    "binnen_norm": 100.0,  # 18 s; the calamity does not count
    "wachttijd_gemiddeld": 18,
    "keuze_geen": 33.33,  # 1 of 3
}
OF_GROUP = {
    "aangeboden": 10,
    "beantwoord": 5,
    "opgehangen": 3,
    "opgehangen_keuzemenu": 1,
    "geen_plaats": 1,
    "uitval": 37.5,  # 3 of 3 + 5
    "bereikbaarheid": 55.56,  # 5 of 9
    "binnen_norm": 60.0,  # 3 of 5
}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [(frozenset({OOSTERWENDE}), OF_OOSTERWENDE), (frozenset({ZANDERMEER}), OF_ZANDERMEER), (None, OF_GROUP)],
)
async def test_the_figures_of_the_day_are_those_counted_by_hand(
    database: Database, area: Area, scope: Scope, expected: Mapping[str, float]
) -> None:
    await chosen(database, date(2026, 1, 1), Choices(fewest_calls=1))
    assert shown(await report(database, area, scope=scope), *expected) == expected


@pytest.mark.parametrize("scope", [frozenset({OOSTERWENDE}), frozenset({OOSTERWENDE, ZANDERMEER}), None])
@pytest.mark.parametrize("period", ["2026-11-23", "2026-W48", "2026-11"])
async def test_sums_of_each_municipality_give_the_figures_that_the_details_do(
    database: Database, area: Area, scope: Scope, period: str
) -> None:
    asked, at = read_period(period, DAY), datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    for now in (at, NOW):  # a promise is due between them
        detailed, coarse = [
            report_of(area, await read_sums(database.background, Wanted(scope, in_detail=in_detail), asked, now))
            for in_detail in (True, False)
        ]
        assert [line.figure for line in coarse.lines] == [line.figure for line in detailed.lines]


async def test_of_few_calls_no_share_is_shown(database: Database, area: Area) -> None:
    found = await report(database, area, scope=frozenset({OOSTERWENDE}))
    norm, answered = found.line("binnen_norm").figure, found.line("beantwoord").figure
    assert (norm.value, norm.of, norm.is_too_few) == (None, 4, True)
    assert answered.value == 3


async def test_a_promise_is_due_on_its_own_day_and_is_kept_late(database: Database, area: Area) -> None:
    await chosen(database, date(2026, 1, 1), Choices(fewest_calls=1))
    found = await report(database, area, "2026-11-24")
    codes = ("terugbellen_beloofd", "terugbellen_deadline", "terugbellen_geprobeerd", "terugbellen_gesproken")
    assert list(shown(found, *codes).values()) == [0, 1, 100.0, 0.0]


async def test_what_is_due_later_today_is_neither_kept_nor_missed(database: Database, area: Area) -> None:
    early = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    sums = await read_sums(database.background, Wanted(None), read_period("2026-11-24", DAY), early)
    assert report_of(area, sums).line("terugbellen_deadline").figure.value == 0


async def test_the_week_is_the_sum_of_its_days(database: Database, area: Area) -> None:
    day, week = await report(database, area), await report(database, area, "2026-W48")
    for code in ("aangeboden", "beantwoord", "opgehangen", "geen_plaats"):
        assert day.line(code).figure == week.line(code).figure
    assert day.tally.answered_waits == week.tally.answered_waits


async def test_the_call_over_midnight_counts_on_the_day_on_which_it_came(database: Database, area: Area) -> None:
    assert (await report(database, area, "2026-11-24")).line("beantwoord").figure.value == 0


async def test_a_period_across_a_change_of_choices_says_so_and_is_counted_with_both(
    database: Database, area: Area
) -> None:
    await chosen(database, date(2026, 1, 1), Choices(fewest_calls=1))
    await chosen(database, date(2026, 11, 25), Choices(clock=Clock.ARRIVAL, norm_seconds=25, fewest_calls=1))
    found = await report(database, area, "2026-W48", frozenset({OOSTERWENDE}))
    assert found.changed_on == ((OOSTERWENDE, date(2026, 11, 25)),)
    line = found.line("binnen_norm")
    # from the arrival: 20 s and 20 s in time, 45 s not; hung up after 18 s does not count, after 50 s does
    assert (line.figure.value, line.earlier and line.earlier.value) == (50.0, 50.0)
    wait = found.line("wachttijd_gemiddeld")
    assert wait.figure.value is not None and wait.earlier is not None and wait.earlier.value is not None
    assert (round(wait.figure.value, 2), round(wait.earlier.value, 2)) == (28.33, 18.33)
    assert (await report(database, area, "2026-11-23", frozenset({OOSTERWENDE}))).changed_on == ()


async def test_hours_and_weekdays_are_those_of_the_netherlands(database: Database, area: Area) -> None:
    found = await busy_hours(database.background, Wanted(None), read_period("2026-W48", DAY))
    assert found == {(1, 9): 8, (1, 12): 1, (1, 23): 1}


async def test_team_and_number_narrow_the_figures(database: Database, area: Area) -> None:
    pool, period = database.background, read_period("2026-11-23", DAY)
    of_team = report_of(area, await read_sums(pool, Wanted(None, team="gezamenlijk"), period, NOW))
    assert of_team.line("aangeboden").figure.value == 5, "those whom it answered"
    assert of_team.line("tijd_talking").figure.value == 120 + 45 + 30 + 20
    tuesday = await read_sums(pool, Wanted(None, team="gezamenlijk"), read_period("2026-11-24", DAY), NOW)
    assert report_of(area, tuesday).line("tijd_talking").figure.value == 60, "a state counts when it was"
    elsewhere = report_of(area, await read_sums(pool, Wanted(None, number="140179"), period, NOW))
    assert elsewhere.line("aangeboden").figure.value == 0


def test_every_measure_of_the_hand_count_is_known() -> None:
    assert {*OF_OOSTERWENDE, *OF_ZANDERMEER, *OF_GROUP} <= set(MEASURES)
