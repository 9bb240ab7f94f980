"""Databases that are made for a test and dropped after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import asyncpg

from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.engine import dsn


class Databases:
    """Makes and drops databases on a connection that stays: to start psql costs more than either."""

    def __init__(self, server: LocalPostgres) -> None:
        self._server = server
        self._thread = ThreadPoolExecutor(1)  # with a loop of its own: a test may be inside its own
        self._loop = asyncio.Runner()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    @contextmanager
    def one(self, template: str = "template1") -> Iterator[str]:
        """The URL of a copy of this database, as its owner. Starts the server where a test before has killed it."""
        name = f"test_{uuid4().hex}"
        self._do(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        yield self._server.url(name)
        self._do(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _do(self, statement: str) -> None:
        self._server.start()
        self._thread.submit(self._run, statement).result()

    def _run(self, statement: str) -> None:
        self._loop.run(self._execute(statement))

    async def _execute(self, statement: str) -> None:
        if self._connection is not None:
            try:
                await self._connection.execute("SELECT 1")
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError):  # of a server that was killed since
                self._connection.terminate()
                self._connection = None
        if self._connection is None:
            self._connection = await asyncpg.connect(dsn(self._server.url("postgres")))
        await self._connection.execute(statement)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._loop.close()
