"""Erases what is past its period, a batch at a time. No lock that a call waits for, and no row that is still open.

A batch and its proof are one transaction; a process that dies between two leaves nothing half done. Nobody waits until
it is on the disk: a crash of Postgres brings back rows and takes their proof away, and the next run finds them, since a
mark is stored only after them. Rows that somebody else holds are skipped, and are found by a later run. Instants are
UTC; `until_at` itself is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ari_app.core.ids import MunicipalityCode, optional
from ari_app.core.retention import DataKind
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import MAY_BE_PERSONAL

#: some 10 ms of PostgreSQL, and 100 kB that a commit of a call may find before it in the queue to the disk
BATCH_ROWS = 100
#: calls and requests that were open, or held by somebody, when a run came by
LOOK_BACK = timedelta(days=7)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

#: is something personal in the detail of a fact?
HAS_PERSONAL = (
    f"({MAY_BE_PERSONAL.format('{0}.')}"
    " AND EXISTS (SELECT FROM jsonb_object_keys({0}.detail) AS name WHERE starts_with(name, 'pii_')))"
)

# The parameters are municipality or null, from, until, rows at most. Either has a statement of its own: one that says
# `IS NOT DISTINCT FROM` uses no index, and one with OR is planned anew each time.
_OF_TOWN, _OF_NONE = "{0} = $1", "$1::text IS NULL AND {0} IS NULL"
_PERIOD = "{0} >= $2 AND {0} < $3"
# OFFSET 0 has Postgres look by the index, for a call that has no number left; else each batch hashed every transfer of
# the year. Without any personal fact, no call is read to look for them.
_CHOSEN = {
    DataKind.NUMBERS: f"""
SELECT {{what}} FROM call
WHERE {{town}} AND {_PERIOD.format("call.arrived_at")} AND call.ended_at IS NOT NULL
  AND (call.pii_caller_number IS NOT NULL OR call.pii_callback_number IS NOT NULL
    OR EXISTS (SELECT FROM transfer WHERE transfer.call_id = call.id
      AND (transfer.pii_to_number IS NOT NULL OR transfer.pii_subject <> '') OFFSET 0)
    OR EXISTS (SELECT FROM call_wrap_up wrap_up WHERE wrap_up.call_id = call.id AND wrap_up.pii_note <> '' OFFSET 0))
ORDER BY call.arrived_at LIMIT $4 FOR UPDATE OF call SKIP LOCKED""",
    DataKind.FACTS: f"""
SELECT {{what}} FROM call JOIN call_fact fact ON fact.call_id = call.id
WHERE {{town}} AND {_PERIOD.format("call.arrived_at")} AND call.ended_at IS NOT NULL AND {HAS_PERSONAL.format("fact")}
  AND EXISTS (SELECT FROM call_fact any_fact WHERE {MAY_BE_PERSONAL.format("any_fact.")})
ORDER BY call.arrived_at LIMIT $4""",
    DataKind.CALLBACKS: f"""
SELECT {{what}} FROM callback_request request
WHERE {{town}} AND {_PERIOD.format("request.closed_at")}
  AND (request.pii_number <> '' OR request.pii_note <> '' OR request.pii_close_reason IS NOT NULL
    OR EXISTS (SELECT FROM callback_fact fact WHERE fact.request_id = request.id AND {HAS_PERSONAL.format("fact")}))
ORDER BY request.closed_at LIMIT $4 FOR UPDATE OF request SKIP LOCKED""",
    DataKind.REMINDERS: f"""
SELECT {{what}} FROM callback_reminder reminder
WHERE {{town}} AND {_PERIOD.format("reminder.created_at")} AND reminder.done_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM callback_request r WHERE r.id = reminder.request_id AND r.closed_at IS NULL)
ORDER BY reminder.created_at LIMIT $4 FOR UPDATE OF reminder SKIP LOCKED""",
    DataKind.AUDIT: f"""
SELECT {{what}} FROM audit_log WHERE {{town}} AND {_PERIOD.format("audit_log.at")}
ORDER BY audit_log.at LIMIT $4""",
}
_WHAT = {
    DataKind.NUMBERS: "call.id, call.arrived_at AS at",
    DataKind.FACTS: "fact.call_id AS owner, fact.seq, call.arrived_at AS at",
    DataKind.CALLBACKS: "request.id, request.closed_at AS at",
    DataKind.REMINDERS: "reminder.id, reminder.created_at AS at",
    DataKind.AUDIT: "audit_log.id, audit_log.at",
}
_TOWN_COLUMN = {
    DataKind.NUMBERS: "call.municipality",
    DataKind.FACTS: "call.municipality",
    DataKind.CALLBACKS: "request.municipality",
    DataKind.REMINDERS: "reminder.municipality",
    DataKind.AUDIT: "(audit_log.detail ->> 'municipality')",
}
_ERASED = {
    DataKind.NUMBERS: """,
calls AS (UPDATE call SET pii_caller_number = NULL, pii_callback_number = NULL FROM old WHERE call.id = old.id),
transfers AS (UPDATE transfer SET pii_to_number = NULL, pii_subject = ''
  WHERE call_id = ANY (ARRAY(SELECT id FROM old)) AND (pii_to_number IS NOT NULL OR pii_subject <> '')),
wrap_ups AS (UPDATE call_wrap_up SET pii_note = ''
  WHERE call_id = ANY (ARRAY(SELECT id FROM old)) AND pii_note <> '')
SELECT count(*) AS rows, max(at) AS at FROM old""",
    DataKind.FACTS: """
SELECT coalesce(erase_from_call_facts(array_agg(owner), array_agg(seq)), 0) AS rows, max(at) AS at FROM old""",
    DataKind.CALLBACKS: f""",
requests AS (UPDATE callback_request SET pii_number = '', pii_note = '', pii_close_reason = NULL
  FROM old WHERE callback_request.id = old.id),
facts AS MATERIALIZED (SELECT fact.request_id, fact.seq FROM callback_fact fact JOIN old ON old.id = fact.request_id
  WHERE {HAS_PERSONAL.format("fact")}),
erased AS MATERIALIZED (SELECT erase_from_callback_facts(array_agg(request_id), array_agg(seq)) AS rows FROM facts)
SELECT count(*) AS rows, max(at) AS at, (SELECT rows FROM erased) AS facts FROM old""",
    DataKind.REMINDERS: """,
gone AS (DELETE FROM callback_reminder USING old WHERE callback_reminder.id = old.id)
SELECT count(*) AS rows, max(at) AS at FROM old""",
    DataKind.AUDIT: """
SELECT coalesce(erase_audit_rows(array_agg(id)), 0) AS rows, max(at) AS at FROM old""",
}
#: messages to other systems name several municipalities; sent ones go with the shortest period
_OUTBOX = """
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE created_at < $1 AND done_at IS NOT NULL ORDER BY id LIMIT $2
  FOR UPDATE SKIP LOCKED)"""
_COUNT_OUTBOX = "SELECT count(*) FROM outbox WHERE created_at < $1 AND done_at IS NOT NULL"
_PROVE = "INSERT INTO erasure (kind, municipality, rows_count, until_at, erased_at) VALUES ($1, $2, $3, $4, $5)"
_MARKS = "SELECT municipality, until_at FROM retention_mark WHERE kind = $1"
_SET_MARKS = """
INSERT INTO retention_mark (kind, municipality, until_at) SELECT $1, * FROM unnest($2::text[], $3::timestamptz[])
ON CONFLICT (kind, municipality) DO UPDATE SET until_at = greatest(retention_mark.until_at, excluded.until_at)"""
_FIRST_CALL = "SELECT min(arrived_at) FROM call"
_RENEW = "SELECT renew_call_numbers($1, $2)"
# From one municipality to the next by the index, instead of through every call of a year.
_TOWNS = """
WITH RECURSIVE of_calls AS (
  (SELECT municipality FROM call WHERE municipality IS NOT NULL ORDER BY municipality LIMIT 1)
  UNION ALL
  SELECT (SELECT call.municipality FROM call WHERE call.municipality > of_calls.municipality
    ORDER BY call.municipality LIMIT 1) FROM of_calls WHERE of_calls.municipality IS NOT NULL)
SELECT municipality FROM of_calls
UNION SELECT municipality FROM callback_request UNION SELECT municipality FROM callback_reminder
UNION SELECT detail ->> 'municipality' FROM audit_log"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction erased. `last_at`: the moment of its last row; the next batch begins there."""

    rows: int
    last_at: datetime | None


async def recorded_towns(pool: Pool) -> list[MunicipalityCode]:
    """Every municipality that a row names, in the area or not. Raises StoreUnavailable."""
    with translated():
        rows = await pool.fetch(_TOWNS)
    return [MunicipalityCode(row["municipality"]) for row in rows if row["municipality"] is not None]


async def towns_with_past(
    pool: Pool, kind: DataKind, since: datetime, until_at: datetime
) -> set[MunicipalityCode | None]:
    """Those with rows to erase, and None: the others need no look each. Raises StoreUnavailable."""
    rows = _CHOSEN[kind].format(what=f"DISTINCT {_TOWN_COLUMN[kind]} AS town", town="$1::text IS NULL")
    with translated():
        found = await pool.fetch(rows.partition("ORDER BY")[0], None, since, until_at)
    return {None, *(optional(MunicipalityCode, row["town"]) for row in found)}


async def looked_through_until(pool: Pool, kind: DataKind) -> Mapping[MunicipalityCode | None, datetime]:
    """The moments from which a run has to look, of those where one was. Raises StoreUnavailable."""
    with translated():
        rows = await pool.fetch(_MARKS, kind.value)
    return {optional(MunicipalityCode, row["municipality"] or None): row["until_at"] - LOOK_BACK for row in rows}


async def looked_through(pool: Pool, kind: DataKind, until: Mapping[MunicipalityCode | None, datetime]) -> None:
    """Nothing older is left, but what was open or held. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_SET_MARKS, kind.value, [town or "" for town in until], list(until.values()))


async def first_call_at(pool: Pool) -> datetime | None:
    """The arrival of the oldest call. Raises StoreUnavailable."""
    with translated():
        at: datetime | None = await pool.fetchval(_FIRST_CALL)
    return at


async def renew_numbers(pool: Pool, since: datetime, until_at: datetime) -> None:
    """Make the summaries of numbers anew in the pages of calls of this time: what was erased is in none of them.

    Only a vacuum of the calls waits for it. Raises StoreUnavailable.
    """
    with translated():
        await pool.execute(_RENEW, since, until_at)


async def erase_batch(
    pool: Pool,
    kind: DataKind,
    town: MunicipalityCode | None,
    since: datetime,
    until_at: datetime,
    now: datetime,
    most: int = BATCH_ROWS,
    period_until_at: datetime | None = None,
) -> Batch:
    """Erase the oldest rows of a municipality, or of none, and prove it. Raises StoreUnavailable.

    `period_until_at`: is proved, where `until_at` ends a part of the period only.
    """
    with translated():
        async with transaction(pool) as connection:
            await connection.execute("SET LOCAL synchronous_commit = off")
            return await erase_in(connection, kind, town, since, until_at, now, most, period_until_at)


async def erase_in(
    connection: Connection,
    kind: DataKind,
    town: MunicipalityCode | None,
    since: datetime,
    until_at: datetime,
    now: datetime,
    most: int,
    period_until_at: datetime | None = None,
) -> Batch:
    """As `erase_batch`, in a transaction of the caller."""
    row = await connection.fetchrow(_statement(kind, town), town, since, until_at, most)
    assert row is not None, "an aggregate"
    batch = Batch(row["rows"], row["at"])
    rows = batch.rows
    if kind is DataKind.REMINDERS and town is None:
        rows += int((await connection.execute(_OUTBOX, until_at, most)).rpartition(" ")[2])
    if rows:
        await connection.execute(_PROVE, kind.value, town, rows, period_until_at or until_at, now)
    return Batch(rows, batch.last_at)


async def count_past(
    pool: Pool, kind: DataKind, town: MunicipalityCode | None, since: datetime, until_at: datetime
) -> int:
    """How many rows a run would erase. Raises StoreUnavailable."""
    chosen = _chosen(kind, town).partition("FOR UPDATE")[0]
    with translated():
        count: int = await pool.fetchval(f"SELECT count(*) FROM ({chosen}) old", town, since, until_at, None)
        if kind is DataKind.REMINDERS and town is None:
            count += await pool.fetchval(_COUNT_OUTBOX, until_at)
    return count


def _statement(kind: DataKind, town: MunicipalityCode | None) -> str:
    return f"WITH old AS MATERIALIZED ({_chosen(kind, town)}){_ERASED[kind]}"


def _chosen(kind: DataKind, town: MunicipalityCode | None) -> str:
    condition = _OF_NONE if town is None else _OF_TOWN
    return _CHOSEN[kind].format(what=_WHAT[kind], town=condition.format(_TOWN_COLUMN[kind]))
