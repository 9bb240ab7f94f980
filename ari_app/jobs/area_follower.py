"""Follows changes in the database that other programs make: the area, and requests to be called back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from ari_app.calls.callbacks.virtual_hold import VirtualHolds
from ari_app.calls.dispatcher import Dispatcher
from ari_app.core.area import Area
from ari_app.core.call import Call
from ari_app.core.ledger import StoreUnavailable
from ari_app.prompts.voice import make_prompts
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.db.feed import AreaChanged, CallbackChanged, Feed, Resync
from ari_app.storage.db.notifications import AREA_CHANNEL, CALLBACK_CHANNEL

log = structlog.get_logger(__name__)


class AreaFollower:
    """The area as it was read last. Every room calls `current`; only this task replaces it, whole."""

    def __init__(self, database: Database, sounds_dir: Path) -> None:
        self._database = database
        self._sounds_dir = sounds_dir
        self._newest = Area()
        self._owes_prompts = False

    def current(self) -> Area:
        return self._newest

    async def reload(self) -> bool:
        """Read the area again; whether it is another one. New names and texts get their sound before they are used."""
        area = await load_area(self._database.background)
        is_new = area != self._newest
        if is_new or self._owes_prompts:
            self._owes_prompts = not await make_prompts(self._sounds_dir, area)
        if not is_new:
            return False
        self._newest = area
        log.info("area_loaded", municipalities=len(area.municipalities))
        return True

    async def follow(
        self, dispatcher: Dispatcher, live_calls: Callable[[], list[Call]], virtual_holds: VirtualHolds
    ) -> None:
        """For as long as the application runs. The feed repeats a missed change within a minute."""
        async with Feed(self._database.url, (AREA_CHANNEL, CALLBACK_CHANNEL)) as feed:
            async for notice in feed:
                with suppress(StoreUnavailable):
                    if isinstance(notice, AreaChanged | Resync) and await self.reload():
                        dispatcher.area_changed(live_calls())
                    if isinstance(notice, CallbackChanged | Resync):
                        await virtual_holds.refresh()
