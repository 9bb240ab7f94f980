"""The year, in little: rows as the application writes them, under every rule of the tables, and the same each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

import asyncpg
import pytest

from ari_app.core.call import EndReason
from ari_app.core.ids import CallId
from ari_app.core.operator_states import bounds_of
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.calls.reads import call_story, list_calls
from ari_app.storage.db.engine import Database, dsn
from ari_app.storage.operators.days import operator_stretches
from tests.bench.nation.filling import Filled, connection_to, fill
from tests.bench.nation.measure import (
    PERSON,
    Findings,
    Turns,
    commands,
    measure_reads,
    measure_retention,
    measure_writes,
)
from tests.bench.nation.rows import ROWS
from tests.bench.nation.size import MUNICIPALITIES, Year, towns
from tests.databases import Databases
from tests.references import is_reference

pytestmark = pytest.mark.postgres

YEAR = Year(share=0.0003, until=date(2026, 11, 29))
_RULES = """
SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS rule FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND convalidated
UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = 'public'::regnamespace AND indisvalid ORDER BY 1"""
#: what may not be: each finds the rows that are wrong
WRONG = {
    "facts count from 1 to the number that the call knows": """
SELECT call.id FROM call LEFT JOIN call_fact fact ON fact.call_id = call.id GROUP BY call.id
HAVING count(fact.seq) <> call.last_seq OR min(fact.seq) <> 1 OR max(fact.seq) <> call.last_seq""",
    "facts of a callback count from 1": """
SELECT r.id FROM callback_request r LEFT JOIN callback_fact fact ON fact.request_id = r.id GROUP BY r.id
HAVING count(fact.seq) <> r.last_seq OR min(fact.seq) <> 1 OR max(fact.seq) <> r.last_seq""",
    "facts are in order of time": """
SELECT call_id FROM (SELECT call_id, at, lag(at) OVER (PARTITION BY call_id ORDER BY seq) AS before FROM call_fact) f
WHERE at < before""",
    "stretches touch": """
SELECT session_id FROM (SELECT session_id, from_at, lag(until_at) OVER (PARTITION BY session_id ORDER BY from_at)
  AS before FROM operator_state) f WHERE from_at <> before""",
    "stretches last from login to logout": """
SELECT id FROM operator_session s LEFT JOIN operator_state state ON state.session_id = s.id
GROUP BY s.id HAVING sum(until_at - from_at) IS DISTINCT FROM logged_out_at - logged_in_at
  OR min(from_at) <> logged_in_at""",
    "a person logs in once a day": """
SELECT operator FROM operator_session GROUP BY operator, logged_in_at::date HAVING count(*) > 1""",
    "an answered call has its operator's leg and talk": """
SELECT call.id FROM call WHERE answered_at IS NOT NULL AND NOT EXISTS (
  SELECT FROM call_leg leg JOIN operator_state state ON state.call_id = call.id AND state.operator = leg.party
    AND state.state = 'talking' AND state.from_at = leg.joined_at
  WHERE leg.call_id = call.id AND leg.role = 'operator')""",
    "a queue has its visit": """
SELECT call.id FROM call WHERE (queued_at IS NOT NULL) <> EXISTS (
  SELECT FROM queue_visit v WHERE v.call_id = call.id AND v.entered_at = call.queued_at)""",
    "at most two transfers": "SELECT call_id FROM transfer GROUP BY call_id HAVING count(*) FILTER (WHERE counted) > 2",
    "parties, operators and municipalities are of the area": """
SELECT id FROM call WHERE municipality IS NOT NULL AND municipality NOT IN (SELECT code FROM municipality)
UNION ALL SELECT id FROM operator_session WHERE operator NOT IN (SELECT number FROM operator)""",
    "a leg lasts no longer than its call": """
SELECT leg.id FROM call_leg leg JOIN call ON call.id = call_id
WHERE started_at < arrived_at OR leg.ended_at > call.ended_at OR started_at > leg.ended_at OR joined_at > left_at
  OR left_at > leg.ended_at OR leg.answered_at < started_at""",
    "ids sort by time": """
SELECT id FROM (SELECT id, arrived_at, max(arrived_at) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS latest
  FROM call) f
WHERE latest - arrived_at > interval '10 milliseconds'""",
    "calls of the open day come while it is open": """
SELECT id FROM call WHERE answered_at IS NOT NULL
  AND (arrived_at AT TIME ZONE 'Europe/Amsterdam')::time NOT BETWEEN '08:00' AND '17:00'""",
}


@dataclass(frozen=True, slots=True)
class FilledOnce:
    """A database with the year in it, and what was found while it was filled."""

    name: str
    filled: list[Filled]
    said: list[str]
    rules: tuple[list[str], list[str]]  # before and after


@pytest.fixture(scope="module")
def filled_once(postgres_server: LocalPostgres, migrated_template: str) -> Iterator[FilledOnce]:
    """Filled for all tests of the module; each gets a copy."""
    postgres_server.start()
    name = f"nation_{uuid4().hex}"
    postgres_server.sql(f'CREATE DATABASE "{name}" TEMPLATE "{migrated_template}"')
    url, said = postgres_server.url(name), list[str]()

    async def rules() -> list[str]:
        async with connection_to(url) as connection:
            return [row["rule"] for row in await connection.fetch(_RULES)]

    async def made() -> FilledOnce:
        before = await rules()
        filled = await fill(url, YEAR, said.append)
        return FilledOnce(name, filled, said, (before, await rules()))

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(asyncio.run, made()).result()
    postgres_server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def filled_url(databases: Databases, filled_once: FilledOnce) -> Iterator[str]:
    """The URL of a filled database that is this test's alone."""
    with databases.one(filled_once.name) as url:
        yield url


@pytest.fixture
async def connection(filled_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn(filled_url))
    yield connection
    await connection.close()


async def digests(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(dsn(url))
    try:
        return {
            table: await connection.fetchval(
                f"SELECT md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM {table} t"
            )
            for table in ROWS
        }
    finally:
        await connection.close()


async def test_given_a_filled_year_then_every_rule_is_as_it_was_and_no_row_is_wrong(
    filled_once: FilledOnce, connection: asyncpg.Connection[asyncpg.Record]
) -> None:
    before, after = filled_once.rules
    assert before
    assert after == before
    assert {one.table for one in filled_once.filled if one.rows} == set(ROWS)
    assert await connection.fetchval("SELECT count(*) FROM change") == 0
    assert any("vacuumed" in line for line in filled_once.said)
    wrong = {what: len(await connection.fetch(statement)) for what, statement in WRONG.items()}
    assert wrong == dict.fromkeys(WRONG, 0)
    assert await connection.fetchval("SELECT count(DISTINCT municipality) FROM call") > MUNICIPALITIES / 2
    assert all(
        is_reference(row["reference"]) for row in await connection.fetch("SELECT reference FROM callback_request")
    )
    (calls,) = (one.rows for one in filled_once.filled if one.table == "call")
    assert calls / YEAR.share == pytest.approx(18_000_000, rel=0.1)


async def test_given_a_filled_year_then_the_application_reads_it(filled_url: str) -> None:
    async with Database(filled_url) as database:
        pool = database.background
        assert len((await load_area(pool)).municipalities) == MUNICIPALITIES
        first = await pool.fetch("SELECT DISTINCT ON (end_reason) end_reason, id, last_seq FROM call")
        for row in first:
            story = await call_story(pool, None, CallId(row["id"]), with_personal_data=True)
            assert story is not None
            assert (story.call.end_reason, len(story.facts)) == (EndReason(row["end_reason"]), row["last_seq"])
            assert story.legs[0].call_id == row["id"]
        assert {EndReason(row["end_reason"]) for row in first} >= {
            EndReason.CALLER_HUNG_UP,
            EndReason.CALLBACK_PROMISED,
        }
        assert len(await list_calls(pool, None, limit=7)) == 7
        session = await pool.fetchrow(
            "SELECT operator, logged_in_at AS at FROM operator_session ORDER BY 2 DESC LIMIT 1"
        )
        assert session is not None
        day = bounds_of(session["at"].date())
        assert await operator_stretches(pool, None, session["operator"], *day, day[1])


async def test_given_the_same_seed_then_the_rows_are_the_same(
    databases: Databases, migrated_template: str, database_url: str, filled_url: str
) -> None:
    await fill(database_url, YEAR, lambda line: None)
    found = await digests(database_url)
    assert await digests(filled_url) == found
    with databases.one(migrated_template) as other:
        await fill(other, Year(YEAR.share, 2, YEAR.until), lambda line: None)
        different = await digests(other)
    assert all(different[table] != digest for table, digest in found.items())


async def test_given_a_filled_year_then_every_figure_is_measured(
    postgres_server: LocalPostgres, filled_url: str, database_url: str
) -> None:
    """The figures mean nothing: some calls, beside other tests."""
    every, findings = towns(YEAR.share), Findings()
    turns = Turns(rounds=2, seconds=0.3, warm_up_seconds=0.1, calm_seconds=0.2, retention_seconds=0.2)
    async with Database(database_url) as empty, Database(filled_url) as full:
        await measure_reads(findings, empty.background, full.background, every)
        said: list[str] = []
        assert postgres_server.pid is not None
        await measure_writes(findings, empty, full, every[:3], turns, said.append, postgres_server.pid)
        assert len(findings.cpu) == turns.rounds
        assert len(said) == turns.rounds
        await measure_retention(findings, empty, datetime.now(UTC), every[:3], turns, said.append)
        assert len(findings.calm) == len(findings.disturbed) == len(said) - turns.rounds
        answered = "SELECT count(*) FROM call WHERE asterisk_id = 'bench' AND answered_at IS NOT NULL AND last_seq = 6"
        for database in (empty, full):
            calls = await database.pool.fetchval("SELECT count(*) FROM call WHERE asterisk_id = 'bench'")
            assert 0 < calls == await database.pool.fetchval(answered)
            assert not await database.pool.fetchval("SELECT count(*) FROM queue_visit WHERE outcome IS NULL")
    for rounds in (findings.empty, findings.full):
        assert [min(one) > 0 for one in rounds] == [True] * turns.rounds
    assert all(min(*found) > 0 for both in findings.reads.values() for found in both)
    assert len(findings.reads[PERSON][1]) > 1
    spent = commands(filled_url, findings.call_id, times=1)
    assert [one.wall_seconds > 0 for found in spent.values() for one in found] == [True] * 3
    assert len(findings.verdicts()) == 1 + 8 + 2
    assert findings.as_text().count("\n") > len(findings.verdicts())
