"""A client of the Asterisk in use, a stream from it, and a citizen who calls."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.errors import NotFound
from ari_app.ari.stream import Connected, EventStream
from ari_app.local.asterisk import LocalAsterisk
from tests.ari.listener import Listener
from tests.rawsip import SipPhone


@pytest.fixture
def app(asterisk: LocalAsterisk) -> str:
    return asterisk.settings.ari_application


@pytest.fixture
async def ari(asterisk: LocalAsterisk) -> AsyncIterator[AriClient]:
    async with AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as client:
        yield client


@pytest.fixture
async def stream(ari: AriClient, app: str) -> AsyncIterator[EventStream]:
    async with EventStream(ari, app) as opened:
        yield opened


@pytest.fixture
async def heard(stream: EventStream, ari: AriClient) -> AsyncIterator[Listener]:
    """A connected application with a heartbeat; afterwards no channel and no bridge is left."""
    async with Listener(stream) as listener:
        await listener.one(Connected)
        await ari.asterisk.set_global_var(variable="ARI_APP_HEARTBEAT", value=str(int(time.time()) + 3600))
        yield listener
        for channel in await ari.channels.list():
            await hang_up(ari, channel.id)
        for bridge in await ari.bridges.list():
            await ari.bridges.destroy(bridge.id)


@pytest.fixture
async def citizen(asterisk: LocalAsterisk) -> AsyncIterator[SipPhone]:
    server = (asterisk.sip_host, asterisk.sip_port)
    async with SipPhone(asterisk.trunk_addresses[-1], server) as phone:
        yield phone


async def hang_up(ari: AriClient, channel_id: str) -> None:
    try:
        await ari.channels.hangup(channel_id)
    except NotFound:
        return  # it was quicker
