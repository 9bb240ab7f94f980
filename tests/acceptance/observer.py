"""Somebody who only looks on: all events of the Asterisk under test, with Asterisk's own times."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import TracebackType

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.remote_control import Event, RemoteAsterisk
from tests.patience import PATIENCE_SECONDS


class Observer:
    """Keeps the newest moment of each kind of event, by the channel or playback target that it is about."""

    def __init__(self, asterisk: LocalAsterisk) -> None:
        self._remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "observer")
        self._newest: dict[tuple[str, str], datetime] = {}
        self._changed = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Observer:
        opened = asyncio.Event()
        self._reader = asyncio.create_task(self._read(opened))
        try:
            await asyncio.wait_for(opened.wait(), PATIENCE_SECONDS)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._remote.close()

    async def _read(self, opened: asyncio.Event) -> None:
        async for event in self._remote.events(opened.set):
            self._newest[event["type"], _about(event)] = datetime.fromisoformat(event["timestamp"])
            self._changed.set()

    async def at(self, kind: str, about: str) -> datetime:
        """When the newest event of this kind was; waits for the first."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (kind, about) not in self._newest:
                self._changed.clear()
                await self._changed.wait()
        return self._newest[kind, about]


def _about(event: Event) -> str:
    if "playback" in event:
        return str(event["playback"]["target_uri"])
    channel = event.get("channel") or event.get("peer") or {}
    return str(channel.get("id", ""))
