"""The stream of events: in order, nothing dropped on our side, and every stretch without events is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.ari import events
from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED
from ari_app.ari.errors import Unauthorized
from ari_app.ari.stream import ALL_CHANNELS, LONGEST_RETRY_SECONDS, Connected, EventStream, Gap, Item
from tests.fakes.ari_samples import channel, event
from tests.fakes.asterisk import PASSWORD, USER, FakeAsterisk, Refusal
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure

APP = "ari_app"
PING_SECONDS = 0.2


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
