"""A citizen's way through the question, a closed door, a calamity and the queue; and the area for it."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

from ari_app.core.area import AfterCalamity
from ari_app.core.calendar import AMSTERDAM
from tests.acceptance.centre import ALWAYS, Centre, entry
from tests.acceptance.stories import add_town, dials

_WEEKDAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
SHORT, STRAIGHT, FLOODED, BUSY, SHY = range(5, 10)
_TODAY = datetime.now(AMSTERDAM).date()
_OPENS_ON = _TODAY + timedelta(days=2)
_OPEN_ON_WEEKDAY = list(ALWAYS)[_OPENS_ON.weekday()]


def towns(area: dict[str, Any]) -> None:
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


async def question(centre: Centre) -> None:
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


async def nobody(centre: Centre) -> None:
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


async def closed(centre: Centre) -> None:
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


async def calamity(centre: Centre) -> None:
    text = "Er is brand in de haven. Blijf uit de rook."
    await centre.calamity("GM9907", text, AfterCalamity.QUEUE)
    citizen = await centre.citizen(dials(FLOODED), listens=True)
    await citizen.hears_recording(centre.sound("nl/mededeling"), since=0)
    assert citizen.answered_at is None
    await citizen.hears_recording(next((centre.sounds / "said").glob("*.wav")), since=0)
    await centre.call_has(citizen, "has_music", True)  # the line is answered after the stage is stored
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


async def places(centre: Centre) -> None:
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


async def limit(centre: Centre) -> None:
    operator = await centre.operator("phone02", "108")
    await operator.press("*91")
    await centre.operator_is("108", "paused")
    citizen = await centre.citizen(dials(SHORT), listens=True)
    for name in ("nl/te-lang-gewacht", "nl/tot-later"):
        await citizen.hears_recording(centre.sound(name), since=0)
    await centre.call_has(citizen, "end_reason", "waited_too_long")
    assert (await centre.call(citizen))["answered_at"] is None
