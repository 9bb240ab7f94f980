"""Takes everything from a stream as it comes, and waits for what a test expects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Self, TypeVar

from ari_app.ari import events
from ari_app.ari.stream import EventStream, Item
from tests.patience import PATIENCE_SECONDS

T = TypeVar("T")


class Listener:
    """`async with Listener(stream) as heard: await heard.one(StasisEnd, channel_id)`"""

    def __init__(self, stream: EventStream) -> None:
        self.items: list[Item] = []
        self._stream = stream
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _listen(self) -> None:
        async for item in self._stream:
            self.items.append(item)
            async with self._changed:
                self._changed.notify_all()

    async def one(self, kind: type[T], channel_id: str | None = None, *, seconds: float = PATIENCE_SECONDS) -> T:
        """The first item of this kind, of this channel, that came or will come."""
        return await self.first(kind, lambda item: channel_id is None or channel_of(item) == channel_id, seconds)

    async def first(self, kind: type[T], fits: Callable[[T], bool], seconds: float = PATIENCE_SECONDS) -> T:
        async with asyncio.timeout(seconds), self._changed:
            while True:
                for item in self.items:
                    if isinstance(item, kind) and fits(item):
                        return item
                await self._changed.wait()

    def all(self, kind: type[T], channel_id: str | None = None) -> list[T]:
        return [
            item
            for item in self.items
            if isinstance(item, kind) and (channel_id is None or channel_of(item) == channel_id)
        ]

    def kinds(self, channel_id: str) -> list[str]:
        """The names of the events of a channel, in order."""
        return [type(item).__name__ for item in self.items if channel_of(item) == channel_id]


def channel_of(item: object) -> str | None:
    if isinstance(item, events.Dial):
        return item.peer.id
    return item.channel.id if isinstance(item, events.ChannelEvent) else None
