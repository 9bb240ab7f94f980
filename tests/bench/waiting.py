"""Where the CPU of a caller who waits goes: Asterisk alone, with callers who are sent sound in one way or another.

What it costs to send nothing, to make music for each caller, and to make it once for all of them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import StrEnum

from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.ari.events import StasisStart
from ari_app.ari.stream import EventStream
from tests.acceptance.crowd import ended
from tests.bench.processor import cpu_seconds
from tests.bench.stand import HELD_APPLICATION, HELD_NUMBER, Stand

ARRIVE_PER_SECOND, ARRIVE_SECONDS, STAY_SECONDS, SETTLE_SECONDS = 40.0, 60.0, 300.0, 2.0


class Way(StrEnum):
    """How callers are kept. The value is what the figures call it."""

    NOTHING = "nothing is sent"
    EACH = "music made for each"
    ONCE = "music made once, in a bridge that mixes"


async def measure_ways(stand: Stand, callers: int, seconds: float) -> dict[str, float]:
    """Milliseconds of Asterisk's CPU per caller and second, by way; so many callers at a time, each for `seconds`."""
    return {way: await _measure(stand, way, callers, seconds) for way in Way}


async def _measure(stand: Stand, way: Way, callers: int, seconds: float) -> float:
    asterisk = stand.asterisk
    assert asterisk.pid is not None
    async with (
        AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as ari,
        EventStream(ari, HELD_APPLICATION) as stream,
        stand.callers(HELD_NUMBER, calls=callers, per_second=ARRIVE_PER_SECOND, hold_seconds=STAY_SECONDS) as run,
    ):
        bridge = await ari.bridges.create(type="mixing" if way is Way.ONCE else "holding")
        async with asyncio.timeout(ARRIVE_SECONDS):
            await _take_in(ari, stream, bridge.id, way, callers)
        if way is Way.ONCE:
            asterisk.cli("module load chan_bridge_media.so")  # ours never plays to a bridge
            await ari.bridges.start_moh(bridge.id)
        await asyncio.sleep(SETTLE_SECONDS)
        before = cpu_seconds(asterisk.pid)
        await asyncio.sleep(seconds)
        used = cpu_seconds(asterisk.pid) - before
        asterisk.cli("channel request hangup all")
        await ended([run])
        with suppress(AriError):
            await ari.bridges.destroy(bridge.id)
    return used * 1000 / seconds / callers


async def _take_in(ari: AriClient, stream: EventStream, bridge_id: str, way: Way, callers: int) -> None:
    """Returns once so many callers are in the bridge."""
    taken = 0
    async for item in stream:
        if not isinstance(item, StasisStart):
            continue
        await ari.bridges.add_channel(bridge_id, channel=[item.channel.id])
        if way is Way.EACH:
            await ari.channels.start_moh(item.channel.id)
        taken += 1
        if taken == callers:
            return
