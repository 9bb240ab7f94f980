"""Borrowing a connection of the pool so that a write without an answer stays unsure, and is never half done.

asyncpg ends a wait politely: it asks the server to cancel. A commit that waits for a standby is then committed here,
seen by the next reader, and nowhere else; after a failover it is gone. So a connection whose answer is not awaited any
more is dropped. The server goes on waiting and shows the row to nobody until the standby has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

import asyncpg

from ari_app.storage.db.engine import Connection
from ari_app.storage.db.lending import LendingPool


class borrowed:
    """A connection for the block; dropped when the block stops waiting for the server, else given back."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        pool = self._pool
        self._connection = await (pool.lend() if isinstance(pool, LendingPool) else pool.acquire())
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool, connection = self._pool, self._connection
        # The last one: a farewell of the server between two statements confuses asyncpg 0.32, "cannot switch to state
        # 12; another operation (2)".
        if isinstance(error, asyncio.CancelledError | TimeoutError | asyncpg.InternalClientError):
            connection.terminate()
            await pool.release(connection)
        elif isinstance(pool, LendingPool):
            await pool.take_back(connection)
        else:
            await pool.release(connection)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool[asyncpg.Record]) -> AsyncIterator[Connection]:
    """All of the block is committed, or nothing. An error that leaves the block rolls it back.

    After TimeoutError or CancelledError it is unsure whether the block is committed: repeat it. A repeated block must
    lock, or write, each row that it finds done: only then does its own commit wait for the standby.
    """
    async with borrowed(pool) as connection:
        block = connection.transaction()
        await block.start()
        try:
            yield connection
        except asyncio.CancelledError:
            raise  # a rollback would wait for a server that does not answer
        except BaseException:
            await block.rollback()
            raise
        await block.commit()
