"""An application of a few lines in place of ours: holds channels, and notes what ARI tells of each of them."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from types import TracebackType
from typing import Literal
from uuid import uuid4

from ari_app.core.event_log.audit import RecordedChannel
from ari_app.core.ids import ChannelId
from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.remote_control import Event, RemoteAsterisk
from tests.patience import PATIENCE_SECONDS


class SmallApplication:
    """Takes the place of the application under test at its Asterisk; its record is what ARI's events say."""

    def __init__(self, asterisk: LocalAsterisk) -> None:
        self.remote = RemoteAsterisk(
            asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, asterisk.settings.ari_application
        )
        self._arrivals: asyncio.Queue[Event] = asyncio.Queue()
        self._notes: dict[str, dict[str, datetime]] = {}
        self._kinds: dict[str, Literal["leg", "line"]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._told = asyncio.Event()
        self.keys: dict[str, str] = {}  # by channel

    async def __aenter__(self) -> SmallApplication:
        opened = asyncio.Event()
        self._reader = asyncio.create_task(self._read(opened))
        try:
            await asyncio.wait_for(opened.wait(), PATIENCE_SECONDS)
            await self.beat(int(time.time()) + 3600)
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
        await self.remote.close()

    async def beat(self, epoch_seconds: int) -> None:
        """Set the heartbeat; 0 sends every new call to the fallback."""
        await self.remote.order("POST", "asterisk/variable", variable="ARI_APP_HEARTBEAT", value=epoch_seconds)

    async def _read(self, opened: asyncio.Event) -> None:
        async for event in self.remote.events(opened.set):
            channel = event.get("channel") or {}
            at = datetime.fromisoformat(event["timestamp"])
            notes = self._notes.setdefault(channel.get("id", ""), {})
            match event["type"]:
                case "StasisStart":
                    self._kinds[channel["id"]] = "line" if event["args"][:1] == ["operator"] else "leg"
                    notes["started_at"] = datetime.fromisoformat(channel["creationtime"])
                    self._arrivals.put_nowait(event)
                case "ChannelDtmfReceived":
                    self.keys[channel["id"]] = self.keys.get(channel["id"], "") + event["digit"]
                case "ChannelStateChange" if channel["state"] == "Up":
                    notes.setdefault("answered_at", at)
                case "ChannelDestroyed":
                    notes["ended_at"] = at
            self._told.set()

    async def arrival(self) -> str:
        """The id of the next channel that comes to us."""
        return str((await self.arrival_event())["channel"]["id"])

    async def arrival_event(self) -> Event:
        """The StasisStart of the next channel that enters this application."""
        return await asyncio.wait_for(self._arrivals.get(), PATIENCE_SECONDS)

    async def next_event(self, within_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until anything more is told."""
        self._told.clear()
        await asyncio.wait_for(self._told.wait(), within_seconds)

    async def answer(self, channel_id: str) -> None:
        await self.remote.order("POST", f"channels/{channel_id}/answer")

    async def connect(self, *channel_ids: str, kind: str = "mixing") -> None:
        bridge = f"talk-{uuid4()}"
        await self.remote.order("POST", f"bridges/{bridge}", type=kind)
        await self.remote.order("POST", f"bridges/{bridge}/addChannel", channel=",".join(channel_ids))

    async def destroy_bridges(self) -> None:
        for bridge in await self.remote.order("GET", "bridges"):
            await self.remote.order("DELETE", f"bridges/{bridge['id']}")

    async def ring(self, endpoint: str, timeout_seconds: int) -> str:
        """Make a channel to a phone and let it ring; returns its id."""
        channel_id = f"operator-{uuid4()}"
        await self.remote.order(
            "POST",
            "channels/create",
            endpoint=endpoint,
            app=self.remote.application,
            channelId=channel_id,
            appArgs="dialled",
        )
        assert await self.arrival() == channel_id
        await self.remote.order("POST", f"channels/{channel_id}/dial", timeout=timeout_seconds)
        return channel_id

    async def all_gone(self) -> None:
        """Wait until every channel that was here has ended."""
        while any(row.ended_at is None for row in self.recorded()):
            await self.next_event()

    def recorded(self) -> list[RecordedChannel]:
        """All channels that were here, as events told."""
        return [
            RecordedChannel(
                ChannelId(channel_id),
                kind,
                self._notes[channel_id]["started_at"],
                self._notes[channel_id].get("answered_at"),
                self._notes[channel_id].get("ended_at"),
                end_is_estimated=False,
            )
            for channel_id, kind in self._kinds.items()
        ]
