"""A pool that lends its connections without ceremony.

asyncpg's own `release` runs in a task of its own and resets the session: on the path of a call that is more work than
the statement itself, seven times per call. Here a connection that comes back whole stays lent, and waits for the next
loan. At most half of the connections do; and whoever waits for one, by a loan or in the ordinary way, has the first
that comes back. So nobody waits while a connection is there.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import asyncpg

_Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_QUERIES = 50_000  # asyncpg's own: a connection that is not lent but acquired is made anew after so many


class LendingPool(asyncpg.Pool):
    """asyncpg's pool, with loans beside it. No user may change a session: nothing resets it."""

    def __init__(self, dsn: str, *, min_size: int, max_size: int, **options: Any) -> None:
        super().__init__(
            dsn,
            min_size=min_size,
            max_size=max_size,
            max_queries=_QUERIES,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            **options,
        )
        self._most_spare = max_size // 2
        self._spare: list[_Connection] = []
        self._waiting = 0  # for a connection, by a loan or not

    async def lend(self) -> _Connection:
        """A connection, for `take_back` or `release`. Waits while all are lent."""
        while self._spare:
            connection = self._spare.pop()
            if _is_open(connection):
                return connection
            await self.release(connection)
        return await self.acquire()

    async def _acquire(self, timeout: float | None) -> _Connection:
        """Every way to a connection of asyncpg's pool leads through this one."""
        self._waiting += 1
        try:
            if self._spare and self.get_size() == self.get_max_size() and not self.get_idle_size():
                await self.release(self._spare.pop())
            acquired: _Connection = await super()._acquire(timeout)  # type: ignore[misc]  # of no stub
            return acquired
        finally:
            self._waiting -= 1

    async def take_back(self, connection: _Connection) -> None:
        """Of a loan that went well; one that did not is terminated and released."""
        if self._waiting or len(self._spare) >= self._most_spare or self.is_closing() or not _is_open(connection):
            await self.release(connection)
        else:
            self._spare.append(connection)

    async def expire_connections(self) -> None:
        await super().expire_connections()
        await self._release_spare()

    async def close(self) -> None:
        self._most_spare = 0
        await self._release_spare()
        await super().close()

    async def _release_spare(self) -> None:
        spare, self._spare = self._spare, []
        for connection in spare:
            await self.release(connection)


def _is_open(connection: _Connection) -> bool:
    """One that the server closed has gone back to its pool by itself."""
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        return False
