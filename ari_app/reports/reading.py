"""The sums of a period, read within a scope: days that are over from their sums, the others from their quarters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ari_app.core.access import Scope
from ari_app.core.area import Area
from ari_app.core.calendar import local_date
from ari_app.reports.choices import Definition
from ari_app.reports.counting import Count
from ari_app.reports.definitions import definitions_in
from ari_app.reports.periods import DAY, Period, Step, midnight
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes

_PROGRESS = "SELECT counted_at, days_until FROM figure_progress"
# What is due is kept or not only once its deadline has passed.
_WHICH = """
FROM figure_bucket{0}
WHERE ($1::text[] IS NULL OR municipality = ANY ($1)) AND ($2::text IS NULL OR team = $2)
  AND ($3::text IS NULL OR number = $3)
  AND ((span = 'day' AND from_at >= $4 AND from_at < $5) OR (span = 'quarter' AND from_at >= $5 AND from_at < $6))"""
_BUCKETS = f"SELECT from_at, municipality, team, number, counts {_WHICH.format('')}"
_OF_TOWNS = f"""
SELECT municipality, key, sum(value::bigint)::bigint AS count
{_WHICH.format(" CROSS JOIN LATERAL jsonb_each_text(counts)")}
  AND (from_at < $7 OR key <> ALL ($8)) GROUP BY municipality, key"""
_BY_NUMBER = f"""
SELECT number, municipality, sum((counts ->> $7)::bigint)::bigint AS arrived,
  sum((counts ->> $8)::bigint)::bigint AS answered, sum((counts ->> $9)::bigint)::bigint AS talk_ms
{_WHICH.format("")} AND number = ANY ($10::text[]) GROUP BY number, municipality"""
# A team that works for others as well is theirs too: its time is shown to whoever may see all of them.
_TIMES = """
SELECT team, span, from_at, counts FROM team_time
WHERE ($1::text IS NULL OR team = $1)
  AND ($2::text[] IS NULL OR (EXISTS (SELECT FROM team_municipality served WHERE served.team = team_time.team)
    AND NOT EXISTS (SELECT FROM team_municipality served WHERE served.team = team_time.team
      AND served.municipality <> ALL ($2))))
  AND ((span = 'day' AND from_at >= $3 AND from_at < $4) OR (span = 'quarter' AND from_at >= $4 AND from_at < $5))"""
_BUSY_HOURS = """
SELECT extract(isodow FROM from_at AT TIME ZONE 'Europe/Amsterdam')::int AS weekday,
  extract(hour FROM from_at AT TIME ZONE 'Europe/Amsterdam')::int AS hour, sum((counts ->> $6)::bigint)::bigint AS count
FROM figure_bucket WHERE span = 'quarter' AND ($1::text[] IS NULL OR municipality = ANY ($1))
  AND ($2::text IS NULL OR team = $2) AND ($3::text IS NULL OR number = $3) AND from_at >= $4 AND from_at < $5
  AND counts ? $6
GROUP BY 1, 2"""
_DUE = (Count.DUE, Count.DUE_TRIED, Count.DUE_REACHED)


#: More municipalities together have no page, and the command reads sums of each: a country's month has 100,000 buckets.
MOST_IN_DETAIL = 40


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose figures, and of which team or number; a team is that of the first answer.

    `in_detail`: by step, team and number; without it each municipality is one bucket, at the beginning of the period.
    """

    scope: Scope
    team: str | None = None
    number: str | None = None
    in_detail: bool = True


def is_small(area: Area, scope: Scope) -> bool:
    """Whether a page may have the details of all these municipalities together."""
    return len(area.municipalities if scope is None else scope) <= MOST_IN_DETAIL


@dataclass(frozen=True, slots=True)
class Bucket:
    """`step_at`: the beginning of the period's step."""

    step_at: datetime
    municipality: str
    team: str
    number: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sums:
    """`counted_at`: until when changes are in it; None: nothing was counted yet.

    `counting_from`: days from this one up to yesterday are still being counted, as after an upgrade; None: all are.
    """

    period: Period
    buckets: tuple[Bucket, ...] = ()
    team_ms: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    definitions: tuple[Definition, ...] = ()
    counted_at: datetime | None = None
    counting_from: date | None = None


async def read_sums(pool: Pool, wanted: Wanted, period: Period, now: datetime) -> Sums:
    """Raises StoreUnavailable."""
    with translated():
        async with reading(pool, wanted.scope) as connection:
            return await _sums(connection, wanted, period, now)


async def read_many(pool: Pool, wanted: Wanted, periods: Iterable[Period], now: datetime) -> list[Sums]:
    """Of one moment. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, wanted.scope) as connection:
            return [await _sums(connection, wanted, period, now) for period in periods]


@dataclass(frozen=True, slots=True)
class OfNumber:
    """What came to one number for one municipality; empty: for none."""

    number: str
    municipality: str
    arrived: int
    answered: int
    talk_ms: int


async def read_by_number(pool: Pool, scope: Scope, numbers: Collection[str], period: Period) -> list[OfNumber]:
    """Of all these numbers in one look: a country has many. Raises StoreUnavailable."""
    keys = (Count.ARRIVED, Count.ANSWERED, Count.TALK_MS)
    with translated():
        async with reading(pool, scope) as connection:
            progress = await connection.fetchrow(_PROGRESS)
            if progress is None:
                return []
            days_end = _days_end(period, progress["days_until"], in_detail=False)
            bounds = (period.begins_at, days_end, period.ends_at)
            rows = await connection.fetch(_BY_NUMBER, scope_codes(scope), None, None, *bounds, *keys, list(numbers))
    return [OfNumber(number, town, *(count or 0 for count in counts)) for number, town, *counts in rows]


async def busy_hours(pool: Pool, wanted: Wanted, period: Period) -> dict[tuple[int, int], int]:
    """Calls that arrived, by weekday (1: Monday) and hour of the Netherlands. Raises StoreUnavailable."""
    codes = scope_codes(wanted.scope)
    asked = (codes, wanted.team, wanted.number, period.begins_at, period.ends_at, Count.ARRIVED)
    with translated():
        async with reading(pool, wanted.scope) as connection:
            rows = await connection.fetch(_BUSY_HOURS, *asked)
    return {(row["weekday"], row["hour"]): row["count"] for row in rows}


async def _sums(connection: Connection, wanted: Wanted, period: Period, now: datetime) -> Sums:
    progress = await connection.fetchrow(_PROGRESS)
    if progress is None:
        return Sums(period)
    codes = scope_codes(wanted.scope)
    bounds = (period.begins_at, _days_end(period, progress["days_until"], in_detail=wanted.in_detail), period.ends_at)
    asked = (codes, wanted.team, wanted.number, *bounds)
    merged: dict[tuple[datetime, str, str, str], Counter[str]] = {}
    if wanted.in_detail:
        for row in await connection.fetch(_BUCKETS, *asked):
            counts = json.loads(row["counts"])
            if row["from_at"] >= now:
                counts = {key: count for key, count in counts.items() if key not in _DUE}
            key = (period.cut(row["from_at"]), row["municipality"], row["team"], row["number"])
            _add(merged.setdefault(key, Counter()), counts)
    else:
        for town, name, count in await connection.fetch(_OF_TOWNS, *asked, now, list(_DUE)):
            merged.setdefault((period.begins_at, town, "", ""), Counter())[name] = count
    teams: dict[str, Counter[str]] = {}
    if wanted.number is None:
        for row in await connection.fetch(_TIMES, wanted.team, codes, *bounds):
            _add(teams.setdefault(row["team"], Counter()), json.loads(row["counts"]))
    definitions = await definitions_in(connection, wanted.scope)
    return Sums(
        period,
        tuple(Bucket(*key, counts) for key, counts in sorted(merged.items())),
        teams,
        tuple(definitions),
        progress["counted_at"],
        _counting_from(period, progress["days_until"], local_date(now)),
    )


def _counting_from(period: Period, days_until: date, today: date) -> date | None:
    first = max(period.first, days_until)
    return first if first <= min(period.last, today - DAY) else None


def _days_end(period: Period, days_until: date, *, in_detail: bool) -> datetime:
    """From here on the quarters are read."""
    if period.step is Step.QUARTER and in_detail:
        return period.begins_at
    return max(period.begins_at, min(period.ends_at, midnight(days_until)))


def _add(sums: Counter[str], counts: Mapping[str, int]) -> None:
    for key, count in counts.items():
        sums[key] += count
