"""Phones that are forwarded: the caller stays where they are, and the other phones ring on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import cycle

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, TRUNK, password_of, sip_phone
from tests.rawsip import Call, SipPhone

pytestmark = pytest.mark.asterisk

#: what a phone may say instead of ringing, and where it wants the call to go
STATUSES = [300, 301, 302, 305, 380]
TARGETS = ["0201234567", "140119", "1400", "phone02"]


@pytest.fixture
async def phones(asterisk: LocalAsterisk) -> AsyncIterator[list[SipPhone]]:
    """phone03 to phone08, registered; no other phone is."""
    async with AsyncExitStack() as stack:
        found = [await stack.enter_async_context(sip_phone(asterisk, PHONE, f"phone{n:02}")) for n in range(3, 9)]
        for phone in found:
            assert (await Call(phone, phone.user).register(password_of(asterisk, phone.user))).status == 200
        yield found
        for phone in found:
            await Call(phone, phone.user).register(password_of(asterisk, phone.user), expires=0)


def _elsewhere(asterisk: LocalAsterisk, target: str) -> str:
    return f"Contact: <sip:{target}@{asterisk.sip_host}:{asterisk.sip_port}>\r\nDiversion: <sip:phone07@x>\r\n"


async def test_given_the_fallback_when_phones_forward_then_the_one_that_does_not_rings_on_and_takes_the_call(
    asterisk: LocalAsterisk, phones: list[SipPhone]
) -> None:
    *forwarded, other = phones
    async with sip_phone(asterisk, TRUNK) as citizen:
        call = Call(citizen, "140119")
        assert (await call.invite()).status == 200
        ringing = await Call.incoming(other, 30)
        ringing.respond(180)
        for phone, status, target in zip(forwarded, STATUSES, cycle(TARGETS), strict=False):
            (await Call.incoming(phone)).respond(status, extra=_elsewhere(asterisk, target))
        with pytest.raises(TimeoutError):
            await ringing.request("CANCEL", seconds=1)
        await ringing.pick_up()
        channels = asterisk.cli("core show channels concise").splitlines()
        assert sorted(channel.split("-")[0] for channel in channels) == ["PJSIP/phone08", "PJSIP/trunk"]
        await call.bye()
        await ringing.request("BYE")


@pytest.mark.parametrize("status", STATUSES)
async def test_given_a_phone_that_the_application_rings_when_it_forwards_then_it_has_declined(
    asterisk: LocalAsterisk, small_application: SmallApplication, phones: list[SipPhone], status: int
) -> None:
    for target in TARGETS:
        channel_id = await small_application.ring(f"PJSIP/{phones[0].user}", 10)
        (await Call.incoming(phones[0])).respond(status, extra=_elsewhere(asterisk, target))
        while small_application.recorded()[-1].ended_at is None:
            await small_application.next_event()
        assert small_application.recorded()[-1].channel_id == channel_id, "nobody else was rung"
        with pytest.raises(TimeoutError):
            await Call.incoming(phones[1], 0.2)
    assert await small_application.remote.order("GET", "channels") == []


async def test_given_a_colleague_outside_when_the_network_forwards_the_call_then_it_has_declined(
    asterisk: LocalAsterisk, small_application: SmallApplication
) -> None:
    carrier_address, _, port = asterisk.settings.trunk_contact.removeprefix("sip:").rpartition(":")
    async with SipPhone(carrier_address, (asterisk.sip_host, asterisk.sip_port), "carrier", int(port)) as carrier:
        for status in STATUSES:
            dialling = asyncio.create_task(small_application.ring("PJSIP/0612345678@trunk", 10))
            call = await Call.incoming(carrier)
            call.respond(status, extra=_elsewhere(asterisk, "0906123456"))
            await dialling
            while small_application.recorded()[-1].ended_at is None:
                await small_application.next_event()
            with pytest.raises(TimeoutError):
                await Call.incoming(carrier, 0.2)
