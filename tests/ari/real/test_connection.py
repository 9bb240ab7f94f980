"""Our ARI on the Asterisk in use: what it answers, and its events when a connection or Asterisk itself breaks off."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp
import pytest

from ari_app.ari import events
from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED
from ari_app.ari.errors import BadRequest, NotFound, Unauthorized, Unavailable
from ari_app.ari.stream import Connected, EventStream, Gap
from ari_app.local.asterisk import LocalAsterisk
from tests.ari.listener import Listener
from tests.ari.real.calls import MILLISECOND, answered_call
from tests.patience import PATIENCE_SECONDS
from tests.rawsip import SipPhone

pytestmark = pytest.mark.asterisk


async def test_asterisk_says_who_it_is(ari: AriClient, asterisk: LocalAsterisk) -> None:
    info = await ari.asterisk.get_info()
    assert int(info.version.split(".")[0]) >= 20
    assert info.system_name == asterisk.settings.node
    assert info.started_at <= datetime.now(UTC)
    asked_at = datetime.now(UTC)
    ping = await ari.asterisk.ping()
    assert ping.asterisk_id == info.entity_id
    assert asked_at - MILLISECOND <= ping.at <= datetime.now(UTC)
    assert (await ari.asterisk.get_module("res_stasis.so")).status == "Running"
    with pytest.raises(NotFound):
        await ari.asterisk.get_module("res_nothing.so")


async def test_global_variables(ari: AriClient) -> None:
    name = f"TEST_{uuid4().hex}"
    assert await ari.asterisk.get_global_var(variable=name) == ""
    for value in ("0", 'a "b" c+d & é', ""):
        await ari.asterisk.set_global_var(variable=name, value=value)
        assert await ari.asterisk.get_global_var(variable=name) == value


async def test_a_request_costs_little_more_than_the_bare_one(ari: AriClient, asterisk: LocalAsterisk) -> None:
    credentials = aiohttp.encode_basic_auth(asterisk.ari_user, asterisk.ari_password)
    url = f"{asterisk.ari_url}/asterisk/variable?variable=ARI_APP_HEARTBEAT"

    async def ours() -> None:
        await ari.asterisk.get_global_var(variable="ARI_APP_HEARTBEAT")

    async with aiohttp.ClientSession(headers={"Authorization": credentials}) as session:

        async def bare() -> None:
            async with session.get(url) as answer:
                await answer.json()

        async def cpu_seconds(request: Callable[[], Awaitable[None]]) -> float:
            before = time.process_time()
            for _ in range(50):
                await request()
            return time.process_time() - before

        turns = [(await cpu_seconds(ours), await cpu_seconds(bare)) for _ in range(6)]
    assert min(turn[0] for turn in turns) < 2 * min(turn[1] for turn in turns)


async def test_a_wrong_password(asterisk: LocalAsterisk, app: str) -> None:
    async with AriClient(asterisk.ari_url, asterisk.ari_user, "wrong") as ari:
        with pytest.raises(Unauthorized):
            await ari.channels.list()
        async with EventStream(ari, app) as stream:
            with pytest.raises(Unauthorized):
                await anext(stream)


async def test_things_that_are_not_there(ari: AriClient) -> None:
    for gone in (
        ari.channels.get("gone"),
        ari.channels.answer("gone"),
        ari.channels.hangup("gone"),
        ari.bridges.get("gone"),
        ari.bridges.destroy("gone"),
        ari.playbacks.stop("gone"),
        ari.recordings.get_stored("gone"),
        ari.applications.get("gone"),
        ari.endpoints.get("PJSIP", "gone"),
        ari.channels.get_channel_var("gone", variable="X"),
    ):
        with pytest.raises(NotFound):
            await gone


async def test_phones_lamps_and_lists(ari: AriClient, asterisk: LocalAsterisk) -> None:
    phones = {endpoint.resource: endpoint for endpoint in await ari.endpoints.list_by_tech("PJSIP")}
    assert phones["phone40"].state == "offline"
    lamp = f"Stasis:{uuid4().hex}"
    await ari.device_states.update(lamp, device_state="INUSE")
    assert (await ari.device_states.get(lamp)).state == "INUSE"
    assert lamp in {state.name for state in await ari.device_states.list()}
    await ari.device_states.delete(lamp)
    assert any(channel.status == "Enabled" for channel in await ari.asterisk.list_log_channels())


async def test_connecting_sets_the_filter_and_subscribes(ari: AriClient, heard: Listener, app: str) -> None:
    found = await ari.applications.get(app)
    assert set(found.events_allowed) == DECODED
    assert len(found.channel_ids) == 1  # Asterisk's own name for all channels
    assert [each.name for each in await ari.applications.list()] == [app]


async def test_nobody_is_registered(ari: AriClient, heard: Listener, app: str) -> None:
    for endpoint in ("PJSIP/phone40", "PJSIP/no-such-phone", "Nonsense/x"):
        with pytest.raises(Unavailable):
            await ari.channels.create(endpoint=endpoint, app=app)
        with pytest.raises(Unavailable):
            await ari.channels.originate_with_id(uuid4().hex, endpoint=endpoint, app=app)
    with pytest.raises(BadRequest):
        await ari.channels.create(endpoint="", app=app)


async def test_an_event_of_our_own(ari: AriClient, heard: Listener, app: str) -> None:
    await ari.events.user_event("lunch", application=app, variables={"who": "101"})
    event = await heard.first(events.ChannelUserevent, lambda event: event.name == "lunch")
    assert event.variables["who"] == "101"
    assert event.channel is None


async def test_many_events_and_a_consumer_that_sleeps(ari: AriClient, stream: EventStream, app: str) -> None:
    assert isinstance(await anext(stream), Connected)
    for burst in range(20):
        await asyncio.gather(
            *(
                ari.events.user_event(f"e-{burst}-{n}", application=app, variables={"fill": "x" * 2000})
                for n in range(50)
            )
        )
    async with asyncio.timeout(PATIENCE_SECONDS):
        items = [await anext(stream) for _ in range(1000)]
    assert {type(item) for item in items} == {events.ChannelUserevent}
    assert len({item.name for item in items if isinstance(item, events.ChannelUserevent)}) == 1000


async def test_after_a_cut_each_event_comes_once(
    asterisk: LocalAsterisk, ari: AriClient, heard: Listener, citizen: SipPhone
) -> None:
    call, channel_id = await answered_call(ari, heard, citizen)
    first = await heard.one(Connected)
    asterisk.cli("ari shutdown websocket sessions")
    again = await heard.first(Connected, lambda item: item.at > first.at)
    gap = await heard.one(Gap)
    assert first.at <= gap.from_at < gap.to_at == again.at
    assert not again.asterisk_restarted
    await ari.channels.hold(channel_id)
    await call.bye()
    await heard.one(events.ChannelDestroyed, channel_id)
    assert len(heard.all(events.StasisEnd, channel_id)) == 1
    assert len(heard.all(events.ChannelDestroyed, channel_id)) == 1
    hard = [e for e in heard.all(events.ChannelHangupRequest, channel_id) if not e.soft]
    assert len(hard) == 1


async def test_a_second_copy_replaces_the_first(asterisk: LocalAsterisk, heard: Listener, app: str) -> None:
    async with (
        AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as other,
        EventStream(other, app) as second,
    ):
        assert isinstance(await anext(second), Connected)
        assert (await heard.one(events.ApplicationReplaced)).application == app
        await other.events.user_event("after", application=app)
        item = await anext(second)
        assert isinstance(item, events.ChannelUserevent)
    assert heard.all(events.ChannelUserevent) == []
    assert heard.all(Gap) == []


async def test_a_restarted_asterisk_is_recognised_and_heard_again(
    asterisk: LocalAsterisk, ari: AriClient, heard: Listener
) -> None:
    first = await heard.one(Connected)
    await asyncio.to_thread(asterisk.restart)
    again = await heard.first(Connected, lambda item: item.at > first.at)
    assert again.asterisk_restarted
    assert again.info.started_at > first.info.started_at
    assert len(heard.all(Gap)) == 1


async def test_a_frozen_asterisk_is_a_gap(asterisk: LocalAsterisk, ari: AriClient, app: str) -> None:
    assert asterisk.pid is not None
    tries_again = asyncio.Event()

    async def may_connect() -> None:
        tries_again.set()

    async with (
        EventStream(ari, app, ping_seconds=0.3, may_connect=may_connect) as stream,
        Listener(stream) as heard,
    ):
        first = await heard.one(Connected)
        tries_again.clear()
        os.kill(asterisk.pid, signal.SIGSTOP)
        try:
            await asyncio.wait_for(tries_again.wait(), PATIENCE_SECONDS)
            noticed_at = datetime.now(UTC)
        finally:
            os.kill(asterisk.pid, signal.SIGCONT)
        again = await heard.first(Connected, lambda item: item.at > first.at)
        gap = await heard.one(Gap)
        assert first.at <= gap.from_at < noticed_at - timedelta(seconds=0.3), "since the last sign of life"
        assert gap.to_at >= noticed_at
        assert not again.asterisk_restarted
