"""The dialplan's fallback helps a citizen while the application is away."""

from __future__ import annotations

import asyncio
import time

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.local.ground import (
    PHONE,
    TRUNK,
    application,
    beat,
    eventually,
    fallback_reason,
    new_number,
    password_of,
    sip_phone,
)
from tests.patience import PATIENCE_SECONDS
from tests.rawsip import Call

pytestmark = pytest.mark.asterisk


async def test_given_no_heartbeat_when_a_citizen_calls_then_the_fallback_answers(asterisk: LocalAsterisk) -> None:
    number = new_number()
    async with sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, number)
        assert (await call.invite()).status == 200
        assert await fallback_reason(asterisk, number) == "no_heartbeat"
        await call.bye()


async def test_given_a_heartbeat_that_stopped_when_a_citizen_calls_then_the_fallback_answers(
    asterisk: LocalAsterisk,
) -> None:
    number = new_number()
    async with application(asterisk), sip_phone(asterisk, TRUNK) as phone:
        asterisk.cli(f"dialplan set global ARI_APP_HEARTBEAT {int(time.time()) - 4}")
        call = Call(phone, number)
        assert (await call.invite()).status == 200
        assert await fallback_reason(asterisk, number) == "no_heartbeat"
        await call.bye()


async def test_given_a_heartbeat_but_no_application_when_a_citizen_calls_then_the_fallback_answers(
    asterisk: LocalAsterisk,
) -> None:
    beat(asterisk)
    number = new_number()
    async with sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, number)
        assert (await call.invite()).status == 200
        assert await fallback_reason(asterisk, number) == "stasis_failed"
        await call.bye()


async def test_given_a_call_in_the_application_when_it_is_sent_to_the_fallback_then_its_reason_is_kept(
    asterisk: LocalAsterisk,
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        for reason, seen in (("", "sent_by_application"), ("fault", "fault")):
            number = new_number()
            call = Call(phone, number)
            answering = asyncio.create_task(call.invite())
            channel = (await app.event("StasisStart"))["channel"]["id"]
            if reason:
                await app.post(f"channels/{channel}/variable", variable="FALLBACK_REASON", value=reason)
            await app.post(f"channels/{channel}/continue", context="fallback", extension="s", priority="1")
            assert (await answering).status == 200
            assert await fallback_reason(asterisk, number) == seen
            await call.bye()


async def test_given_a_registered_phone_when_the_fallback_takes_a_call_then_it_rings_and_both_are_connected(
    asterisk: LocalAsterisk,
) -> None:
    async with sip_phone(asterisk, TRUNK) as citizen, sip_phone(asterisk, PHONE, "phone07") as operator:
        registration = Call(operator, "phone07")
        assert (await registration.register(password_of(asterisk, "phone07"))).status == 200
        call = Call(citizen, "140119")
        assert (await call.invite()).status == 200
        ringing = await operator.request("INVITE")
        assert "Noodroute 140119" in ringing.headers["from"], "the operator sees that this is not an ordinary call"
        assert "0201234567" in ringing.headers["from"]
        await eventually(lambda: "2 active channels" in asterisk.cli("core show channels"))
        await eventually(lambda: " 2 " in asterisk.cli("bridge show all"))
        await call.bye()
        await operator.request("BYE")
        assert (await registration.register(password_of(asterisk, "phone07"), expires=0)).status == 200


async def test_given_an_operator_who_stands_by_when_the_application_freezes_then_the_fallback_rings_that_phone(
    asterisk: LocalAsterisk,
) -> None:
    password = password_of(asterisk, "phone08")
    async with (
        application(asterisk) as app,
        sip_phone(asterisk, TRUNK) as citizen,
        sip_phone(asterisk, PHONE, "phone08") as operator,
    ):
        registration = Call(operator, "phone08")
        assert (await registration.register(password)).status == 200
        line = Call(operator, "1400")
        answering = asyncio.create_task(line.invite(password=password))
        channel = (await app.event("StasisStart"))["channel"]["id"]
        await app.post(f"channels/{channel}/answer")
        assert (await answering).status == 200

        asterisk.cli("dialplan set global ARI_APP_HEARTBEAT 0")
        call = Call(citizen, "140119")
        assert (await call.invite()).status == 200
        await operator.request("INVITE")
        await call.bye()
        await operator.request("BYE")
        await line.bye()
        assert (await registration.register(password, expires=0)).status == 200


async def test_given_no_phone_at_all_when_the_fallback_takes_a_call_then_the_caller_is_told_and_not_kept(
    asterisk: LocalAsterisk,
) -> None:
    asterisk.cli("database deltree registrar")  # phones of tests before this one
    await asyncio.to_thread(asterisk.restart)
    async with sip_phone(asterisk, TRUNK) as citizen:
        call = Call(citizen, "140119")
        assert (await call.invite()).status == 200
        async with asyncio.timeout(PATIENCE_SECONDS):
            await citizen.request("BYE", seconds=20)
