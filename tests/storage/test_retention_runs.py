"""The nights of retention: in batches beside the calls, again after a kill, proved, and by those only who may."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from ari_app.core.call import Fact, FactKind
from ari_app.core.ids import MunicipalityCode
from ari_app.core.retention import DataKind
from ari_app.jobs import retention
from ari_app.jobs.retention import RetentionJob, erase_past, past_now
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Connection, Database, Pool, connect
from ari_app.storage.db.nightly import is_done
from ari_app.storage.db.roles import WEB
from ari_app.storage.retention import batches
from ari_app.storage.retention.batches import Batch, erase_batch, erase_in, looked_through
from tests.roles import as_role
from tests.storage.retention_values import (
    AREA,
    NOW,
    NUMBER,
    SECOND,
    facts_kept,
    first_kept,
    kept,
    run,
    stored_call,
    stored_deed,
    stored_reminder,
    stored_request,
)
from tests.storage.values import ELDERLO, WIERDAM

pytestmark = pytest.mark.postgres


async def test_proof_says_of_whom_how_many_until_when(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    for minutes in range(5):
        await stored_call(ledger, first_kept(DataKind.FACTS) - timedelta(minutes=minutes + 1))
    await stored_call(ledger, first_kept(DataKind.FACTS) - SECOND, ELDERLO)
    assert sum(one.rows for one in await past_now(database.background, AREA, NOW)) == 10
    erased = await run(database, batch_rows=2)
    assert {(one.kind, one.municipality, one.rows) for one in erased} == {
        (DataKind.NUMBERS, WIERDAM, 5),
        (DataKind.FACTS, WIERDAM, 5),
    }
    rows = await owner.pool.fetch("SELECT kind, municipality, rows_count, until_at, erased_at FROM erasure ORDER BY id")
    until = {kind.value: first_kept(kind) for kind in DataKind}
    assert [tuple(row) for row in rows] == [
        (kind, WIERDAM, count, until[kind], NOW) for kind in ("numbers", "facts") for count in (2, 2, 1)
    ]
    assert await run(database) == [], "idempotent"
    assert await past_now(database.background, AREA, NOW) == []
    assert len(await owner.pool.fetch("SELECT FROM erasure")) == 6


async def test_killed_between_two_batches_it_goes_on_the_next_time(
    database: Database, owner: Database, ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in range(6):
        await stored_call(ledger, first_kept(DataKind.FACTS) - timedelta(minutes=minutes + 1))
    committed = 0

    async def dies_after_two(*arguments: object) -> Batch:
        nonlocal committed
        if committed == 2:
            raise asyncio.CancelledError
        committed += 1
        return await erase_batch(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "erase_batch", dies_after_two)
    monkeypatch.setattr(retention, "recorded_towns", _only_ours)
    nobody = replace(AREA, municipalities={WIERDAM: AREA.municipalities[WIERDAM]})
    with pytest.raises(asyncio.CancelledError):
        await erase_past(database.background, nobody, NOW, batch_rows=2, pause_share=0)
    # The first batch was of the calls of no municipality; the second erased two.
    assert len(await kept(owner, "call", "pii_caller_number")) == 4
    assert await owner.pool.fetchval("SELECT sum(rows_count) FROM erasure") == 2
    monkeypatch.undo()
    await run(database, batch_rows=2)
    assert await kept(owner, "call", "pii_caller_number") == set()
    numbers = "SELECT sum(rows_count) FROM erasure WHERE kind = 'numbers'"
    assert await owner.pool.fetchval(numbers) == 6, "each row is proved once"


async def _only_ours(pool: object) -> list[MunicipalityCode]:
    return [WIERDAM]


async def test_a_call_waits_for_no_lock_of_a_batch(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    """While a batch of every kind is not committed: only locks that row changes take, and calls are written."""
    long_ago = NOW - timedelta(days=300)
    call = await stored_call(ledger, long_ago)
    await stored_request(owner, long_ago)
    await stored_reminder(owner, long_ago, WIERDAM)
    await stored_deed(owner, long_ago, WIERDAM)
    async with database.background.acquire() as connection:
        block = connection.transaction()
        await block.start()
        for kind in DataKind:
            batch = await erase_in(connection, kind, WIERDAM, long_ago, NOW, NOW, 500)
            assert batch.rows == 1, kind
        modes = await connection.fetch(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'tuple')"
        )
        assert {row["mode"] for row in modes} == {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}
        going_on = await stored_call(ledger, NOW, is_open=True)
        await ledger.store(replace(going_on, menu_tries=1), [Fact(NOW, FactKind.NOTED, {"note": "x"})])
        await block.rollback()
    assert await kept(owner, "call", "pii_caller_number") == {call.id, going_on.id}


async def test_a_row_that_is_held_is_skipped_and_found_the_next_night(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    held = await stored_call(ledger, first_kept(DataKind.NUMBERS) - SECOND)
    await stored_call(ledger, first_kept(DataKind.NUMBERS) - 2 * SECOND)
    async with owner.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM call WHERE id = $1 FOR UPDATE", held.id)
        await run(database)
        assert await kept(owner, "call", "pii_caller_number") == {held.id}
    await erase_past(database.background, AREA, NOW + timedelta(days=1), pause_share=0)
    assert await kept(owner, "call", "pii_caller_number") == set()


async def test_calls_are_erased_a_day_at_a_time_as_they_stand_in_their_table(
    database: Database, owner: Database, ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Municipality after municipality within each day, so that a page is not written for each of them anew."""
    edge, erased = first_kept(DataKind.NUMBERS), []
    for days in (3, 2, 1):
        for town in (WIERDAM, None):
            await stored_call(ledger, edge - timedelta(days=days) + timedelta(hours=1), town)

    async def noted(pool: Pool, kind: DataKind, town: object, since: datetime, until: datetime, *more: Any) -> Batch:
        batch = await erase_batch(pool, kind, town, since, until, *more)  # type: ignore[arg-type]
        if kind is DataKind.NUMBERS and batch.rows:
            erased.append((town, until - since))
        return batch

    monkeypatch.setattr(retention, "erase_batch", noted)
    await run(database)
    assert [town for town, _ in erased] == [None, WIERDAM] * 3
    assert all(period <= timedelta(days=1) for _, period in erased)
    assert await kept(owner, "call", "pii_caller_number") == set()


async def test_a_batch_does_not_wait_for_the_disk_and_its_mark_does(
    database: Database, owner: Database, ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash may undo a batch with its proof, and never leaves a mark without the batches before it."""
    await stored_call(ledger, first_kept(DataKind.NUMBERS) - SECOND)
    waits = set()

    async def noted(connection: Connection, *arguments: Any) -> Batch:
        waits.add(await connection.fetchval("SHOW synchronous_commit"))
        return await erase_in(connection, *arguments)

    monkeypatch.setattr(batches, "erase_in", noted)
    await database.background.execute("SET synchronous_commit = on")  # as it is outside tests
    await run(database)
    assert waits == {"off"}
    assert await kept(owner, "call", "pii_caller_number") == set()
    assert await database.background.fetchval("SHOW synchronous_commit") == "on"


async def test_an_erased_number_is_in_no_summary_any_more(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    """An index of summaries forgets nothing by itself: somebody who has the number could ask where it was."""
    await stored_call(ledger, first_kept(DataKind.NUMBERS) - timedelta(days=30))
    async with owner.pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SELECT brin_summarize_new_values('ix_call_numbers')")
        assert await _pages_of(connection) > 0
        await connection.execute("UPDATE call SET pii_caller_number = NULL")
        assert await _pages_of(connection) > 0, "a summary that is not made anew"
        await connection.execute("UPDATE call SET pii_caller_number = $1", NUMBER)
        await run(database)
        assert await _pages_of(connection) == 0
        await connection.execute("RESET enable_seqscan")


async def _pages_of(connection: Connection) -> int:
    """How many pages of calls the number may be in."""
    plan = await connection.fetch(
        f"EXPLAIN (ANALYZE, FORMAT TEXT) SELECT FROM call WHERE pii_caller_number = '{NUMBER}'"
    )
    (line,) = (row[0] for row in plan if "Bitmap Index Scan on ix_call_numbers" in row[0])
    return int(float(line.rpartition("rows=")[2].split()[0]))


async def test_a_later_run_looks_back_a_week_only(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    edge = first_kept(DataKind.NUMBERS)
    await looked_through(database.background, DataKind.NUMBERS, {WIERDAM: edge})
    seen = await stored_call(ledger, edge - timedelta(days=7) - SECOND)
    await stored_call(ledger, edge - timedelta(days=7))
    await run(database)
    assert await kept(owner, "call", "pii_caller_number") == {seen.id}


async def test_each_night_has_one_run_and_its_log_has_counts_only(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    three = datetime(NOW.year, NOW.month, NOW.day, 3, tzinfo=UTC)
    await stored_call(ledger, three - timedelta(days=300))
    job = RetentionJob(database, lambda: AREA, 0)
    await job.tick(three)
    assert await kept(owner, "call", "pii_caller_number") == set()
    assert await is_done(database.background, retention.JOB, three.date())
    late = await stored_call(ledger, three - timedelta(days=300))
    await job.tick(three + timedelta(hours=1))
    assert await kept(owner, "call", "pii_caller_number") == {late.id}


@pytest.mark.parametrize(
    "call",
    [
        "erase_from_call_facts('{}', '{}')",
        "erase_from_callback_facts('{}', '{}')",
        "erase_audit_rows('{}')",
        "renew_call_numbers(now(), now())",
    ],
)
async def test_web_erases_nothing(database_url: str, call: str) -> None:
    connection = await connect(as_role(database_url, WEB), "test")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"SELECT {call}")
    await connection.close()


async def test_serve_reaches_only_what_is_personal_and_over(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    """With the owner's functions: no fact of an open call or request, no young row of the audit log."""
    call, request = await stored_call(ledger, NOW, is_open=True), await stored_request(owner, None)
    deed = await stored_deed(owner, NOW - timedelta(days=181), WIERDAM)
    for function, arguments in (
        ("erase_from_call_facts", [[call.id, call.id], [1, 2]]),
        ("erase_from_callback_facts", [[request], [1]]),
        ("erase_audit_rows", [[deed]]),
    ):
        listed = ", ".join(f"${at}" for at in range(1, len(arguments) + 1))
        assert await database.background.fetchval(f"SELECT {function}({listed})", *arguments) == 0
    assert await kept(owner, "audit_log") == {deed}
    assert await facts_kept(owner, "call_fact", "call_id") == {call.id}
