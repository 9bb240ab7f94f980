"""A fake Asterisk, a client of it and a stream from it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.stream import EventStream
from tests.ari.fake_stream import APP, PING_SECONDS
from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk


@pytest.fixture
async def fake() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as running:
        yield running


@pytest.fixture
async def ari(fake: FakeAsterisk) -> AsyncIterator[AriClient]:
    async with AriClient(fake.url, USER, PASSWORD) as client:
        yield client


@pytest.fixture
async def stream(ari: AriClient) -> AsyncIterator[EventStream]:
    async with EventStream(ari, APP, ping_seconds=PING_SECONDS) as opened:
        yield opened
