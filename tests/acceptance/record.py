"""A test's own questions to the record, and waiting for an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import asyncpg

from ari_app.storage.db.engine import dsn
from ari_app.storage.db.notifications import CALL_CHANNEL, CALLBACK_CHANNEL, OPERATOR_CHANNEL
from tests.patience import PATIENCE_SECONDS

#: between two questions of one who waits, however often the record changes meanwhile
PAUSE_SECONDS = 0.05
_CHANNELS = (CALL_CHANNEL, OPERATOR_CHANNEL, CALLBACK_CHANNEL)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class _Kept:
    """Connections to one database that stay open between questions, and one that hears what is notified."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting: set[asyncio.Event] = set()
        self._url = url
        self._idle: list[Connection] = []
        self._listening: Connection | None = None
        self._begins = asyncio.Lock()

    async def take(self) -> Connection:
        while self._idle:
            if not (connection := self._idle.pop()).is_closed():
                return connection
        return await asyncpg.connect(dsn(self._url))

    def give_back(self, connection: Connection) -> None:
        self._idle.append(connection)

    async def listen(self) -> None:
        """From now on every change sets the events of those who wait."""
        async with self._begins:
            if self._listening is None or self._listening.is_closed():
                listening = await asyncpg.connect(dsn(self._url))
                listening.add_termination_listener(self._wake)
                for channel in _CHANNELS:
                    await listening.add_listener(channel, self._wake)
                self._listening = listening

    def _wake(self, *_: object) -> None:
        for changed in self.waiting:
            changed.set()

    async def close(self) -> None:
        for connection in (*self._idle, self._listening):
            if connection is not None and not connection.is_closed():
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the server may be gone
                    await connection.close()


_kept: dict[str, _Kept] = {}


@asynccontextmanager
async def kept(database_url: str) -> AsyncIterator[None]:
    """Meanwhile all questions to this record from this event loop go over connections that stay open."""
    _kept[database_url] = _Kept(database_url)
    try:
        yield
    finally:
        await _kept.pop(database_url).close()


@asynccontextmanager
async def _connections(database_url: str) -> AsyncIterator[_Kept]:
    here = _kept.get(database_url)
    if here is not None and here.loop is asyncio.get_running_loop():
        yield here
        return
    here = _Kept(database_url)
    try:
        yield here
    finally:
        await here.close()


@asynccontextmanager
async def _asking(here: _Kept) -> AsyncIterator[Connection]:
    connection = await here.take()
    try:
        yield connection
    except BaseException:
        await connection.close()  # a question may still be without an answer
        raise
    here.give_back(connection)


@asynccontextmanager
async def questions(database_url: str) -> AsyncIterator[Connection]:
    """A connection for a test's own questions to the record."""
    async with _connections(database_url) as here, _asking(here) as connection:
        yield connection


async def eventually(
    database_url: str, query: str, *arguments: object, equals: object = True, within_seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until a query answers so. Every change of the record is notified; each notice is a reason to ask again."""
    changed = asyncio.Event()
    answer: object = None
    loop = asyncio.get_running_loop()
    async with _connections(database_url) as here:
        here.waiting.add(changed)
        try:
            async with asyncio.timeout(within_seconds):
                await here.listen()
                async with _asking(here) as connection:
                    asked_at = loop.time()
                    while (answer := await connection.fetchval(query, *arguments)) != equals:
                        await changed.wait()
                        await asyncio.sleep(asked_at + PAUSE_SECONDS - loop.time())
                        asked_at = loop.time()
                        changed.clear()
        except TimeoutError:
            raise AssertionError(f"{query} answers {answer!r}, not {equals!r}") from None
        finally:
            here.waiting.discard(changed)
