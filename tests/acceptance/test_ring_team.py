"""Operators whose phone is rung for each call, on real Asterisk and by ear."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.phone import Phone
from tests.acceptance.stories import Told, add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

TALK, SILENT, GIVE_UP, GONE = range(5, 9)
RING_SECONDS = 2


def _area(area: dict[str, Any]) -> None:
    """A town for each story, with a team whose phones do not ring long."""
    team = {"reach": "ring", "ring_seconds": RING_SECONDS, "wrap_up_seconds": 1}
    add_town(area, TALK, "Beekdam", ["101", "102"], team=team)
    add_town(area, SILENT, "Duinhout", ["103", "104"], team=team)
    add_town(area, GIVE_UP, "Eikveen", ["105", "106"], team=team)
    add_town(area, GONE, "Korthoven", ["107", "108"], team=team)


AREA = edited_sample(_area)


async def _at_work(centre: Centre, account: str, number: str) -> None:
    """Somebody of the team dials in and puts the phone down again."""
    phone = await centre.dials_in(account, number)
    await phone.hang_up()
    await centre.operator_is(number, "ready")


async def _picks_up(centre: Centre, account: str, town: int) -> Phone:
    """The phone rings, is picked up, and who picked up hears what comes."""
    desk = await centre.phones.incoming(account)
    await desk.listen()
    await desk.pick_up()
    for name in ("toon/piep", f"gemeente/GM99{town:02}/naam"):
        await desk.hears_recording(centre.sound(name), since=0)
    return desk


async def _talks(centre: Centre, desk: Phone, citizen: Phone) -> None:
    await centre.call_is(citizen, "talking")
    await desk.speak_tone(600)
    await citizen.hears_tone(600)
    await desk.fall_silent()
    await citizen.speak_tone(700)
    await desk.hears_tone(700)
    await citizen.does_not_hear_tone(700, for_seconds=0.3)
    await citizen.fall_silent()


async def _talk(centre: Centre) -> None:
    phone = await centre.dials_in("phone01", "101", listens=True)
    for name in ("nl/aangemeld-voor", "gemeente/GM9905/naam", "nl/belteam"):
        await phone.hears_recording(centre.sound(name), since=0)
    await phone.hang_up()
    await centre.operator_is("101", "ready")
    await _at_work(centre, "phone02", "102")
    session = await centre.session("101")
    assert (session["state"], session["reach"], session["endpoint"]) == ("ready", "ring", "PJSIP/phone01")

    citizen = await centre.citizen(dials(TALK), listens=True)
    desk = await _picks_up(centre, "phone01", TALK)  # idle for longer than the other
    assert citizen.ringing_at is not None
    await _talks(centre, desk, citizen)
    await citizen.has_not_heard(centre.sound("toon/piep"), centre.sound("gemeente/GM9905/naam"))
    await citizen.hears_silence(1.0)
    await citizen.hang_up()
    assert (await desk.ended()).was_answered
    await centre.operator_is("101", "wrap_up")
    await centre.operator_is("101", "ready")
    _, leg = await centre.legs(citizen)
    assert (leg["party"], leg["end_reason"], leg["owns_channel"]) == ("101", "released", True)
    assert leg["started_at"] < leg["answered_at"] < leg["joined_at"] < leg["left_at"]

    citizen = await centre.citizen(dials(TALK))
    desk = await _picks_up(centre, "phone02", TALK)  # now this one is
    await _talks(centre, desk, citizen)
    await desk.press("*91")
    await centre.becomes("SELECT pause_pending FROM operator_session WHERE operator = '102'", "break")
    await citizen.does_not_hear_tone(600, for_seconds=0.3)
    assert citizen.keys_received == ""
    await desk.hang_up()
    await citizen.ended()
    await centre.call_has(citizen, "end_reason", "operator_hung_up")
    await centre.operator_is("102", "paused")


async def _silent(centre: Centre) -> None:
    await _at_work(centre, "phone03", "103")
    await _at_work(centre, "phone04", "104")
    citizen = await centre.citizen(dials(SILENT), listens=True)
    silent = await centre.phones.incoming("phone03")
    busy = await centre.phones.incoming("phone04")
    assert not (await silent.ended()).was_answered
    await centre.operator_is("103", "paused")
    assert (await centre.session("103"))["pause_reason"] == "no_answer"
    await busy.decline()
    await centre.operator_is("104", "paused")
    await citizen.hears_recording(centre.sound("nl/in-gesprek"), since=0)  # and waits on
    await citizen.hears_part_of(centre.sound("music/wachtmuziek"))
    assert (await centre.facts(citizen)).count("offer_failed") == 2

    phone = await centre.dials_in("phone03", "103")  # at work again, by dialling in again
    await phone.hang_up()
    desk = await _picks_up(centre, "phone03", SILENT)
    await _talks(centre, desk, citizen)
    await citizen.hears_silence(1.0)
    await desk.hang_up()
    await citizen.ended()
    legs = [(leg["party"], leg["end_reason"]) for leg in await centre.legs(citizen)]
    assert legs == [(None, "released"), ("103", "no_answer"), ("104", "busy"), ("103", "hung_up")]


async def _give_up(centre: Centre) -> None:
    await _at_work(centre, "phone05", "105")
    citizen = await centre.citizen(dials(GIVE_UP))
    desk = await centre.phones.incoming("phone05")
    await citizen.hang_up()
    assert not (await desk.ended()).was_answered
    await centre.call_has(citizen, "end_reason", "abandoned_waiting")
    await centre.operator_is("105", "ready")

    await _at_work(centre, "phone06", "106")
    citizen = await centre.citizen(dials(GIVE_UP))
    desk = await centre.phones.incoming("phone05")
    await desk.listen()
    await desk.pick_up()
    await desk.hears_recording(centre.sound("toon/piep"), since=0)
    await desk.hang_up()  # in the middle of the whisper
    other = await _picks_up(centre, "phone06", GIVE_UP)
    await _talks(centre, other, citizen)
    await citizen.hang_up()
    await centre.operator_is("105", "ready")


async def _gone(centre: Centre) -> None:
    await _at_work(centre, "phone07", "107")
    await _at_work(centre, "phone08", "108")
    await centre.phones.leaves("phone07")
    citizen = await centre.citizen(dials(GONE))
    desk = await _picks_up(centre, "phone08", GONE)
    await _talks(centre, desk, citizen)
    await citizen.hang_up()
    await centre.operator_is("107", "paused")
    assert [leg["end_reason"] for leg in await centre.legs(citizen)][1] == "unreachable"
    await centre.phones.comes_back("phone07")


STORIES = (_talk, _silent, _give_up, _gone)


async def test_given_a_team_that_is_rung_when_a_citizen_calls_then_a_phone_rings_and_they_talk(told: Told) -> None:
    told.went_well(_talk)


async def test_given_phones_that_are_not_picked_up_when_they_rang_long_enough_then_the_next_rings_and_the_silent_pause(
    told: Told,
) -> None:
    told.went_well(_silent)


async def test_given_a_phone_that_rings_when_somebody_gives_up_then_nobody_is_paused_or_left_behind(told: Told) -> None:
    told.went_well(_give_up)


async def test_given_a_phone_that_is_gone_when_it_should_ring_then_the_next_one_rings(told: Told) -> None:
    told.went_well(_gone)
