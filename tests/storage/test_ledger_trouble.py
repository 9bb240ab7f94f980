"""The ledger when Postgres or the wire is not as it should be."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from ari_app.core.call import Fact, FactKind
from ari_app.core.ledger import StoreUnavailable
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database, connect
from tests.patience import PATIENCE_SECONDS
from tests.storage.link import Link
from tests.storage.values import (
    DESK,
    NINE,
    NODE1,
    after,
    eventually,
    new_call,
    new_session,
)

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)
QUEUED = Fact(after(3), FactKind.QUEUED)


async def test_a_killed_connection_is_replaced_within_the_same_store(
    database: Database, ledger: PostgresLedger
) -> None:
    call = await ledger.store(new_call(), [ARRIVED])
    other = await connect(database.url, "test")
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()
    assert await ledger.store(call, [QUEUED]) == replace(call, last_seq=2)


async def test_a_connection_that_breaks_after_the_commit_is_no_stale_row(link: Link, database_url: str) -> None:
    """Given that the answer to a write is lost, when the write is tried again, then it is found to be there."""
    pool = await asyncpg.create_pool(link.url, min_size=1, max_size=1)
    ledger = PostgresLedger(pool)
    call = await ledger.store(await ledger.store(new_call(), [ARRIVED]), [QUEUED])  # the statement is prepared now
    locker = await connect(database_url, "test")  # the owner's: `serve` may not hold up others
    transaction = locker.transaction()
    await transaction.start()
    await locker.execute("LOCK TABLE call_fact IN SHARE MODE")  # the write arrives, and waits
    write = asyncio.create_task(ledger.store(call, [QUEUED]))
    await eventually(lambda: locker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    link.freeze()
    await transaction.rollback()  # now it commits, and its answer stays on the wire
    await eventually(lambda: locker.fetchval("SELECT last_seq = 3 FROM call"))
    link.break_once()
    link.mend()
    assert await write == replace(call, last_seq=3)
    assert await ledger.facts(call.id) == (ARRIVED, QUEUED, QUEUED)
    await locker.close()
    await ledger.close()
    pool.terminate()


async def test_a_silent_server_is_given_up_in_time(link: Link) -> None:
    database = Database(link.url)
    await database.open()
    ledger = PostgresLedger(database.pool, timeout_seconds=0.5)
    call = await ledger.store(new_call(), [ARRIVED])
    link.freeze()

    async def two_in_a_row() -> None:
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await ledger.store(call, [QUEUED])

    row = asyncio.create_task(two_in_a_row())
    outcomes = await asyncio.gather(*(ledger.store(call, [QUEUED]) for _ in range(20)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
    assert not row.done(), "all are given up at the same time, also those that wait for a connection"
    await row
    link.mend()
    assert (await ledger.store(call, [QUEUED])).last_seq == 2
    await ledger.close()
    await database.close()


async def test_an_absent_server_is_told_at_once(link: Link) -> None:
    database = Database(link.url)
    await database.open()
    ledger = PostgresLedger(database.pool, timeout_seconds=3600)  # nothing is told because the time is over
    call = await ledger.store(new_call(), [ARRIVED])
    link.cut()
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(StoreUnavailable):
            await ledger.store(call, [QUEUED])
        with pytest.raises(StoreUnavailable):
            await ledger.open_rows(NODE1)
        with pytest.raises(StoreUnavailable):
            await ledger.check_pin("101", "4711", DESK, NINE)
        with pytest.raises(StoreUnavailable):
            await database.ping()
    link.mend()
    await database.ping()
    assert (await ledger.store(call, [QUEUED])).last_seq == 2
    await ledger.close()
    await database.close()


async def test_postgres_killed_and_back(database_url: str, postgres_server: LocalPostgres) -> None:
    connection = await connect(database_url, "test")
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')  # the test server forgets
    await connection.close()
    database = Database(database_url)
    await database.open()
    ledger = PostgresLedger(database.pool)
    call = await ledger.store(new_call(), [ARRIVED])
    await asyncio.to_thread(postgres_server.kill)
    with pytest.raises(StoreUnavailable):
        await ledger.store(call, [QUEUED])
    await asyncio.to_thread(postgres_server.start)
    assert (await ledger.store(call, [QUEUED])).last_seq == 2
    await ledger.close()
    await database.close()


async def test_a_cancelled_store_leaves_a_working_ledger(database: Database) -> None:
    pool = await asyncpg.create_pool(database.url.replace("+asyncpg", ""), min_size=1, max_size=1)
    ledger = PostgresLedger(pool)
    call = await ledger.store(new_call(), [ARRIVED])
    locker = await connect(database.url, "test")
    transaction = locker.transaction()
    await transaction.start()
    await locker.execute("LOCK TABLE call IN EXCLUSIVE MODE")
    write = asyncio.create_task(ledger.store(call, [QUEUED]))
    await eventually(lambda: locker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write
    await transaction.rollback()
    await locker.close()
    await ledger.store_session(new_session())
    await ledger.close()
    await asyncio.wait_for(pool.close(), PATIENCE_SECONDS)
