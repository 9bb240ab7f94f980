"""A municipality reads its own figures only, also where it shares a number, a team and its operators with others."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode
from ari_app.reports.choices import Choices, Definition
from ari_app.reports.definitions import add_definition, definitions_of
from ari_app.reports.periods import read_period
from ari_app.reports.reading import Wanted, busy_hours, read_by_number, read_sums
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.db.scopes import reading
from tests.reports.counted import count_all
from tests.reports.history import NUMBERS, TOWNS, History

pytestmark = pytest.mark.postgres

HERE, THERE = TOWNS
BOTH: Scope = frozenset(TOWNS)
SINCE = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
NOW = SINCE + timedelta(days=3)
DAY = read_period("2026-05-04", date(2026, 5, 4))
SCOPES: list[Scope] = [frozenset({HERE}), frozenset({THERE}), BOTH, frozenset(), None]
#: `samen` works for both, `eigen` for the first one only
AREA = """
INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
INSERT INTO team (code, name) VALUES ('samen', 'Samen'), ('eigen', 'Eigen');
INSERT INTO team_municipality VALUES
  ('samen', 'GM9901', 'own'), ('samen', 'GM9902', 'help'), ('eigen', 'GM9901', 'own')"""


@pytest.fixture(autouse=True)
async def counted(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    async def nothing() -> None: ...

    await owner.pool.execute(AREA)
    await History(ledger, owner.pool, SINCE, SINCE + timedelta(hours=3), 11, nothing).write(40)
    await count_all(database.background, NOW)


def towns(scope: Scope) -> set[str]:
    return {HERE, THERE} if scope is None else set(scope)


def teams(scope: Scope) -> set[str]:
    if scope is None or scope == BOTH:
        return {"samen", "eigen"}
    return {"eigen"} if scope == frozenset({HERE}) else set()


@pytest.mark.parametrize("scope", SCOPES)
async def test_reads_have_the_scope(database: Database, scope: Scope) -> None:
    """As `serve`, whom no policy keeps from anything: the query itself is the wall."""
    sums = await read_sums(database.background, Wanted(scope), DAY, NOW)
    assert {bucket.municipality for bucket in sums.buckets} == towns(scope)
    assert set(sums.team_ms) == teams(scope)
    arrived = sum(bucket.counts.get("in", 0) for bucket in sums.buckets)
    assert sum((await busy_hours(database.background, Wanted(scope), DAY)).values()) == arrived


@pytest.mark.parametrize("scope", SCOPES)
async def test_what_came_to_each_number_is_of_the_scope_and_what_the_figures_say(
    database: Database, scope: Scope
) -> None:
    found = await read_by_number(database.background, scope, NUMBERS, DAY)
    assert {one.municipality for one in found} == towns(scope)
    for number in NUMBERS:
        sums = await read_sums(database.background, Wanted(scope, number=number), DAY, NOW)
        for key, of in (("in", "arrived"), ("answered", "answered"), ("talk_ms", "talk_ms")):
            expected = sum(bucket.counts.get(key, 0) for bucket in sums.buckets)
            assert sum(getattr(one, of) for one in found if one.number == number) == expected, (number, key)
    only = await read_by_number(database.background, scope, NUMBERS[:1], DAY)
    assert only == [one for one in found if one.number == NUMBERS[0]]


@pytest.mark.parametrize("scope", SCOPES)
async def test_web_sees_only_rows_of_the_scope_whatever_it_asks(web: Database, scope: Scope) -> None:
    async with reading(web.pool, scope) as connection:
        seen = {row["municipality"] for row in await connection.fetch("SELECT municipality FROM figure_bucket")}
        times = {row["team"] for row in await connection.fetch("SELECT team FROM team_time")}
    assert (seen, times) == (towns(scope), teams(scope))


async def test_a_team_that_serves_nobody_is_the_groups(web: Database, owner: Database) -> None:
    await owner.pool.execute("DELETE FROM team_municipality")
    for scope, expected in ((BOTH, set[str]()), (None, {"samen", "eigen"})):
        assert set((await read_sums(web.pool, Wanted(scope), DAY, NOW)).team_ms) == expected


async def test_choices_are_read_by_whoever_reads_the_figures(database: Database, web: Database) -> None:
    for town in TOWNS:
        await add_definition(database.background, Definition(town, date(2026, 1, 1), Choices(), "anna", NOW))
    for scope in SCOPES:
        assert {one.municipality for one in await definitions_of(web.pool, scope)} == towns(scope)
    deeds = await database.pool.fetch("SELECT actor, action, municipalities FROM audit_log")
    assert [tuple(row) for row in deeds] == [("anna", "figures.define", [town]) for town in TOWNS]


async def test_a_call_that_was_transferred_counts_for_the_first_municipality_and_waits_in_the_other(
    web: Database,
) -> None:
    """Of the two, each reads its own part, and both parts are of the same calls."""
    own = await read_sums(web.pool, Wanted(frozenset({HERE})), DAY, NOW)
    other = await read_sums(web.pool, Wanted(frozenset({MunicipalityCode(THERE)})), DAY, NOW)
    transferred = sum(bucket.counts.get("transfers:1", 0) for bucket in own.buckets)
    assert transferred == sum(bucket.counts.get("from_elsewhere", 0) for bucket in other.buckets) > 0
