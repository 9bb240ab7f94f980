"""A stream that breaks off: every stretch without events is told, and all is set up again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED
from ari_app.ari.errors import Unauthorized
from ari_app.ari.stream import ALL_CHANNELS, LONGEST_RETRY_SECONDS, EventStream
from tests.ari.fake_stream import APP, PING_SECONDS, channel_of, connected, emit_state, reconnected, take
from tests.fakes.asterisk import USER, FakeAsterisk, Refusal
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure


async def test_a_cut_is_told_as_a_gap_and_then_all_is_set_up_again(fake: FakeAsterisk, stream: EventStream) -> None:
    first = await connected(stream)
    fake.drop_at_event = 3
    for n in range(3):
        await emit_state(fake, f"chan-{n}")
    assert [channel_of(await take(stream)) for _ in range(2)] == ["chan-0", "chan-1"]
    fake.applications[APP].allowed = []
    fake.applications[APP].subscriptions.clear()
    gap, again = await reconnected(stream)
    assert first.at <= gap.from_at < gap.to_at == again.at
    assert not again.asterisk_restarted
    assert set(fake.applications[APP].allowed) == DECODED
    assert fake.applications[APP].subscriptions == {ALL_CHANNELS}
    await emit_state(fake, "after")
    assert channel_of(await take(stream)) == "after"


async def test_each_cut_is_its_own_gap(fake: FakeAsterisk, stream: EventStream) -> None:
    before = (await connected(stream)).at
    for _ in range(3):
        fake.drop_sockets()
        gap, again = await reconnected(stream)
        assert before <= gap.from_at < gap.to_at
        before = again.at


async def test_a_restarted_asterisk_is_recognised(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    await fake.restart()
    _, again = await reconnected(stream)
    assert again.asterisk_restarted
    fake.drop_sockets()
    _, third = await reconnected(stream)
    assert not third.asterisk_restarted


async def test_it_keeps_trying_while_nobody_listens(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    await fake.stop_listening()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await anext(stream)
    await fake.listen()
    gap, _ = await reconnected(stream)
    assert gap.to_at - gap.from_at > timedelta(seconds=1)
    assert 2 * LONGEST_RETRY_SECONDS < 5, "calls of an Asterisk that is back do not wait longer"


@pytest.mark.parametrize(
    "refusal", [Refusal(404, "Application not found"), Refusal(500, "no"), Refusal(401, "Authentication required")]
)
@pytest.mark.parametrize(
    "operation", ["events.event_websocket", "applications.filter", "applications.subscribe", "asterisk.get_info"]
)
async def test_a_set_up_that_fails_once_is_done_again(
    fake: FakeAsterisk, stream: EventStream, operation: str, refusal: Refusal
) -> None:
    await connected(stream)
    fake.refusals[operation].append(refusal)
    fake.drop_sockets()
    await reconnected(stream)


async def test_an_asterisk_that_is_not_there_yet_is_waited_for(fake: FakeAsterisk, ari: AriClient) -> None:
    await fake.stop_listening()
    async with EventStream(ari, APP) as stream:
        waiting = asyncio.create_task(connected(stream))
        await asyncio.sleep(0.3)
        await fake.listen()
        assert not (await waiting).asterisk_restarted


async def test_a_wrong_password_at_the_first_connection_is_raised(fake: FakeAsterisk) -> None:
    async with AriClient(fake.url, USER, "wrong") as ari, EventStream(ari, APP) as stream:
        with pytest.raises(Unauthorized):
            await take(stream)
        with pytest.raises(Unauthorized):
            await take(stream)


async def test_a_frozen_asterisk_is_noticed_by_its_silence(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    fake.freeze()
    waiting = asyncio.create_task(reconnected(stream))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await fake.until(lambda: len(fake.requests_for("events.event_websocket")) > 1)
    noticed_at = datetime.now(UTC)
    fake.thaw()
    gap, _ = await waiting
    assert gap.from_at < noticed_at - timedelta(seconds=PING_SECONDS), "since the last sign of life"


async def test_silence_alone_is_no_gap(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    await asyncio.sleep(1.0)  # five pings
    await emit_state(fake, "chan-1")
    assert channel_of(await take(stream)) == "chan-1"
    assert fake.sockets_opened == 1


async def test_no_socket_is_opened_before_it_may_be_also_after_a_break(fake: FakeAsterisk, ari: AriClient) -> None:
    asked, allowed = asyncio.Event(), asyncio.Event()

    async def may_connect() -> None:
        asked.set()
        await allowed.wait()

    async with EventStream(ari, APP, may_connect=may_connect) as stream:
        await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
        assert not fake.requests
        allowed.set()
        await connected(stream)
        asked.clear()
        allowed.clear()
        opened = len(fake.requests)
        fake.drop_sockets()
        await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
        assert len(fake.requests) == opened and not stream.is_connected
        allowed.set()
        await reconnected(stream)
