"""What a phone that we call is offered: the caller's kind of sound first, so that no talk is transcoded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ari_app.ari.client import AriClient
from ari_app.calls.switch.orders import TALK_BRIDGE, AriSwitch
from ari_app.core.ids import ChannelId, Endpoint, new_call_id, new_channel_id
from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, password_of
from tests.patience import PATIENCE_SECONDS
from tests.rawsip import Call, SipPhone
from tests.rawsip.conftest import Joins
from tests.rawsip.message import Message

pytestmark = pytest.mark.asterisk

#: payload types, by Asterisk's names
TYPES = {"alaw": "8", "ulaw": "0", "g722": "9"}
RATES = {"alaw": "PCMA/8000", "ulaw": "PCMU/8000", "g722": "G722/8000"}


def offered(name: str, port: int) -> list[str]:
    """Sound of this kind alone."""
    return [f"m=audio {port} RTP/AVP {TYPES[name]}\r\na=rtpmap:{TYPES[name]} {RATES[name]}\r\na=sendrecv"]


def first_of(message: Message) -> str:
    found = re.search(r"^m=audio \d+ \S+ (\d+)", message.body, re.MULTILINE)
    assert found is not None, message.body
    return found[1]


@asynccontextmanager
async def rung(
    asterisk: LocalAsterisk, app: SmallApplication, like: ChannelId | None
) -> AsyncIterator[tuple[ChannelId, Message]]:
    """A registered phone that is called and picks up: its channel, and the call that it got."""
    async with (
        AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as ari,
        SipPhone(PHONE, (asterisk.sip_host, asterisk.sip_port), "phone02") as phone,
    ):
        await Call(phone, "phone02").register(password_of(asterisk, "phone02"))
        switch, call_id = AriSwitch(ari, "ari_app"), new_call_id()
        channel_id = new_channel_id(call_id, "colleague")
        await switch.create(Endpoint("PJSIP/phone02"), channel_id, call_id, "", like)
        assert await app.arrival() == channel_id
        await switch.dial(channel_id)
        yield channel_id, await phone.request("INVITE")
        await switch.hang_up(channel_id)


@pytest.mark.parametrize("name", TYPES)
async def test_a_phone_is_offered_the_callers_kind_of_sound_first(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, name: str
) -> None:
    party = await joins(lines=lambda port: offered(name, port))
    async with rung(asterisk, small_application, ChannelId(party.channel_id)) as (_, invite):
        assert first_of(invite) == TYPES[name]


@pytest.mark.parametrize("like", [None, ChannelId("nobody")], ids=["nobody", "somebody who left"])
async def test_without_a_caller_a_phone_is_offered_the_sound_of_the_network_first(
    asterisk: LocalAsterisk, small_application: SmallApplication, like: ChannelId | None
) -> None:
    async with rung(asterisk, small_application, like) as (_, invite):
        assert first_of(invite) == TYPES["alaw"]


async def test_a_talk_of_a_citizen_with_a_phone_that_we_called_is_transcoded_nowhere(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins
) -> None:
    party = await joins()
    async with rung(asterisk, small_application, ChannelId(party.channel_id)) as (channel_id, _):
        remote = small_application.remote
        bridge = (await remote.order("POST", "bridges", type=TALK_BRIDGE))["id"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await remote.order("GET", f"channels/{channel_id}"))["state"] != "Up":
                await small_application.next_event()
        await remote.order("POST", f"bridges/{bridge}/addChannel", channel=f"{party.channel_id},{channel_id}")
        for one in (party.channel_id, channel_id):
            name = (await remote.order("GET", f"channels/{one}"))["name"]
            shown = asterisk.cli(f"core show channel {name}")
            assert re.search(r"WriteFormat: *alaw", shown) and re.search(r"ReadFormat: *alaw", shown), shown
            assert re.search(r"WriteTranscode: *No", shown) and re.search(r"ReadTranscode: *No", shown), shown
        await remote.order("DELETE", f"bridges/{bridge}")
