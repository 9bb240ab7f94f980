"""A direct number whose person does not take the call: the deputy's phone rings, on real Asterisk."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.stories import add_town

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TOWN = 6
PHONES, OPERATOR = "0119990612", "0119990605"


def _area(area: dict[str, Any]) -> None:
    direct = [
        {"number": PHONES, "endpoint": "PJSIP/phone07", "deputy_endpoint": "PJSIP/phone08"},
        {"number": OPERATOR, "endpoint": "PJSIP/phone07", "deputy_operator": "101"},
    ]
    add_town(area, TOWN, "Overeind", ["101"], direct=direct)


AREA = edited_sample(_area)


async def test_given_a_person_who_does_not_pick_up_and_a_kill_when_their_time_is_over_then_the_deputy_has_the_caller(
    centre: Centre,
) -> None:
    citizen = await centre.citizen(PHONES)
    person = await centre.phones.incoming("phone07")
    await centre.application.kill()
    await centre.application.start()

    deputy = await centre.phones.incoming("phone08")
    assert not (await person.ended()).was_answered
    assert citizen.answered_at is None, "ringing costs nothing"
    await deputy.pick_up()
    await centre.call_is(citizen, "talking")
    await citizen.speak_tone(700)
    await deputy.hears_tone(700)
    await citizen.does_not_hear_tone(700, for_seconds=1.0)  # and a talk that is shorter is no talk

    await deputy.hang_up()
    await centre.call_has(citizen, "end_reason", "operator_hung_up")
    call = await centre.call(citizen)
    waited = (call["answered_at"] - call["arrived_at"]).total_seconds()
    assert 20.0 <= waited < 40.0, "the person had their time, once"
    assert call["transfer_count"] == 0
    parties = [(leg["party"], leg["end_reason"]) for leg in await centre.legs(citizen)]
    assert parties[1:] == [("PJSIP/phone07", "no_answer"), ("PJSIP/phone08", "hung_up")]


async def test_given_a_person_who_is_busy_when_they_are_called_then_the_deputy_is_offered_the_caller_at_once(
    centre: Centre,
) -> None:
    deputy = await centre.operator("phone01", "101")
    citizen = await centre.citizen(OPERATOR)
    await (await centre.phones.incoming("phone07")).decline()

    await centre.call_is(citizen, "talking")
    await deputy.speak_tone(500)
    await citizen.hears_tone(500)
    assert (await centre.legs(citizen))[-1]["party"] == "101"
    (failed,) = await centre.rows(
        "SELECT detail FROM call_fact f JOIN call c ON c.id = f.call_id"
        " WHERE c.pii_caller_number = $1 AND f.kind = 'offer_failed'",
        centre.number_of(citizen),
    )
    assert '"busy"' in failed["detail"] and '"PJSIP/phone07"' in failed["detail"]
    await citizen.hang_up()
