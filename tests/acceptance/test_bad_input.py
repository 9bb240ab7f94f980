"""Senseless input, and people who vanish at any moment: one call suffers, no other does."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.acceptance import phones as scenarios
from tests.acceptance.centre import Centre, edited_sample, entry
from tests.acceptance.crowd import Crowd
from tests.acceptance.network_conf import Exchange
from tests.acceptance.phones import Sipp
from tests.acceptance.remote_control import RemoteError
from tests.place import address
from tests.rawsip import Call, SipPhone

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TRUNK, STRANGER = address(12), address(3)
OF_A_LINE, OF_A_RUNG_TEAM, OF_A_PHONE, CLOSED = "0119990400", "140179", "0179990312", "0119990100"
CALLED = ("140119", OF_A_LINE, OF_A_LINE, OF_A_RUNG_TEAM, OF_A_PHONE, CLOSED, "0209999999")
_ALWAYS = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
MOMENTS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.1)  # seconds after dialling
FLOOD = "987650" * 50


def _area(area: dict[str, Any]) -> None:
    """Wierdam has operators on a line, Lindekerk a team that is rung; Oosterwende is always closed.

    For Zandermeer nobody is ever there.
    """
    entry(area, "municipality", "GM9901").update(hours={}, closing=[], open_on_days=[], direct=[])
    entry(area, "municipality", "GM9903")["direct"] = [{"number": OF_A_PHONE, "endpoint": "PJSIP/phone08"}]
    entry(area, "municipality", "GM9902").update(hours=_ALWAYS, open_on_legal_days=True)
    entry(area, "team", "gezamenlijk").update(serves=["GM9901", "GM9904"], wrap_up_seconds=0)
    entry(area, "team", "lindekerk-bel").update(ring_seconds=2, wrap_up_seconds=0)


AREA = edited_sample(_area)


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def the_next_citizen_is_helped(centre: Centre) -> AsyncIterator[None]:
    """Whatever a test did: the same process goes on, and helps."""
    pid = centre.application.pid
    yield
    await centre.phones.everybody_hangs_up()
    operator = await centre.operator("phone07", "104")
    citizen = await centre.citizen(OF_A_LINE)
    await centre.call_is(citizen, "talking")
    await operator.speak_tone(600)
    await citizen.hears_tone(600)
    assert centre.application.pid == pid


def _phone(centre: Centre, address: str) -> SipPhone:
    return SipPhone(address, (centre.asterisk.sip_host, centre.asterisk.sip_port))


async def _rows(centre: Centre) -> int:
    """How many calls and dial-ins there were in this run."""
    return int(await centre.ask("SELECT (SELECT count(*) FROM call) + (SELECT count(*) FROM operator_line)"))


async def test_given_a_stranger_when_they_call_in_any_guise_then_asterisk_refuses_and_we_never_hear_of_it(
    centre: Centre,
) -> None:
    before = await _rows(centre)
    guises = (
        None,
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        "<sip:phone01@ari_app>",
        f"<sip:trunk@{TRUNK}>",
        "<sip:+31201234567@carrier.example;user=phone>",
    )
    async with _phone(centre, STRANGER) as stranger:
        for guise in guises:
            for dialled in ("140119", "1400", OF_A_LINE, "s", "+31201234567"):
                answer = await Call(stranger, dialled, from_header=guise).invite(password="guessed")
                assert answer.status == 401
    assert await _rows(centre) == before


async def test_given_garbage_on_the_wire_when_it_comes_from_a_known_address_then_it_harms_nobody(
    centre: Centre,
) -> None:
    before = await _rows(centre)
    uri = f"sip:140119@{centre.asterisk.sip_host}:{centre.asterisk.sip_port}"
    head = f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {TRUNK};branch=z9hG4bK1\r\n"
    rest = "From: <sip:1@x>;tag=1\r\nTo: <sip:2@x>\r\nCall-ID: garbage\r\nCSeq: 1 INVITE\r\n"
    datagrams = [
        b"",
        b"\0" * 2000,
        secrets.token_bytes(1400),
        b"\r\n\r\n",
        b"\r\n" * 5000,
        b"INVITE",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 99999999999 Never\r\nVia: x\r\n\r\n",
        f"INVITE {'sip:' * 3000} SIP/2.0\r\n\r\n".encode(),
        head.encode(),
        (head + rest).encode()[:-20],
        (head + "From: \r\nTo: \r\nCall-ID: \r\nCSeq: \r\n\r\n").encode(),
        (head + rest.replace("1 INVITE", "99999999999999999999 BYE") + "\r\n").encode(),
        (head + rest + "Content-Length: -1\r\n\r\n").encode(),
        (head + rest + "Content-Length: 99999999\r\n\r\nshort").encode(),
        (head + rest + "Content-Type: application/sdp\r\n\r\nv=0\r\nm=audio -1 RTP/AVP 999 a b c\r\n").encode(),
        (head + rest + "X: " + "\xff%n%s\0" * 500 + "\r\n\r\n").encode("latin-1"),
        (head + rest + "Route: <sip:x;lr>\r\n" * 300 + "\r\n").encode(),
        f"BYE {uri} SIP/2.0\r\n{rest}\r\n".encode(),
    ]
    async with _phone(centre, TRUNK) as phone:
        for datagram in datagrams:
            phone.send(datagram)
        proof = Call(phone, OF_A_LINE)  # by its answer the exchange has read what came before
        assert (await proof.invite()).status == 200
        await proof.bye()
    assert await _rows(centre) <= before + 2


async def test_given_caller_numbers_that_are_none_when_the_calls_come_then_they_are_helped_without_a_number(
    centre: Centre,
) -> None:
    newest = "SELECT {} FROM call ORDER BY arrived_at DESC LIMIT 1"
    users = ("9" * 300, "", "+", "abc", "%00%0d%0a", "$(id)", "'; DROP TABLE call; --", "0031", "+31 20", "٠١٢٣٤٥٦٧٨٩")
    async with _phone(centre, TRUNK) as phone:
        for user in users:
            at = "@" if user else ""
            call = Call(phone, OF_A_LINE, from_header=f"<sip:{quote(user, safe='+%')}{at}carrier.example>")
            assert (await call.invite()).status == 200
            await centre.becomes(newest.format("stage"), "waiting")
            assert await centre.ask(newest.format("pii_caller_number")) is None, user
            await call.bye()
            await centre.becomes(newest.format("end_reason"), "abandoned_waiting")


async def test_given_numbers_that_are_not_ours_when_they_are_dialled_then_it_is_said_for_free(centre: Centre) -> None:
    async def dials(number: str) -> None:
        citizen = await centre.citizen(number, listens=True)
        await citizen.hears_recording(centre.sound("nl/niet-in-gebruik"), since=0)
        ending = await citizen.ended()
        assert (ending.was_answered, ending.sip_status) == (False, 404)
        await centre.call_has(citizen, "end_reason", "not_served")
        call = await centre.call(citizen)
        assert call["dialled"] == number[:32] and call["line_answered_at"] is None

    async def misdials(number: str, account: str) -> None:
        phone = await centre.phones.desk(account, number, listens=True)
        await phone.hears_recording(centre.asterisk.sounds_dir / "nl/number-unknown.wav", since=0)
        await phone.ended()

    lines = await centre.ask("SELECT count(*) FROM operator_line")
    async with asyncio.TaskGroup() as group:
        for number in ("0209999999", "14020", "1", "00", "+4930123456", "5" * 60):
            group.create_task(dials(number))
        for account, number in (("phone01", "999"), ("phone02", "14001"), ("phone03", "*99"), ("phone04", "1" * 60)):
            group.create_task(misdials(number, account))
    async with _phone(centre, TRUNK) as phone:
        for number in ("5" * 500, "abc", "%00%0a", "s"):
            assert (await Call(phone, number).invite()).status in (400, 404, 414, 416, 484)
    assert await centre.ask("SELECT count(*) FROM operator_line") == lines


@pytest.mark.silence_meant("phones vanish without a word, also from a talk")
async def test_given_people_who_key_for_ever_never_acknowledge_or_vanish_when_all_is_over_then_each_call_has_its_end(
    centre: Centre, tmp_path: Path
) -> None:
    since = datetime.now(UTC)
    exchange = Exchange(centre.asterisk.sip_host, centre.asterisk.sip_port)
    long_one = Sipp(exchange, address(22), tmp_path)
    async with asyncio.TaskGroup() as group:
        group.create_task(_citizen_keys_300(centre))
        group.create_task(_operator_keys_300(centre))
        deaf = group.create_task(long_one.run(scenarios.citizen_never_acks("0119990200")))
        group.create_task(_everybody_vanishes(centre))
    assert deaf.result().failed == 0, deaf.result().complaint
    await centre.phones.everybody_hangs_up()
    await centre.becomes("SELECT count(*) FROM call WHERE ended_at IS NULL", 0)
    reasons = await centre.rows("SELECT end_reason, count(*) FROM call WHERE arrived_at > $1 GROUP BY 1", since)
    # who hangs up in the very instant of dialling was not here: the audit knows who was
    later = [moment for moment in MOMENTS if moment >= 0.05]
    assert sum(row["count"] for row in reasons) >= len(CALLED) * len(later) + 2
    assert not {row["end_reason"] for row in reasons} & {"fault", "lost", "handled_by_fallback"}, reasons
    assert await centre.ask("SELECT count(*) FROM call_leg WHERE end_is_estimated") == 0
    report = await Crowd(centre.asterisk, exchange, centre.database_url, tmp_path).audit(since)
    assert not report.differences, report.as_text()


async def _citizen_keys_300(centre: Centre) -> None:
    citizen = await centre.citizen("140119", listens=True)
    await citizen.answered()
    await citizen.press(FLOOD, tone_ms=80, between_ms=50)
    await centre.call_has(citizen, "choice", "default")
    assert (await centre.call(citizen))["menu_tries"] == 2
    await citizen.hears_something()
    await citizen.hang_up()


async def _operator_keys_300(centre: Centre) -> None:
    """Three hundred digits for a number are just a wrong login; the right one is as good as ever afterwards."""
    phone = await centre.phones.desk("phone03", "1400")
    await phone.answered()
    await phone.press(f"{FLOOD}#7103#", tone_ms=80, between_ms=50)
    wrong = "SELECT failed_logins > 0 FROM operator_line WHERE endpoint = 'PJSIP/phone03' ORDER BY started_at LIMIT 1"
    await centre.becomes(wrong, True, within_seconds=90)
    await phone.hang_up()
    phone = await centre.operator("phone03", "103")
    await phone.hang_up()


async def _everybody_vanishes(centre: Centre) -> None:
    """Citizens, an operator on a line and one who is rung, who hang up at any moment; in a login and a whisper too."""
    over = asyncio.Event()

    async def calls(dials: str) -> None:
        for moment in MOMENTS:
            citizen = await centre.phones.citizen(dials)
            await asyncio.sleep(moment)
            await citizen.hang_up()

    async def dials_in_and_leaves() -> None:
        for moment in cycle(MOMENTS):
            if over.is_set():
                return
            phone = await centre.phones.desk("phone02", "1400")
            await phone.answered()
            await phone.press("102#7102#")
            await asyncio.sleep(1 + moment)
            await phone.hang_up()

    async def picks_up_and_leaves() -> None:
        for moment in cycle(MOMENTS):
            if over.is_set():
                return
            with suppress(AssertionError, RemoteError):  # it does not ring now, or no longer
                desk = await centre.phones.incoming("phone05", within_seconds=1)
                await asyncio.sleep(moment / 4)
                await desk.pick_up()
                await asyncio.sleep(moment)
                await desk.hang_up()

    rung = await centre.dials_in("phone05", "110")
    await rung.hang_up()
    await centre.operator("phone01", "101")
    async with asyncio.TaskGroup() as operators:
        operators.create_task(dials_in_and_leaves())
        operators.create_task(picks_up_and_leaves())
        async with asyncio.TaskGroup() as citizens:
            for dials in CALLED:
                citizens.create_task(calls(dials))
        over.set()
