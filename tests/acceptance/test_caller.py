"""A citizen's way, on real Asterisk and by ear: the question, the closed door, calamities, direct numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.recordings import import_recordings, remove_recordings
from tests.acceptance import audio
from tests.acceptance.caller_stories import SHY, calamity, closed, limit, nobody, places, question, towns
from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.stories import Told, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = edited_sample(towns)


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


STORIES = (question, nobody, closed, calamity, places, limit, _direct_picked_up, _direct_unanswered, _withheld)


async def test_given_the_question_when_keys_are_pressed_or_not_then_the_choice_and_how_it_came_are_stored(
    told: Told,
) -> None:
    told.went_well(question)


async def test_given_nobody_is_logged_in_when_a_citizen_calls_then_they_are_held_a_while_and_told(told: Told) -> None:
    told.went_well(nobody)


async def test_given_a_closed_municipality_when_a_citizen_calls_then_it_is_said_for_free_with_the_opening_time(
    told: Told,
) -> None:
    told.went_well(closed)


async def test_given_a_calamity_when_it_is_switched_on_then_it_is_heard_first_and_when_it_is_over_no_more(
    told: Told,
) -> None:
    told.went_well(calamity)


async def test_given_operators_who_are_busy_when_citizens_wait_then_each_hears_music_and_their_place(
    told: Told,
) -> None:
    told.went_well(places)


async def test_given_a_limit_when_a_citizen_waited_so_long_then_they_are_told_so(told: Told) -> None:
    told.went_well(limit)


async def test_given_a_direct_number_of_a_phone_when_it_is_picked_up_then_they_talk(told: Told) -> None:
    told.went_well(_direct_picked_up)


async def test_given_direct_numbers_when_nobody_takes_the_call_in_twenty_seconds_then_it_goes_to_the_queue(
    told: Told,
) -> None:
    told.went_well(_direct_unanswered)


async def test_given_a_withheld_number_when_the_call_is_over_then_it_is_written_nowhere(told: Told) -> None:
    told.went_well(_withheld)
