"""One controller at a time: an advisory lock that lasts exactly as long as its owner's connection."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import asyncpg

from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.db.engine import connect
from ari_app.storage.db.errors import translated

#: A standby asks again and again. To wait for the lock inside Postgres would be hardly quicker, and would keep a
#: snapshot open for days, in which time no dead row could be vacuumed.
POLL_SECONDS = 0.25
#: The owner of a silent connection knows after PING + ANSWER seconds; the server gives the lock away after some five
#: (keepalives in `db.engine`). So the old owner has stopped before a new one begins.
PING_SECONDS = 0.5
ANSWER_SECONDS = 2.0

_TRY = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"


class ControllerLock:
    """Held from `acquire` until `release`, or until `lost` is set: then stop acting at once."""

    def __init__(self, url: str, key: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.lost = asyncio.Event()
        self._url = url
        self._key = key
        self._answer_seconds = answer_seconds
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._held = asyncio.Event()

    @property
    def is_held(self) -> bool:
        return self._held.is_set()

    async def wait_until_held(self) -> None:
        """Return at once when it is held, or after an `acquire` that another task waits for."""
        await self._held.wait()

    async def acquire(self) -> None:
        """Return when the lock is ours, however long that takes, absences of Postgres included.

        After `lost` it may be acquired again.
        """
        await self.release()
        try:
            while True:
                if await self._try():
                    break
                await asyncio.sleep(POLL_SECONDS)
        except asyncio.CancelledError:
            self._disconnect()  # a lock that was granted just now must not stay without an owner
            raise
        self.lost.clear()
        self._held.set()
        self._watch = asyncio.create_task(self._keep_watch(), name=f"lock {self._key}")

    async def release(self) -> None:
        """Let another process have it; does nothing when it is not held."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        self._held.clear()
        self._disconnect()

    async def _try(self) -> bool:
        try:
            if self._connection is None:
                self._connection = await connect(self._url, "ari_app controller")
            with translated():
                return bool(await self._connection.fetchval(_TRY, self._key, timeout=self._answer_seconds))
        except StoreUnavailable:
            self._disconnect()
            return False

    async def _keep_watch(self) -> None:
        connection = self._connection
        if connection is None:
            raise RuntimeError("a lock without a connection")
        connection.add_termination_listener(lambda _: self._lose())
        try:
            while not connection.is_closed():
                await asyncio.sleep(PING_SECONDS)
                with translated():
                    await connection.fetchval("SELECT 1", timeout=self._answer_seconds)
        except StoreUnavailable:
            pass
        finally:
            self._lose()
            self._disconnect()

    def _lose(self) -> None:
        self._held.clear()
        self.lost.set()

    def _disconnect(self) -> None:
        """Close the socket, which frees the lock: a polite close waits for a server that may be frozen."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.release()
