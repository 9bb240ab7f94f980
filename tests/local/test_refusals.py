"""Requests and senders that Asterisk itself refuses."""

from __future__ import annotations

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.local import firewall
from tests.local.ground import (
    STRANGER,
    TRUNK,
    application,
    sip_phone,
)
from tests.rawsip import Call

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("user", ["phone01", "nobody", "anonymous", "0201234567"])
async def test_given_a_source_we_do_not_know_when_it_calls_then_asterisk_refuses(
    asterisk: LocalAsterisk, user: str
) -> None:
    async with application(asterisk), sip_phone(asterisk, STRANGER, user) as stranger:
        assert (await Call(stranger, "140119").invite()).status == 401
        assert (await Call(stranger, "1400").invite(password="wrong-password")).status == 401
        assert (await Call(stranger, user).register("wrong-password")).status in (401, 403, 404)
    assert "0 active channels" in asterisk.cli("core show channels")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe" * 400,
        b"INVITE\r\n\r\n",
        b"INVITE sip:140119@x SIP/2.0\r\nVia: \r\nFrom: <<<>>>;tag=\r\nTo: %%%\r\nCSeq: -1 X\r\nCall-ID: \r\n\r\n",
        b"INVITE sip:140119@x SIP/2.0\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"INVITE sip:" + b"1" * 60000 + b" SIP/2.0\r\n\r\n",
    ],
    ids=["bytes", "short", "headers", "length", "long"],
)
async def test_given_garbage_when_it_arrives_from_the_trunk_then_the_next_call_is_served(
    asterisk: LocalAsterisk, garbage: bytes
) -> None:
    async with sip_phone(asterisk, TRUNK) as phone:
        phone.send(garbage)
        call = Call(phone, "140119")
        assert (await call.invite()).status == 200
        await call.bye()


@pytest.mark.parametrize("dialled", ["info", "s", "h", "fallback", "14(0)19%29%7D", "*"])
async def test_given_a_trunk_when_it_dials_no_number_then_asterisk_does_not_take_the_call(
    asterisk: LocalAsterisk, dialled: str
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, dialled)
        if dialled.startswith("14"):
            call.send("INVITE")
            started = await app.event("StasisStart")
            assert started["args"][2] == "14019", "what is not a digit never reaches the application"
            await app.post(f"channels/{started['channel']['id']}/continue")
            await call.response()
        else:
            assert 400 <= (await call.invite()).status < 500


async def test_given_a_talk_when_the_phone_transfers_by_itself_then_asterisk_refuses(asterisk: LocalAsterisk) -> None:
    async with sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, "140119")
        assert (await call.invite()).status == 200
        call.send("REFER", extra="Refer-To: <sip:0900123@example.org>\r\n")
        assert (await call.response()).status >= 400
        await call.bye()


@pytest.mark.parametrize(
    ("method", "extra"),
    [
        ("SUBSCRIBE", "Event: presence\r\nExpires: 60\r\n"),
        ("SUBSCRIBE", "Event: dialog\r\nExpires: 60\r\n"),
        ("MESSAGE", ""),
        ("PUBLISH", "Event: presence\r\n"),
        ("REFER", "Refer-To: <sip:1@example.org>\r\n"),
    ],
)
async def test_given_the_trunk_when_it_asks_for_something_else_than_a_call_then_asterisk_refuses(
    asterisk: LocalAsterisk, method: str, extra: str
) -> None:
    async with sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, "140119")
        call.send(method, extra=extra)
        assert (await call.response()).status >= 400


def test_given_the_documented_firewall_when_an_address_sends_a_thousand_then_few_get_in_and_all_of_trunk_and_phones(
    tools: None,
) -> None:
    rules = firewall.documented_rules()
    assert sum("hashlimit" in rule for rule in rules) == 1, "a limit per address"
    trunk, phone, scanner, stranger = "127.0.7.1", "127.0.8.1", "127.0.8.2", "127.0.9.1"
    came, seconds = firewall.packets_let_in(rules, {trunk: 1000, scanner: 1000, phone: 5, stranger: 5})
    assert (came[trunk], came[phone], came[stranger]) == (1000, 5, 0)
    assert 100 <= came[scanner] <= 100 + 20 * (seconds + 1)
