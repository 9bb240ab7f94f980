"""The phone in a page: its account at Asterisk, and which frames of its socket are passed on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ari_app.core import browser_phones
from ari_app.core.browser_phones import (
    ENDPOINT,
    RENDERED,
    FrameBudget,
    PhoneAccount,
    digest_of,
    name_at,
    new_name,
    new_password,
    objects_of,
    overlapping,
    refusal,
)
from ari_app.core.ids import Endpoint, new_web_session_id

pytestmark = pytest.mark.pure

NAME = f"web-{'0a' * 16}"
PJSIP = Path(__file__).parents[2] / "asterisk-conf" / "pjsip.conf"
#: of `leg`, and the opposite or nobody's in a page
OF_LEG_ONLY = {"type", "ice_support"}


def frame(start: str, *headers: str) -> str:
    return "\r\n".join((start, *headers, "", ""))


def sent(method: str = "REGISTER", target: str = "sip:kcc.invalid", sender: str = NAME, to: str = "") -> str:
    return frame(
        f"{method} {target} SIP/2.0",
        "Via: SIP/2.0/WSS abc.invalid;branch=z9hG4bK1",
        f"To: {to or '<sip:x@kcc.invalid>'}",
        f"From: <sip:{sender}@kcc.invalid>;tag=1",
        "CSeq: 1 x",
    )


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (sent(), None),
        (sent("INVITE", "sip:1400@kcc.invalid"), None),
        (sent("INVITE", "sip:1400"), None),
        (sent("ACK", "sip:asterisk@127.0.0.1:8088;transport=ws", to="<sip:1400@kcc.invalid>;tag=2"), None),
        (sent("INVITE", "sip:asterisk@127.0.0.1", to="<sip:1400@kcc.invalid>;tag=2"), None),
        (sent("BYE", "sip:asterisk@127.0.0.1", to="<sip:1400@kcc.invalid>;tag=2"), None),
        (frame("SIP/2.0 200 OK", "From: <sip:1400@kcc.invalid>;tag=2"), None),
        ("\r\n\r\n", None),
        (f"{sent()[:-2]}Content-Length: 3\r\n\r\nv=0", None),
        (f"{sent()[:-2]}l : 4\r\n\r\nv=€", "two_messages"),
        (f"{sent()[:-2]}l : 5\r\n\r\nv=€", None),
        (sent() + sent(sender="phone01"), "two_messages"),
        (f"{sent()[:-2]}Content-Length: 0\r\n\r\n{sent(sender='phone01')}", "two_messages"),
        (frame("SIP/2.0 200 OK") + sent("INVITE", "sip:0119990400@kcc.invalid"), "two_messages"),
        (f"{sent()[:-2]}Content-Length: 0\r\nl: 3\r\n\r\nv=0", "two_messages"),
        (sent().replace("CSeq", "X: y\nFrom: <sip:phone01@kcc.invalid>\r\nCSeq"), "no_sip"),
        (frame("SIP/2.0 200 OK", "X: y\n\nINVITE sip:0119990400@kcc.invalid SIP/2.0"), "no_sip"),
        ("", None),
        (sent().replace("From:", "f :"), None),
        (sent().replace("From: <", 'From: "Anna" <'), None),
        (sent(sender="phone01"), "other_name"),
        (sent(sender=f"{NAME}x"), "other_name"),
        (sent(sender=f"web-{'0b' * 16}"), "other_name"),
        (sent().replace("From:", "X-From:"), "other_name"),
        (sent().replace("CSeq", f"f: <sip:{NAME}@kcc.invalid>;tag=3\r\nCSeq"), "other_name"),
        (sent().replace(f"From: <sip:{NAME}@", f"From: <sip:{NAME}:secret@"), "other_name"),
        (sent().replace("From: <sip:", "From: <sips:"), "other_name"),
        (sent("INVITE", "sip:0119990400@kcc.invalid"), "other_number"),
        (sent("INVITE", "sip:14000@kcc.invalid"), "other_number"),
        (sent("INVITE", "sip:kcc.invalid"), "other_number"),
        (sent("REFER", "sip:1400@kcc.invalid"), "method"),
        (sent("SUBSCRIBE"), "method"),
        (sent("MESSAGE"), "method"),
        (sent("PUBLISH"), "method"),
        (sent("OPTIONS").replace("OPTIONS", "options"), "no_sip"),
        (sent().replace("From:", "From:\r\n "), "no_sip"),
        ("GET /ari/channels HTTP/1.1\r\nHost: x\r\n\r\n", "no_sip"),
        ("REGISTER sip:kcc.invalid SIP/3.0\r\n\r\n", "no_sip"),
        ("REGISTER sips:kcc.invalid SIP/2.0\r\n\r\n", "no_sip"),
        ("SIP/2.0 hallo\r\n\r\n", "no_sip"),
        (sent().replace("\r\n", "\n"), "no_sip"),
        ("x" * 70000, "no_sip"),
    ],
)
def test_a_page_speaks_for_itself_and_dials_one_number(said: str, why: str | None) -> None:
    assert refusal(said, NAME) == why


def test_a_phone_may_say_what_a_phone_says_and_no_flood() -> None:
    budget = FrameBudget(burst=5, each_second=2)
    assert [budget.take(100.0) for _ in range(6)] == [True] * 5 + [False]
    assert not budget.take(100.4)
    assert budget.take(100.9)
    assert not budget.take(100.9)
    assert [budget.take(200.0) for _ in range(6)] == [True] * 5 + [False]


def test_names_and_passwords_are_of_their_own_and_the_digest_is_that_of_sip() -> None:
    assert len({new_name() for _ in range(20)}) == 20
    assert all(name_at(Endpoint(f"PJSIP/{new_name()}")) for _ in range(20))
    assert len(new_password()) == 32  # 24 bytes
    assert digest_of("myname", "mypassword") == "e663d42b8c163a9720aec1e8a22bd7e2"
    for other in ("PJSIP/phone01", "PJSIP/web-1", "PJSIP/web-", f"Local/{NAME}", f"PJSIP/{NAME}-1", ""):
        assert name_at(Endpoint(other)) is None
    assert name_at(None) is None
    account = PhoneAccount(new_web_session_id(), NAME, "digest-that-nobody-sees")
    assert account.digest not in repr(account)


def test_its_endpoint_is_that_of_every_leg_and_what_a_browser_needs() -> None:
    block = re.search(r"^\[leg\]\(!\)\n(.*?)^\[", PJSIP.read_text(), re.MULTILINE | re.DOTALL)
    assert block is not None
    options = dict(re.findall(r"^(\w+) = (.*)$", block[1], re.MULTILINE))
    for name, value in options.items():
        if name in RENDERED:
            assert value.startswith("@") or name == "bind_rtp_to_media_address"
        elif name not in OF_LEG_ONLY:
            assert ENDPOINT[name] == value, name
    assert ENDPOINT["webrtc"] == "yes"
    assert f"default_realm = {browser_phones.REALM}\n" in PJSIP.read_text()


def test_it_may_be_used_from_the_relay_only_and_says_whose_login_it_is() -> None:
    account = PhoneAccount(new_web_session_id(), NAME, digest_of(NAME, "secret"))
    rendered = {"rtp_timeout": "60", "media_address": "", "context": "from-trunk"}
    objects = dict(objects_of(account, rendered, ["192.0.2.7/32", "192.0.2.8/32"]))
    assert list(objects) == ["auth", "aor", "endpoint"]
    assert objects["auth"]["md5_cred"] == account.digest
    assert "secret" not in str(objects)
    endpoint = objects["endpoint"]
    assert (endpoint["deny"], endpoint["permit"]) == ("0.0.0.0/0.0.0.0,::/0", "192.0.2.7/32,192.0.2.8/32")
    assert endpoint["accountcode"] == str(account.session)
    assert (endpoint["context"], endpoint["rtp_timeout"]) == ("from-desk", "60")
    assert "media_address" not in endpoint
    assert list(endpoint).index("disallow") < list(endpoint).index("allow")


@pytest.mark.parametrize(
    ("relays", "trunk", "shared"),
    [
        (["127.0.0.1/32"], ["127.0.0.1/255.255.255.255"], "127.0.0.1/32"),
        (["127.0.0.1"], ["192.0.2.0/24", "127.0.0.0/8"], "127.0.0.1/32"),
        (["192.0.2.1/32", "198.51.100.0/28"], ["198.51.100.9"], "198.51.100.0/28"),
        (["127.0.0.1"], ["192.0.2.10", "::1", "", "sip.provider.example"], None),
        (["::1"], ["::/0"], "::1/128"),
        ([], ["0.0.0.0/0"], None),
    ],
)
def test_a_relay_that_has_the_trunks_address_is_found(relays: list[str], trunk: list[str], shared: str | None) -> None:
    assert overlapping(relays, trunk) == shared
