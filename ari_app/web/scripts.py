"""The words that a search of scripts is expanded with: one of each for a process, read anew when a script changed."""

from __future__ import annotations

import asyncio

from ari_app.core.ledger import StoreUnavailable
from ari_app.core.scripts import Vocabulary
from ari_app.storage.db.engine import Pool
from ari_app.storage.scripts.search import Stamp, read_vocabulary, vocabulary_stamp


class WebScripts:
    """Nobody waits for a reading but the first who searches: until it is done a search goes by the words of before."""

    def __init__(self) -> None:
        self._stamp: Stamp | None = None
        self._words: Vocabulary | None = None
        self._reading: asyncio.Task[None] | None = None

    async def vocabulary(self, pool: Pool) -> Vocabulary:
        """Raises StoreUnavailable."""
        stamp = await vocabulary_stamp(pool)
        if self._words is None:
            await self._read(pool, stamp)
        elif stamp != self._stamp and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read_later(pool, stamp), name="words of scripts")
        assert self._words is not None
        return self._words

    async def _read_later(self, pool: Pool, stamp: Stamp) -> None:
        try:
            await self._read(pool, stamp)
        except StoreUnavailable:
            return  # the next search tries again

    async def _read(self, pool: Pool, stamp: Stamp) -> None:
        self._words = await read_vocabulary(pool)
        self._stamp = stamp
