"""A caller who wants to stay unknown says so in one of many ways: each of them is understood."""

from __future__ import annotations

import json
from itertools import product

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, TRUNK, password_of, sip_phone
from tests.rawsip import Call, SipPhone
from tests.rawsip.conftest import Joins

pytestmark = pytest.mark.asterisk

NUMBER = "+31612345678"
#: what no message to the application, no phone and no log may hold
TRACES = ("12345678", "Brouwer")
ASSERTED = f'P-Asserted-Identity: "Anna Brouwer" <sip:{NUMBER}@example.org>\r\n'
REMOTE_PARTY = f'Remote-Party-ID: "Anna Brouwer" <sip:{NUMBER}@example.org>;party=calling;screen=yes'
FROM = f'"Anna Brouwer" <sip:{NUMBER}@example.org>'
UNKNOWN = '"Anonymous" <sip:anonymous@anonymous.invalid>'
#: RFC 3323, RFC 3325 and RFC 4244 have six values; what else somebody writes there is a wish too
PRIVACIES = [
    *("id", "user", "header", "session", "critical", "history", "ID", "Id"),
    *("id;critical", "user;header;session;id", "none;id", "id;none", "none;none", "id,none", "id; user"),
    *("full", "yes", '"none"', "0", ""),
]
WITHHELD = [
    *(f"{more}Privacy: {value}\r\n" for value, more in product(PRIVACIES, ("", ASSERTED, f"{REMOTE_PARTY}\r\n"))),
    "Privacy: none\r\nPrivacy: id\r\n",
    "Privacy: id\r\nPrivacy: none\r\n",
    "privacy:user\r\n",
    "Privacy :id\r\n",
    *(f"{REMOTE_PARTY};privacy={value}\r\n" for value in ("full", "name", "uri", "FULL", '"full"', "off-hook")),
    f"{ASSERTED}{REMOTE_PARTY};privacy=full\r\n",
    f"{REMOTE_PARTY};privacy=off\r\n{REMOTE_PARTY};privacy=full\r\n",
]
SHOWN = [
    "",
    "Privacy: none\r\n",
    "Privacy: NONE\r\n",
    ASSERTED,
    f"{ASSERTED}Privacy: none\r\n",
    f"{REMOTE_PARTY}\r\n",
    f"{REMOTE_PARTY};privacy=off\r\n",
    f"{ASSERTED}{REMOTE_PARTY};privacy=off\r\n",
]


async def _told(app: SmallApplication, call: Call) -> tuple[str, str]:
    """Call and hang up; the caller's number that the application gets, and all that it gets, as text."""
    call.send("INVITE", body=call.sdp)
    event = await app.arrival_event()
    channel = await app.remote.order("GET", f"channels/{event['channel']['id']}")
    await app.remote.order("DELETE", f"channels/{channel['id']}")
    await call.answered()
    return channel["caller"]["number"], json.dumps([event, channel])


def _assert_no_trace(text: str, why: str) -> None:
    found = [trace for trace in TRACES if trace in text]
    assert not found, f"{why}: {found}"


async def test_given_any_wish_to_stay_unknown_when_a_citizen_calls_then_nobody_gets_the_number(
    asterisk: LocalAsterisk, small_application: SmallApplication
) -> None:
    async with sip_phone(asterisk, TRUNK) as phone:
        for extra in WITHHELD:
            number, told = await _told(small_application, Call(phone, "140119", FROM, extra))
            assert number == "", extra
            _assert_no_trace(told, extra)
    _assert_no_trace(asterisk.cel_file.read_text(), "channel event log")


@pytest.mark.parametrize(
    "sender",
    [
        UNKNOWN,
        "<sip:Anonymous@example.org>",
        f"<sip:{NUMBER}@anonymous.invalid>",
        f"ANONYMOUS <sip:{NUMBER}@example.org>",
    ],
)
async def test_given_an_anonymous_sender_when_the_network_asserts_the_number_then_nobody_gets_it(
    asterisk: LocalAsterisk, small_application: SmallApplication, sender: str
) -> None:
    async with sip_phone(asterisk, TRUNK) as phone:
        for extra in ("", ASSERTED, f"{REMOTE_PARTY}\r\n", f"{ASSERTED}Privacy: none\r\n"):
            number, told = await _told(small_application, Call(phone, "140119", sender, extra))
            assert number == "", extra
            _assert_no_trace(told, extra)


async def test_given_no_such_wish_when_a_citizen_calls_then_the_number_is_there_and_the_name_is_not(
    asterisk: LocalAsterisk, small_application: SmallApplication
) -> None:
    async with sip_phone(asterisk, TRUNK) as phone:
        for extra in SHOWN:
            number, told = await _told(small_application, Call(phone, "140119", FROM, extra))
            assert number == NUMBER, extra
            assert "Brouwer" not in told, extra


async def test_given_an_unknown_citizen_in_a_talk_when_the_network_names_them_after_all_then_nobody_is_told(
    small_application: SmallApplication, joins: Joins
) -> None:
    operator, citizen = await joins("phone01"), await joins(extra="Privacy: user\r\n")
    await small_application.connect(operator.channel_id, citizen.channel_id)
    for method, body in (("INVITE", citizen.call.sdp), ("UPDATE", "")):
        for extra in (ASSERTED, f"{REMOTE_PARTY}\r\n"):
            assert (await citizen.call.ask(method, body=body, extra=extra)).status == 200
    channels = await small_application.remote.order("GET", "channels")
    _assert_no_trace(json.dumps(channels), "channels")
    _assert_no_trace("".join(came.text for came in operator.phone.received), "the operator's phone")


async def test_given_the_fallback_when_an_unknown_citizen_calls_then_no_phone_shows_the_number(
    asterisk: LocalAsterisk,
) -> None:
    async with sip_phone(asterisk, TRUNK) as citizen, sip_phone(asterisk, PHONE, "phone07") as operator:
        await Call(operator, "phone07").register(password_of(asterisk, "phone07"))
        call = Call(citizen, "140119", FROM, f"{ASSERTED}Privacy: user\r\n")
        assert (await call.invite()).status == 200
        ringing = await Call.incoming(operator, 30)
        assert ringing.invitation is not None
        assert "Noodroute 140119" in ringing.invitation.text
        _assert_no_trace(ringing.invitation.text, "the operator's phone")
        await _pick_up_and_end(ringing, call, operator)


async def _pick_up_and_end(ringing: Call, call: Call, operator: SipPhone) -> None:
    await ringing.pick_up()
    await call.bye()
    bye = await ringing.request("BYE")
    _assert_no_trace(bye.text, "the operator's phone")
    _assert_no_trace("".join(came.text for came in operator.received), "the operator's phone")
