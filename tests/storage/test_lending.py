"""Loans of connections: what comes back whole is lent again, and nobody waits for a connection that is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from ari_app.storage.db.connections import borrowed
from ari_app.storage.db.engine import Database, create_pool
from ari_app.storage.db.lending import LendingPool

pytestmark = pytest.mark.postgres

PATIENCE_SECONDS = 20.0
MY_BACKEND = "SELECT pg_backend_pid()"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[LendingPool]:
    made = await create_pool(database_url, max_size=2)
    assert isinstance(made, LendingPool)
    yield made
    async with asyncio.timeout(PATIENCE_SECONDS):
        await made.close()


async def backend(pool: LendingPool) -> int:
    async with borrowed(pool) as connection:
        return int(await connection.fetchval(MY_BACKEND))


async def test_a_connection_that_came_back_is_lent_again(pool: LendingPool) -> None:
    first = await pool.lend()
    await pool.take_back(first)
    assert await pool.lend() is first
    await pool.release(first)


async def test_a_loan_waits_while_all_are_lent_and_gets_the_first_that_comes_back(pool: LendingPool) -> None:
    loans = [await pool.lend(), await pool.lend()]
    waiting = asyncio.create_task(backend(pool))
    await asyncio.sleep(0)
    assert not waiting.done()
    back = int(await loans[0].fetchval(MY_BACKEND))
    await pool.take_back(loans[0])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await waiting == back
    await pool.take_back(loans[1])


async def test_whoever_borrows_nothing_finds_a_connection_however_many_came_back(pool: LendingPool) -> None:
    for loan in [await pool.lend(), await pool.lend()]:
        await pool.take_back(loan)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await pool.fetchval("SELECT 1") == 1


async def test_whoever_borrows_nothing_has_the_first_connection_that_comes_back(pool: LendingPool) -> None:
    """Also when others borrow all the time: a spare one would go to the next of them."""
    loans = [await pool.lend(), await pool.lend()]
    waiting = asyncio.create_task(pool.fetchval("SELECT 1"))
    await asyncio.sleep(0)
    assert not waiting.done()
    await pool.take_back(loans[0])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await waiting == 1
    await pool.take_back(loans[1])


async def test_whoever_borrows_nothing_has_a_connection_that_waits_for_a_loan_when_there_is_no_other(
    pool: LendingPool,
) -> None:
    loans = [await pool.lend(), await pool.lend()]
    await pool.take_back(loans[0])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await pool.fetchval("SELECT 1") == 1
    await pool.take_back(loans[1])


async def test_a_connection_that_the_server_closed_is_not_lent(pool: LendingPool, owner: Database) -> None:
    async with borrowed(pool) as connection:
        closed = int(await connection.fetchval(MY_BACKEND))
    is_closed = asyncio.Event()

    def note_end(_: object) -> None:
        is_closed.set()

    connection.add_termination_listener(note_end)
    assert await owner.pool.fetchval("SELECT pg_terminate_backend($1)", closed)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await is_closed.wait()
        assert await backend(pool) != closed
        assert {await backend(pool) for _ in range(3)} != {closed}


async def test_a_loan_whose_answer_is_not_awaited_is_dropped_and_its_place_is_free(pool: LendingPool) -> None:
    dropped = await backend(pool)
    for _ in range(3):  # more often than there are connections
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), borrowed(pool) as connection:
                await connection.execute("SELECT pg_sleep(60)")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await backend(pool) != dropped


async def test_a_loan_that_ends_in_an_error_of_the_statement_is_lent_again(pool: LendingPool) -> None:
    before = await backend(pool)
    with pytest.raises(asyncpg.UndefinedTableError):
        async with borrowed(pool) as connection:
            await connection.execute("SELECT * FROM nothing_of_that_name")
    assert await backend(pool) == before
