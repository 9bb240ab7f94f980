"""The area and an index of its directory, read anew when they changed: one of each, however many screens there are.

It is the area of all. Whoever shows something of it asks for the municipalities of the reader first (`towns_of`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from ari_app.core.access import Action, Actor
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.directory import by_extension
from ari_app.core.directory_search import DirectoryIndex
from ari_app.core.ids import MunicipalityCode
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.skills import skills_of
from ari_app.storage.area.early_closings import with_early_closings
from ari_app.storage.area.reader import read_area_rows
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading

log = structlog.get_logger(__name__)

#: changes of an import come one by one; they are read together
GATHER_SECONDS = 0.5
RETRY_SECONDS = 2.0
#: so long a request waits for the first reading: a process has just begun
FIRST_SECONDS = 5.0


class WebArea:
    """`run` keeps it up; until its first reading the area is empty."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._changed = asyncio.Event()
        self._changed.set()
        self._readers: list[Callable[[], None]] = []
        self._was_read = asyncio.Event()
        self.current = Area()
        self.index = DirectoryIndex(())

    def mark(self) -> None:
        """Something in it may have changed."""
        self._changed.set()

    async def first_reading(self) -> None:
        """Returns once there is an area to go by. Raises StoreUnavailable when that takes too long."""
        try:
            async with asyncio.timeout(FIRST_SECONDS):
                await self._was_read.wait()
        except TimeoutError:
            raise StoreUnavailable("the area has not been read yet") from None

    def when_read(self, told: Callable[[], None]) -> None:
        """Called each time it was read anew."""
        self._readers.append(told)

    async def read_now(self) -> Area:
        """As it is this moment, for somebody who has just changed it. Raises StoreUnavailable."""
        with translated():
            async with reading(self._pool, None) as connection:
                return await with_early_closings(connection, await read_area_rows(connection))

    async def run(self) -> None:
        """Ends by cancellation only."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                area = await self.read_now()
            except StoreUnavailable:
                self._changed.set()
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if area.entries != self.current.entries:
                # Some tenths of a second for twenty thousand entries: pages are served meanwhile.
                self.index = await asyncio.to_thread(DirectoryIndex, area.entries.values())
            self.current = area
            self._was_read.set()
            for told in self._readers:
                told()
            await asyncio.sleep(GATHER_SECONDS)

    def towns_of(self, actor: Actor, action: Action) -> frozenset[MunicipalityCode]:
        """The municipalities whose entries somebody may use: those of their account, and of their skills as well when
        they take calls, since a transfer goes by these.
        """
        scope = actor.scope_of(action)
        own = frozenset(self.current.municipalities) if scope is None else scope
        if actor.operator is None:
            return own
        return own & skills_of(self.current, actor.operator).any

    def entry_with(self, actor: Actor, extension: str) -> DirectoryEntry | None:
        """The entry with this extension, if the reader may know it."""
        return by_extension(self.current, extension, self.towns_of(actor, Action.DIRECTORY))
