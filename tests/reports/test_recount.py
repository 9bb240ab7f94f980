"""Sums that follow the changes are those that a recount makes, whatever came late, crashed, or was erased meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ari_app.core.area import Area, Municipality, Norms
from ari_app.core.calendar import local_date
from ari_app.core.call import Fact, FactKind
from ari_app.core.ids import MunicipalityCode
from ari_app.reports.buckets import recount_day
from ari_app.reports.periods import Period, midnight
from ari_app.reports.reading import Wanted, read_sums
from ari_app.reports.report import grouped
from ari_app.reports.upkeep import count_changes, count_days, progress_of, start_anew
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Database
from tests.reports.counted import FORGET, count_all, stored
from tests.reports.history import TOWNS, History
from tests.reports.norm_in_sql import norm_in_sql
from tests.storage.values import eventually, new_call

pytestmark = pytest.mark.postgres

AREA = Area(municipalities={code: Municipality(code, code, norms=Norms()) for code in TOWNS})
WAITING_FOR_ANOTHER = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
LOSE_THE_LOG = "UPDATE change_log SET origin = 'another'; DELETE FROM change"
#: an evening over midnight and a month's end; the hour that is not there; the hour that is there twice
NIGHTS = {
    "over a month's end": datetime(2026, 4, 30, 20, 0, tzinfo=UTC),
    "23 hours": datetime(2026, 3, 28, 23, 30, tzinfo=UTC),
    "25 hours": datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("night", NIGHTS)
async def test_given_a_random_history_when_it_is_counted_as_it_comes_then_it_is_what_a_recount_makes(
    database: Database, owner: Database, ledger: PostgresLedger, night: str, seed: int
) -> None:
    since = NIGHTS[night]
    until, now = since + timedelta(hours=6), since + timedelta(days=3)
    pool = database.background

    async def look() -> None:
        await count_changes(pool, now)

    history = History(ledger, owner.pool, since, until, seed, look)
    await history.write(30)
    await count_all(pool, now)
    as_it_came = await stored(pool)
    assert sum(counts.get("in", 0) for (span, *_), counts in as_it_came.items() if span == "day") == 30

    await owner.pool.execute("UPDATE call SET pii_caller_number = NULL")  # as retention does
    await count_all(pool, now)
    assert await stored(pool) == as_it_came, "erased numbers change no figure"

    await owner.pool.execute(FORGET)
    await count_all(pool, now)
    assert await stored(pool) == as_it_came, "and a recount makes the same"

    days = Counter[str]()
    quarters = Counter[str]()
    for (span, *_), counts in as_it_came.items():
        (days if span == "day" else quarters).update(counts)
    assert days == quarters

    period = Period(local_date(since), local_date(until))
    sums = await read_sums(pool, Wanted(None), period, now)
    found = {
        town: (tally.met, tally.missed) for town, tally in grouped(AREA, sums, lambda one: one.municipality).items()
    }
    expected = await norm_in_sql(owner.pool, period.begins_at, period.ends_at)
    assert {town: counts for town, counts in found.items() if any(counts)} == expected


async def test_given_a_history_when_the_log_of_changes_is_lost_then_days_are_counted_anew(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    since = datetime(2026, 4, 30, 8, 0, tzinfo=UTC)
    now, pool = since + timedelta(hours=8), database.background

    async def nothing() -> None: ...

    await count_all(pool, now)
    await History(ledger, owner.pool, since, since + timedelta(hours=4), 7, nothing).write(10)
    await owner.pool.execute(LOSE_THE_LOG)
    await count_all(pool, now)
    counts = Counter[str]()
    for found in (await stored(pool)).values():
        counts.update(found)
    assert counts["in"] == 10

    await History(ledger, owner.pool, since, since + timedelta(hours=4), 8, nothing).write(10)
    await owner.pool.execute(LOSE_THE_LOG)
    await count_all(pool, now + timedelta(days=5))
    days = [found for (span, *_), found in (await stored(pool)).items() if span == "day"]
    assert sum(found.get("in", 0) for found in days) == 20


async def test_given_a_day_that_is_closed_when_something_late_comes_then_its_sums_follow(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    since = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    now, pool = since + timedelta(days=2), database.background

    async def nothing() -> None: ...

    history = History(ledger, owner.pool, since, since + timedelta(hours=1), 3, nothing)
    await history.write(5)
    await count_all(pool, now)
    progress = await progress_of(pool)
    assert progress is not None
    assert progress.days_until == date(2026, 5, 6)
    await history.write(4)
    await count_changes(pool, now)
    key = ("day", midnight(date(2026, 5, 4)))
    assert sum(found.get("in", 0) for (*at, _, _, _), found in (await stored(pool)).items() if tuple(at) == key) == 9


async def test_given_a_day_that_somebody_else_adds_up_meanwhile_when_something_late_comes_then_its_sums_follow(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    """As `ari-app figures recount` and the controller do at once."""
    since, day = datetime(2026, 5, 4, 9, 0, tzinfo=UTC), date(2026, 5, 4)
    pool = database.background

    async def nothing() -> None: ...

    history = History(ledger, owner.pool, since, since + timedelta(hours=1), 3, nothing)
    await history.write(5)
    await count_changes(pool, since + timedelta(hours=2))
    async with transaction(owner.pool) as other:
        await recount_day(other, day)
        await other.execute("UPDATE figure_progress SET days_until = $1", date(2026, 5, 5))
        await history.write(4)
        counting = asyncio.create_task(count_changes(pool, since + timedelta(days=1)))
        await eventually(lambda: owner.pool.fetchval(WAITING_FOR_ANOTHER))
    await counting
    key = ("day", midnight(day))
    assert sum(found.get("in", 0) for (*at, _, _, _), found in (await stored(pool)).items() if tuple(at) == key) == 9


async def test_nothing_is_counted_of_days_before_anything_was_recorded(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    since = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    now, pool = since + timedelta(days=3), database.background

    async def nothing() -> None: ...

    await count_all(pool, now)
    await start_anew(pool, date(1999, 1, 1), now)
    assert [day async for day in count_days(pool, now)] == []
    await History(ledger, owner.pool, since, since + timedelta(hours=1), 3, nothing).write(2)
    await start_anew(pool, date(1999, 1, 1), now)
    assert [day async for day in count_days(pool, now)] == [date(2026, 5, day) for day in (4, 5, 6)]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [(3, 4, date(2026, 5, 4)), (5, 6, date(2026, 5, 5)), (6, 6, None), (1, 3, None)],
)
async def test_given_days_that_are_still_to_be_counted_when_they_are_asked_for_then_it_is_said(
    database: Database, owner: Database, first: int, last: int, expected: date | None
) -> None:
    now = datetime(2026, 5, 6, 9, 0, tzinfo=UTC)
    await owner.pool.execute(
        "INSERT INTO figure_progress (position, counted_at, days_until) VALUES (NULL, $1, '2026-05-04')", now
    )
    period = Period(date(2026, 5, first), date(2026, 5, last))
    assert (await read_sums(database.background, Wanted(None), period, now)).counting_from == expected
    await count_all(database.background, now)
    assert (await read_sums(database.background, Wanted(None), period, now)).counting_from is None


async def test_given_sums_that_are_wrong_when_they_are_counted_anew_since_a_day_then_they_are_right_from_there_on(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    since = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    now, pool = since + timedelta(days=3), database.background

    async def nothing() -> None: ...

    for days in range(2):
        begin = since + timedelta(days=days)
        await History(ledger, owner.pool, begin, begin + timedelta(hours=1), days, nothing).write(3)
    await count_all(pool, now)
    right = await stored(pool)
    await owner.pool.execute("UPDATE figure_bucket SET counts = '{\"in\": 99}'")
    await start_anew(pool, date(2026, 5, 5), now)
    await count_all(pool, now)
    wrong_until = midnight(date(2026, 5, 5))
    for key, counts in (await stored(pool)).items():
        of_time = key[2] == "time"
        assert counts == (right[key] if key[1] >= wrong_until or of_time else {"in": 99}), key


async def test_a_caller_who_calls_the_same_municipality_again_within_a_week_is_counted(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    pool, monday = database.background, datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    here, there = TOWNS
    asked: list[tuple[float, MunicipalityCode, str | None]] = [
        (0, here, "+31612345678"),
        (2, here, "+31612345678"),  # again
        (2.1, there, "+31612345678"),
        (3, here, None),
        (4, here, None),
        (9.1, here, "+31612345678"),  # more than a week later
        (10, here, "+31612345679"),
    ]
    for days, town, number in asked:
        call = replace(new_call(at=monday + timedelta(days=days)), municipality=town, pii_caller_number=number)
        await ledger.store(call, [Fact(call.arrived_at, FactKind.ARRIVED)])
    await count_all(pool, monday + timedelta(days=20))
    days_with = {
        key[1]: counts["repeated"]
        for key, counts in (await stored(pool)).items()
        if counts.get("repeated") and key[0] == "day"
    }
    assert days_with == {midnight(date(2026, 5, 6)): 1}
