"""The search for people and secrets in logs finds them: a rule that cannot fail says nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.privacy import leaks

pytestmark = pytest.mark.pure

ROW = '"CHAN_START","1795451109.910844","n1-1","n1-1","{channel}","","from-trunk","{dialled}","","","",""\n'


def _log(directory: Path, text: str, name: str = "asterisk/log/messages.log") -> None:
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Call from +31612345678 failed", "a person's number"),
        ("Call from 0612345678", "a person's number"),
        ("Call from 06-12345678", "a person's number"),
        ("Call from 0031 20 5550001", "a person's number"),
        ('{"event": "x", "number": "0201234567"}', "a person's number"),
        ("<sip:31205551234@example.org>", "a person's number"),
        ("tel:+31-6-12345678", "a person's number"),
        ("from Anna Brouwer", "a person's name"),
        ("from Anna Br\\xf6uwer", "a person's name"),
        ("no connection: postgresql://x:geheim-wachtwoord@host", "a password"),
        ("DTMF begin '7' received on PJSIP/phone01", "a key"),
        ('{"event": "login_failed", "keyed": "7101"}', "a PIN"),
        ("WARNING chan.c f: keyed 7101 and more", "a PIN"),
    ],
)
def test_a_leak_is_found_with_its_file(line: str, why: str, tmp_path: Path) -> None:
    _log(tmp_path, f"an ordinary line\n{line}\n")
    assert leaks(tmp_path, ["geheim-wachtwoord"], ["7101"]) == [f"asterisk/log/messages.log: {why}: {line}"]


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-29T10:15:01.500+0100 WARNING chan_pjsip.c f: number '...' refused address=127.0.2.12",
        '{"call_id": "7101a612-3456-7861-2345-678612345678", "event": "call_ended", "port": 7101}',
        '{"call_id": "7101a612-3456-7861-2345-061234567890", "event": "call_ended"}',
        "channel operator-7101a612-3456-7861-2345-061234567890-cdc35035",
        "channel node1-1795612345.678612345 of +31119990100",
        "2026-11-29 10:15:01.123 UTC [7101] LOG:  checkpoint complete",
    ],
)
def test_what_is_no_person_is_no_leak(line: str, tmp_path: Path) -> None:
    _log(tmp_path, line + "\n", "postgres/postgres.log")
    assert leaks(tmp_path, ["geheim-wachtwoord"]) == []


@pytest.mark.parametrize(
    ("line", "is_event"),
    [
        ('{"event": "library_warning", "library": "asyncpg", "says": "x"}', True),
        ('{"event": "Job \\"x\\" was missed by 0:00:01", "level": "warning"}', False),
        ("Traceback (most recent call last):", False),
        ("another controller took the application ari_app; this one stops", True),
        ('["x"]', False),
    ],
)
def test_free_text_is_no_event_of_the_application(line: str, is_event: bool, tmp_path: Path) -> None:
    _log(tmp_path, line + "\n", "asterisk/log/application.log")
    assert leaks(tmp_path) == ([] if is_event else [f"asterisk/log/application.log: no event: {line}"])


def test_the_channel_event_log_may_hold_the_number_that_was_dialled_and_no_other(tmp_path: Path) -> None:
    _log(tmp_path, ROW.format(channel="PJSIP/trunk-1", dialled="0201234567"), "asterisk/log/cel-custom/cel.csv")
    assert leaks(tmp_path) == []
    _log(tmp_path, ROW.format(channel="PJSIP/0612345678-1", dialled="140119"), "asterisk/log/cel-custom/cel.csv.1")
    (found,) = leaks(tmp_path)
    assert found.startswith("asterisk/log/cel-custom/cel.csv.1: a person's number")


def test_the_citizens_own_phones_and_sounds_are_no_logs_of_ours(tmp_path: Path) -> None:
    for name in ("phones-01/log/messages.log", "sounds/0612345678.log", "postgres/data/x.log", "asterisk/etc/x.conf"):
        _log(tmp_path, "+31612345678\n", name)
    assert leaks(tmp_path) == []
