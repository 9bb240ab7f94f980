"""Asterisk's logs after odd, wrong and hostile requests: no person, no key, no flood, and the sender's address."""

from __future__ import annotations

import asyncio
import configparser
import re
import secrets
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from ari_app.local.asterisk import TEMPLATES, LocalAsterisk
from tests.acceptance.remote_control import RemoteError
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, STRANGER, TRUNK, eventually, password_of, sip_phone
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.rawsip import Call
from tests.rawsip.conftest import another_asterisk, logged_in

pytestmark = pytest.mark.asterisk

NAMES = ["Brouwer", "Br\xf6uwer", "Br\xf6uwer".encode().decode("latin-1")]
NUMBER = "+31612345678"
_NEW = count(100)
_PACE_SECONDS = 0.01  # the socket's buffer is not what is tested
TRACES = ("rouwer", "uwer", "12345678")


def _log_files(asterisk: LocalAsterisk) -> list[Path]:
    return [file for file in asterisk.log_dir.rglob("*") if file.is_file()]


async def _settled(asterisk: LocalAsterisk) -> None:
    """Wait until all that Asterisk has said so far is in its log: a stranger from a new address comes last."""
    new = address(next(_NEW))
    async with sip_phone(asterisk, new) as stranger, asyncio.timeout(PATIENCE_SECONDS):
        while True:  # what finds the socket's buffer full is lost, and a raw phone says nothing twice by itself
            call = Call(stranger, "140119")
            call.send("INVITE", body=call.sdp)
            with suppress(TimeoutError):
                assert (await call.response(seconds=1)).status == 401
                break
    await eventually(lambda: f"address={new} " in asterisk.security_file.read_text())


def _odd_headers() -> list[tuple[str | None, str]]:
    cases: list[tuple[str | None, str]] = []
    for name in NAMES:
        whom = f'"Anna {name}" <sip:{NUMBER}@example.org>'
        cases += [
            (whom, ""),
            (whom, "Privacy: id\r\n"),
            (f"Anna {name} <<sip:{NUMBER}@example.org>", ""),
            (f"<sip:anna.{name}@example.org>", ""),
            (None, f"P-Asserted-Identity: {whom}\r\n"),
            (None, f"P-Asserted-Identity: {whom}\r\nPrivacy: id\r\n"),
            (None, f"P-Asserted-Identity: Anna {name} <<{NUMBER}\r\n"),
            (None, f'P-Asserted-Identity: "Anna {name}" <tel:{NUMBER}>\r\n'),
            (None, f"Remote-Party-ID: {whom};privacy=full\r\n"),
            (None, f"Remote-Party-ID: {whom};;;=\r\n"),
            (None, f"Diversion: {whom};reason=unconditional\r\n"),
            (None, f"History-Info: {whom}\r\n"),
            (None, f"Referred-By: {whom}\r\nCall-Info: {whom}\r\nSubject: Anna {name} {NUMBER}\r\n"),
            (None, f"Content-Type: {name}/{NUMBER}\r\n"),
            (None, f'P-Asserted-Identity: "Anna\r\n {name} [{NUMBER}" <sip:{NUMBER}@example.org>\r\n'),
        ]
    return cases


async def test_given_names_and_numbers_in_every_header_when_calls_come_then_no_log_holds_a_person(
    asterisk: LocalAsterisk, small_application: SmallApplication
) -> None:
    async with (
        sip_phone(asterisk, TRUNK) as trunk,
        sip_phone(asterisk, STRANGER) as stranger,
        sip_phone(asterisk, PHONE, "phone01") as phone,
    ):
        for sender, extra in _odd_headers():
            for whose in (trunk, stranger, phone):
                call = Call(whose, "140119", sender, extra)
                call.send("INVITE", body=call.sdp)
                call.send("REGISTER")
                call.send("MESSAGE", body=f"Anna Brouwer {NUMBER}", kind="text/plain")
                await asyncio.sleep(_PACE_SECONDS)
        for garbage in (f"INVITE Brouwer {NUMBER}\r\n\r\n", f"Brouwer\r\n{NUMBER}\r\n\r\n", f"m=audio {NUMBER}"):
            trunk.send(garbage)
        call = Call(trunk, "140119", offer=f"v=0\r\no=Anna Brouwer {NUMBER}\r\nm=audio Brouwer\r\n")
        call.send("INVITE", body=call.sdp)
        # The ways in which an application may use a number.
        for endpoint in (f"PJSIP/{NUMBER}@trunk", f"PJSIP/{NUMBER}", f"PJSIP/{NUMBER}@nowhere"):
            await _may_fail(small_application, endpoint)
        await _settled(asterisk)
        asterisk.cli("channel request hangup all")
    for file in _log_files(asterisk):
        text = file.read_text(errors="replace")
        found = [line for line in text.splitlines() if any(trace in line for trace in TRACES)]
        assert found == [], file.name
    assert "refused address=" in asterisk.security_file.read_text()


async def _may_fail(app: SmallApplication, endpoint: str) -> None:
    try:
        await app.remote.order("POST", "channels", endpoint=endpoint, app=app.remote.application, timeout=1)
    except RemoteError as error:
        assert "Brouwer" not in str(error)


async def test_given_wrong_passwords_when_they_come_fast_then_the_log_names_their_address_and_a_ban_can_read_it(
    asterisk: LocalAsterisk,
) -> None:
    wrong, attacker = 60, address(60)
    await _settled(asterisk)
    before = asterisk.security_file.read_text()
    async with sip_phone(asterisk, attacker, "phone01") as stranger, sip_phone(asterisk, PHONE, "phone02") as phone:
        for _ in range(wrong // 2):
            assert (await Call(stranger, "phone01").register(secrets.token_hex(8))).status == 401
            assert (await Call(stranger, "1400").invite(password=secrets.token_hex(8))).status == 401
        assert (await Call(phone, "phone02").register(password_of(asterisk, "phone02"))).status == 200
        await _settled(asterisk)
    refused = asterisk.security_file.read_text().removeprefix(before)
    lines = [line for line in refused.splitlines() if f"={attacker}" in line]
    matched = [address for line in lines for address in _banned_by(line)]
    assert 5 <= len(matched) <= 30, "enough for a ban, and no flood"
    assert set(matched) == {attacker}
    assert f"address={PHONE} " not in refused, "the ordinary challenge of a good phone is no refusal"
    assert any('method=REGISTER reason="Failed to authenticate"' in line for line in lines)


def _banned_by(line: str) -> list[str]:
    """The address that the fail2ban filter finds. fail2ban cuts out the date first; <HOST> is its word for one."""
    file = configparser.ConfigParser(interpolation=None)
    file.read(TEMPLATES / "fail2ban" / "filter.d" / "ari-app.conf")
    without_date = re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d{4}", "", line)
    patterns = file["Definition"]["failregex"].split("\n")
    found = [re.search(pattern.replace("<HOST>", r"(?P<host>[\w.:]+)"), without_date) for pattern in patterns]
    return [match["host"] for match in found if match is not None]


async def test_given_ten_thousand_malformed_packets_when_they_come_then_the_log_hardly_grows_and_calls_are_served(
    asterisk: LocalAsterisk,
) -> None:
    before = sum(file.stat().st_size for file in _log_files(asterisk))
    async with sip_phone(asterisk, TRUNK) as trunk, sip_phone(asterisk, STRANGER) as stranger:
        for number in range(5_000):
            for phone in (trunk, stranger):
                phone.send(
                    f"INVITE sip:{number} SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK{number}\r\nFrom: <<<\r\n\r\n"
                )
            if number % 100 == 0:
                await asyncio.sleep(_PACE_SECONDS)
        call = Call(trunk, "140119")
        assert (await call.invite()).status == 200
        await call.bye()
        await _settled(asterisk)
    assert sum(file.stat().st_size for file in _log_files(asterisk)) - before < 20_000


async def test_given_a_caller_who_hangs_up_during_a_prompt_then_the_log_says_nothing(
    asterisk: LocalAsterisk, tmp_path: Path
) -> None:
    # An Asterisk of its own: of a flood the minute's count comes later, in the middle of another test.
    async with another_asterisk(asterisk, tmp_path) as own, SmallApplication(own) as app:
        before = own.messages_file.read_text()
        for _ in range(3):
            async with logged_in(own, app) as party:
                prompt = f"sound:{own.sounds_dir}/nl/fallback-wait"
                await app.remote.order("POST", f"channels/{party.channel_id}/play/x", media=prompt)
                assert await party.media.hears_something()
        await _settled(own)
        said = own.messages_file.read_text().removeprefix(before)
    assert [line for line in said.splitlines() if " refused address=" not in line] == []


Start = Callable[[LocalAsterisk, socket.socket, Path], subprocess.Popen[bytes]]


def _as_in_a_container(asterisk: LocalAsterisk, output: socket.socket, directory: Path) -> subprocess.Popen[bytes]:
    script = [str(TEMPLATES / "run-asterisk"), "-", str(directory / "security.log")]
    return _run(["/bin/sh", *script, *asterisk.command], output)


def _by_itself(asterisk: LocalAsterisk, output: socket.socket, directory: Path) -> subprocess.Popen[bytes]:
    return _run(asterisk.command, output)


def _run(command: list[str], output: socket.socket) -> subprocess.Popen[bytes]:
    number = output.fileno()
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=number, stderr=number, start_new_session=True)


@pytest.mark.parametrize("start", [_as_in_a_container, _by_itself])
async def test_given_a_standard_output_that_cannot_be_opened_again_when_keys_are_pressed_then_none_is_printed(
    asterisk: LocalAsterisk, tmp_path: Path, start: Start
) -> None:
    """A socket, as from systemd and some container engines. Without any log Asterisk would print all of it."""
    asterisk.stop()
    ours, its = socket.socketpair()
    process = start(asterisk, its, tmp_path)
    its.close()
    try:
        await eventually(asterisk.is_booted)
        async with SmallApplication(asterisk) as app, logged_in(asterisk, app) as party:
            await party.media.press("7101#")
            while app.keys.get(party.channel_id) != "7101#":
                await app.next_event()
    finally:
        process.terminate()
        process.wait()
        asterisk.start()
    ours.settimeout(60)
    printed = b"".join(iter(lambda: ours.recv(65536), b"")).decode(errors="replace")
    ours.close()
    assert not re.search(r"DTMF|digit|'[0-9#]'", printed), printed
    if start is _as_in_a_container:
        assert "starts" in printed
