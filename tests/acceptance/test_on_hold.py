"""A phone that puts its line on hold with a re-INVITE, as desk phones do: nobody is there, and nobody is sent there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.record import eventually
from tests.acceptance.stories import add_town, dials
from tests.local.ground import password_of
from tests.place import address
from tests.rawsip import Call, Media, SipPhone, sdp

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

PHONE, ACCOUNT, OPERATOR = address(4), "phone08", "105"
CITIZEN = address(13)  # over the trunk
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


_FACTS = "SELECT count(*) FROM call_fact f JOIN call c ON c.id = f.call_id WHERE c.channel_id = $1 AND f.kind = $2"
_OF_PHONES = (
    "SELECT count(*) FROM call_fact WHERE kind = '{}' AND detail->>'how' = 'phone' AND call_id IN"
    " (SELECT call_id FROM call_leg WHERE role = 'operator')"
)
_HOLDS, _RETURNS = _OF_PHONES.format("held"), _OF_PHONES.format("held_no_more")


async def _direct(call: Call, media: Media, direction: str, host: str = PHONE) -> None:
    """Ask for sound in these directions from now on."""
    answer = await call.ask("INVITE", body=sdp.offer(host, sdp.audio(media.port, direction)))
    assert answer.status == 200


async def test_given_a_waiting_citizen_when_their_phone_holds_then_the_next_one_is_helped_and_they_keep_their_place(
    centre: Centre,
) -> None:
    server = (centre.asterisk.sip_host, centre.asterisk.sip_port)
    newest = "SELECT channel_id FROM call ORDER BY arrived_at DESC LIMIT 1"
    async with SipPhone(CITIZEN, server) as phone, Media.open(CITIZEN) as media:
        call = Call(phone, dials(TOWN), offer=sdp.offer(CITIZEN, sdp.audio(media.port)))
        media.connect(sdp.target((await call.invite()).body))
        channel = await centre.ask(newest)
        await eventually(centre.database_url, "SELECT stage FROM call WHERE channel_id = $1", channel, equals="waiting")
        assert await media.hears_something()
        await _direct(call, media, "sendonly", CITIZEN)
        await eventually(centre.database_url, _FACTS, channel, "held", equals=1)

        next_one = await centre.citizen(dials(TOWN))
        operator = await centre.dials_in("phone07", OPERATOR)
        await centre.call_is(next_one, "talking")
        assert await centre.ask(_FACTS, channel, "offered") == 0

        await _direct(call, media, "sendrecv", CITIZEN)
        await eventually(centre.database_url, _FACTS, channel, "held_no_more", equals=1)
        third = await centre.citizen(dials(TOWN))
        await centre.call_is(third, "waiting")
        await next_one.hang_up()
        await operator.press("*0")
        await eventually(centre.database_url, "SELECT stage FROM call WHERE channel_id = $1", channel, equals="talking")
        await media.speak_tone(700)
        await operator.hears_tone(700)
        await centre.call_is(third, "waiting")
        await media.fall_silent()
        await call.bye()
        await third.hang_up()
        await operator.hang_up()
