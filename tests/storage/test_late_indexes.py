"""Indexes that are made beside the calls: nobody waits for them, half of one is made anew, and queries find them."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.call_changes import CallChanges, changed
from ari_app.core.numbers import E164
from ari_app.core.retention import DataKind
from ari_app.storage.calls import reads
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Connection, Database
from ari_app.storage.db.indexes import LATE_INDEXES
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.retention import batches, person
from tests.storage.values import ELDERLO, NINE, WIERDAM, eventually, new_call

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED, {"dialled": "140119"})
VALID = "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid = ANY ($1::text[]::regclass[])"
BUILDS = "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()"


async def valid(owner: Database) -> int:
    return int(await owner.pool.fetchval(VALID, list(LATE_INDEXES)))


async def test_given_an_index_that_is_missing_or_half_made_then_a_migrate_makes_it(owner: Database) -> None:
    assert await valid(owner) == len(LATE_INDEXES)
    missing, half, *_ = LATE_INDEXES
    await owner.pool.execute(f"DROP INDEX {missing}")
    await owner.pool.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::text::regclass", half)
    await asyncio.gather(upgrade_to_head(owner.url), upgrade_to_head(owner.url))
    await eventually(lambda: valid_again(owner))


async def valid_again(owner: Database) -> bool:
    """One of two programs leaves the indexes to the other."""
    return await valid(owner) == len(LATE_INDEXES)


async def test_given_an_index_that_is_being_made_then_calls_are_written(
    owner: Database, ledger: PostgresLedger
) -> None:
    call = await ledger.store(new_call(), [ARRIVED])
    name = "ix_call_fact_personal"
    await owner.pool.execute(f"DROP INDEX {name}")
    async with owner.pool.acquire() as writer:
        block = writer.transaction()  # the index waits for its end, and whoever waited for the index would too
        await block.start()
        await writer.execute("UPDATE call_fact SET at = at WHERE call_id = $1", call.id)
        migration = asyncio.create_task(upgrade_to_head(owner.url))
        await eventually(lambda: owner.background.fetchval(BUILDS))
        again = await ledger.store(new_call(), [ARRIVED])
        await ledger.store(again, [ARRIVED])
        assert not migration.done()
        await block.commit()
    await migration
    assert await valid(owner) == len(LATE_INDEXES)


async def test_given_no_personal_fact_then_the_retention_reads_no_call_to_look_for_one(
    owner: Database, ledger: PostgresLedger
) -> None:
    call = await ledger.store(changed(new_call(), municipality=WIERDAM), [ARRIVED])
    over: CallChanges = {"stage": Stage.ENDED, "ended_at": NINE, "end_reason": EndReason.CALLER_HUNG_UP}
    await ledger.store(changed(call, **over), [Fact(NINE, FactKind.ENDED)])
    parameters = (WIERDAM, datetime(1970, 1, 1, tzinfo=UTC), NINE + timedelta(days=1), 500)
    async with owner.pool.acquire() as connection:
        found = await plan(connection, batches._statement(DataKind.FACTS, WIERDAM), *parameters)
    calls = [line for line in found.splitlines() if " on call" in line and "any_fact" not in line]
    assert "One-Time Filter" in found
    assert calls
    assert all("never executed" in line for line in calls)


async def test_given_a_batch_of_numbers_then_not_every_transfer_is_read_for_it(owner: Database) -> None:
    parameters = (WIERDAM, datetime(1970, 1, 1, tzinfo=UTC), NINE, 500)
    async with owner.pool.acquire() as connection:
        found = await plan(connection, batches._statement(DataKind.NUMBERS, WIERDAM), *parameters)
    assert "SubPlan" in found
    assert "hashed SubPlan" not in found


async def plan(connection: Connection, statement: str, *parameters: object) -> str:
    return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN (ANALYZE) {statement}", *parameters))


async def test_given_facts_without_personal_data_then_no_search_for_it_reads_them(
    owner: Database, ledger: PostgresLedger
) -> None:
    """Of some 3,000 facts one is personal."""
    call = changed(new_call(), municipality=WIERDAM)
    call = await ledger.store(call, [ARRIVED, *[Fact(NINE, FactKind.QUEUED)] * 2, ARRIVED])
    for _ in range(3):
        call = await ledger.store(call, [Fact(NINE, FactKind.QUEUED)] * 7)
    said = Fact(NINE, FactKind.NOTED, {"pii_says": "bel 06 12345678"})
    over: CallChanges = {"stage": Stage.ENDED, "ended_at": NINE, "end_reason": EndReason.CALLER_HUNG_UP}
    call = await ledger.store(changed(call, **over), [said])
    await owner.pool.execute(
        "INSERT INTO call_fact SELECT call_id, seq + 100 * n, at, kind, '{}' FROM call_fact, generate_series(1, 120) n"
        " WHERE call_id = $1",
        call.id,
    )
    await owner.pool.execute("VACUUM (ANALYZE) call_fact")
    until = NINE + timedelta(days=1)
    async with owner.pool.acquire() as connection:
        facts = person._WRITTEN["call_fact"]
        asked = await plan(connection, f"{person._ASKED} {facts}", *person._parameters(E164("+31612345678"), None))
        statement = batches._statement(DataKind.FACTS, WIERDAM)
        async with connection.transaction():
            erased = await plan(connection, statement, WIERDAM, datetime(1970, 1, 1, tzinfo=UTC), until, 500)
    for found in (asked, erased):
        assert "ix_call_fact_personal" in found
        assert "Seq Scan on call_fact" not in found


async def test_given_a_number_then_a_search_for_it_reads_no_row_of_others(
    owner: Database, ledger: PostgresLedger
) -> None:
    """Of 2,000 calls with a number each, and transfers whose texts hold no digit."""
    call = await ledger.store(changed(new_call(), municipality=WIERDAM), [ARRIVED])
    columns = "asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, municipality, last_seq"
    await owner.background.execute(
        f"INSERT INTO call (id, pii_caller_number, {columns}) SELECT gen_random_uuid(), '+316' || 12312000 + n,"
        f" {columns} FROM call, generate_series(1, 2000) AS n WHERE id = $1",
        call.id,
    )
    await owner.background.execute(
        """INSERT INTO transfer (id, call_id, number, kind, state, requested_at, from_party, from_leg, to_party,
          ended_at, outcome, count_reason, pii_subject)
        SELECT gen_random_uuid(), id, 1, 'cold', 'ended', $1, '101', id, '200', $1, 'no_answer', 'not_handed_over',
          'paspoort' FROM call""",
        NINE,
    )
    await owner.background.execute("VACUUM (ANALYZE) call, transfer")
    async with owner.background.acquire() as connection, connection.transaction():
        await connection.execute(person._BY_INDEX)
        found = {}
        for table in ("call", "transfer"):
            asked = f"{person._ASKED} {person._WRITTEN[table]}"
            found[table] = await plan(connection, asked, *person._parameters(E164("+31612312345"), None))
    assert "Bitmap Index Scan on ix_call_numbers" in found["call"]
    assert "ix_transfer_personal" in found["transfer"]
    assert "Seq Scan" not in "".join(found.values())
    kept = await person.list_person(owner.background, None, E164("+31612312345"), "anna", NINE)
    assert [one.pii_contents for one in kept if one.table == "call"] == [{"pii_caller_number": "+31612312345"}]


async def test_given_a_large_municipality_at_a_quiet_hour_then_its_list_reads_no_call_of_others(
    owner: Database, ledger: PostgresLedger
) -> None:
    """Nine calls in ten were of Wierdam, and the newest 500 are not: going back through them would be a bad guess."""
    call = await ledger.store(changed(new_call(), municipality=WIERDAM), [ARRIVED])
    columns = "asterisk_id, channel_id, dialled, stage, stage_entered_at, last_seq"
    others = [(f"GM{1000 + n}", -9000, 1) for n in range(60)]
    for code, seconds, count in (*others, (WIERDAM, -7200, 4500), (ELDERLO, 0, 500)):
        await owner.pool.execute(
            f"INSERT INTO call (id, arrived_at, municipality, {columns}) SELECT gen_random_uuid(),"
            f" arrived_at + ($2 + n) * interval '1 second', $3, {columns} FROM call, generate_series(1, $4::int) AS n"
            " WHERE id = $1",
            call.id,
            seconds,
            code,
            count,
        )
    await owner.pool.execute("VACUUM (ANALYZE) call")
    async with owner.pool.acquire() as connection:
        found = await plan(connection, reads._CALLS_OF_TOWNS, None, 100, [WIERDAM])
    assert "ix_call_municipality_arrived_at" in found
    of_calls = [node for node in found.split("->") if re.search(r"Scan.* on call(_\d+)?\b", node)]
    assert of_calls
    assert not [node for node in of_calls if "Rows Removed by Filter" in node]
    lines = await reads.list_calls(owner.background, None, municipality=WIERDAM)
    assert [line.municipality for line in lines] == [WIERDAM] * 100
    assert lines[0].id == call.id
    assert await reads.list_calls(owner.background, frozenset({ELDERLO}), municipality=WIERDAM) == []
