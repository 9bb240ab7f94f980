"""An operator hands a caller over to a mobile phone: over the trunk, under the municipality's own number."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.stories import add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TOWN, MOBILE = 6, "+31612345678"


def _area(area: dict[str, Any]) -> None:
    add_town(area, TOWN, "Overeind", ["101"])


AREA = edited_sample(_area)


async def test_given_a_talk_when_the_operator_keys_a_mobile_number_then_it_rings_and_shows_the_municipality(
    centre: Centre,
) -> None:
    operator = await centre.operator("phone01", "101")
    citizen = await centre.citizen(dials(TOWN))
    await centre.call_is(citizen, "talking")

    await operator.press("*20612345678#")

    mobile = await centre.phones.outside(MOBILE)
    assert (await mobile.header("From")).startswith("<sip:+31119990600@")
    await mobile.pick_up()
    await mobile.press("1")
    await citizen.speak_tone(700)
    await mobile.hears_tone(700)
    await citizen.does_not_hear_tone(700, for_seconds=1.0)  # and a talk that is shorter is no talk
    await mobile.hang_up()
    await citizen.ended()

    assert await centre.ask("SELECT count(*) FROM call_leg WHERE party LIKE '%612345678%'") == 0
    texts = {
        "the channel event log": centre.asterisk.cel_file.read_text(),
        "Asterisk's own log": centre.asterisk.messages_file.read_text(),
        "the application's log": str(centre.application.log),
    }
    assert [name for name, text in texts.items() if MOBILE.removeprefix("+31") in text] == []
