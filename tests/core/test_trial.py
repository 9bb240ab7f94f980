"""The citizen's phone of the demonstration: where it may be, what it may dial, and how its calls are known."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import ari_app.sample
from ari_app.area_file.reader import read_area
from ari_app.core.area import Area
from ari_app.core.browser_phones import DIALS, refusal
from ari_app.core.numbers import FICTITIOUS_AREA_CODES
from ari_app.core.trial import (
    ACCOUNT,
    NumberKind,
    OwnCall,
    is_answer_to,
    is_of_this_machine,
    is_trial_channel,
    line_of,
    number_outside_sample,
    numbers_of,
    why_not_here,
)

pytestmark = pytest.mark.pure

SAMPLE = Path(ari_app.sample.__file__).with_name("area.toml")
DIALPLAN = Path(__file__).parents[2] / "asterisk-conf" / "extensions.conf"
INVITE = (
    "INVITE sip:{number}@kcc.invalid SIP/2.0\r\nFrom: <sip:{sender}@kcc.invalid>;tag=1\r\n"
    "To: <sip:{number}@kcc.invalid>\r\nCall-ID: 0123456789abcdef\r\n"
    "CSeq: 1 INVITE\r\nContent-Length: 29\r\n\r\nv=0\r\nCall-ID: other-in-body\r\n"
)


def sample() -> Area:
    return read_area(SAMPLE.read_text(encoding="utf-8")).named


def _patterns() -> list[str]:
    """What [from-trial] takes, as patterns of ours."""
    context = DIALPLAN.read_text().partition("[from-trial]")[2].partition("\n;@end")[0]
    return [one.replace("X", "[0-9]") for one in re.findall(r"^exten => _([^,]+),1,", context, re.MULTILINE)]


def test_every_number_of_the_sample_can_be_clicked_and_is_taken_by_the_dialplan() -> None:
    numbers = list(numbers_of(sample()))
    assert {number.kind for number in numbers} == set(NumberKind)
    assert {number.dials for number in numbers} >= {"140119", "140179", "0119990400", "0119990105"}
    assert next(number for number in numbers if number.dials == "140119").shown == "14 0119"
    assert next(number for number in numbers if number.dials == "0119990400").shown == "0119 99 04 00"
    assert all(number.municipalities for number in numbers)
    for number in numbers:
        assert any(re.fullmatch(pattern, number.dials) for pattern in _patterns()), number


@pytest.mark.parametrize("number", [DIALS, "112", "0612345678", "14020", "0201234567", "01199904001", "0900123"])
def test_the_dialplan_takes_nothing_that_anybody_has(number: str) -> None:
    assert not any(re.fullmatch(pattern, number) for pattern in _patterns())


def test_the_dialplan_knows_the_area_codes_that_nobody_has_and_no_others() -> None:
    taken = {f"0{n:03}" for n in range(1000) if any(re.fullmatch(p, f"0{n:03}123456") for p in _patterns())}
    shared = {f"0{n:03}" for n in range(1000) if any(re.fullmatch(p, f"140{n:03}") for p in _patterns())}
    assert taken == shared == FICTITIOUS_AREA_CODES


def test_one_number_that_somebody_may_have_is_no_demonstration() -> None:
    area = sample()
    assert number_outside_sample(area) is None
    assert number_outside_sample(Area()) is None
    town = next(iter(area.municipalities.values()))
    geographic = replace(town, geographic_numbers=("+31119990100", "+31205550100"))
    assert number_outside_sample(replace(area, municipalities={town.code: geographic})) == "+31205550100"
    shared = next(iter(area.shared_numbers.values()))
    assert number_outside_sample(replace(area, shared_numbers={"14020": replace(shared, digits="14020")})) == "14020"
    direct = next(iter(area.direct_numbers.values()))
    other = {"+31205550105": replace(direct, e164="+31205550105")}
    assert number_outside_sample(replace(area, direct_numbers=other)) == "+31205550105"


@pytest.mark.parametrize(
    ("bind", "url", "proxies", "phone", "says"),
    [
        ("127.0.0.1", "http://127.0.0.1:8081", False, True, None),
        ("127.0.0.1", "http://localhost:8081", False, True, None),
        ("::1", "http://[::1]:8081", False, True, None),
        ("0.0.0.0", "http://127.0.0.1:8081", False, True, "127.0.0.1"),
        ("192.0.2.5", "http://192.0.2.5:8081", False, True, "127.0.0.1"),
        ("127.0.0.1", "https://kcc.gemeente.example", False, True, "ARI_APP_DESK_URL"),
        ("127.0.0.1", "http://127.0.0.1:8081", True, True, "ARI_APP_DESK_PROXIES"),
        ("127.0.0.1", "http://127.0.0.1:8081", False, False, "ARI_APP_DESK_PHONE_URL"),
    ],
)
def test_it_is_for_pages_that_only_this_machine_reaches(
    bind: str, url: str, proxies: bool, phone: bool, says: str | None
) -> None:
    found = why_not_here(bind, url, has_proxies=proxies, has_phone=phone)
    assert found is None if says is None else found is not None and says in found


@pytest.mark.parametrize(
    ("host", "remote", "forwarded", "is_here"),
    [
        ("127.0.0.1:8081", "127.0.0.1", False, True),
        ("localhost", "127.0.0.1", False, True),
        ("[::1]:8081", "::1", False, True),
        ("elders.example", "127.0.0.1", False, False),  # another site's name that was led here
        ("127.0.0.1.elders.example", "127.0.0.1", False, False),
        ("192.0.2.5:8081", "127.0.0.1", False, False),
        ("127.0.0.1:8081", "192.0.2.7", False, False),
        ("127.0.0.1:8081", "127.0.0.1", True, False),
        ("", "127.0.0.1", False, False),
        ("[::1", "127.0.0.1", False, False),
        ("127.0.0.1:8081", "", False, False),
    ],
)
def test_a_request_of_this_machine(host: str, remote: str, forwarded: bool, is_here: bool) -> None:
    assert is_of_this_machine(host, remote, is_forwarded=forwarded) is is_here


def test_a_frame_is_passed_on_for_numbers_of_the_sample_only() -> None:
    dials = {number.dials for number in numbers_of(sample())}
    said = INVITE.format(number="140119", sender=ACCOUNT)
    assert refusal(said, ACCOUNT, dials) is None
    assert refusal(said, ACCOUNT) == "other_number", "an operator's page dials 1400 and nothing else"
    assert refusal(INVITE.format(number=DIALS, sender=ACCOUNT), ACCOUNT, dials) == "other_number"
    assert refusal(INVITE.format(number="140119", sender="phone01"), ACCOUNT, dials) == "other_name"


def test_a_call_is_known_by_the_one_call_id_of_its_first_message() -> None:
    said = INVITE.format(number="140119", sender=ACCOUNT)
    assert line_of(said) == "0123456789abcdef"
    assert line_of(said.replace("Call-ID: 0", "i:0")) == "0123456789abcdef"
    assert line_of(said.replace("CSeq", "Call-ID: fedcba9876543210\r\nCSeq")) is None, "two"
    assert line_of(said.replace("Call-ID: 0123456789abcdef\r\n", "")) is None, "that of the body is none"
    assert line_of(said.replace("INVITE", "BYE")) is None
    assert line_of(said.replace("0123456789abcdef", "x" * 129)) is None
    assert line_of("") is None


def test_a_channel_is_known_by_its_account() -> None:
    assert is_trial_channel("PJSIP/probeer-0000002a")
    assert not is_trial_channel("PJSIP/probeer2-0000002a")
    assert not is_trial_channel("PJSIP/phone01-0000002a")


def _says(method: str, number: int, *, tag: str = "", branch: str = "z9hG4bK-a") -> str:
    return (
        f"{method} sip:0119990400@kcc.invalid SIP/2.0\r\nv: SIP/2.0/WS x.invalid;branch={branch};rport\r\n"
        f"f: <sip:probeer@kcc.invalid>;tag=1\r\nTo: <sip:0119990400@kcc.invalid>{tag}\r\ni: 0123456789abcdef\r\n"
        f"CSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
    )


def test_the_call_of_a_page_that_is_gone_is_ended_as_the_page_would() -> None:
    call = OwnCall()
    assert call.ending("z9hG4bK-b") is None
    for frame in (
        "\r\n",
        "SIP/2.0 200 OK\r\nCSeq: 9 UPDATE\r\n\r\n",
        _says("INVITE", 1),
        _says("ACK", 1, tag=";tag=2"),
    ):
        call.said(frame)
    call.said(_says("INVITE", 2, branch="z9hG4bK-c"))  # with the password
    cancel = call.ending("z9hG4bK-b") or ""
    assert cancel.startswith("CANCEL sip:0119990400@kcc.invalid SIP/2.0\r\n")
    assert "branch=z9hG4bK-c;rport\r\n" in cancel and "CSeq: 2 CANCEL\r\n" in cancel and "tag=2" not in cancel
    call.said(_says("ACK", 2, tag=";tag=3"))
    call.said(_says("INFO", 5, tag=";tag=3"))
    bye = call.ending("z9hG4bK-b") or ""
    assert bye.startswith(
        "BYE sip:0119990400@kcc.invalid SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK-b;rport\r\n"
    )
    assert "From: <sip:probeer@kcc.invalid>;tag=1\r\nTo: <sip:0119990400@kcc.invalid>;tag=3\r\n" in bye
    assert "Call-ID: 0123456789abcdef\r\nCSeq: 6 BYE\r\nContent-Length: 0\r\n\r\n" in bye
    assert refusal(bye, ACCOUNT) is None and refusal(cancel, ACCOUNT) is None
    assert is_answer_to("SIP/2.0 200 OK\r\nCSeq: 6 BYE\r\n\r\n", bye)
    assert not is_answer_to("SIP/2.0 200 OK\r\nCSeq: 5 INFO\r\n\r\n", bye) and not is_answer_to(bye, bye)
    call.said(_says("BYE", 6, tag=";tag=3"))
    assert call.ending("z9hG4bK-b") is None
