"""Our ARI on the Asterisk in use: the same operations, and the behaviour that the rest of the program counts on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp
import pytest

from ari_app.ari import events
from ari_app.ari.client import AriClient
from ari_app.ari.decoding import DECODED
from ari_app.ari.errors import BadRequest, Conflict, NotFound, NotInStasis, Unauthorized, Unavailable
from ari_app.ari.stream import Connected, EventStream, Gap
from ari_app.local.asterisk import LocalAsterisk
from tests.ari.listener import Listener
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.rawsip import Call, SipPhone

pytestmark = pytest.mark.asterisk

TALK = "mixing,dtmf_events,proxy_media"
NUMBER = "140119"
#: Asterisk cuts its timestamps off there
MILLISECOND = timedelta(milliseconds=1)


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


async def arrival(heard: Listener, call: Call) -> events.StasisStart:
    """The call, once it is in our hands."""
    return await heard.first(events.StasisStart, lambda start: start.channel.protocol_id == call.id)


async def answered_call(ari: AriClient, heard: Listener, citizen: SipPhone) -> tuple[Call, str]:
    call = Call(citizen, NUMBER)
    ringing = asyncio.create_task(call.invite())
    channel_id = (await arrival(heard, call)).channel.id
    await ari.channels.answer(channel_id)
    assert (await ringing).status == 200
    return call, channel_id


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


async def test_a_caller_arrives_is_answered_and_hangs_up(ari: AriClient, heard: Listener, citizen: SipPhone) -> None:
    dialled_at = datetime.now(UTC)
    call = Call(citizen, NUMBER)
    ringing = asyncio.create_task(call.invite())
    start = await arrival(heard, call)
    channel_id = start.channel.id
    assert start.args == ("citizen", start.channel.variables["CALL_ID"], NUMBER)
    assert start.channel.state == "Ring" and start.channel.is_in_stasis
    assert start.channel.pii_caller_number == citizen.user
    assert dialled_at - MILLISECOND <= start.channel.created_at <= start.at

    await ari.channels.answer(channel_id)
    await ringing
    up = await heard.one(events.ChannelStateChange, channel_id)
    assert up.channel.is_up
    assert (await ari.channels.get(channel_id)).is_up
    await ari.channels.answer(channel_id)

    await call.bye()
    destroyed = await heard.one(events.ChannelDestroyed, channel_id)
    kinds = heard.kinds(channel_id)
    order = [kinds.index(kind) for kind in ("ChannelHangupRequest", "StasisEnd", "ChannelDestroyed")]
    assert order == sorted(order)
    assert destroyed.cause in (0, 16)  # 0: it gave no reason and was never bridged
    assert await ari.channels.list() == ()
    assert {type(item) for item in heard.items if isinstance(item, events.Unknown)} == set()


async def test_a_caller_who_gives_up(ari: AriClient, heard: Listener, citizen: SipPhone) -> None:
    call = Call(citizen, NUMBER)
    ringing = asyncio.create_task(call.invite())
    channel_id = (await arrival(heard, call)).channel.id
    await ari.channels.hangup(channel_id, reason_code=17)
    assert (await ringing).status == 486
    assert (await heard.one(events.ChannelDestroyed, channel_id)).cause == 17


async def test_a_channel_that_left_for_the_dialplan_is_still_followed(
    ari: AriClient, heard: Listener, citizen: SipPhone
) -> None:
    call, channel_id = await answered_call(ari, heard, citizen)
    await ari.channels.continue_in_dialplan(channel_id, context="number-unknown", extension="s", priority=1)
    await heard.one(events.StasisEnd, channel_id)
    with pytest.raises(NotInStasis):
        await ari.channels.answer(channel_id)
    with pytest.raises(NotInStasis):
        bridge = await ari.bridges.create(type="holding")
        await ari.bridges.add_channel(bridge.id, channel=[channel_id])
    await call.bye()
    await heard.one(events.ChannelDestroyed, channel_id)


async def test_variables_of_a_channel(ari: AriClient, heard: Listener, citizen: SipPhone) -> None:
    _, channel_id = await answered_call(ari, heard, citizen)
    assert await ari.channels.get_channel_var(channel_id, variable="NEVER_SET") is None
    await ari.channels.set_channel_var(channel_id, variable="CALL_ID", value="new")
    assert await ari.channels.get_channel_var(channel_id, variable="CALL_ID") == "new"
    assert (await ari.channels.get(channel_id)).variables["CALL_ID"] == "new"


async def test_nobody_is_registered(ari: AriClient, heard: Listener, app: str) -> None:
    for endpoint in ("PJSIP/phone40", "PJSIP/no-such-phone", "Nonsense/x"):
        with pytest.raises(Unavailable):
            await ari.channels.create(endpoint=endpoint, app=app)
        with pytest.raises(Unavailable):
            await ari.channels.originate_with_id(uuid4().hex, endpoint=endpoint, app=app)
    with pytest.raises(BadRequest):
        await ari.channels.create(endpoint="", app=app)


async def test_a_created_channel_enters_before_it_rings(
    asterisk: LocalAsterisk, ari: AriClient, heard: Listener, app: str
) -> None:
    account = next(account for account in asterisk.accounts if account.name == "phone39")
    async with SipPhone(address(2), (asterisk.sip_host, asterisk.sip_port), account.name) as phone:
        registration = Call(phone, account.name, from_header=f"<sip:{account.name}@{asterisk.sip_host}>")
        assert (await registration.register(account.password)).status == 200
        channel_id = f"colleague-{uuid4()}"
        created = await ari.channels.create(
            endpoint="PJSIP/phone39", app=app, app_args="colleague,1", channel_id=channel_id, variables={"CALL_ID": "7"}
        )
        assert (created.id, created.state, created.variables["CALL_ID"]) == (channel_id, "Down", "7")
        start = await heard.one(events.StasisStart, channel_id)
        assert start.args == ("colleague", "1")
        await ari.channels.dial(channel_id, timeout=5)
        await phone.request("INVITE")
        up = await heard.one(events.ChannelStateChange, channel_id)
        assert up.channel.is_up
        assert [dial.dialstatus for dial in heard.all(events.Dial, channel_id)][0] == ""
        await heard.first(events.Dial, lambda dial: dial.dialstatus == "ANSWER")
        await ari.channels.hangup(channel_id)
        await phone.request("BYE")
        assert (await heard.one(events.ChannelDestroyed, channel_id)).cause == 16
        assert (await registration.register(account.password, expires=0)).status == 200


async def test_playing_several_media_ends_once(
    ari: AriClient, heard: Listener, citizen: SipPhone, asterisk: LocalAsterisk
) -> None:
    _, channel_id = await answered_call(ari, heard, citizen)
    word = f"sound:{asterisk.sounds_dir}/nl/en"
    await ari.channels.play_with_id(channel_id, "play-short", media=[word, word])
    finished = await heard.first(events.PlaybackFinished, lambda event: event.playback.id == "play-short")
    assert finished.playback.state == "done"
    assert len([e for e in heard.all(events.PlaybackStarted) if e.playback.id == "play-short"]) == 2
    missing = [f"sound:{asterisk.sounds_dir}/nl/not-there-{n}" for n in range(200)]  # far over one request line
    await ari.channels.play_with_id(channel_id, "play-missing", media=missing)
    finished = await heard.first(events.PlaybackFinished, lambda event: event.playback.id == "play-missing")
    assert finished.playback.state == "failed"


async def test_a_playback_holds_up_a_move_until_it_is_stopped(
    ari: AriClient, heard: Listener, citizen: SipPhone, asterisk: LocalAsterisk
) -> None:
    _, channel_id = await answered_call(ari, heard, citizen)
    waiting, talk = f"wait-{uuid4()}", f"talk-{uuid4()}"
    await ari.bridges.create_with_id(waiting, type="holding")
    await ari.bridges.create_with_id(talk, type=TALK)
    with pytest.raises(Conflict) as caught:
        await ari.bridges.create_with_id(talk, type=TALK)
    assert type(caught.value) is Conflict
    await ari.bridges.add_channel(waiting, channel=[channel_id])
    await ari.channels.play_with_id(channel_id, "play-long", media=[f"sound:{asterisk.sounds_dir}/nl/fallback-wait"])
    await heard.first(events.PlaybackStarted, lambda event: event.playback.id == "play-long")
    moving = asyncio.create_task(ari.bridges.add_channel(talk, channel=[channel_id], absorb_dtmf=True))
    done, _ = await asyncio.wait([moving], timeout=0.3)
    assert done == set()
    await ari.playbacks.stop("play-long")
    await moving
    await heard.first(events.ChannelEnteredBridge, lambda event: event.bridge.id == talk)
    entered = heard.all(events.ChannelEnteredBridge, channel_id)
    assert [each.bridge.id for each in entered] == [waiting, talk]
    assert (await ari.bridges.get(talk)).channel_ids == (channel_id,)
    with pytest.raises(NotFound):
        await ari.bridges.add_channel(talk, channel=["gone"])
    await ari.bridges.destroy(talk)
    await heard.first(events.ChannelLeftBridge, lambda event: event.bridge.id == talk)


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
