"""A citizen's way, on real Asterisk and by ear: the question, the closed door, calamities, direct numbers."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ari_app.core.area import AfterCalamity
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.recordings import import_recordings, remove_recordings
from tests.acceptance import audio
from tests.acceptance.centre import ALWAYS, Centre, edited_sample, entry
from tests.acceptance.stories import Told, add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

_WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
SHORT, STRAIGHT, FLOODED, BUSY, SHY = range(5, 10)
_TODAY = datetime.now(AMSTERDAM).date()
_OPENS_ON = _TODAY + timedelta(days=2)
_OPEN_ON_WEEKDAY = list(ALWAYS)[_OPENS_ON.weekday()]


def _area(area: dict[str, Any]) -> None:
    """Oosterwende opens the day after tomorrow, Zandermeer is closed until tomorrow; the others never close.

    For Lindekerk and Wierdam nobody is ever there.
    """
    oosterwende, zandermeer, lindekerk = (entry(area, "municipality", f"GM990{n}") for n in range(1, 4))
    oosterwende |= {"hours": {_OPEN_ON_WEEKDAY: ["09:00-10:00"]}, "open_on_legal_days": True, "direct": []}
    tomorrow = datetime.combine(_TODAY + timedelta(days=1), datetime.min.time())
    zandermeer |= {
        "hours": ALWAYS,
        "open_on_legal_days": True,
        "closing": [
            {
                "starts": tomorrow - timedelta(days=2),
                "ends": tomorrow + timedelta(hours=10, minutes=15),
                "reason": "verhuizing",
            }
        ],
    }
    lindekerk |= {"norms": {"nobody_grace_seconds": 2}, "direct": []}
    add_town(area, SHORT, "Korthoven", ["108"], norms={"max_wait_seconds": 5})
    direct = [
        {"number": "0119 99 06 12", "endpoint": "PJSIP/phone08"},
        {"number": "0119 99 06 13", "endpoint": "PJSIP/phone07"},
        {"number": "0119 99 06 05", "operator": "105"},
        {"number": "0119 99 06 10", "team": "oosterwende"},
    ]
    add_town(area, STRAIGHT, "Overeind", ["101", "105"], direct=direct)
    add_town(area, FLOODED, "Duinhout")
    add_town(area, BUSY, "Beekdam", ["102"], norms={"position_every_seconds": 5})
    add_town(area, SHY, "Eikveen", ["103"])


AREA = edited_sample(_area)


async def _question(centre: Centre) -> None:
    async def at_once() -> None:
        citizen = await centre.citizen("140119", listens=True)
        await citizen.answered()
        await citizen.press("4")
        await centre.call_has(citizen, "municipality", "GM9904")
        call = await centre.call(citizen)
        assert (call["choice"], call["shared_number"], call["menu_tries"]) == ("key", "140119", 0)
        assert call["answered_at"] is None, "no human answered"
        await citizen.hears_recording(centre.sound("nl/even-niemand"), since=0)
        await citizen.has_not_heard(centre.sound("nl/welke-gemeente"))
        await citizen.hang_up()
        await centre.call_has(citizen, "end_reason", "abandoned_waiting")

    async def wrong_keys() -> None:
        citizen = await centre.citizen("140119", listens=True)
        await citizen.answered()
        await citizen.press("9")
        await citizen.hears_recording(centre.sound("nl/verkeerde-toets"))
        await citizen.press("0")
        await citizen.hears_recording(centre.sound("nl/medewerker"))
        await centre.call_is(citizen, "waiting")
        call = await centre.call(citizen)
        assert (call["choice"], call["municipality"], call["menu_tries"]) == ("default", None, 2)
        assert (await centre.facts(citizen)).count("wrong_key") == 2
        await citizen.hang_up()

    async def late() -> None:
        citizen = await centre.citizen("140119", listens=True)
        for name in ("nl/welkom-bij-14", "nl/welke-gemeente", "gemeente/GM9901/menu", "nl/toets-1", "nl/toets-4"):
            await citizen.hears_recording(centre.sound(name), since=0)
        await citizen.hears_recording(centre.sound("nl/geen-toets"))
        await citizen.press("3")
        await centre.call_has(citizen, "municipality", "GM9903")
        call = await centre.call(citizen)
        assert (call["choice"], call["menu_tries"]) == ("key", 1)
        await citizen.hang_up()

    async def silent() -> None:
        citizen = await centre.citizen("140119", listens=True)
        await citizen.hears_recording(centre.sound("nl/geen-toets"), since=0)
        await citizen.hears_recording(centre.sound("nl/medewerker"), since=0)
        await centre.call_is(citizen, "waiting")
        call = await centre.call(citizen)
        assert (call["choice"], call["municipality"], call["menu_tries"]) == ("default", None, 2)
        assert call["queued_at"] - call["line_answered_at"] < timedelta(seconds=15.5), "two tries, within 15 s"
        await citizen.hang_up()

    async def gives_up() -> None:
        citizen = await centre.citizen("140119")
        await citizen.answered()
        await centre.call_is(citizen, "choosing")
        await citizen.hang_up()
        await centre.call_has(citizen, "end_reason", "abandoned_in_menu")

    async with asyncio.TaskGroup() as group:
        for citizen in (at_once, wrong_keys, late, silent, gives_up):
            group.create_task(citizen())


@pytest.mark.parametrize(
    ("number", "municipality", "shared_number"),
    [("140179", "GM9903", "140179"), ("+31179990300", "GM9903", None), ("0119990400", "GM9904", None)],
)
async def test_given_a_number_of_one_municipality_when_it_is_dialled_then_no_question_is_asked(
    centre: Centre, number: str, municipality: str, shared_number: str | None
) -> None:
    citizen = await centre.citizen(number, listens=True)
    await centre.call_is(citizen, "waiting")
    call = await centre.call(citizen)
    assert (call["municipality"], call["shared_number"], call["choice"]) == (municipality, shared_number, "number")
    assert "question_asked" not in await centre.facts(citizen)
    await citizen.hears_recording(centre.sound(f"gemeente/{municipality}/welkom-gemeente"), since=0)
    await citizen.has_not_heard(centre.sound("nl/welke-gemeente"))


async def _nobody(centre: Centre) -> None:
    citizen = await centre.citizen("140179", listens=True)
    for name in ("nl/even-niemand", "nl/niemand", "nl/tot-later"):
        await citizen.hears_recording(centre.sound(name), since=0)
    await citizen.has_not_heard(centre.sound("nl/in-gesprek"))
    assert (await citizen.ended()).was_answered
    await centre.call_has(citizen, "end_reason", "nobody_available")
    assert "nobody_told" in await centre.facts(citizen)


def _again_on(day: date) -> str:
    """How a day is told now; it may have been midnight since the area was written."""
    ahead = (day - datetime.now(AMSTERDAM).date()).days
    return "nl/weer-" + {0: "vandaag", 1: "morgen"}.get(ahead, _WEEKDAYS[day.weekday()])


async def _closed(centre: Centre) -> None:
    expected = {
        "0119990100": ("gemeente/GM9901/gemeente-gesloten", _again_on(_OPENS_ON), "nl/vanaf-9-uur"),
        "0119990200": (
            "gemeente/GM9902/gemeente-gesloten",
            _again_on(_TODAY + timedelta(days=1)),
            "nl/vanaf-kwart-over-10",
        ),
    }

    async def call(number: str) -> None:
        citizen = await centre.citizen(number, listens=True)
        for name in expected[number]:
            await citizen.hears_recording(centre.sound(name), since=0)
        ending = await citizen.ended()
        assert (ending.was_answered, ending.sip_status) == (False, 480)
        await centre.call_has(citizen, "end_reason", "closed")
        row = await centre.call(citizen)
        assert (row["line_answered_at"], row["answered_at"]) == (None, None)
        (leg,) = await centre.legs(citizen)
        assert (leg["end_reason"], leg["answered_at"]) == ("released", None)
        events = (line for line in centre.asterisk.cel_file.read_text().splitlines() if row["channel_id"] in line)
        assert not [line for line in events if line.startswith('"ANSWER"')]

    async def choose() -> None:
        """After the question the line is answered already; there it is said as well, and it ends in the same way."""
        citizen = await centre.citizen("140119", listens=True)
        await citizen.answered()
        await citizen.press("1")
        await citizen.hears_recording(centre.sound("gemeente/GM9901/gemeente-gesloten"))
        await citizen.ended()
        await centre.call_has(citizen, "end_reason", "closed")

    async with asyncio.TaskGroup() as group:
        for number in expected:
            group.create_task(call(number))
        group.create_task(choose())


async def _calamity(centre: Centre) -> None:
    text = "Er is brand in de haven. Blijf uit de rook."
    await centre.calamity("GM9907", text, AfterCalamity.QUEUE)
    citizen = await centre.citizen(dials(FLOODED), listens=True)
    await citizen.hears_recording(centre.sound("nl/mededeling"), since=0)
    assert citizen.answered_at is None
    await citizen.hears_recording(next((centre.sounds / "said").glob("*.wav")), since=0)
    await centre.call_is(citizen, "waiting")
    call = await centre.call(citizen)
    assert call["calamity"] and call["line_answered_at"] > call["arrived_at"] + timedelta(seconds=3)
    assert "announced" in await centre.facts(citizen)
    await citizen.hang_up()

    await centre.calamity("GM9907", text, AfterCalamity.END)
    citizen = await centre.citizen(dials(FLOODED), listens=True)
    await citizen.hears_recording(centre.sound("nl/mededeling"), since=0)
    ending = await citizen.ended()
    assert (ending.was_answered, ending.sip_status) == (False, 480)
    await centre.call_has(citizen, "end_reason", "calamity")
    assert (await centre.call(citizen))["calamity"]

    await centre.no_calamity("GM9907")
    citizen = await centre.citizen(dials(FLOODED), listens=True)
    await citizen.hears_recording(centre.sound("gemeente/GM9907/welkom-gemeente"), since=0)
    await citizen.has_not_heard(centre.sound("nl/mededeling"))
    assert not (await centre.call(citizen))["calamity"]


async def _places(centre: Centre) -> None:
    operator = await centre.operator("phone01", "102", listens=True)
    await operator.press("*91")
    await centre.operator_is("102", "paused")
    music = centre.sound("music/wachtmuziek")

    first = await centre.citizen(dials(BUSY), listens=True)
    for name in ("gemeente/GM9908/welkom-gemeente", "nl/in-gesprek", "nl/positie-eerste"):
        await first.hears_recording(centre.sound(name), since=0)
    await first.hears_part_of(music)

    second = await centre.citizen(dials(BUSY), listens=True)
    await second.hears_something()
    await second.press("5")  # breaks off the first words
    await second.hears_recording(centre.sound("nl/positie-2"), since=0)
    await second.has_not_heard(centre.sound("nl/in-gesprek"))
    await second.hears_part_of(music)

    await first.hears_recording(centre.sound("nl/positie-eerste"))  # again, after a while
    await first.hears_part_of(music)
    await first.hang_up()
    await centre.call_has(first, "end_reason", "abandoned_waiting")
    await second.hears_recording(centre.sound("nl/positie-eerste"))
    await second.press("5")
    await second.hears_part_of(music)

    await operator.press("*0")
    await centre.call_is(second, "talking")
    await second.hears_silence()
    await operator.speak_tone(600)
    await second.hears_tone(600)
    await second.hang_up()
    told = [fact for fact in await centre.facts(second) if fact == "position_told"]
    assert len(told) >= 2


async def _limit(centre: Centre) -> None:
    operator = await centre.operator("phone02", "108")
    await operator.press("*91")
    await centre.operator_is("108", "paused")
    citizen = await centre.citizen(dials(SHORT), listens=True)
    for name in ("nl/te-lang-gewacht", "nl/tot-later"):
        await citizen.hears_recording(centre.sound(name), since=0)
    await centre.call_has(citizen, "end_reason", "waited_too_long")
    assert (await centre.call(citizen))["answered_at"] is None


async def _direct_picked_up(centre: Centre) -> None:
    citizen = await centre.citizen("0119990613", listens=True)
    desk = await centre.phones.incoming("phone07")
    await citizen.rings()
    assert citizen.answered_at is None
    await desk.listen()
    await desk.pick_up()
    await desk.hears_recording(centre.sound("toon/piep"), since=0)
    await citizen.answered()
    await citizen.speak_tone(700)
    await desk.hears_tone(700)
    await desk.speak_tone(500)
    await citizen.hears_tone(500)
    await citizen.does_not_hear_tone(700, for_seconds=0.6)  # and a talk that is shorter is no talk
    await citizen.has_not_heard(centre.sound("toon/piep"))
    await desk.hang_up()
    await centre.call_has(citizen, "end_reason", "operator_hung_up")
    call = await centre.call(citizen)
    assert call["municipality"] == "GM9906" and call["queued_at"] is None
    caller, operator = await centre.legs(citizen)
    assert (operator["role"], operator["party"], operator["end_reason"]) == ("operator", "PJSIP/phone07", "hung_up")
    assert caller["end_reason"] == "released"


async def _direct_unanswered(centre: Centre) -> None:
    shared = await centre.operator("phone03", "101")
    of_a_phone = await centre.citizen("0119990612")
    silent = await centre.phones.incoming("phone08")

    # meanwhile: the number of one person, and the number of a team, reach them and nobody else
    person = await centre.operator("phone04", "105")
    team = await centre.operator("phone05", "106")
    for number, operator, phone in (("0119990605", "105", person), ("0119990610", "106", team)):
        citizen = await centre.citizen(number)
        await centre.call_is(citizen, "talking")
        assert (await centre.legs(citizen))[-1]["party"] == operator
        await phone.speak_tone(500)
        await citizen.hears_tone(500)
        await phone.fall_silent()
        await citizen.hang_up()
        await centre.call_has(citizen, "end_reason", "caller_hung_up")
    await person.hang_up()
    of_a_person = await centre.citizen("0119990605")

    await centre.call_is(of_a_phone, "talking")
    ending = await silent.ended()
    assert not ending.was_answered
    call = await centre.call(of_a_phone)
    rang = (call["line_answered_at"] - call["arrived_at"]).total_seconds()
    assert 20.0 <= rang < 40.0, "rang for free for twenty seconds, once"
    assert [leg["end_reason"] for leg in await centre.legs(of_a_phone)] == [None, "no_answer", None]
    await of_a_phone.hang_up()
    await shared.press("#")
    await centre.call_is(of_a_person, "talking")
    assert (await centre.legs(of_a_person))[-1]["party"] == "101"


async def _withheld(centre: Centre) -> None:
    operator = await centre.operator("phone06", "103")
    shown = await centre.citizen(dials(SHY))
    await centre.call_is(shown, "talking")
    await shown.hang_up()
    await operator.press("#")
    hidden = await centre.citizen(dials(SHY), withheld=True)
    newest = "SELECT stage FROM call WHERE pii_caller_number IS NULL ORDER BY arrived_at DESC LIMIT 1"
    await centre.becomes(newest, "talking")
    await hidden.hang_up()
    await centre.becomes(newest, "ended")

    record = await centre.whole_record()
    assert record.count(centre.number_of(shown)) == 1, "in the row of the call, and nowhere else"
    texts = {
        "the record": record,
        "the channel event log": centre.asterisk.cel_file.read_text(),
        "Asterisk's own log": centre.asterisk.messages_file.read_text(),
        "the application's log": str(centre.application.log),
    }
    for name, text in texts.items():
        assert centre.number_of(hidden).removeprefix("+31") not in text, f"{name} has the withheld number"
        if text is not record:
            assert centre.number_of(shown).removeprefix("+31") not in text, f"{name} has a caller's number"


async def test_given_own_recordings_when_they_are_imported_then_they_are_heard_instead(
    centre: Centre, tmp_path: Path
) -> None:
    own = {"welkom-gemeente": 1500, "even-niemand": 900}
    for name, frequency in own.items():
        audio.write_wav(tmp_path / f"{name}.wav", audio.tone(frequency, 1.0))
    import_recordings(centre.sounds, MunicipalityCode("GM9904"), tmp_path)
    citizen = await centre.citizen("0119990400", listens=True)
    for frequency in own.values():
        await citizen.hears_tone(frequency, since=0)
    await citizen.hang_up()
    neighbour = await centre.citizen("140179", listens=True)
    await neighbour.hears_recording(centre.sound("gemeente/GM9903/welkom-gemeente"), since=0)
    remove_recordings(centre.sounds, MunicipalityCode("GM9904"))


STORIES = (_question, _nobody, _closed, _calamity, _places, _limit, _direct_picked_up, _direct_unanswered, _withheld)


async def test_given_the_question_when_keys_are_pressed_or_not_then_the_choice_and_how_it_came_are_stored(
    told: Told,
) -> None:
    told.went_well(_question)


async def test_given_nobody_is_logged_in_when_a_citizen_calls_then_they_are_held_a_while_and_told(told: Told) -> None:
    told.went_well(_nobody)


async def test_given_a_closed_municipality_when_a_citizen_calls_then_it_is_said_for_free_with_the_opening_time(
    told: Told,
) -> None:
    told.went_well(_closed)


async def test_given_a_calamity_when_it_is_switched_on_then_it_is_heard_first_and_when_it_is_over_no_more(
    told: Told,
) -> None:
    told.went_well(_calamity)


async def test_given_operators_who_are_busy_when_citizens_wait_then_each_hears_music_and_their_place(
    told: Told,
) -> None:
    told.went_well(_places)


async def test_given_a_limit_when_a_citizen_waited_so_long_then_they_are_told_so(told: Told) -> None:
    told.went_well(_limit)


async def test_given_a_direct_number_of_a_phone_when_it_is_picked_up_then_they_talk(told: Told) -> None:
    told.went_well(_direct_picked_up)


async def test_given_direct_numbers_when_nobody_takes_the_call_in_twenty_seconds_then_it_goes_to_the_queue(
    told: Told,
) -> None:
    told.went_well(_direct_unanswered)


async def test_given_a_withheld_number_when_the_call_is_over_then_it_is_written_nowhere(told: Told) -> None:
    told.went_well(_withheld)
