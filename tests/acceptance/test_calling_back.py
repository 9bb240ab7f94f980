"""Promises are kept, on real Asterisk and over the trunk: by key, at their place, after a reminder, after a kill."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, Row, edited_sample
from tests.acceptance.phone import Phone
from tests.acceptance.stories import Told, add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

KEY, DEAF, PLACE, REMINDED, TALKED, AGAIN, KILLED = range(5, 12)
#: citizens may be called at any hour, so that the tests may run at any hour
ROUND_THE_CLOCK = {"offered": True, "call_from": "00:00", "call_until": "23:59", "offer_after_seconds": 1}


def _area(area: dict[str, Any]) -> None:
    towns = (
        (KEY, "Beekdam", "101"),
        (DEAF, "Duinhout", "102"),
        (PLACE, "Eikveen", "103"),
        (REMINDED, "Korthoven", "104"),
    )
    more = ((TALKED, "Overeind", "105"), (AGAIN, "Lang-Wachtum", "106"), (KILLED, "Nieuwerbos", "107"))
    for number, name, operator in (*towns, *more):
        team: dict[str, Any] = {"wrap_up_seconds": 0}
        if number == REMINDED:
            team["reminder_phone"] = "PJSIP/phone09"
        add_town(area, number, name, [operator], team=team, callback=ROUND_THE_CLOCK)


AREA = edited_sample(_area)


def number_of(town: int) -> str:
    return f"+3161000{town:04}"


async def _promise(centre: Centre, town: int) -> Row:
    """Somebody is promised a call, as at a terminal."""
    number = number_of(town)
    arguments = (
        "--municipality",
        f"GM99{town:02}",
        "--number",
        number,
        "--subject",
        "paspoort",
        "--note",
        "belt zelf niet",
    )
    assert await centre.ari_app("callbacks", "add", *arguments) == 0
    return await _request(centre, town)


async def _request(centre: Centre, town: int) -> Row:
    (row,) = await centre.rows("SELECT * FROM callback_request WHERE pii_number = $1", number_of(town))
    return dict(row)


async def _becomes(centre: Centre, town: int, column: str, value: object) -> None:
    await centre.becomes(f"SELECT {column} FROM callback_request WHERE pii_number = '{number_of(town)}'", value)


async def _outcomes(centre: Centre, town: int) -> list[str]:
    query = (
        "SELECT a.outcome FROM callback_attempt a JOIN callback_request r ON r.id = a.request_id"
        " WHERE r.pii_number = $1 ORDER BY a.number"
    )
    return [row["outcome"] for row in await centre.rows(query, number_of(town))]


async def _talk(operator: Phone, citizen: Phone) -> None:
    await operator.speak_tone(600)
    await citizen.hears_tone(600)
    await operator.fall_silent()
    await citizen.speak_tone(700)
    await operator.hears_tone(700)
    await citizen.fall_silent()


async def _by_key(centre: Centre) -> None:
    request = await _promise(centre, KEY)
    operator = await centre.operator("phone01", "101", listens=True)
    ear = await operator.listen()
    since = ear.position
    await operator.press("*7")
    for name in (
        "toon/piep",
        "nl/terugbellen",
        f"gemeente/GM99{KEY:02}/naam",
        "nl/het-gaat-over",
        "nl/terugbellen-notitie",
    ):
        await operator.hears_recording(centre.sound(name), since=since)
    citizen = await centre.phones.outside(number_of(KEY))
    assert (await citizen.header("From")).startswith(f"<sip:+31{dials(KEY)[1:]}@"), "the municipality's own number"
    await citizen.pick_up()
    await _talk(operator, citizen)
    await citizen.hang_up()
    await _becomes(centre, KEY, "state", "closed")
    kept = await _request(centre, KEY)
    assert kept["close_kind"] == "reached" and kept["first_attempt_at"] <= kept["reached_at"] <= kept["deadline_at"]
    assert await _outcomes(centre, KEY) == ["reached"]
    ended = "SELECT ended_at IS NOT NULL FROM call WHERE callback_request = "
    await centre.becomes(f"{ended} '{request['id']}'", True)  # after the promise is kept
    legs = await centre.rows(
        "SELECT l.role, l.answered_at, l.joined_at, l.end_reason FROM call_leg l JOIN call c ON c.id = l.call_id"
        " WHERE c.callback_request = $1 ORDER BY l.role",
        request["id"],
    )
    assert [(leg["role"], leg["end_reason"]) for leg in legs] == [("callback", "hung_up"), ("operator", "released")]
    assert all(leg["answered_at"] and leg["joined_at"] for leg in legs)
    promise = await centre.rows("SELECT * FROM callback_promise WHERE municipality = $1", f"GM99{KEY:02}")
    assert [(row["due"], row["kept"]) for row in promise] == [(1, 1)]
    await operator.hang_up()


async def _nobody_there(centre: Centre) -> None:
    await _promise(centre, DEAF)
    operator = await centre.operator("phone02", "102", listens=True)
    await operator.press("*7#")
    citizen = await centre.phones.outside(number_of(DEAF))
    await citizen.decline()  # 486
    await operator.hears_recording(centre.sound("nl/terugbellen-geen-gehoor"))
    await _becomes(centre, DEAF, "state", "planned")
    assert await _outcomes(centre, DEAF) == ["busy"]
    await centre.operator_is("102", "ready")
    await operator.press("*7")
    await operator.hears_recording(centre.sound("nl/terugbellen-geen"))
    await centre.rows("UPDATE callback_request SET next_attempt_at = now() WHERE pii_number = $1", number_of(DEAF))
    await operator.press("*7#")
    citizen = await centre.phones.outside(number_of(DEAF))
    await citizen.pick_up()
    await centre.operator_is("102", "talking")
    await operator.press("*61#")
    await operator.hears_recording(centre.sound("nl/terugbellen-genoteerd"))
    await operator.hang_up()
    await citizen.ended()
    await _becomes(centre, DEAF, "attempts_count", 2)
    assert await _outcomes(centre, DEAF) == ["busy", "voicemail"]
    assert (await _request(centre, DEAF))["closed_at"] is None


async def _virtual_hold(centre: Centre) -> None:
    """A citizen who waited and was asked goes away; their place is called when an operator is there."""
    paused = await centre.operator("phone03", "103")
    await paused.press("*91")
    await centre.operator_is("103", "paused")
    citizen = await centre.citizen(dials(PLACE), listens=True)
    await citizen.hears_recording(centre.sound("nl/in-gesprek"), since=0)
    number = centre.number_of(citizen)
    query = f"SELECT count(*) FROM callback_request WHERE pii_number = '{number}' AND kind = 'virtual_hold'"
    await centre.becomes(
        f"SELECT count(*) FROM call_fact f JOIN call c ON c.id = f.call_id"
        f" WHERE c.pii_caller_number = '{number}' AND f.kind = 'callback_offered'",
        1,
    )
    await citizen.press("1")
    await centre.call_is(citizen, "leaving_callback")
    await citizen.press("1")
    await centre.becomes(query, 1)
    await citizen.hang_up()
    await centre.call_has(citizen, "end_reason", "callback_promised")
    await paused.press("*0")
    again = await centre.phones.outside(number)
    await again.pick_up()
    await _talk(paused, again)
    await again.hang_up()
    await centre.becomes(f"SELECT close_kind FROM callback_request WHERE pii_number = '{number}'", "reached")
    await paused.hang_up()


async def _reminder(centre: Centre) -> None:
    """The deadline comes; a phone rings, and whoever picks up makes the call."""
    request = await _promise(centre, REMINDED)
    await centre.rows(
        "UPDATE callback_request SET deadline_at = now(), plan_by_at = now() WHERE id = $1", request["id"]
    )
    desk = await centre.phones.incoming("phone09")
    await desk.listen()
    await desk.pick_up()
    for name in ("nl/terugbellen-vandaag", "nl/getal-1", "nl/terugbellen-eerste"):
        await desk.hears_recording(centre.sound(name), since=0)
    await desk.press("1")
    await desk.hears_recording(centre.sound("nl/inlog-nummer"), since=0)
    await desk.press("104#7104#")
    citizen = await centre.phones.outside(number_of(REMINDED))
    await citizen.pick_up()
    await _talk(desk, citizen)
    await citizen.hang_up()
    await _becomes(centre, REMINDED, "close_kind", "reached")
    sent = "SELECT count(*) > 0 FROM callback_reminder WHERE outcome = 'sent' AND way = 'phone'"
    await centre.becomes(sent, True)
    await desk.hang_up()


async def _in_a_talk(centre: Centre) -> None:
    operator = await centre.operator("phone05", "105", listens=True)
    citizen = await centre.citizen(dials(TALKED))
    await centre.call_is(citizen, "talking")
    await operator.press("*6#")
    await operator.hears_recording(centre.sound("nl/terugbellen-nummer"))
    (request,) = await centre.rows("SELECT * FROM callback_request WHERE pii_number = $1", centre.number_of(citizen))
    call = await centre.call(citizen)
    assert (request["reason"], request["call_id"], request["first_contact_at"]) == (
        "operator",
        call["id"],
        call["arrived_at"],
    )
    assert request["owner_team"] == f"team-{TALKED}" and request["deadline_at"] > call["arrived_at"]
    await citizen.hang_up()
    await centre.operator_is("105", "ready")
    await operator.hang_up()


async def _calls_again(centre: Centre) -> None:
    operator = await centre.operator("phone06", "106", listens=True)
    citizen = await centre.citizen(dials(AGAIN))
    await centre.call_is(citizen, "talking")
    await operator.press("*6#")
    await operator.hears_recording(centre.sound("nl/terugbellen-nummer"))
    number = centre.number_of(citizen)
    await citizen.hang_up()
    await centre.operator_is("106", "ready")
    ear = await operator.listen()
    since = ear.position
    again = await centre.phones.citizen(dials(AGAIN), number)
    await operator.hears_recording(centre.sound("nl/terugbellen-wacht"), since=since)
    await centre.operator_is("106", "talking")
    await operator.press("*60#")
    await operator.hears_recording(centre.sound("nl/terugbellen-gesloten"))
    await centre.becomes(f"SELECT close_kind FROM callback_request WHERE pii_number = '{number}'", "helped")
    await again.hang_up()
    await operator.hang_up()


STORIES = (_by_key, _nobody_there, _virtual_hold, _reminder, _in_a_talk, _calls_again)


async def test_given_a_promise_when_an_operator_takes_the_next_then_the_citizen_is_called_and_it_is_kept(
    told: Told,
) -> None:
    told.went_well(_by_key)


async def test_given_a_citizen_who_is_not_there_when_called_then_it_is_planned_again_and_no_voicemail_counts_as_a_talk(
    told: Told,
) -> None:
    told.went_well(_nobody_there)


async def test_given_a_virtual_hold_when_an_operator_is_free_then_the_citizen_is_called(told: Told) -> None:
    told.went_well(_virtual_hold)


async def test_given_a_deadline_when_it_comes_then_a_phone_rings_and_the_call_is_made_from_it(told: Told) -> None:
    told.went_well(_reminder)


async def test_given_a_talk_when_the_operator_promises_a_callback_then_it_has_owner_number_and_deadline(
    told: Told,
) -> None:
    told.went_well(_in_a_talk)


async def test_given_a_citizen_who_calls_again_when_they_are_helped_then_the_promise_is_closed_with_it(
    told: Told,
) -> None:
    told.went_well(_calls_again)


async def test_given_a_callback_when_the_application_is_killed_then_it_rings_on_and_the_promise_is_kept(
    centre: Centre,
) -> None:
    await _promise(centre, KILLED)
    operator = await centre.operator("phone07", "107", listens=True)
    await operator.press("*7#")
    citizen = await centre.phones.outside(number_of(KILLED))
    await centre.application.kill()
    await centre.application.start()
    await citizen.pick_up()
    await _talk(operator, citizen)
    await centre.application.kill()
    await citizen.speak_tone(700)
    await operator.hears_tone(700)
    await citizen.fall_silent()
    await centre.application.start()
    await citizen.hang_up()
    await _becomes(centre, KILLED, "close_kind", "reached")
    assert await _outcomes(centre, KILLED) == ["reached"]
    await operator.hang_up()
