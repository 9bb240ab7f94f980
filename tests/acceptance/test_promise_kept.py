"""From each place where a request begins to the talk that keeps it: asked for, reminded of, called, reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ari_app.core.area import AfterCalamity
from ari_app.core.calendar import AMSTERDAM
from tests.acceptance.centre import ALWAYS, Centre, Row, edited_sample, entry
from tests.acceptance.phone import Phone
from tests.acceptance.stories import Told, add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

WAITING, SHUT, FLOODED, LEFT, TALKED, THIRD, UNANSWERED = range(5, 12)
#: citizens may be called at any hour, so that the tests may run at any hour
ROUND_THE_CLOCK = {"offered": True, "call_from": "00:00", "call_until": "23:59"}
#: a town that is open on each day, and closed while this runs: at the other end of the day, also when it is midnight
_FAR_OFF = (datetime.now(AMSTERDAM).hour + 12) % 24
_A_MOMENT = [f"{_FAR_OFF:02}:50-{_FAR_OFF:02}:55"]


def _area(area: dict[str, Any]) -> None:
    """Wierdam asks in the menu. The operators of the first four dial in when there is somebody to call."""
    entry(area, "municipality", "GM9904")["callback"] = ROUND_THE_CLOCK
    team = {"wrap_up_seconds": 0, "whisper": "beep"}
    add_town(
        area, WAITING, "Stilhuizen", ["102"], team=team, callback=ROUND_THE_CLOCK, norms={"nobody_grace_seconds": 1}
    )
    add_town(area, SHUT, "Dichtveen", ["103"], team=team, callback=ROUND_THE_CLOCK)
    entry(area, "municipality", f"GM99{SHUT:02}")["hours"] = dict.fromkeys(ALWAYS, _A_MOMENT)
    add_town(area, FLOODED, "Duinhout", ["104"], team=team, callback=ROUND_THE_CLOCK)
    add_town(area, LEFT, "Eikveen", ["105"], team=team, callback={**ROUND_THE_CLOCK, "abandoned": True})
    towns = ((TALKED, "Overeind", "106"), (THIRD, "Lang-Wachtum", "107"), (UNANSWERED, "Nieuwerbos", "108"))
    for town, name, operator in towns:
        add_town(area, town, name, [operator], team=team, callback=ROUND_THE_CLOCK)
    for extension, town, desk in ((2101, THIRD, 9), (2102, THIRD, 10), (2111, UNANSWERED, 11)):
        area.setdefault("directory_entry", []).append(
            {
                "code": f"entry-{extension}",
                "kind": "person",
                "name": f"Collega {extension}",
                "municipality": f"GM99{town:02}",
                "extension": f"{extension}",
                "endpoint": f"PJSIP/phone{desk:02}",
            }
        )


AREA = edited_sample(_area)


async def _request(centre: Centre, number: str) -> Row:
    (row,) = await centre.rows("SELECT * FROM callback_request WHERE pii_number = $1", number)
    return dict(row)


async def _says_yes(centre: Centre, citizen: Phone, *, begins: str = "1") -> None:
    """To the question whether to be called back, and to the number that was shown."""
    await citizen.hears_recording(centre.sound("nl/terug-aanbod"), since=0)
    await citizen.press(begins)
    await _confirms(centre, citizen)


async def _confirms(centre: Centre, citizen: Phone) -> None:
    await citizen.hears_recording(centre.sound("nl/terug-klopt-getoond"), since=0)
    await citizen.press("1")
    assert (await citizen.ended()).was_answered


async def _is_kept(centre: Centre, number: str, reason: str, operator: Phone, operator_number: str) -> None:
    """Time comes near the deadline; it is told; the operator makes the call, and there is a talk."""
    request = await _request(centre, number)
    assert (request["reason"], request["state"], request["kind"]) == (reason, "open", "promise")
    assert request["first_contact_at"] < request["deadline_at"] and request["owner_team"] and request["reference"]
    soon = "now() + interval '90 minutes'"
    await centre.rows(
        f"UPDATE callback_request SET deadline_at = {soon}, plan_by_at = {soon}, next_attempt_at = now() WHERE id = $1",
        request["id"],
    )
    told = f"SELECT count(*) FROM callback_reminder WHERE request_id = '{request['id']}' AND outcome = 'sent'"
    await centre.becomes(f"{told} AND kind = 'before_deadline'", 1, within_seconds=90)
    await operator.press("*7#")
    citizen = await centre.phones.outside(number)
    await citizen.pick_up()
    await centre.operator_is(operator_number, "talking")
    began = f"SELECT count(*) FROM callback_attempt WHERE request_id = '{request['id']}' AND reached_at IS NOT NULL"
    await centre.becomes(began, 1)
    await citizen.hang_up()
    await centre.becomes(f"SELECT state FROM callback_request WHERE id = '{request['id']}'", "closed")
    kept = await _request(centre, number)
    assert kept["close_kind"] == "reached" and request["first_contact_at"] == kept["first_contact_at"]
    assert (
        kept["first_attempt_at"] <= kept["reached_at"] <= kept["closed_at"] and kept["reached_at"] < kept["deadline_at"]
    )
    attempts = await centre.rows("SELECT * FROM callback_attempt WHERE request_id = $1", request["id"])
    assert [(row["outcome"], row["operator"]) for row in attempts] == [("reached", operator_number)]
    legs = (
        "SELECT array_agg(l.role ORDER BY l.role) FROM call_leg l JOIN call c ON c.id = l.call_id"
        f" WHERE c.callback_request = '{request['id']}' AND l.answered_at IS NOT NULL AND l.ended_at IS NOT NULL"
    )
    await centre.becomes(legs, ["callback", "operator"])  # the call ends after the promise is kept
    await operator.hang_up()


async def _menu(centre: Centre) -> None:
    citizen = await centre.citizen("140119", listens=True)
    await citizen.hears_recording(centre.sound("nl/terug-menu"), since=0)
    await citizen.press("*")
    await citizen.hears_recording(centre.sound("nl/welke-gemeente"), since=0)
    await citizen.press("4")
    await _confirms(centre, citizen)
    operator = await centre.operator("phone01", "101")
    await _is_kept(centre, centre.number_of(citizen), "menu", operator, "101")


async def _waiting(centre: Centre) -> None:
    citizen = await centre.citizen(dials(WAITING), listens=True)
    await _says_yes(centre, citizen)
    operator = await centre.operator("phone02", "102")
    await _is_kept(centre, centre.number_of(citizen), "waiting", operator, "102")


async def _closed(centre: Centre) -> None:
    citizen = await centre.citizen(dials(SHUT), listens=True)
    await _says_yes(centre, citizen)
    operator = await centre.operator("phone03", "103")
    await _is_kept(centre, centre.number_of(citizen), "closed", operator, "103")


async def _calamity(centre: Centre) -> None:
    await centre.calamity(f"GM99{FLOODED:02}", "De dijk is dicht.", AfterCalamity.END)
    citizen = await centre.citizen(dials(FLOODED), listens=True)
    await _says_yes(centre, citizen)
    operator = await centre.operator("phone04", "104")
    await _is_kept(centre, centre.number_of(citizen), "calamity", operator, "104")


async def _abandoned(centre: Centre) -> None:
    citizen = await centre.citizen(dials(LEFT))
    await centre.call_is(citizen, "waiting")
    await citizen.hang_up()
    await centre.call_has(citizen, "end_reason", "abandoned_waiting")
    operator = await centre.operator("phone05", "105")
    await _is_kept(centre, centre.number_of(citizen), "abandoned", operator, "105")


async def _in_a_talk(centre: Centre) -> None:
    operator = await centre.operator("phone06", "106", listens=True)
    citizen = await centre.citizen(dials(TALKED))
    await centre.call_is(citizen, "talking")
    await operator.press("*6#")
    await operator.hears_recording(centre.sound("nl/terugbellen-nummer"))
    await citizen.hang_up()
    await centre.operator_is("106", "ready")
    await _is_kept(centre, centre.number_of(citizen), "operator", operator, "106")


async def _third_refused(centre: Centre) -> None:
    """A caller who may not be transferred a third time is promised a call by the handling party."""
    operator = await centre.operator("phone07", "107")
    citizen = await centre.citizen(dials(THIRD))
    await centre.call_is(citizen, "talking")
    await operator.press("*22101#")
    first = await centre.phones.incoming("phone09")
    await first.pick_up()
    await centre.call_has(citizen, "transfer_count", 1)
    await first.press("*22102#")
    second = await centre.phones.incoming("phone10")
    await second.listen()
    await second.pick_up()
    await centre.call_has(citizen, "transfer_count", 2)
    await second.press("*22101#")
    await second.hears_recording(centre.sound("nl/maximum-doorverbonden"))
    await second.press("*6#")
    await second.hears_recording(centre.sound("nl/terugbellen-nummer"))
    await citizen.hang_up()
    await second.ended()
    await _is_kept(centre, centre.number_of(citizen), "refused_transfer", operator, "107")


async def _nobody_answers(centre: Centre) -> None:
    """A colleague does not take the caller, who comes back and is promised a call instead."""
    operator = await centre.operator("phone08", "108", listens=True)
    citizen = await centre.citizen(dials(UNANSWERED))
    await centre.call_is(citizen, "talking")
    await operator.press("*22111#")
    colleague = await centre.phones.incoming("phone11")
    await colleague.decline()
    await centre.call_has(citizen, "returned_at IS NOT NULL", True)
    await centre.call_is(citizen, "talking")
    await operator.press("*6#")
    await operator.hears_recording(centre.sound("nl/terugbellen-nummer"))
    await citizen.hang_up()
    await centre.operator_is("108", "ready")
    await _is_kept(centre, centre.number_of(citizen), "transfer_not_answered", operator, "108")


STORIES = (_menu, _waiting, _closed, _calamity, _abandoned, _in_a_talk, _third_refused, _nobody_answers)


@pytest.mark.parametrize("story", STORIES, ids=[story.__name__.strip("_") for story in STORIES])
async def test_a_promise_from_each_place_is_reminded_of_and_kept(told: Told, story: Any) -> None:
    told.went_well(story)
