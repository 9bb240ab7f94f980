"""Requests of scanners and torture tests while people talk: the talk goes on, and nothing is stored wrongly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ari_app.local.asterisk import SipAccount
from tests.acceptance.centre import ALWAYS, Centre, edited_sample, entry
from tests.acceptance.network_conf import Exchange
from tests.acceptance.phone import Phone
from tests.acceptance.phones import Sipp, citizen_is_refused, phone_registers
from tests.acceptance.sipp_scenario import Caller, Scenario, Values
from tests.place import address
from tests.rawsip import Call, SipPhone
from tests.rawsip.torture import Author

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.silence_meant("their calls are broken; the talk beside them is measured by its tones"),
]

TRUNK, SCANNER, OF_A_LINE = address(12), address(61), "0119990400"
OPERATOR_HZ, CITIZEN_HZ = 610, 910
SCANS = 150
Talk = tuple[Phone, Phone]


def _area(area: dict[str, Any]) -> None:
    """Lindekerk is open day and night."""
    entry(area, "municipality", "GM9904").update(hours=ALWAYS, open_on_legal_days=True)


AREA = edited_sample(_area)


@pytest_asyncio.fixture(loop_scope="module")
async def talk(centre: Centre) -> AsyncIterator[Talk]:
    """An operator and a citizen, who talk before and after."""
    operator = await centre.operator("phone07", "104")
    citizen = await centre.citizen(OF_A_LINE)
    await centre.call_is(citizen, "talking")
    await operator.speak_tone(OPERATOR_HZ)
    await citizen.speak_tone(CITIZEN_HZ)
    yield operator, citizen
    pid = centre.application.pid
    await citizen.hears_tone(OPERATOR_HZ)
    await operator.hears_tone(CITIZEN_HZ)
    await centre.call_is(citizen, "talking")
    assert centre.application.is_up and centre.application.pid == pid


def _server(centre: Centre) -> tuple[str, int]:
    return centre.asterisk.sip_host, centre.asterisk.sip_port


def _channels(centre: Centre) -> set[str]:
    lines = centre.asterisk.cli("core show channels concise").splitlines()
    return {line.partition("!")[0] for line in lines if line}


def _asks_for(account: str) -> Scenario:
    """REGISTER without a password, to see whether the account is there."""
    step: Values = {"STATUS": 401, "AUTH": ""}
    return Scenario("asks", (("register", step),), Caller(f"<sip:{account}@x>", account), longest_seconds=5.0)


async def _assert_rows_are_sound(centre: Centre) -> None:
    """A text that came in guise of a number is one, or is not there; no call ended as our fault."""
    rows = await centre.rows("SELECT dialled, pii_caller_number, end_reason FROM call")
    for row in rows:
        assert re.fullmatch(r"[+0-9]{1,32}", row["dialled"]), row["dialled"]
        assert row["pii_caller_number"] is None or re.fullmatch(r"[+0-9]{1,20}", row["pii_caller_number"])
        assert row["end_reason"] not in ("fault", "lost"), dict(row)


@pytest.mark.parametrize("kind", ["valid", "invalid"])
async def test_given_a_talk_when_torture_messages_come_from_the_trunk_and_from_a_stranger_then_it_goes_on(
    centre: Centre, talk: Talk, kind: str
) -> None:
    before, calls = _channels(centre), await centre.ask("SELECT count(*) FROM call")
    async with SipPhone(TRUNK, _server(centre)) as trunk, SipPhone(SCANNER, _server(centre)) as stranger:
        for phone in (trunk, stranger):
            author = Author(phone.address, phone.port, _server(centre))
            for name, datagram in author.valid() if kind == "valid" else author.invalid():
                phone.send(datagram)
                await asyncio.sleep(0.01)  # the socket's buffer is not what is tested
                assert centre.asterisk.pid is not None, name
        # By its answer, Asterisk has read what came before.
        assert (await Call(stranger, "140119").invite()).status == 401
        proof = Call(trunk, "0119990400")
        assert (await proof.invite()).status == 200
        await proof.bye()
        assert centre.asterisk.is_booted()
        for name in _channels(centre) - before:
            centre.asterisk.cli(f"channel request hangup {name}")
    await centre.becomes("SELECT count(*) FROM call WHERE ended_at IS NULL", 1)
    await _assert_rows_are_sound(centre)
    if kind == "valid":
        assert await centre.ask("SELECT count(*) FROM call") > calls + 5, "they were read, and served"


async def test_given_a_talk_when_extensions_accounts_and_passwords_are_scanned_then_nothing_is_found_and_it_goes_on(
    centre: Centre, talk: Talk, tmp_path: Path
) -> None:
    since = datetime.now(UTC)
    sipp = Sipp(Exchange(*_server(centre)), SCANNER, tmp_path)
    stranger = Caller("<sip:[call_number]@example.org>", "scanner")
    scans = [
        citizen_is_refused("1[call_number]", 401, after_early_media=False, caller=stranger),
        _asks_for("phone[call_number]"),
        _asks_for("[call_number]"),
        phone_registers(SipAccount("phone07", "guessed"), expect_status=401),
        phone_registers(SipAccount("nobody", "guessed"), expect_status=401),
    ]
    for scan in scans:
        result = await sipp.run(scan, calls=SCANS, per_second=100)
        assert (result.successful, result.failed) == (SCANS, 0), result.complaint
    # By when they came: what an earlier test had refused is read from the event log a few seconds later.
    assert await centre.rows("SELECT dialled, end_reason FROM call WHERE arrived_at > $1", since) == []
    assert await centre.rows("SELECT endpoint FROM operator_line WHERE started_at > $1", since) == []
    refused = [line for line in centre.asterisk.security_file.read_text().splitlines() if f"={SCANNER}" in line]
    assert refused, "and the log says from where"


async def test_given_a_scanner_when_it_compares_answers_then_an_account_that_exists_looks_like_one_that_does_not(
    centre: Centre, talk: Talk
) -> None:
    async def looks(user: str) -> list[object]:
        async with SipPhone(SCANNER, _server(centre), user) as phone:
            answers = [
                await Call(phone, user).register("guessed-wrongly"),
                await Call(phone, "1400").invite(password="x"),
            ]
            answers += [await Call(phone, "1400").ask("OPTIONS"), await Call(phone, "1400").ask("SUBSCRIBE")]
        names = [[name for name, _ in answer.fields] for answer in answers]
        challenges = [re.sub(r'(nonce|opaque)="[^"]*"', "", answer.headers["www-authenticate"]) for answer in answers]
        return [[answer.start for answer in answers], names, challenges]

    assert await looks("phone01") == await looks("nobody") == await looks("trunk") == await looks("0201234567")


UNKNOWN = [
    ('"Anna Brouwer" <sip:+31612345678@x>', "Privacy: id\r\n"),
    ('"Anna Brouwer" <sip:+31612345678@x>', "Privacy: user;critical\r\n"),
    ('"Anna Brouwer" <sip:+31612345678@x>', 'Remote-Party-ID: "Brouwer" <sip:+31612345678@x>;privacy=uri\r\n'),
    ('"Anonymous" <sip:anonymous@anonymous.invalid>', 'P-Asserted-Identity: "Brouwer" <sip:+31612345678@x>\r\n'),
    ('"Br\xf6uwer" <sip:+31612345678@x>', "Privacy: header\r\nP-Asserted-Identity: <sip:+31612345678@x>\r\n"),
]


async def test_given_callers_who_stay_unknown_when_they_wait_in_the_queue_then_no_row_and_no_log_holds_them(
    centre: Centre, talk: Talk
) -> None:
    newest = "SELECT stage FROM call ORDER BY arrived_at DESC LIMIT 1"
    async with SipPhone(TRUNK, _server(centre)) as trunk:
        for sender, extra in UNKNOWN:
            call = Call(trunk, OF_A_LINE, sender, extra)
            assert (await call.invite()).status == 200
            await centre.becomes(newest, "waiting")
            assert await centre.ask(newest.replace("stage", "pii_caller_number")) is None, extra
            await call.bye()
            await centre.becomes(newest, "ended")
    places = {
        file.name: file.read_text(errors="replace") for file in centre.asterisk.log_dir.rglob("*.*") if file.is_file()
    }
    places |= {"record": await centre.whole_record(), "log of the application": str(centre.application.log)}
    found = {name: trace for name, text in places.items() for trace in ("12345678", "uwer") if trace in text}
    assert found == {}
