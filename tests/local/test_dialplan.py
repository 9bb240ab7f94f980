"""Asterisk's hand-off to the application, and its own notes about a call."""

from __future__ import annotations

import asyncio
import json
import time
from uuid import RFC_4122, UUID

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.local.ground import (
    PHONE,
    TRUNK,
    application,
    cel_of,
    new_number,
    password_of,
    sip_phone,
)
from tests.patience import PATIENCE_SECONDS
from tests.rawsip import Call

pytestmark = pytest.mark.asterisk


async def test_given_a_listening_application_when_a_citizen_calls_then_it_gets_id_number_and_caller(
    asterisk: LocalAsterisk,
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, "140119")
        call.send("INVITE")
        started = await app.event("StasisStart")
        role, call_id, dialled = started["args"]
        assert (role, dialled) == ("citizen", "140119")
        assert str(UUID(call_id)) == call_id
        made_at = int(call_id[:13].replace("-", "")) / 100
        assert abs(made_at - time.time()) < PATIENCE_SECONDS, "ids sort by time"
        assert (UUID(call_id).version, UUID(call_id).variant) == (8, RFC_4122)
        assert started["channel"]["channelvars"] == {"CALL_ID": call_id}
        assert started["channel"]["caller"] == {"name": "", "number": "0201234567"}
        assert started["channel"]["id"].startswith("node1-")
        assert started["channel"]["state"] == "Ring", "the caller pays nothing before we answer"
        await app.post(f"channels/{started['channel']['id']}/continue")
        await call.response()


@pytest.mark.parametrize("dialled", ["+3114020", "0031140119", "140119;phone-context=+31"])
async def test_given_a_notation_of_a_trunk_when_it_calls_then_digits_and_plus_arrive(
    asterisk: LocalAsterisk, dialled: str
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, dialled)
        call.send("INVITE")
        started = await app.event("StasisStart")
        assert started["args"][2] == dialled.partition(";")[0]
        await app.post(f"channels/{started['channel']['id']}/continue")
        await call.response()


@pytest.mark.parametrize(
    ("sender", "extra"),
    [
        (
            '"Anonymous" <sip:anonymous@anonymous.invalid>',
            "P-Asserted-Identity: <sip:+31612345678@example.org>\r\nPrivacy: id\r\n",
        ),
        ('"Jan" <sip:+31612345678@example.org>', "Privacy: id\r\nP-Asserted-Identity: <sip:+31612345678@a.nl>\r\n"),
        ("Anonymous <sip:anonymous@anonymous.invalid>", ""),
        ("<sip:Robert'); DROP TABLE call@example.org>".replace(" ", "%20"), ""),
        (f"<sip:{'9' * 60}@example.org>", ""),
        ('"${SHELL(id)} \\"]" <sip:06%24%7BEPOCH%7D@example.org>', ""),
        ("<sip:1%22%20%3D%20%221%22%20%7C%20%221@example.org>", ""),
    ],
    ids=["asserted and withheld", "named and withheld", "anonymous", "garbage", "too long", "dialplan words", "quotes"],
)
async def test_given_a_withheld_or_mangled_number_when_a_citizen_calls_then_nobody_sees_it(
    asterisk: LocalAsterisk, sender: str, extra: str
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, "140119", from_header=sender, extra=extra)
        call.send("INVITE")
        started = await app.event("StasisStart")
        assert started["channel"]["caller"] == {"name": "", "number": ""}
        assert "612345678" not in json.dumps(started)
        await app.post(f"channels/{started['channel']['id']}/continue")
        await call.response()
    assert "612345678" not in asterisk.cel_file.read_text()
    assert "612345678" not in asterisk.messages_file.read_text()


@pytest.mark.parametrize(
    "dialled", ["140119%2Cguard", "140119%2C1%2Ccitizen", "140119%22%29%7D", "140119%24%7BUUID()%7D"]
)
async def test_given_dialplan_words_in_the_dialled_number_when_a_citizen_calls_then_they_are_no_words(
    asterisk: LocalAsterisk, dialled: str
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, dialled, extra="P-Asserted-Identity: <sip:+31612345678@example.org>\r\nPrivacy: id\r\n")
        call.send("INVITE")
        started = await app.event("StasisStart")
        role, call_id, number = started["args"]
        assert (role, number[:6]) == ("citizen", "140119")
        assert started["channel"]["channelvars"] == {"CALL_ID": str(UUID(call_id))}
        assert started["channel"]["caller"]["number"] == ""
        await app.post(f"channels/{started['channel']['id']}/continue")
        await call.response()


async def test_given_an_asserted_number_when_a_citizen_calls_then_it_is_believed(asterisk: LocalAsterisk) -> None:
    extra = "P-Asserted-Identity: <sip:+31612345678@example.org>\r\n"
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, "140119", extra=extra)
        call.send("INVITE")
        started = await app.event("StasisStart")
        assert started["channel"]["caller"]["number"] == "+31612345678"
        await app.post(f"channels/{started['channel']['id']}/continue")
        await call.response()


async def test_given_an_unanswered_call_when_the_application_asks_for_progress_then_there_is_early_media(
    asterisk: LocalAsterisk,
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, TRUNK) as phone:
        call = Call(phone, "140119")
        ringing = asyncio.create_task(call.invite(least=180))
        started = await app.event("StasisStart")
        assert (await ringing).status == 180, "no dead air"
        await app.post(f"channels/{started['channel']['id']}/progress")
        progress = await call.response(least=181)
        assert progress.status == 183
        assert "m=audio" in progress.body
        await app.post(f"channels/{started['channel']['id']}/continue")
        assert (await call.answered()).status >= 400, "not answered: nothing to pay"


async def test_given_a_sample_citizen_phone_when_it_calls_then_it_arrives_as_over_the_trunk(
    asterisk: LocalAsterisk,
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, PHONE, "citizen01") as phone:
        call = Call(phone, "140119")
        asking = asyncio.create_task(call.invite(password=password_of(asterisk, "citizen01")))
        started = await app.event("StasisStart")
        assert started["args"][0] == "citizen"
        assert started["channel"]["caller"]["number"] == "", "an account's name is not a telephone number"
        await app.post(f"channels/{started['channel']['id']}/continue")
        await asking


# -- operators' phones ----------------------------------------------------------------------------------------------


async def test_given_a_listening_application_when_a_phone_dials_1400_then_it_is_an_operators_line(
    asterisk: LocalAsterisk,
) -> None:
    async with application(asterisk) as app, sip_phone(asterisk, PHONE, "phone01") as phone:
        call = Call(phone, "1400")
        asking = asyncio.create_task(call.invite(password=password_of(asterisk, "phone01")))
        started = await app.event("StasisStart")
        role, call_id = started["args"]
        assert role == "operator"
        assert started["channel"]["channelvars"] == {"CALL_ID": call_id}
        assert started["channel"]["name"].startswith("PJSIP/phone01-")
        await app.post(f"channels/{started['channel']['id']}/continue")
        await asking


async def test_given_no_application_when_a_phone_dials_1400_then_it_is_told_and_released(
    asterisk: LocalAsterisk,
) -> None:
    async with sip_phone(asterisk, PHONE, "phone01") as phone:
        call = Call(phone, "1400")
        assert (await call.invite(password=password_of(asterisk, "phone01"))).status == 200
        await phone.request("BYE", seconds=15)


async def test_given_a_phone_when_it_dials_a_number_that_is_not_ours_then_it_is_told_and_released(
    asterisk: LocalAsterisk,
) -> None:
    async with application(asterisk), sip_phone(asterisk, PHONE, "phone01") as phone:
        call = Call(phone, "0201234567")
        assert (await call.invite(password=password_of(asterisk, "phone01"))).status == 200
        await phone.request("BYE", seconds=15)


# -- the log -----------------------------------------------------------------------------------------------------------


async def test_given_a_call_when_it_is_over_then_the_event_log_has_its_start_answer_and_end(
    asterisk: LocalAsterisk,
) -> None:
    number = new_number()
    async with sip_phone(asterisk, TRUNK, "0880123456") as phone:
        before = time.time()
        call = Call(phone, number)
        assert (await call.invite()).status == 200
        await call.bye()
    rows = await cel_of(asterisk, number, "CHAN_END")
    assert [row[0] for row in rows if row[0] in {"CHAN_START", "ANSWER", "CHAN_END"}] == [
        "CHAN_START",
        "ANSWER",
        "CHAN_END",
    ]
    assert all(len(row) == 12 for row in rows)
    assert all(before - 0.1 < float(row[1]) < time.time() + 0.1 for row in rows)
    assert "0880123456" not in asterisk.cel_file.read_text(), "no caller number in the log"
