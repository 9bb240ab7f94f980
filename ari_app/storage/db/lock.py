"""One controller at a time: an advisory lock that lasts exactly as long as its owner's connection."""

from __future__ import annotations

import asyncio
from time import monotonic
from types import TracebackType
from typing import Self

import asyncpg

from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.db.engine import connect
from ari_app.storage.db.errors import StorageError, translated
from ari_app.storage.db.holder import Holder

#: A standby asks again and again. To wait for the lock inside Postgres would be hardly quicker, and would keep a
#: snapshot open for days, in which time no dead row could be vacuumed.
POLL_SECONDS = 0.25
#: how often a standby looks whether the holder is frozen
LOOK_SECONDS = 0.5
#: The owner of a silent connection knows after PING + ANSWER seconds; the server gives the lock away after some five
#: (keepalives in `db.engine`). So the old owner has stopped before a new one begins.
PING_SECONDS = 0.5
ANSWER_SECONDS = 1.5
#: More than PING + ANSWER, so that a process that runs is always sure. Less than a standby waits after the last second
#: in which a frozen one was seen, so that the frozen one is not sure when it runs again.
UNSURE_SECONDS = 2.75

_TRY = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))"


class LockTaken(StorageError):
    """Another process has the lock now."""


class ControllerLock:
    """Held from `acquire` until `release`, or until `lost` is set. `node`: of the row that its holder writes."""

    def __init__(self, url: str, key: str, node: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.lost = asyncio.Event()
        self._url = url
        self._key = key
        self._holder = Holder(key, node)
        self._answer_seconds = answer_seconds
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._backend: int | None = None  # of our newest connection
        self._watch: asyncio.Task[None] | None = None
        self._held = asyncio.Event()
        self._sure_at = -float("inf")  # time.monotonic
        self._answered = asyncio.Event()

    @property
    def is_held(self) -> bool:
        return self._held.is_set()

    async def wait_until_held(self) -> None:
        """Return at once when it is held, or after an `acquire` that another task waits for."""
        await self._held.wait()

    async def wait_until_sure(self) -> None:
        """Return at once, but in a process that was frozen: then when it has the lock, or Postgres is away.

        Whoever acts as the controller waits for this first: a frozen process runs again with orders and rows in its
        hands that were right when it froze. It never returns when another process has the lock; `regain` raises then.
        """
        while monotonic() - self._sure_at > UNSURE_SECONDS:
            await self._answered.wait()

    async def acquire(self) -> None:
        """Return when the lock is ours, however long that takes, absences of Postgres included.

        A holder that is frozen is ended (`core.frozen`). For a standby; after `lost` use `regain`.
        """
        await self.release()
        self._holder.forget()
        look_due = 0.0
        try:
            while not await self._try():
                if monotonic() >= look_due:
                    look_due = monotonic() + LOOK_SECONDS
                    if await self._take_if_frozen():
                        break
                await asyncio.sleep(POLL_SECONDS)
        except asyncio.CancelledError:
            self._disconnect()  # a lock that was granted just now must not stay without an owner
            raise
        self._begin()

    async def regain(self) -> None:
        """Take the lock again after `lost`, absences of Postgres included. Raises LockTaken."""
        before = self._backend
        await self.release()
        try:
            while not await self._try():
                await self._require_nobody_else(before)
                await asyncio.sleep(POLL_SECONDS)
        except BaseException:
            self._disconnect()
            raise
        self._begin()

    async def release(self) -> None:
        """Let another process have it; does nothing when it is not held."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        self._held.clear()
        self._disconnect()

    def _begin(self) -> None:
        self.lost.clear()
        self._held.set()
        self._is_sure(monotonic())
        self._watch = asyncio.create_task(self._keep_watch(), name=f"lock {self._key}")

    def _is_sure(self, at: float) -> None:
        self._sure_at = at
        self._answered.set()  # wakes everybody who waits
        self._answered.clear()

    async def _try(self) -> bool:
        """False: another connection has it, or Postgres is away and there is no connection."""
        try:
            async with asyncio.timeout(self._answer_seconds):
                if self._connection is None:
                    self._connection = await connect(self._url, "ari_app controller")
                    self._backend = self._connection.get_server_pid()
                with translated():
                    return bool(await self._connection.fetchval(_TRY, self._key))
        except (StoreUnavailable, TimeoutError):
            self._disconnect()
            return False

    async def _take_if_frozen(self) -> bool:
        try:
            if self._connection is not None:
                return await self._holder.take_if_frozen(self._connection, self._answer_seconds)
        except StoreUnavailable:
            self._disconnect()
        self._holder.forget()
        return False

    async def _require_nobody_else(self, before: int | None) -> None:
        """Raises LockTaken. Our own connection of before may have it for a moment longer: it broke, or is ended."""
        sighting = None
        try:
            if self._connection is not None:
                sighting = await self._holder.look(self._connection, self._answer_seconds)
        except StoreUnavailable:
            self._disconnect()
        if self._connection is None:
            self._is_sure(monotonic())  # Postgres is away: nobody has the lock, and talks go on with us
        elif sighting is not None and sighting.backend != before:
            raise LockTaken("another process has the lock of the controller")
        elif sighting is not None and (sighting.unseen_seconds or 0.0) < UNSURE_SECONDS:
            self._is_sure(monotonic())  # no standby ends a connection of a holder that was seen so late

    async def _keep_watch(self) -> None:
        connection = self._connection
        if connection is None:
            raise RuntimeError("a lock without a connection")
        connection.add_termination_listener(lambda _: self._lose())
        began_at = monotonic()
        try:
            while not connection.is_closed():
                began_at = monotonic()
                await asyncio.sleep(PING_SECONDS)
                asked_at = monotonic()
                with translated():
                    await connection.fetchval("SELECT 1", timeout=self._answer_seconds)
                self._is_sure(asked_at)
        except StoreUnavailable:
            if monotonic() - began_at < UNSURE_SECONDS:
                self._is_sure(monotonic())  # this process ran all the time: it is Postgres that is silent
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
