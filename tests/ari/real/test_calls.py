"""Calls on the Asterisk in use: their channels, bridges and playbacks, as the rest of the program counts on them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ari_app.ari import events
from ari_app.ari.client import AriClient
from ari_app.ari.errors import Conflict, NotFound, NotInStasis
from ari_app.local.asterisk import LocalAsterisk
from tests.ari.listener import Listener
from tests.ari.real.calls import MILLISECOND, NUMBER, answered_call, arrival
from tests.place import address
from tests.rawsip import Call, SipPhone

pytestmark = pytest.mark.asterisk


TALK = "mixing,dtmf_events,proxy_media"


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
