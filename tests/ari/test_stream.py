"""The stream of events: in order, nothing dropped on our side, and closed when its owner closes it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from ari_app.ari import events
from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED
from ari_app.ari.stream import ALL_CHANNELS, EventStream
from tests.ari.fake_stream import APP, channel_of, connected, emit_state, take
from tests.fakes.ari_samples import channel, event
from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure


async def test_first_comes_connected_with_everything_in_place(fake: FakeAsterisk, ari: AriClient) -> None:
    before = datetime.now(UTC)
    async with EventStream(ari, APP) as stream:
        item = await connected(stream)
        assert before <= item.at <= datetime.now(UTC)
    assert item.info.version == "22.10.1"
    assert not item.asterisk_restarted
    application = fake.applications[APP]
    assert set(application.allowed) == DECODED
    assert application.subscriptions == {ALL_CHANNELS}
    order = [request.operation for request in fake.requests]
    assert order == [
        "events.event_websocket",
        "applications.filter",
        "applications.subscribe",
        "asterisk.get_info",
    ]


async def test_the_owner_chooses_what_it_hears(fake: FakeAsterisk, ari: AriClient) -> None:
    async with EventStream(ari, APP, subscriptions=(), event_types=["StasisEnd", "Dial"]) as stream:
        await connected(stream)
    assert fake.applications[APP].allowed == ["Dial", "StasisEnd"]
    assert fake.requests_for("applications.subscribe") == []


async def test_events_come_in_order(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    for n in range(300):
        await emit_state(fake, f"chan-{n}")
    assert [channel_of(await take(stream)) for _ in range(300)] == [f"chan-{n}" for n in range(300)]


async def test_what_comes_during_the_set_up_follows_connected(fake: FakeAsterisk, ari: AriClient) -> None:
    fake.on_socket = [event(APP, "ChannelStateChange", channel=channel(f"early-{n}")) for n in range(3)]
    fake.delays["applications.subscribe"] = 0.1
    async with EventStream(ari, APP) as stream:
        await connected(stream)
        await emit_state(fake, "late")
        assert [channel_of(await take(stream)) for _ in range(4)] == ["early-0", "early-1", "early-2", "late"]


async def test_a_slow_consumer_loses_nothing(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    for n in range(3000):
        await emit_state(fake, f"chan-{n}")
    assert [channel_of(await take(stream)) for _ in range(3000)] == [f"chan-{n}" for n in range(3000)]
    assert fake.sockets_opened == 1


async def test_an_event_that_comes_twice_is_given_once(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    fake.duplicate_events = True
    await emit_state(fake, "chan-1")
    await emit_state(fake, "chan-2")
    fake.duplicate_events = False
    await emit_state(fake, "chan-3")
    assert [channel_of(await take(stream)) for _ in range(3)] == ["chan-1", "chan-2", "chan-3"]


async def test_bad_texts_are_counted_and_harm_nobody(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    for text in ("", "{", "[1]", '{"type": "StasisStart", "timestamp": "2026-11-23T15:40:00.123+0000"}'):
        await fake.send(APP, text)
    await emit_state(fake, "chan-1")
    problems = [await take(stream) for _ in range(4)]
    assert [type(item) for item in problems] == [events.Unknown] * 4
    assert stream.problems == 4
    assert channel_of(await take(stream)) == "chan-1"


async def test_an_unknown_type_is_no_problem(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    await fake.send(APP, '{"type": "Novelty", "timestamp": "2026-11-23T15:40:00.123+0000"}')
    item = await take(stream)
    assert isinstance(item, events.Unknown) and item.type == "Novelty"
    assert stream.problems == 0


async def test_a_second_copy_is_told_and_the_owner_decides(fake: FakeAsterisk, stream: EventStream) -> None:
    await connected(stream)
    async with AriClient(fake.url, USER, PASSWORD) as other, EventStream(other, APP) as second:
        await connected(second)
        replaced = await take(stream)
        assert isinstance(replaced, events.ApplicationReplaced)
        assert replaced.application == APP
        await emit_state(fake, "chan-1")
        assert channel_of(await take(second)) == "chan-1"
        assert stream.backlog == 0


async def test_after_close_the_iterator_ends(fake: FakeAsterisk, ari: AriClient) -> None:
    stream = EventStream(ari, APP)
    async with stream:
        await connected(stream)
        waiting = asyncio.create_task(take(stream))
        await asyncio.sleep(0)
        await stream.close()
        with pytest.raises(StopAsyncIteration):
            await waiting
        await stream.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await fake.until(lambda: fake.applications[APP].socket is None)


async def test_close_while_nobody_listens_waits_for_nobody(fake: FakeAsterisk, ari: AriClient) -> None:
    await fake.stop_listening()
    async with EventStream(ari, APP) as stream:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stream.close()
        assert not stream.is_connected
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_stream_that_is_not_open_says_so(ari: AriClient) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await anext(EventStream(ari, APP))
