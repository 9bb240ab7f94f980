"""A phone that takes another's place, or moves a call: refused, and the talk goes on as it was."""

from __future__ import annotations

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.local.ground import PHONE, TRUNK, password_of, sip_phone
from tests.rawsip import Call, SipPhone
from tests.rawsip.conftest import Joins, Party

pytestmark = pytest.mark.asterisk

OPERATOR_HZ, CITIZEN_HZ = 410, 910
Talk = tuple[Party, Party]


@pytest.fixture
async def talk(small_application: SmallApplication, joins: Joins) -> Talk:
    """An operator and a citizen, who both speak."""
    operator, citizen = await joins("phone01"), await joins()
    await small_application.connect(operator.channel_id, citizen.channel_id)
    await operator.media.speak_tone(OPERATOR_HZ)
    await citizen.media.speak_tone(CITIZEN_HZ)
    await _goes_on(small_application, (operator, citizen))
    return operator, citizen


async def _goes_on(app: SmallApplication, talk: Talk) -> None:
    """The same two channels are in one bridge, and hear each other."""
    operator, citizen = talk
    bridges = await app.remote.order("GET", "bridges")
    assert [sorted(bridge["channels"]) for bridge in bridges] == [sorted([operator.channel_id, citizen.channel_id])]
    assert await operator.media.hears_tone(CITIZEN_HZ)
    assert await citizen.media.hears_tone(OPERATOR_HZ)


def _replaces(call: Call) -> dict[str, str]:
    back = f"{call.id};to-tag={call.tag};from-tag={call.far_tag}"
    return {
        "of the dialog": f"Replaces: {call.replaces}\r\n",
        "required": f"Require: replaces\r\nReplaces: {call.replaces}\r\n",
        "early only": f"Replaces: {call.replaces};early-only\r\n",
        "lower case": f"replaces: {call.replaces}\r\n",
        "tags exchanged": f"Replaces: {back}\r\n",
        "the second of two": f"Replaces: none;to-tag=1;from-tag=2\r\nReplaces: {call.replaces}\r\n",
        "empty": "Replaces: \r\n",
    }


@pytest.mark.parametrize("account", ["phone02", ""], ids=["phone", "trunk"])
async def test_given_a_talk_when_somebody_invites_with_replaces_then_they_are_refused_and_the_talk_goes_on(
    asterisk: LocalAsterisk, small_application: SmallApplication, talk: Talk, account: str
) -> None:
    password = password_of(asterisk, account) if account else None
    async with sip_phone(asterisk, PHONE if account else TRUNK, account or "0201234567") as other:
        for party in talk:
            for name, header in _replaces(party.call).items():
                for dialled in ("1400", "140119"):
                    answer = await Call(other, dialled, extra=header).invite(password=password)
                    assert 400 <= answer.status < 500, f"{name}, {dialled}: {answer.start}"
    await _goes_on(small_application, talk)


async def test_given_a_talk_when_a_third_invites_again_with_replaces_then_only_its_own_call_may_end(
    small_application: SmallApplication, joins: Joins, talk: Talk
) -> None:
    third = await joins("phone02")
    await third.call.ask("INVITE", body=third.call.sdp, extra=f"Replaces: {talk[0].call.replaces}\r\n")
    await _goes_on(small_application, talk)


async def test_given_a_talk_when_a_party_or_a_third_refers_then_they_are_refused_and_the_talk_goes_on(
    small_application: SmallApplication, joins: Joins, talk: Talk
) -> None:
    third = await joins("phone02")
    operator, citizen = talk
    taken = operator.call
    consulted = f"?Replaces={taken.id}%3Bto-tag%3D{taken.far_tag}%3Bfrom-tag%3D{taken.tag}"
    for party in (operator, citizen, third):
        for target in ("1400", "140119", "0201234567"):
            for more in ("", consulted, "?Replaces=garbage"):
                refer_to = f"Refer-To: <{taken.uri.replace('1400', target)}{more}>\r\n"
                for extra in ("", "Refer-Sub: false\r\n", "Referred-By: <sip:phone01@example.org>\r\n"):
                    assert (await party.call.ask("REFER", extra=refer_to + extra)).status == 603
        assert (await party.call.ask("REFER")).status == 603
    await _goes_on(small_application, talk)


async def test_given_a_talk_when_it_is_referred_from_outside_of_it_then_nothing_happens(
    asterisk: LocalAsterisk, small_application: SmallApplication, talk: Talk
) -> None:
    password = password_of(asterisk, "phone02")

    async def refuses(phone: SipPhone, method: str) -> None:
        call = Call(phone, "1400")
        extra = f"Refer-To: <{call.uri}>\r\nTarget-Dialog: {talk[0].call.id}\r\nEvent: dialog\r\n"
        answer = await call.ask_with_password(method, password, extra=extra)
        assert answer.status >= 400, f"{method}: {answer.start}"

    async with sip_phone(asterisk, PHONE, "phone02") as phone, sip_phone(asterisk, TRUNK) as trunk:
        for method in ("REFER", "SUBSCRIBE", "PUBLISH", "NOTIFY", "MESSAGE", "INFO", "UPDATE"):
            await refuses(phone, method)
            await refuses(trunk, method)
    await _goes_on(small_application, talk)
