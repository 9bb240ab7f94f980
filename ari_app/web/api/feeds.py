"""One reader of the log of changes per scope, for all streams of this process that have this scope.

A stream reads for itself when it begins, and when it could not keep up; everything else comes from the reader.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog
from aiohttp import web

from ari_app.core.access import Scope
from ari_app.core.changes import ChangePage, Position
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.changes.reads import changes_since
from ari_app.web.site import Site

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
#: changes that come together are read together
GATHER_SECONDS = 0.05
#: pages that wait for a slow reader; with more it reads for itself, from where it is
MOST_WAITING = 50


class Inbox:
    """The pages that one stream has not had. `woken`: there is something to take, or the stream is to end.

    `is_closed`: nothing comes here any more.
    """

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self._pages: deque[ChangePage] = deque()
        self._is_behind = True
        self.is_closed = False

    def put(self, page: ChangePage) -> None:
        if len(self._pages) >= MOST_WAITING:
            self.fall_behind()
        else:
            self._pages.append(page)
            self.woken.set()

    def fall_behind(self) -> None:
        """What comes here from now on is not all that the stream has not had."""
        self._pages.clear()
        self._is_behind = True
        self.woken.set()

    def close(self) -> None:
        self.is_closed = True
        self.woken.set()

    def take(self) -> Collection[ChangePage] | None:
        """None: the stream has to read for itself, now; what is committed after this comes here again."""
        self.woken.clear()
        pages, is_behind = tuple(self._pages), self._is_behind
        self._pages.clear()
        self._is_behind = False
        return None if is_behind else pages


@dataclass(eq=False, slots=True)
class _Reader:
    inboxes: set[Inbox] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Feeds:
    def __init__(self) -> None:
        self._readers: dict[Scope, _Reader] = {}

    @asynccontextmanager
    async def inbox(self, site: Site, scope: Scope) -> AsyncIterator[Inbox]:
        """For one stream, for the time of the block."""
        inbox, reader = Inbox(), self._readers.get(scope)
        if reader is None:
            reader = self._readers[scope] = _Reader()
            reader.task = asyncio.create_task(_read(site, scope, reader), name="stream reader")
            reader.task.add_done_callback(partial(self._ended, scope, reader))
        reader.inboxes.add(inbox)
        try:
            yield inbox
        finally:
            reader.inboxes.discard(inbox)
            if not reader.inboxes and reader.task is not None:
                self._forget(scope, reader)
                reader.task.cancel()
                await asyncio.gather(reader.task, return_exceptions=True)

    def _ended(self, scope: Scope, reader: _Reader, task: asyncio.Task[None]) -> None:
        """A reader that failed feeds nobody: its streams end, and those that come back have another one."""
        if task.cancelled():
            return
        log.error("stream_reader_failed", exc_info=task.exception())
        self._forget(scope, reader)
        for inbox in reader.inboxes:
            inbox.close()

    def _forget(self, scope: Scope, reader: _Reader) -> None:
        if self._readers.get(scope) is reader:
            del self._readers[scope]


FEEDS: web.AppKey[Feeds] = web.AppKey("api feeds")


async def _read(site: Site, scope: Scope, reader: _Reader) -> None:
    """Ends by cancellation only."""
    woken, position = asyncio.Event(), None

    def told() -> None:
        woken.set()
        if site.hub.is_closing:
            for inbox in reader.inboxes:
                inbox.close()

    site.hub.when_changed(told)
    try:
        while True:
            woken.clear()
            page = await _page(site, scope, position)
            for inbox in reader.inboxes:
                if page.start_anew:
                    inbox.fall_behind()
                elif page.changes:
                    inbox.put(page)
            position = page.position
            if not page.has_more:
                await woken.wait()
                await asyncio.sleep(GATHER_SECONDS)
    finally:
        site.hub.forget(told)


async def _page(site: Site, scope: Scope, position: Position | None) -> ChangePage:
    while True:
        try:
            return await changes_since(site.pool, scope, position)
        except StoreUnavailable:
            await asyncio.sleep(RETRY_SECONDS)
