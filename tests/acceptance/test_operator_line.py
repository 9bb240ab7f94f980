"""An operator's work on a standing line, on real Asterisk and by ear: login, silence, whisper, key codes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance import audio
from tests.acceptance.centre import ALWAYS, Centre, edited_sample, entry
from tests.acceptance.observer import Observer
from tests.acceptance.phone import Phone
from tests.acceptance.stories import Told, add_town, dials
from tests.words import says, strings

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

LINDEKERK = "140179"
ZANDERMEER = "0119990200"
MUSIC, KEYS, WRAP_UP, WHISPER, TWO_PHONES = range(5, 10)
_WRONG_PIN = "59372"


def _area(area: dict[str, Any]) -> None:
    """A town for each story. Zandermeer's own team wants a beep only, and a second after each call."""
    entry(area, "municipality", "GM9902").update(hours=ALWAYS, open_on_legal_days=True)
    entry(area, "team", "gezamenlijk")["serves"] = ["GM9901", "GM9903", "GM9904"]
    entry(area, "team", "zandermeer")["wrap_up_seconds"] = 1
    add_town(area, MUSIC, "Beekdam", ["102"])
    add_town(area, KEYS, "Duinhout", ["104"])
    add_town(area, WRAP_UP, "Eikveen", ["105"])
    add_town(area, WHISPER, "Korthoven", ["106", "107"])
    add_town(area, TWO_PHONES, "Overeind", ["109"])


AREA = edited_sample(_area)


async def _talks(centre: Centre, operator: Phone, citizen: Phone) -> None:
    """They hear each other, for longer than a click."""
    await centre.call_is(citizen, "talking")
    await operator.speak_tone(600)
    await citizen.hears_tone(600)
    await operator.fall_silent()
    await citizen.speak_tone(700)
    await operator.hears_tone(700)
    await operator.does_not_hear_tone(600, for_seconds=0.3)
    await citizen.fall_silent()


async def _wrong_pin(centre: Centre) -> None:
    async def guess(account: str, number: str) -> None:
        phone = await centre.phones.desk(account, "1400", listens=True)
        await phone.hears_recording(centre.sound("nl/inlog-nummer"), since=0)
        for _ in range(2):
            await phone.press(f"{number}#")
            await phone.hears_recording(centre.sound("nl/inlog-pincode"))
            await phone.press(f"{_WRONG_PIN}#")
            await phone.hears_recording(centre.sound("nl/inlog-fout"))
        await phone.press(f"{number}#{_WRONG_PIN}#")
        await phone.hears_recording(centre.sound("nl/inlog-gesloten"))
        await phone.ended()

    async with asyncio.TaskGroup() as group:  # the two cannot be told apart by what is heard
        group.create_task(guess("phone01", "103"))
        group.create_task(guess("phone02", "999"))
    await centre.becomes("SELECT count(*) FROM operator_line WHERE failed_logins > 0 AND end_reason = 'released'", 2)
    lines = await centre.rows("SELECT * FROM operator_line WHERE failed_logins > 0")
    assert [(line["operator"], line["failed_logins"], line["end_reason"]) for line in lines] == [
        (None, 3, "released"),
        (None, 3, "released"),
    ]
    locked = "SELECT array_agg(locked_until_at - last_at) FROM {} WHERE {} = ANY($1)"
    numbers, phones = ["103", "999"], ["PJSIP/phone01", "PJSIP/phone02"]
    assert await centre.ask(locked.format("pin_attempt", "operator"), numbers) == [timedelta(seconds=30)] * 2
    assert await centre.ask(locked.format("phone_pin_attempt", "endpoint"), phones) == [timedelta(minutes=5)] * 2

    phone = await centre.phones.desk("phone01", "1400", listens=True)
    await phone.answered()
    await phone.press("103#7103#")
    await phone.hears_recording(centre.sound("nl/inlog-gesloten"), since=0)
    await phone.ended()
    assert await centre.ask("SELECT count(*) FROM operator_session WHERE operator = '103'") == 0
    assert await centre.ari_app("operators", "unlock", "103", "--phone", "phone01") == 0
    assert await centre.ari_app("operators", "unlock", "--phone", "phone02") == 0
    operator = await centre.operator("phone01", "103")
    await operator.hang_up()
    await centre.operator_is("103", "away")
    log = "\n".join(strings(centre.application.log))
    everything = await centre.whole_record() + log + centre.asterisk.cel_file.read_text()
    for pin in (_WRONG_PIN, "7103"):
        assert not says(everything, pin)


async def test_given_a_ready_operator_when_citizens_call_then_only_the_operator_hears_who_it_is_just_before_the_talk(
    centre: Centre,
) -> None:
    operator = await centre.operator("phone01", "101", listens=True)
    for name in ("nl/aangemeld-voor", "gemeente/GM9901/naam", "gemeente/GM9903/naam", "gemeente/GM9904/naam"):
        await operator.hears_recording(centre.sound(name), since=0)
    await operator.hears_silence(1.5)
    beep, whisper = centre.sound("toon/piep"), centre.sound("gemeente/GM9903/naam")
    line = (await centre.session("101"))["channel_id"]
    gaps: list[float] = []
    async with Observer(centre.asterisk) as asterisk:
        for _ in range(5):
            ear = await operator.listen()
            since = ear.position
            citizen = await centre.citizen(LINDEKERK, listens=True)
            await citizen.speak_tone(700)
            await citizen.rings()
            for recording in (beep, whisper):
                await operator.hears_recording(recording, since=since)
            await operator.hears_tone(700)
            call = await centre.call(citizen)
            whispered_at = await asterisk.at("PlaybackFinished", f"channel:{line}")
            joined_at = await asterisk.at("ChannelEnteredBridge", call["channel_id"])
            gaps.append((joined_at - whispered_at).total_seconds())
            await citizen.fall_silent()
            await citizen.hears_silence(0.5)
            await citizen.has_not_heard(beep, whisper)
            heard = ear.heard(since)
            _, said_from = audio.best_match(heard, audio.trim(audio.read_wav(whisper)))
            tone_from, _ = audio.tone_spans(heard, 700)[0]
            assert tone_from > said_from, "first who it is, then the citizen"
            await citizen.hang_up()
            await centre.operator_is("101", "wrap_up")
            await operator.press("#")
            await centre.operator_is("101", "ready")
    assert min(gaps) >= 0, "first the whisper ends, then the talk begins"


async def _waiting_citizen(centre: Centre) -> None:
    operator = await centre.operator("phone04", "102", listens=True)
    await operator.press("*92")
    await operator.hears_recording(centre.sound("nl/pauze-lunch"))
    await centre.operator_is("102", "paused")
    assert (await centre.session("102"))["pause_reason"] == "lunch"
    citizen = await centre.citizen(dials(MUSIC), listens=True)
    music = centre.sound("music/wachtmuziek")
    await citizen.hears_part_of(music)
    await operator.press("*0")
    await operator.hears_recording(centre.sound("gemeente/GM9905/naam"))
    await _talks(centre, operator, citizen)
    await citizen.hears_silence(1.0)
    await citizen.has_not_heard(centre.sound("toon/piep"), centre.sound("gemeente/GM9905/naam"))

    await operator.hang_up()
    await citizen.ended()
    await centre.call_has(citizen, "end_reason", "operator_hung_up")
    assert (await centre.session("102"))["logout_reason"] == "hung_up"


async def _key_codes(centre: Centre) -> None:
    operator = await centre.operator("phone05", "104", listens=True)
    citizen = await centre.citizen(dials(KEYS), listens=True)
    await _talks(centre, operator, citizen)

    await operator.press("*91")
    await centre.becomes("SELECT pause_pending FROM operator_session WHERE operator = '104'", "break")
    # While a word is played to the operator, Asterisk hands nothing of the others on to their channel.
    await operator.hears_recording(centre.sound("nl/straks-pauze"))
    await _talks(centre, operator, citizen)
    await citizen.press("12#")
    await operator.receives_keys("12#")
    assert citizen.keys_received == ""
    await citizen.hang_up()
    await centre.operator_is("104", "paused")
    await operator.hears_recording(centre.sound("nl/pauze-pauze"))

    await operator.press("*9")
    await operator.hears_recording(centre.sound("nl/pauze-reden"))
    await operator.press("5")
    await operator.hears_recording(centre.sound("nl/pauze-administratie"))
    assert (await centre.session("104"))["pause_reason"] == "administration"
    await operator.press("*5#")
    await operator.hears_recording(centre.sound("nl/onbekende-code"))
    await operator.press("*0")
    await operator.hears_recording(centre.sound("nl/klaar"))
    await centre.operator_is("104", "ready")
    await operator.press("*8")
    await operator.hears_recording(centre.sound("nl/afgemeld"))
    await operator.ended()
    assert (await centre.session("104"))["logout_reason"] == "key"


async def _wrap_up(centre: Centre) -> None:
    async def by_key() -> None:
        operator = await centre.operator("phone06", "105", listens=True)
        citizen = await centre.citizen(dials(WRAP_UP))
        await _talks(centre, operator, citizen)
        await citizen.hang_up()
        await operator.hears_recording(centre.sound("nl/nawerk"))
        await centre.operator_is("105", "wrap_up")
        next_citizen = await centre.citizen(dials(WRAP_UP))
        await centre.call_is(next_citizen, "waiting")
        await operator.press("#")
        await centre.call_is(next_citizen, "talking")
        await next_citizen.hang_up()
        await operator.hears_recording(centre.sound("nl/nawerk"))
        await operator.press("#")
        await operator.hears_recording(centre.sound("nl/klaar"))

    async def by_time() -> None:
        """And of this team the whisper is a beep, without the name."""
        operator = await centre.operator("phone07", "108", listens=True)
        ear = await operator.listen()
        await operator.hears_silence(0.5)
        since = ear.position
        citizen = await centre.citizen(ZANDERMEER)
        await operator.hears_recording(centre.sound("toon/piep"), since=since)
        await _talks(centre, operator, citizen)
        await operator.has_not_heard(centre.sound("gemeente/GM9902/naam"), since=since)
        await citizen.hang_up()
        await centre.operator_is("108", "wrap_up")
        await centre.operator_is("108", "ready")
        await operator.hears_recording(centre.sound("nl/klaar"), since=since)

    async with asyncio.TaskGroup() as group:
        group.create_task(by_key())
        group.create_task(by_time())


async def _broken_whisper(centre: Centre) -> None:
    first = await centre.operator("phone08", "106", listens=True)
    second = await centre.operator("phone09", "107", listens=True)

    citizen = await centre.citizen(dials(WHISPER))
    await first.hears_recording(centre.sound("toon/piep"))
    await citizen.hang_up()
    await first.hears_recording(centre.sound("toon/piep-einde"))
    await centre.operator_is("106", "ready")
    await centre.call_has(citizen, "end_reason", "abandoned_waiting")

    citizen = await centre.citizen(dials(WHISPER))
    await first.hears_recording(centre.sound("toon/piep"))  # an offer that came to nothing cost them no turn
    await first.hang_up()
    await _talks(centre, second, citizen)
    assert "offer_failed" in await centre.facts(citizen)
    await citizen.hang_up()
    legs = await centre.legs(citizen)
    assert [(leg["role"], leg["party"]) for leg in legs] == [("caller", None), ("operator", "107")]


async def _two_phones(centre: Centre) -> None:
    old = await centre.operator("phone10", "109", listens=True)
    new = await centre.operator("phone11", "109", listens=True)
    await old.hears_recording(centre.sound("nl/elders-aangemeld"))
    await old.ended()
    sessions = await centre.rows("SELECT endpoint, logout_reason FROM operator_session WHERE operator = '109'"
                                 " ORDER BY logged_in_at DESC LIMIT 2")  # fmt: skip
    assert [tuple(session) for session in sessions] == [("PJSIP/phone11", None), ("PJSIP/phone10", "replaced")]
    citizen = await centre.citizen(dials(TWO_PHONES))
    await _talks(centre, new, citizen)
    late = await centre.phones.desk("phone10", "1400", listens=True)
    await late.answered()
    await late.press("109#7109#")
    await late.hears_recording(centre.sound("nl/nog-in-gesprek"))
    await late.ended()
    await _talks(centre, new, citizen)
    assert [tuple(row) for row in await centre.rows("SELECT endpoint FROM operator_session WHERE operator = '109'"
                                                    " AND logged_out_at IS NULL")] == [("PJSIP/phone11",)]  # fmt: skip
    await citizen.hang_up()


STORIES = (_wrong_pin, _waiting_citizen, _key_codes, _wrap_up, _broken_whisper, _two_phones)


async def test_given_a_wrong_number_or_pin_when_three_tries_are_over_then_the_line_and_the_number_are_closed(
    told: Told,
) -> None:
    told.went_well(_wrong_pin)


async def test_given_a_waiting_citizen_when_an_operator_takes_the_call_then_the_music_stops_and_nothing_was_overheard(
    told: Told,
) -> None:
    told.went_well(_waiting_citizen)


async def test_given_key_codes_when_an_operator_uses_them_then_they_reach_us_and_not_the_citizen(told: Told) -> None:
    told.went_well(_key_codes)


async def test_given_wrap_up_when_it_is_over_by_key_or_by_time_then_the_operator_hears_it_and_is_ready(
    told: Told,
) -> None:
    told.went_well(_wrap_up)


async def test_given_a_whisper_when_somebody_hangs_up_then_the_other_is_not_left_behind(told: Told) -> None:
    told.went_well(_broken_whisper)


async def test_given_an_operator_who_dials_in_again_then_the_other_phone_is_let_go_and_in_a_talk_it_is_refused_aloud(
    told: Told,
) -> None:
    told.went_well(_two_phones)
