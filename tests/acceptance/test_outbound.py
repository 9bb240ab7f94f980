"""Calls to numbers outside, over the trunk: what the carrier is asked for, and what the person called sees of us."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from ari_app.ari.client import AriClient
from ari_app.calls.errors import DestinationUnavailable
from ari_app.calls.switch import AriSwitch
from ari_app.core.ids import ChannelId, Endpoint, new_bridge_id, new_call_id, new_channel_id
from ari_app.core.outbound import NumberForm
from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.asterisk_root import AsteriskProgram
from tests.acceptance.conftest import exchange_of
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.phone import Phone
from tests.acceptance.small_application import SmallApplication

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

MOBILE = "+31612345678"
SHOWN = "+31119990400"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A phone network, an application that holds the channels, and the orders under test."""

    phones: PhoneNetwork
    application: SmallApplication
    ari: AriClient

    def switch(self, form: NumberForm = NumberForm.E164) -> AriSwitch:
        return AriSwitch(self.ari, "ari_app", "PJSIP/{number}@trunk", form)

    async def calls(self, number: str, switch: AriSwitch) -> ChannelId:
        """The channel of a call to this number that rings."""
        endpoint = switch.outside(number)
        assert endpoint is not None
        call_id = new_call_id()
        channel_id = new_channel_id(call_id, "colleague")
        await switch.create(endpoint, channel_id, call_id, SHOWN)
        assert await self.application.arrival() == channel_id
        await switch.dial(channel_id)
        return channel_id

    async def shown_to(self, phone: Phone) -> dict[str, str]:
        """The caller as this phone displays them."""
        channel = await self.phones.remote.order("GET", f"channels/{phone.channel_id}")
        caller: dict[str, str] = channel["caller"]
        return caller


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def around(
    asterisk: LocalAsterisk, asterisk_program: AsteriskProgram, server_directory: Path
) -> AsyncIterator[Surroundings]:
    asterisk.start()
    directory = server_directory / f"phones-{secrets.token_hex(2)}"
    async with (
        PhoneNetwork(asterisk_program, exchange_of(asterisk), asterisk.accounts[:1], directory) as network,
        AriClient(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password) as ari,
        SmallApplication(asterisk) as application,
    ):
        await network.all_registered()
        yield Surroundings(network, application, ari)


async def test_given_a_number_outside_when_it_is_called_then_the_person_sees_our_number_and_no_name(
    asterisk: LocalAsterisk, around: Surroundings
) -> None:
    channel_id = await around.calls(MOBILE, around.switch())

    mobile = await around.phones.outside(MOBILE)
    assert (await mobile.header("From")).startswith(f"<sip:{SHOWN}@")
    assert (await mobile.header("P-Asserted-Identity")).startswith(f"<sip:{SHOWN}@")
    assert (await mobile.header("To")).startswith(f"<sip:{MOBILE}@")
    for hides_or_tells_more in ("Privacy", "Remote-Party-ID", "Diversion"):
        assert await mobile.header(hides_or_tells_more) == ""
    assert await around.shown_to(mobile) == {"name": "", "number": SHOWN}

    await mobile.pick_up()
    await around.ari.channels.hangup(channel_id)
    assert (await mobile.ended()).was_answered


async def test_given_a_citizen_when_somebody_outside_joins_them_then_neither_is_told_who_the_other_is(
    asterisk: LocalAsterisk, around: Surroundings
) -> None:
    await around.application.beat(int(time.time()) + 3600)
    citizen = await around.phones.citizen("140119", "+31201234567")
    caller = ChannelId(await around.application.arrival())
    orders = around.switch()
    channel_id = await around.calls(MOBILE, orders)
    mobile = await around.phones.outside(MOBILE)
    await mobile.pick_up()
    await orders.ensure_answered(caller)
    talk = new_bridge_id("talk")
    await orders.ensure_talk_bridge(talk)
    for party in (caller, channel_id):
        await orders.ensure_in_bridge(talk, party)

    await citizen.speak_tone(700)
    await mobile.hears_tone(700)
    assert await around.shown_to(mobile) == {"name": "", "number": SHOWN}
    connected = (await around.phones.remote.order("GET", f"channels/{citizen.channel_id}"))["connected"]
    assert MOBILE[3:] not in connected["number"]

    await orders.destroy_bridge(talk)
    await mobile.hang_up()
    await citizen.hang_up()


@pytest.mark.parametrize(
    ("form", "asked_for"),
    [(NumberForm.NATIONAL, "0612345678"), (NumberForm.INTERNATIONAL, "0031612345678")],
)
async def test_given_how_the_trunk_wants_numbers_when_one_is_called_then_it_is_written_so(
    asterisk: LocalAsterisk, around: Surroundings, form: NumberForm, asked_for: str
) -> None:
    await around.calls(MOBILE, around.switch(form))

    mobile = await around.phones.outside(MOBILE)
    assert (await mobile.header("To")).startswith(f"<sip:{asked_for}@")
    await mobile.decline()
    assert (await mobile.ended()).cause == 17
    await around.application.all_gone()


async def test_given_no_such_trunk_when_a_number_is_called_then_nobody_can_be_reached_there(
    asterisk: LocalAsterisk, around: Surroundings
) -> None:
    call_id = new_call_id()
    with pytest.raises(DestinationUnavailable):
        await around.switch().create(Endpoint(f"PJSIP/{MOBILE}@none"), new_channel_id(call_id, "c"), call_id, SHOWN)
