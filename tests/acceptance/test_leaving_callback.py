"""Citizens who want to be called back, on real Asterisk and by ear: one story for each place where they are asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ari_app.core.area import AfterCalamity
from ari_app.core.calendar import AMSTERDAM, is_working_day, local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.phrases.parts import digits
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from tests.acceptance.centre import ALWAYS, Centre, Row, edited_sample, entry
from tests.acceptance.phone import Phone
from tests.acceptance.stories import Told, add_town, dials
from tests.references import is_reference

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

BUSY, EMPTY, SHUT, FLOODED, LEFT, PATIENT = range(5, 11)
_TODAY = datetime.now(AMSTERDAM).date()
_OPEN_ON_WEEKDAY = list(ALWAYS)[(_TODAY + timedelta(days=2)).weekday()]


def _area(area: dict[str, Any]) -> None:
    """Wierdam asks in the menu. Nobody is there but the operators of Beekdam and Lang-Wachtum, who are paused."""
    entry(area, "municipality", "GM9904")["callback"] = {"offered": True}
    # At any hour somebody may still be called back today: else no place is kept.
    soon = {"offered": True, "offer_after_seconds": 2, "call_from": "00:00", "call_until": "23:59"}
    add_town(area, BUSY, "Beekdam", ["101"], callback=soon)
    add_town(area, EMPTY, "Stilhuizen", callback={"offered": True}, norms={"nobody_grace_seconds": 1})
    add_town(area, SHUT, "Dichtveen", callback={"offered": True, "abandoned": True})
    entry(area, "municipality", f"GM99{SHUT:02}")["hours"] = {_OPEN_ON_WEEKDAY: ["09:00-16:00"]}
    add_town(area, FLOODED, "Duinhout", callback={"offered": True})
    add_town(area, LEFT, "Eikveen", callback={"offered": False, "abandoned": True})
    add_town(area, PATIENT, "Lang-Wachtum", ["102"], callback=soon, norms={"max_wait_seconds": 4})


AREA = edited_sample(_area)


async def _hears(centre: Centre, citizen: Phone, *names: str) -> None:
    for name in names:
        await citizen.hears_recording(centre.sound(name), since=0)


async def _requests(centre: Centre, number: str) -> list[Row]:
    query = "SELECT * FROM callback_request WHERE pii_number = $1"
    return [dict(row) for row in await centre.rows(query, number)]


async def _presses_last(centre: Centre, citizen: Phone, number: str) -> Row:
    """Confirm the number with a key, hear the promise to its end, and return what was stored."""
    begin = (await citizen.listen()).position
    await citizen.press("1")
    await citizen.hears_recording(centre.sound("nl/terug-kenmerk"), since=begin)
    await citizen.hears_recording(centre.sound("nl/terug-dank"), since=begin)
    assert (await citizen.ended()).was_answered
    (request,) = await _requests(centre, number)
    assert is_reference(request["reference"])
    for prompt in set(digits(request["reference"])):
        await citizen.hears_recording(centre.sound(prompt), since=begin, within_seconds=1)
    (call,) = [dict(row) for row in await centre.rows("SELECT * FROM call WHERE id = $1", request["call_id"])]
    told = await centre.rows("SELECT kind FROM call_fact WHERE call_id = $1 ORDER BY seq", request["call_id"])
    assert [row["kind"] for row in told].count("callback_requested") == 1
    await centre.becomes(f"SELECT end_reason FROM call WHERE id = '{call['id']}'", "callback_promised")
    assert (call["callback_reference"], call["pii_callback_number"]) == (request["reference"], number)
    assert (call["answered_at"], request["first_contact_at"]) == (None, call["arrived_at"])
    return request


async def _is_due_in_time(centre: Centre, request: Row) -> None:
    """At the end of the opening hours, or at five, of the working day after the call."""
    async with Database(centre.database_url) as database:
        directory = await load_area(database.background)
    day = local_date(request["first_contact_at"]) + timedelta(days=1)
    while not is_working_day(day, directory.special_days):
        day += timedelta(days=1)
    hours = directory.municipalities[MunicipalityCode(request["municipality"])].hours.get(day.weekday(), ())
    at = request["deadline_at"].astimezone(AMSTERDAM)
    assert at.date() == day
    always = bool(hours) and f"{hours[-1].closes:%H:%M}" == "00:00"
    assert f"{at:%H:%M:%S}" == ("23:59:59" if always else f"{hours[-1].closes:%H:%M:%S}" if hours else "17:00:00")


def _what(request: Row) -> tuple[str, str, str, str, str]:
    names = ("municipality", "reason", "kind", "number_confirmed_how", "owner_team")
    municipality, reason, kind, how, team = (request[name] for name in names)
    return municipality, reason, kind, how, team


async def _menu(centre: Centre) -> None:
    citizen = await centre.citizen("140119", listens=True)
    await _hears(centre, citizen, "nl/terug-menu")
    await citizen.press("*")
    await _hears(centre, citizen, "nl/welke-gemeente", "gemeente/GM9904/menu")
    await citizen.has_not_heard(centre.sound("nl/verkeerde-toets"))
    await citizen.press("4")
    await _hears(centre, citizen, "nl/terug-uw-nummer", "nl/terug-klopt-getoond")
    request = await _presses_last(centre, citizen, centre.number_of(citizen))
    assert _what(request) == ("GM9904", "menu", "promise", "shown", "gezamenlijk")
    await _is_due_in_time(centre, request)


async def _waiting(centre: Centre) -> None:
    operator = await centre.operator("phone01", "101")
    await operator.press("*91")
    await centre.operator_is("101", "paused")
    citizen = await centre.citizen(dials(BUSY), listens=True)
    await _hears(centre, citizen, "nl/terug-aanbod", "nl/terug-plaats")
    queued_at = (await centre.call(citizen))["queued_at"]
    await citizen.press("1")
    await _hears(centre, citizen, "nl/terug-klopt-getoond")
    await citizen.hears_silence()
    request = await _presses_last(centre, citizen, centre.number_of(citizen))
    assert _what(request) == (f"GM99{BUSY:02}", "waiting", "virtual_hold", "shown", f"team-{BUSY}")
    assert request["queued_at"] == queued_at
    await _is_due_in_time(centre, request)


async def _waited_too_long(centre: Centre) -> None:
    """And keys another number, after one that nobody calls."""
    operator = await centre.operator("phone02", "102")
    await operator.press("*91")
    await centre.operator_is("102", "paused")
    citizen = await centre.citizen(dials(PATIENT), listens=True)
    await _hears(centre, citizen, "nl/te-lang-gewacht")
    await citizen.hears_recording(centre.sound("nl/terug-aanbod"))
    await citizen.press("1")
    await _hears(centre, citizen, "nl/terug-klopt-getoond")
    await citizen.press("2")
    await _hears(centre, citizen, "nl/terug-toets-nummer")
    await citizen.press("0900123456#")
    await _hears(centre, citizen, "nl/terug-betaald")
    await citizen.press("0612345601#")
    await _hears(centre, citizen, "nl/terug-klopt-getoetst")
    request = await _presses_last(centre, citizen, "+31612345601")
    assert _what(request) == (f"GM99{PATIENT:02}", "waiting", "promise", "typed", f"team-{PATIENT}")
    assert not await _requests(centre, centre.number_of(citizen))


async def _nobody(centre: Centre) -> None:
    citizen = await centre.citizen(dials(EMPTY), listens=True)
    await _hears(centre, citizen, "nl/niemand", "nl/terug-aanbod")
    await citizen.press("1")
    await _hears(centre, citizen, "nl/terug-klopt-getoond")
    request = await _presses_last(centre, citizen, centre.number_of(citizen))
    assert _what(request) == (f"GM99{EMPTY:02}", "waiting", "promise", "shown", f"team-{EMPTY}")


async def _closed(centre: Centre) -> None:
    """A withheld number is keyed; who stays on the line is answered, and not before."""
    citizen = await centre.citizen(dials(SHUT), withheld=True, listens=True)
    await _hears(centre, citizen, f"gemeente/GM99{SHUT:02}/gemeente-gesloten", "nl/terug-blijf")
    assert citizen.answered_at is None
    await citizen.answered()
    await _hears(centre, citizen, "nl/terug-aanbod")
    await citizen.press("1")
    await _hears(centre, citizen, "nl/terug-toets-nummer")
    await citizen.press("0612345602#")
    await _hears(centre, citizen, "nl/terug-klopt-getoetst")
    request = await _presses_last(centre, citizen, "+31612345602")
    assert _what(request) == (f"GM99{SHUT:02}", "closed", "promise", "typed", f"team-{SHUT}")
    await _is_due_in_time(centre, request)


async def _closed_and_gone(centre: Centre) -> None:
    citizen = await centre.citizen(dials(SHUT), listens=True)
    await _hears(centre, citizen, "nl/terug-blijf")
    ending = await citizen.hang_up()
    assert not ending.was_answered
    await centre.call_has(citizen, "end_reason", "closed")
    assert (await centre.call(citizen))["line_answered_at"] is None
    assert not await _requests(centre, centre.number_of(citizen))


async def _calamity(centre: Centre) -> None:
    text = "De dijk is dicht. Ga niet naar het strand."
    await centre.calamity(f"GM99{FLOODED:02}", text, AfterCalamity.END)
    citizen = await centre.citizen(dials(FLOODED), listens=True)
    await _hears(centre, citizen, "nl/mededeling", "nl/terug-blijf", "nl/terug-aanbod")
    await citizen.press("1")
    await _hears(centre, citizen, "nl/terug-klopt-getoond")
    request = await _presses_last(centre, citizen, centre.number_of(citizen))
    assert _what(request) == (f"GM99{FLOODED:02}", "calamity", "promise", "shown", f"team-{FLOODED}")


async def _abandoned(centre: Centre) -> None:
    citizen = await centre.citizen(dials(LEFT))
    await centre.call_is(citizen, "waiting")
    await citizen.hang_up()
    await centre.call_has(citizen, "end_reason", "abandoned_waiting")
    (request,) = await _requests(centre, centre.number_of(citizen))
    assert _what(request) == (f"GM99{LEFT:02}", "abandoned", "promise", "unconfirmed", f"team-{LEFT}")
    await _is_due_in_time(centre, request)


STORIES = (_menu, _waiting, _waited_too_long, _nobody, _closed, _closed_and_gone, _calamity, _abandoned)


async def test_given_the_menu_when_the_star_is_pressed_then_the_citizen_names_the_municipality_and_is_promised_a_call(
    told: Told,
) -> None:
    told.went_well(_menu)


async def test_given_a_citizen_waits_when_they_say_yes_then_their_place_is_kept(told: Told) -> None:
    told.went_well(_waiting)


async def test_given_a_citizen_waited_too_long_when_they_key_another_number_then_that_one_is_called_back(
    told: Told,
) -> None:
    told.went_well(_waited_too_long)


async def test_given_nobody_is_there_when_the_citizen_says_yes_then_they_are_promised_a_call(told: Told) -> None:
    told.went_well(_nobody)


async def test_given_a_closed_municipality_when_a_citizen_with_a_withheld_number_stays_then_they_key_it(
    told: Told,
) -> None:
    told.went_well(_closed)


async def test_given_a_closed_municipality_when_the_citizen_hangs_up_then_it_cost_nothing(told: Told) -> None:
    told.went_well(_closed_and_gone)


async def test_given_a_calamity_text_that_is_all_when_the_citizen_stays_then_they_are_promised_a_call(
    told: Told,
) -> None:
    told.went_well(_calamity)


async def test_given_the_municipality_wants_it_when_a_citizen_hangs_up_while_waiting_then_they_are_called_back(
    told: Told,
) -> None:
    told.went_well(_abandoned)


async def test_keyed_numbers_stand_in_no_log(told: Told, centre: Centre) -> None:
    for story in STORIES:
        told.went_well(story)
    texts = {
        "the application's log": str(centre.application.log),
        "the channel event log": centre.asterisk.cel_file.read_text(),
    }
    for name, text in texts.items():
        for number in ("12345601", "12345602"):
            assert number not in text, f"{name} has a keyed number"


async def test_given_citizens_who_are_asked_and_told_when_the_application_is_killed_then_each_has_one_promise(
    centre: Centre,
) -> None:
    asked, told = [await centre.citizen(dials(EMPTY), listens=True) for _ in range(2)]
    for citizen in (asked, told):
        await _hears(centre, citizen, "nl/terug-aanbod")
        await citizen.press("1")
        await _hears(centre, citizen, "nl/terug-klopt-getoond")
    await told.press("1")
    await centre.call_has(told, "pii_callback_number", centre.number_of(told))
    await centre.application.kill()
    begin = (await asked.listen()).position
    await centre.application.start()
    await asked.hears_recording(centre.sound("nl/terug-klopt-getoond"), since=begin)
    await _presses_last(centre, asked, centre.number_of(asked))
    await told.ended()
    await told.hears_recording(centre.sound("nl/terug-dank"), since=0, within_seconds=1)
    await centre.call_has(told, "end_reason", "callback_promised")
    (request,) = await _requests(centre, centre.number_of(told))
    assert (request["joined_count"], request["call_id"]) == (0, (await centre.call(told))["id"])
