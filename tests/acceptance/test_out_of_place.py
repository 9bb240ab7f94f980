"""Somebody else takes a party out of the talk at Asterisk: the next sweep brings both together again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.stories import add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

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
