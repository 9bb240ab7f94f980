"""Sums in the database: quarters of an hour counted anew from the record, and days made of their quarters.

A quarter is always counted as a whole, whoever it is of, so what was counted twice is counted once. One process counts
at a time; calls never wait for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from ari_app.reports.facts import counted
from ari_app.reports.periods import DAY, midnight
from ari_app.storage.db.engine import Connection

#: whoever called the same municipality so long before, calls again
REPEATED_WITHIN = timedelta(days=7)

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ari_app figures', 0))"
_TABLES = ("figure_bucket", "team_time")
_FORGET = "DELETE FROM {0} WHERE span = $1 AND from_at >= $2 AND from_at < $3"
_KEEP_BUCKETS = """
INSERT INTO figure_bucket (span, from_at, municipality, team, number, counts)
SELECT 'quarter', * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::jsonb[])"""
_KEEP_TIMES = """
INSERT INTO team_time (span, from_at, team, counts)
SELECT 'quarter', * FROM unnest($1::timestamptz[], $2::text[], $3::jsonb[])"""
_ADD_UP = """
INSERT INTO {table} (span, from_at, {columns}, counts)
SELECT 'day', $1, {columns}, jsonb_object_agg(key, count) FROM (
  SELECT {columns}, key, sum(value::bigint) AS count FROM {table} CROSS JOIN LATERAL jsonb_each_text(counts)
  WHERE span = 'quarter' AND from_at >= $1 AND from_at < $2 GROUP BY {columns}, key) summed
GROUP BY {columns}"""
_COLUMNS = {"figure_bucket": "municipality, team, number", "team_time": "team"}
# Kept when the number goes at the end of its period (at least 35 days): a count of seconds is nobody's.
_NOTE_REPEATED = """
INSERT INTO repeated_call (call_id, after_seconds)
SELECT id, extract(epoch FROM arrived_at - before)::integer FROM (
  SELECT id, arrived_at, lag(arrived_at) OVER (PARTITION BY municipality, pii_caller_number ORDER BY arrived_at, id)
    AS before
  FROM call WHERE arrived_at >= $1::timestamptz - $3::interval AND arrived_at < $2 AND callback_request IS NULL
    AND municipality IS NOT NULL AND pii_caller_number IS NOT NULL) seen
WHERE arrived_at >= $1 AND before >= arrived_at - $3::interval
ON CONFLICT (call_id) DO NOTHING"""


async def recount_quarters(connection: Connection, since: datetime, until: datetime) -> None:
    """Of beginnings of quarters; in a transaction of the caller's."""
    await connection.execute(_LOCK)
    buckets, times = await counted(connection, since, until)
    for table in _TABLES:
        await connection.execute(_FORGET.format(table), "quarter", since, until)
    if buckets:
        keys = list(buckets)
        await connection.execute(
            _KEEP_BUCKETS,
            [from_at for from_at, _ in keys],
            *([place[part] for _, place in keys] for part in range(3)),
            [_json(counts) for counts in buckets.values()],
        )
    if times:
        await connection.execute(
            _KEEP_TIMES, [at for at, _ in times], [team for _, team in times], [_json(ms) for ms in times.values()]
        )


async def add_up_day(connection: Connection, day: date) -> None:
    """The sums of a day that is over, of its quarters; in a transaction of the caller's."""
    await connection.execute(_LOCK)
    since, until = midnight(day), midnight(day + DAY)
    for table in _TABLES:
        await connection.execute(_FORGET.format(table), "day", since, until)
        await connection.execute(_ADD_UP.format(table=table, columns=_COLUMNS[table]), since, until)


async def recount_day(connection: Connection, day: date) -> None:
    """A day that is over: who called again, its quarters, its sums; in a transaction of the caller's."""
    since, until = midnight(day), midnight(day + DAY)
    await connection.execute(_NOTE_REPEATED, since, until, REPEATED_WITHIN)
    await recount_quarters(connection, since, until)
    await add_up_day(connection, day)


def _json(counts: Mapping[str, int]) -> str:
    return json.dumps({key: count for key, count in counts.items() if count}, separators=(",", ":"))
