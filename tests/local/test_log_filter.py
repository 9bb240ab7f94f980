"""The filter between Asterisk and its log lets no person, no key and no flood through."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from ari_app.local.asterisk import TEMPLATES

pytestmark = pytest.mark.pure

MINUTE = "2026-11-29T10:15"
OPENED = f"[{MINUTE}:00.000+0100] Asterisk 22.10.1 built by nobody @ example.org"


def line(text: str, level: str = "WARNING", second: float = 1.5, minute: str = MINUTE) -> str:
    return f"[{minute}:{second:06.3f}+0100] {level}[123][C-0000001a]: {text}"


def passed(*lines: str | bytes, tmp_path: Path) -> tuple[list[str], list[str]]:
    """The messages and the refusals that come out."""
    data = b"\n".join(one.encode() if isinstance(one, str) else one for one in lines) + b"\n"
    security = tmp_path / "security.log"
    done = subprocess.run(
        ["/bin/sh", str(TEMPLATES / "log-filter"), "-", str(security)], input=data, capture_output=True, check=True
    )
    assert done.stderr == b""
    return done.stdout.decode("ascii").splitlines(), security.read_text("ascii").splitlines()


def refusal(sender: str, address: str = "192.0.2.9:5060", call_id: str = "abc", method: str = "INVITE") -> str:
    text = f"Request '{method}' from '{sender}' failed for '{address}' (callid: {call_id}) - Failed to authenticate"
    return line(f"res_pjsip/pjsip_distributor.c:688 log_failed_request: {text}", "NOTICE")


FILES = "'/srv/sounds/nl/menu' and phone 'phone01' of PJSIP/phone01-0000001a"
CHANNEL = "node1-1795910984.12: it failed from 192.0.2.1:65535"


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("Name 'Anna Brouwer' for number '+31612345678'", "Name '...' for number '...'"),
        ("Couldn't find endpoint's 'Anna Brouwer' in 'O'Brouwer'", "Couldn't find endpoint's '...' in '...'"),
        ('Call to 0612345678 from "Anna Brouwer" failed', 'Call to ... from "..." failed'),
        ('An unclosed "Anna Brouwer', 'An unclosed "..."'),
        ("An unclosed 'Anna Brouwer", "An unclosed '..."),
        ("<sip:anna.brouwer@example.org> and SIPS:brouwer@x", "<sip:...@example.org> and sip:...@x"),
        ("tel:+31-6-12345678;phone-context=brouwer", "tel:..."),
        ("to PJSIP/0612345678@trunk", "to PJSIP/...@trunk"),
        (FILES, FILES),
        (CHANNEL, CHANNEL),
    ],
)
def test_a_person_is_taken_out_of_a_message_and_the_rest_stays(text: str, is_kept: str, tmp_path: Path) -> None:
    messages, _ = passed(OPENED, line(f"chan_pjsip.c:9 f: {text}"), tmp_path=tmp_path)
    assert messages[1] == f"{MINUTE}:01.500+0100 WARNING chan_pjsip.c f: {is_kept}"


def test_what_is_not_ascii_does_not_go_through(tmp_path: Path) -> None:
    text = line("x.c:1 f: J\xe9r\xf4me \x1b[31mrood").encode("latin-1")
    messages, _ = passed(OPENED, text, line("y.c:1 f: Jérôme"), tmp_path=tmp_path)
    assert [one.partition("f: ")[2] for one in messages[1:]] == ["J?r?me [31mrood", "J?r?me"]


@pytest.mark.parametrize(
    "text",
    [
        line("DTMF begin '1' received on PJSIP/phone01-00000001", "DTMF"),
        line("x.c:1 f: DTMF end '1' received", "DTMF"),
        line("x.c:1 f: something", "NOTICE"),
        line("x.c:1 f: something", "VERBOSE"),
        line("x.c:1 f: something", "DEBUG"),
        line("res_pjsip.c:2613 set_id_from_hdr: CallerID Name 'Anna' for number '06' has invalid UTF-8 characters"),
        line("res_stasis_playback.c:12 f: node1-1.0: Playback failed for sound:/nl/x"),
        line("Got 7 backtrace records", "ERROR"),
        "# 0: /usr/sbin/asterisk(ast_json_pack+0x9d) [0x7f0d4752fcbd]",
        "Anna Brouwer, a second line",
        "[2026-11-29T10:15:00.000+0100] DTMF[123]: channel.c:1 __ast_read: DTMF end '1'",
        "[Nov 29 10:15:00] DTMF[123]: channel.c:1 __ast_read: DTMF end '1'",
        "",
    ],
)
def test_keys_notices_second_lines_and_the_ordinary_do_not_go_through(text: str, tmp_path: Path) -> None:
    messages, security = passed(OPENED, text, line("x.c:1 f: last"), tmp_path=tmp_path)
    assert [one.rpartition(" ")[2] for one in messages] == ["starts", "last"]
    assert security == []
    before, _ = passed(text, tmp_path=tmp_path)
    assert not any("'1'" in one for one in before)


def test_why_it_cannot_start_goes_through_until_the_log_is_open(tmp_path: Path) -> None:
    messages, _ = passed("Unable to open asterisk.conf", OPENED, "Unable to hear", tmp_path=tmp_path)
    assert messages[0] == "Unable to open asterisk.conf"
    assert messages[1:] == [f"{MINUTE}:00.000+0100 Asterisk 22.10.1 starts"]


def test_of_one_kind_five_a_minute_go_through_and_the_rest_is_counted(tmp_path: Path) -> None:
    flood = [line(f"json.c:628 f: broken {n}") for n in range(1000)]
    other = line("file.c:1 f: another")
    later = line("json.c:628 f: again", minute="2026-11-29T10:16")
    messages, _ = passed(OPENED, *flood, other, later, tmp_path=tmp_path)
    assert len(messages) == 1 + 5 + 1 + 1 + 1
    assert messages[-2].endswith(f"WARNING json.c f: 995 more in the minute {MINUTE}")
    assert messages[-1].endswith("json.c f: again")
    ended, _ = passed(OPENED, *flood, tmp_path=tmp_path)
    assert "995 more" in ended[-1], "what was not said yet is said at the end"


def test_of_one_address_ten_refusals_a_minute_go_through_and_of_another_all_the_same(tmp_path: Path) -> None:
    lines = [refusal("<sip:phone01@x>", f"192.0.2.{n % 2}:{n}") for n in range(2000)]
    _, security = passed(OPENED, *lines, tmp_path=tmp_path)
    for address in ("192.0.2.0", "192.0.2.1"):
        of_it = [one for one in security if f"refused address={address} " in one and "reason=" in one]
        assert len(of_it) == 10
        assert any(f"refused address={address}: 990 more" in one for one in security)


def test_ten_thousand_addresses_make_no_flood_either(tmp_path: Path) -> None:
    lines = [refusal("<sip:a@x>", f"10.0.{n // 250}.{n % 250}:5060") for n in range(10_000)]
    _, security = passed(OPENED, *lines, tmp_path=tmp_path)
    assert len(security) < 600


@pytest.mark.parametrize(
    ("sender", "call_id"),
    [
        ("<sip:a@b>", "x) failed for '10.9.9.9:1' (callid: 1"),
        ("\"x' failed for '10.9.9.9:1' (callid: 1) - No\" <sip:a@b>", "abc"),
        ("\"x\\\" <sip:a@b>' failed for '10.9.9.9:1' (callid: 1) - No\" <sip:a@b>", "abc"),
        ('"x\\\\" <sip:a@b>', "<a>' failed for '10.9.9.9:1' (callid: 1"),
        ("", "abc"),
        ("", "' failed for '10.9.9.9:1' (callid: 1"),
        ('"J\xe9r\xf4me" <sip:+31612345678@b;x=y>', "abc"),
        ("<tel:+31612345678>", "12345678@host"),
    ],
)
def test_a_refusal_names_the_address_it_came_from_and_no_other_and_no_sender(
    sender: str, call_id: str, tmp_path: Path
) -> None:
    _, security = passed(OPENED, refusal(sender, call_id=call_id).encode("latin-1"), tmp_path=tmp_path)
    assert security == [
        f'{MINUTE}:01.500+0100 refused address=192.0.2.9 port=5060 method=INVITE reason="Failed to authenticate"'
    ]


def test_a_refusal_over_ipv6_and_with_an_unknown_method(tmp_path: Path) -> None:
    _, security = passed(OPENED, refusal("<sip:a@b>", "[2001:db8::1]:5060", method="anna!"), tmp_path=tmp_path)
    assert "refused address=2001:db8::1 port=5060 method=OTHER " in security[0]


def test_a_log_that_has_grown_is_put_aside_and_five_are_kept(tmp_path: Path) -> None:
    messages = tmp_path / "messages.log"
    for number in range(1, 8):
        messages.write_bytes(b"x" * 10_000_001)
        subprocess.run(
            ["/bin/sh", str(TEMPLATES / "log-filter"), str(messages), "-"],
            input=f"{OPENED}\n{line(f'x.c:1 f: {number}')}\n".encode(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        assert messages.stat().st_size < 1000
        assert messages.stat().st_mode & 0o077 == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "messages.log",
        *(f"messages.log.{n}" for n in range(1, 6)),
    ]


def test_a_line_comes_at_once(tmp_path: Path) -> None:
    """Not when 4096 bytes are there."""
    with subprocess.Popen(
        ["/bin/sh", str(TEMPLATES / "log-filter"), "-", str(tmp_path / "security.log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as filtering:
        assert filtering.stdin is not None and filtering.stdout is not None
        began = time.monotonic()
        filtering.stdin.write(f"{OPENED}\n".encode())
        filtering.stdin.flush()
        assert b"starts" in filtering.stdout.readline()
        assert time.monotonic() - began < 60
        filtering.stdin.close()
