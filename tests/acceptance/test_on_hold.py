"""A phone that puts its line on hold with a re-INVITE, as desk phones do: nobody is there, and nobody is sent there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.stories import add_town, dials
from tests.local.ground import password_of
from tests.place import address
from tests.rawsip import Call, Media, SipPhone, sdp

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PHONE, ACCOUNT, OPERATOR = address(4), "phone08", "105"
TOWN = 5


def _area(area: dict[str, Any]) -> None:
    add_town(area, TOWN, "Eikveen", [OPERATOR])


AREA = edited_sample(_area)


async def test_given_an_operator_when_their_phone_holds_the_line_then_no_caller_is_sent_there_until_it_is_back(
    centre: Centre,
) -> None:
    server = (centre.asterisk.sip_host, centre.asterisk.sip_port)
    async with SipPhone(PHONE, server, ACCOUNT) as phone, Media.open(PHONE) as media:
        call = Call(phone, "1400", offer=sdp.offer(PHONE, sdp.audio(media.port)))
        answer = await call.invite(password=password_of(centre.asterisk, ACCOUNT))
        media.connect(sdp.target(answer.body))
        await media.speak_tone(600)
        await media.press(f"{OPERATOR}#7{OPERATOR}#")
        await centre.operator_is(OPERATOR, "ready")

        await _direct(call, media, "sendonly")
        await centre.operator_is(OPERATOR, "paused")
        assert (await centre.session(OPERATOR))["pause_reason"] == "on_hold"
        citizen = await centre.citizen(dials(TOWN), listens=True)
        await centre.call_is(citizen, "waiting")
        await citizen.hears_something()
        assert "offered" not in await centre.facts(citizen)

        await _direct(call, media, "sendrecv")
        await centre.call_is(citizen, "talking")
        await citizen.hears_tone(600)

        await media.fall_silent()
        await _direct(call, media, "sendonly")
        await centre.becomes(_HOLDS, 1)
        await citizen.hears_something()
        assert (await centre.session(OPERATOR))["state"] == "talking"
        await _direct(call, media, "sendrecv")
        await centre.becomes(_RETURNS, 1)
        await citizen.hang_up()
        await call.bye()
        await centre.operator_is(OPERATOR, "away")


_OF_PHONES = (
    "SELECT count(*) FROM call_fact WHERE kind = '{}' AND detail->>'how' = 'phone' AND call_id IN"
    " (SELECT call_id FROM call_leg WHERE role = 'operator')"
)
_HOLDS, _RETURNS = _OF_PHONES.format("held"), _OF_PHONES.format("held_no_more")


async def _direct(call: Call, media: Media, direction: str) -> None:
    """Ask for sound in these directions from now on."""
    answer = await call.ask("INVITE", body=sdp.offer(PHONE, sdp.audio(media.port, direction)))
    assert answer.status == 200
