"""A stream of the fake Asterisk: what is put into it, and what comes out."""

from __future__ import annotations

import asyncio

from ari_app.ari import events
from ari_app.ari.stream import Connected, EventStream, Gap, Item
from tests.fakes.ari_samples import channel
from tests.fakes.asterisk import FakeAsterisk
from tests.patience import PATIENCE_SECONDS

APP = "ari_app"
PING_SECONDS = 0.2


async def take(stream: EventStream) -> Item:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await anext(stream)


async def connected(stream: EventStream) -> Connected:
    item = await take(stream)
    assert isinstance(item, Connected)
    return item


async def reconnected(stream: EventStream) -> tuple[Gap, Connected]:
    gap = await take(stream)
    assert isinstance(gap, Gap)
    return gap, await connected(stream)


async def emit_state(fake: FakeAsterisk, channel_id: str) -> None:
    await fake.emit(APP, "ChannelStateChange", channel=channel(channel_id))


def channel_of(item: Item) -> str:
    assert isinstance(item, events.ChannelStateChange)
    return item.channel.id
