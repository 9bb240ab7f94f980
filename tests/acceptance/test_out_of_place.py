"""Somebody else changes a talk at Asterisk: who is out of the bridge is put back, and a lost line is no goodbye."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.stories import add_town, dials
from tests.patience import PATIENCE_SECONDS

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.silence_meant("a party is taken out of its bridge, and the sweep comes every ten seconds"),
]

TOWN, OPERATOR = 5, "105"


def _area(area: dict[str, Any]) -> None:
    add_town(area, TOWN, "Eikveen", [OPERATOR])


AREA = edited_sample(_area)


@pytest.mark.parametrize("role", ["caller", "operator"])
async def test_given_a_talk_when_a_party_is_taken_out_of_its_bridge_then_they_hear_each_other_again(
    centre: Centre, role: str
) -> None:
    asterisk = centre.asterisk
    operator = await centre.operator("phone05", OPERATOR, listens=True)
    citizen = await centre.citizen(dials(TOWN), listens=True)
    await centre.call_is(citizen, "talking")
    await operator.speak_tone(600)
    await citizen.hears_tone(600)
    call = await centre.call(citizen)
    channel = next(leg["channel_id"] for leg in await centre.legs(citizen) if leg["role"] == role)
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "somebody-else")
    try:
        await remote.order("POST", f"bridges/{call['bridge_id']}/removeChannel", channel=channel)
    finally:
        await remote.close()
    await citizen.does_not_hear_tone(600, for_seconds=0.2)
    await citizen.hears_tone(600)
    await centre.call_is(citizen, "talking")
    await citizen.hang_up()
    await operator.hang_up()
    await centre.operator_is(OPERATOR, "away")


async def test_given_a_talk_when_the_operators_line_is_lost_then_the_citizen_stays_and_the_record_says_so(
    centre: Centre,
) -> None:
    """Asterisk hangs up a phone that sends no sound for 60 s with cause 44; here somebody else does, at once."""
    asterisk = centre.asterisk
    operator = await centre.operator("phone05", OPERATOR)
    citizen = await centre.citizen(dials(TOWN), listens=True)
    await centre.call_is(citizen, "talking")
    channel = next(leg["channel_id"] for leg in await centre.legs(citizen) if leg["role"] == "operator")
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "somebody-else")
    try:
        await remote.order("DELETE", f"channels/{channel}", reason_code="44")
    finally:
        await remote.close()
    await operator.ended()
    await centre.call_is(citizen, "waiting")
    await citizen.hears_something()
    leg = next(leg for leg in await centre.legs(citizen) if leg["role"] == "operator")
    assert (leg["end_reason"], leg["hangup_cause"], leg["end_is_estimated"]) == ("line_lost", 44, False)
    assert (await centre.session(OPERATOR))["logout_reason"] == "line_lost"
    await citizen.hang_up()


async def test_given_a_strangers_channel_in_a_talk_then_the_sweep_takes_it_out_and_the_talk_goes_on(
    centre: Centre,
) -> None:
    """Another application rings a phone and brings it into the talk. When it does so again, the phone is hung up."""
    asterisk = centre.asterisk
    operator = await centre.operator("phone05", OPERATOR, listens=True)
    citizen = await centre.citizen(dials(TOWN), listens=True)
    await centre.call_is(citizen, "talking")
    await operator.speak_tone(600)
    await citizen.hears_tone(600)
    bridge = (await centre.call(citizen))["bridge_id"]
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "somebody-else")
    opened, up = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async for event in remote.events(opened.set):
            if event["type"] == "StasisStart":
                up.set()

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await opened.wait()
            channel = await remote.order("POST", "channels", endpoint="PJSIP/phone06", app="somebody-else")
            listener = await centre.phones.incoming("phone06")
            await listener.pick_up()
            await up.wait()
            await remote.order("POST", f"bridges/{bridge}/addChannel", channel=channel["id"])
            await listener.hears_tone(600)
            centre.application.forget_log()
            await centre.application.says("stranger_in_bridge")
            await listener.does_not_hear_tone(600, for_seconds=0.5)
            assert (await remote.order("GET", f"bridges/{bridge}"))["channels"].count(channel["id"]) == 0
            await remote.order("POST", f"bridges/{bridge}/addChannel", channel=channel["id"])
            await listener.ended()
        await citizen.hears_tone(600)
        await centre.call_is(citizen, "talking")
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await remote.close()
    await citizen.hang_up()
    await operator.hang_up()
    await centre.operator_is(OPERATOR, "away")
