"""Filling an empty, migrated database with the year: plan, rows, then keys and indexes.

Each table is emptied and filled in one transaction, without its indexes and keys; with `wal_level=minimal` Postgres
then writes it once, not twice. Afterwards every index, key and reference is made as it was, so each row is checked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from ari_app.core.references import reference_of
from ari_app.core.retention import DataKind
from ari_app.storage.db.engine import dsn
from tests.bench.nation import plan
from tests.bench.nation.rows import ROWS
from tests.bench.nation.size import PER_SHARED_NUMBER, Town, Year, towns

Say = Callable[[str], None]
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

WORKERS = 2
#: of one session, while it fills; figures are taken with the server's own. As a replica it runs no trigger: the log of
#: changes keeps a day, and these rows are older.
_SETTINGS = """
SET work_mem = '512MB'; SET maintenance_work_mem = '1GB'; SET synchronous_commit = off; SET jit = off;
SET session_replication_role = replica"""

_KEYS = """
SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name, contype::text AS kind,
  pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE contype IN ('p', 'u', 'f')
  AND (conrelid = ANY ($1::text[]::regclass[]) OR confrelid = ANY ($1::text[]::regclass[])) ORDER BY conname"""
_INDEXES = """
SELECT indrelid::regclass::text AS "table", indexrelid::regclass::text AS name,
  pg_get_indexdef(indexrelid) AS definition
FROM pg_index WHERE indrelid = ANY ($1::text[]::regclass[])
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 2"""
_SIZES = """
SELECT pg_total_relation_size(oid) AS total, pg_relation_size(oid) AS heap FROM pg_class WHERE oid = $1::regclass"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A table, with its rows and bytes; `heap_bytes` are those of the rows, the rest is indexes."""

    table: str
    rows: int
    total_bytes: int
    heap_bytes: int

    def as_text(self) -> str:
        heap, indexes = self.heap_bytes / 1e6, (self.total_bytes - self.heap_bytes) / 1e6
        return f"{self.table:<18}{self.rows:>13,} rows{heap:>11,.1f} MB{indexes:>11,.1f} MB of indexes"


async def fill(url: str, year: Year, say: Say) -> list[Filled]:
    """The year, in an empty database at head; by its owner. Prints what takes long. The tables, the largest first."""
    began = time.monotonic()

    def step(text: str) -> None:
        say(f"{time.monotonic() - began:7.0f} s  {text}")

    async with connection_to(url) as connection:
        await write_area(connection, year)
        await _plan(connection, year, step)
        keys = [dict(row) for row in await connection.fetch(_KEYS, list(ROWS))]
        indexes = [dict(row) for row in await connection.fetch(_INDEXES, list(ROWS))]
        for key in sorted(keys, key=lambda one: one["kind"] != "f"):
            await connection.execute(f"ALTER TABLE {key['table']} DROP CONSTRAINT {key['name']}")
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        for table in ROWS:  # the log of changes, which the triggers write, is kept for a day
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await _share_out(url, [(table, _filling(table), step) for table in ROWS])
        step("rows")
        await connection.execute(plan.TEAR_DOWN)
        made = [(key["name"], [_added(key)], step) for key in keys if key["kind"] != "f"]
        made += [(index["name"], [index["definition"]], step) for index in indexes]
        order = list(ROWS)
        tables = {one["name"]: one["table"] for one in (*keys, *indexes)}
        await _share_out(url, sorted(made, key=lambda one: order.index(tables[one[0]])))
        step("indexes")
        references = [key for key in keys if key["kind"] == "f"]
        for key in references:  # each would wait for the rows of another to be checked
            await connection.execute(f"{_added(key)} NOT VALID")
        checks = [f"ALTER TABLE {key['table']} VALIDATE CONSTRAINT {key['name']}" for key in references]
        await _share_out(url, [(check, [check], step) for check in checks])
        step("references")
        await _share_out(url, [(table, [f"VACUUM (FREEZE, ANALYZE) {table}"], step) for table in ROWS])
        for table in ROWS:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        step("vacuumed")
        filled = [await _size(connection, table) for table in ROWS]
        rows = {one.table: one.rows for one in filled}
        await connection.execute("SELECT setval('callback_reference', $1)", 1 + rows["callback_request"])
        await _mark_retention(connection, year)
    return filled


@asynccontextmanager
async def connection_to(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn(url))
    try:
        await connection.execute(_SETTINGS)
        yield connection
    finally:
        await connection.close()


async def _share_out(url: str, work: Sequence[tuple[str, Sequence[str], Say]]) -> None:
    """Each piece of work in its own transaction, unless it is one statement; some pieces at a time."""
    waiting = list(reversed(work))

    async def worker() -> None:
        async with connection_to(url) as connection:
            while waiting:
                name, statements, step = waiting.pop()
                if len(statements) == 1:
                    await connection.execute(statements[0])
                else:
                    async with connection.transaction():
                        for statement in statements:
                            await connection.execute(statement)
                step(f"  {name}")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(min(WORKERS, len(work))):
            tasks.create_task(worker())


def _filling(table: str) -> list[str]:
    return [f"TRUNCATE {table}", *ROWS[table]]


def _added(key: Mapping[str, str]) -> str:
    return f"ALTER TABLE {key['table']} ADD CONSTRAINT {key['name']} {key['definition']}"


async def _size(connection: Connection, table: str) -> Filled:
    rows = await connection.fetchval(f"SELECT count(*) FROM {table}")
    size = await connection.fetchrow(_SIZES, table)
    assert size is not None
    return Filled(table, rows, size["total"], size["heap"])


async def _plan(connection: Connection, year: Year, step: Say) -> None:
    await connection.execute(plan.TEAR_DOWN)
    await connection.execute(plan.functions(year))
    await _copy(
        connection,
        "town",
        [
            (t.n, t.code, t.daily, t.operators, t.first_operator, t.shared_number, t.geographic)
            for t in towns(year.share)
        ],
    )
    await _copy(connection, "day", list(year.days()))
    await connection.execute(plan.sessions(year))
    step("sessions planned")
    await connection.execute(plan.calls(year))
    step("calls planned")
    await connection.execute(plan.MOVES)
    promised = await connection.fetchval("SELECT count(*) FROM nation.call WHERE became = 'callback'")
    await _copy(connection, "reference", [(n, reference_of(n)) for n in range(1, promised + 1)])
    await connection.execute(plan.requests(year))
    for statement in plan.INDEXES:
        await connection.execute(statement)
    step("transfers and callbacks planned")


async def _copy(connection: Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    await connection.copy_records_to_table(table, schema_name="nation", records=rows)


async def write_area(connection: Connection, year: Year) -> None:
    """What the record names: municipalities, their numbers and hours, one team each, and its operators."""
    every = towns(year.share)
    numbers = sorted({town.shared_number for town in every})
    async with connection.transaction():
        for table, columns, rows in (
            ("municipality", ("code", "name"), [(t.code, f"Gemeente {t.n}") for t in every]),
            ("shared_number", ("digits",), [(number,) for number in numbers]),
            (
                "shared_number_member",
                ("shared_number", "municipality", "menu_key"),
                [(t.shared_number, t.code, 1 + t.n % PER_SHARED_NUMBER) for t in every],
            ),
            (
                "direct_number",
                ("e164", "municipality", "kind"),
                [(f"+31{t.geographic[1:]}", t.code, "geographic") for t in every],
            ),
            ("team", ("code", "name"), [(f"team-{t.n}", f"Klantcontact {t.n}") for t in every]),
            ("team_municipality", ("team", "municipality", "level"), _serving(every)),
            (
                "operator",
                ("number", "name", "pin_hash"),
                [(number, f"Medewerker {number}", "") for t in every for number in _operators(t)],
            ),
            (
                "operator_team",
                ("operator", "team"),
                [(number, f"team-{t.n}") for t in every for number in _operators(t)],
            ),
        ):
            await connection.copy_records_to_table(table, columns=columns, records=rows)
        await connection.execute("""
INSERT INTO opening_hours (municipality, weekday, opens, closes)
SELECT code, weekday, time '08:30', time '17:00' FROM municipality, generate_series(0, 4) AS weekday""")


def _serving(every: Sequence[Town]) -> list[tuple[str, str, str]]:
    own = [(f"team-{t.n}", t.code, "own") for t in every]
    return own + [(f"team-{t.n}", every[(t.n + 1) % len(every)].code, "help") for t in every]


def _operators(town: Town) -> list[str]:
    return [str(town.first_operator + at) for at in range(town.operators)]


async def _mark_retention(connection: Connection, year: Year) -> None:
    """As if the retention had last run a month ago."""
    for kind in DataKind:
        await connection.execute(
            """
INSERT INTO retention_mark (kind, municipality, until_at)
SELECT $1, code, $2::timestamptz FROM municipality UNION ALL SELECT $1, '', $2""",
            kind.value,
            year.erased_until,
        )
