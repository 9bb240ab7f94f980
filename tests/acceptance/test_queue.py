"""Callers and operators are matched while many wait, on real Asterisk and by ear: norms, idle time, helping teams."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance.centre import ALWAYS, Centre, Row, edited_sample, entry
from tests.acceptance.phone import Phone
from tests.acceptance.stories import Told, add_town, dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

SLOW, MIDDLING, QUICK, IDLE, HELPED, NOT_HELPED = range(5, 11)
NORMS = {SLOW: 3, MIDDLING: 2, QUICK: 1}  # seconds in which a call should be answered
OVERFLOW_SECONDS = 3
QUEUE_OF_HELPED = "3009"


def _area(area: dict[str, Any]) -> None:
    """Norms of seconds; operators who are connected at once, and free at once after a talk."""
    entry(area, "municipality", "GM9902").update(hours=ALWAYS, open_on_legal_days=True)
    for town, name in ((SLOW, "Beekdam"), (MIDDLING, "Duinhout"), (QUICK, "Eikveen")):
        add_town(area, town, name, norms={"answer_within_seconds": NORMS[town], "overflow_after_seconds": 600})
    add_town(area, IDLE, "Fazantwijk", ["102", "103", "104"])
    add_town(area, HELPED, "Korthoven", ["105"], norms={"overflow_after_seconds": OVERFLOW_SECONDS})
    add_town(area, NOT_HELPED, "Overeind")
    area["directory_entry"].append(
        {
            "code": "korthoven-wachtrij",
            "kind": "queue",
            "name": "Klantcontact Korthoven",
            "municipality": f"GM99{HELPED:02}",
            "extension": QUEUE_OF_HELPED,
            "queue": f"GM99{HELPED:02}",
            "shared": True,
        }
    )
    entry(area, "team", "gezamenlijk")["serves"] += [f"GM99{town:02}" for town in NORMS]
    entry(area, "team", "oosterwende")["helps"] = [f"GM99{HELPED:02}"]
    for team in area["team"]:
        team.update(whisper="none", wrap_up_seconds=0)


AREA = edited_sample(_area)


async def _paused(centre: Centre, account: str, number: str) -> Phone:
    operator = await centre.operator(account, number)
    await operator.press("*91")
    await centre.operator_is(number, "paused")
    return operator


async def _who_answered(centre: Centre, citizen: Phone) -> str:
    """Wait until somebody talks with them: its row is written before they are joined, and they might hang up before."""
    await centre.call_is(citizen, "talking")
    operator = str((await centre.legs(citizen))[-1]["party"])
    await centre.operator_is(operator, "talking")
    return operator


async def _norms(centre: Centre) -> None:
    operator = await _paused(centre, "phone01", "101")
    waiting: dict[int, Phone] = {}
    for place, town in enumerate((SLOW, MIDDLING, QUICK) * 3):
        citizen = waiting[400 + 150 * place] = await centre.citizen(dials(town))
        await centre.call_is(citizen, "waiting")
        await citizen.speak_tone(400 + 150 * place)
    breaches_at = {}
    for frequency, citizen in waiting.items():
        call = await centre.call(citizen)
        norm = NORMS[int(call["municipality"].removeprefix("GM99"))]
        breaches_at[frequency] = call["queued_at"] + timedelta(seconds=norm)
    in_order = sorted(breaches_at, key=breaches_at.__getitem__)
    assert in_order != list(waiting), "who came first is not who breaches first"

    await operator.press("*0")
    for frequency in in_order:
        await operator.hears_tone(frequency)
        await waiting[frequency].hang_up()
    theirs = [centre.number_of(citizen) for citizen in waiting.values()]
    answered = await centre.rows(
        "SELECT pii_caller_number FROM call WHERE pii_caller_number = ANY($1) ORDER BY answered_at", theirs
    )
    assert [row[0] for row in answered] == [centre.number_of(waiting[frequency]) for frequency in in_order]


async def _idle(centre: Centre) -> None:
    operators = {}
    for account, number in (("phone02", "102"), ("phone03", "103"), ("phone04", "104")):
        operators[number] = await centre.operator(account, number)
    for expected in ("102", "103", "104", "102"):
        citizen = await centre.citizen(dials(IDLE))
        assert await _who_answered(centre, citizen) == expected
        await citizen.hang_up()
        await centre.operator_is(expected, "ready")
    await operators["103"].press("*91")
    await centre.operator_is("103", "paused")
    await operators["103"].press("*0")
    await centre.operator_is("103", "ready")

    talking = []
    for expected in ("104", "102", "103"):
        talking.append(await centre.citizen(dials(IDLE)))
        assert await _who_answered(centre, talking[-1]) == expected
    citizen = await centre.citizen(dials(IDLE))
    await centre.call_is(citizen, "waiting")
    await talking[1].hang_up()
    assert await _who_answered(centre, citizen) == "102"


async def _helping(centre: Centre) -> None:
    own = await _paused(centre, "phone05", "105")
    await centre.operator("phone06", "106")
    helped = await centre.citizen(dials(HELPED), listens=True)
    await centre.call_is(helped, "waiting")
    not_helped = await centre.citizen(dials(NOT_HELPED))  # nobody agreed to help this one
    assert await _who_answered(centre, helped) == "106"
    call = await centre.call(helped)
    waited = (call["answered_at"] - call["queued_at"]).total_seconds()
    assert waited >= OVERFLOW_SECONDS
    await helped.hears_silence(1.0)
    await helped.hang_up()
    await centre.call_is(not_helped, "waiting")
    await not_helped.hang_up()

    await own.press("*0")
    await centre.operator_is("105", "ready")
    citizen = await centre.citizen(dials(HELPED))
    assert await _who_answered(centre, citizen) == "105", "the other was idle for longer, but only helps"


async def test_given_a_transfer_to_another_municipality_and_a_kill_when_stays_are_read_then_they_are_what_happened(
    centre: Centre,
) -> None:
    operator = await centre.operator("phone02", "102")
    helper = await _paused(centre, "phone05", "105")
    transferred, leaves = await centre.citizen(dials(IDLE)), await centre.citizen(dials(HELPED))
    assert await _who_answered(centre, transferred) == "102"
    await centre.call_is(leaves, "waiting")
    await operator.press(f"*2{QUEUE_OF_HELPED}#")
    await centre.call_is(transferred, "waiting")
    (_, before), (left_open,) = await _stays(centre, transferred), await _stays(centre, leaves)
    assert (before["outcome"], before["position"], left_open["position"]) == (None, 1, 1), "queued first"

    await centre.application.kill()
    await leaves.hang_up()
    await centre.application.start()
    await centre.call_is(leaves, "ended")
    await helper.press("*0")
    assert await _who_answered(centre, transferred) == "105"
    await transferred.hang_up()
    await centre.call_is(transferred, "ended")

    call, legs = await centre.call(transferred), await centre.legs(transferred)
    first_talk, second_talk = [leg for leg in legs if leg["role"] == "operator"]
    here, there = await _stays(centre, transferred)
    assert _told(here) == (f"GM99{IDLE:02}", "menu", None, "answered", "102", f"team-{IDLE}")
    assert _told(there) == (f"GM99{HELPED:02}", "transfer", f"GM99{IDLE:02}", "answered", "105", f"team-{HELPED}")
    assert there["id"] == before["id"] and there["entered_at"] == before["entered_at"], "killed meanwhile"
    assert (first_talk["team"], second_talk["team"]) == (f"team-{IDLE}", f"team-{HELPED}")
    moments = (call["queued_at"], first_talk["joined_at"], first_talk["left_at"], second_talk["joined_at"])
    stays = (here["entered_at"], here["left_at"], there["entered_at"], there["left_at"])
    assert all(abs(one - other) < timedelta(milliseconds=100) for one, other in zip(stays, moments, strict=True))
    assert not (here["end_is_estimated"] or there["end_is_estimated"])
    (gone,), (leg, *_) = await _stays(centre, leaves), await centre.legs(leaves)
    assert _told(gone) == (f"GM99{HELPED:02}", "menu", None, "abandoned", None, None)
    assert gone["left_at"] == leg["ended_at"] and not gone["end_is_estimated"], "by Asterisk's own log"

    for phone, number, talk in ((operator, "102", first_talk), (helper, "105", second_talk)):
        await phone.hang_up()
        await centre.operator_is(number, "away")
        session = await centre.session(number)
        states = await centre.rows("SELECT * FROM operator_state WHERE session_id = $1 ORDER BY from_at", session["id"])
        assert [row["from_at"] for row in states] == [
            session["logged_in_at"],
            *(row["until_at"] for row in states[:-1]),
        ]
        assert states[-1]["until_at"] == session["logged_out_at"]
        (talking,) = [row for row in states if row["state"] == "talking"]
        assert (talking["call_id"], talking["teams"]) == (call["id"], [talk["team"]])
        assert abs(talking["from_at"] - talk["joined_at"]) < timedelta(milliseconds=100)
        assert abs(talking["until_at"] - talk["left_at"]) < timedelta(milliseconds=500)
        assert not any(row["end_is_estimated"] for row in states), "their lines stayed, and nothing was missed"


async def _stays(centre: Centre, citizen: Phone) -> list[Row]:
    query = "SELECT v.* FROM queue_visit v JOIN call c ON c.id = v.call_id WHERE c.pii_caller_number = $1"
    return [dict(row) for row in await centre.rows(f"{query} ORDER BY entered_at", centre.number_of(citizen))]


def _told(stay: Row) -> tuple[object, ...]:
    return tuple(stay[name] for name in ("municipality", "reason", "from_municipality", "outcome", "operator", "team"))


async def test_given_a_citizen_who_does_not_choose_when_any_operator_will_do_then_one_of_any_team_answers(
    centre: Centre,
) -> None:
    await centre.operator("phone07", "108")  # answers for one of the four only
    citizen = await centre.citizen("140119")
    await citizen.answered()
    await citizen.press("8")
    await centre.call_has(citizen, "menu_tries", 1)
    await citizen.press("8")
    assert await _who_answered(centre, citizen) == "108"
    assert (await centre.call(citizen))["choice"] == "default"


STORIES = (_norms, _idle, _helping)


async def test_given_many_who_wait_when_an_operator_is_free_then_each_is_answered_in_the_order_of_the_norms(
    told: Told,
) -> None:
    told.went_well(_norms)


async def test_given_several_operators_when_calls_come_then_who_was_idle_longest_gets_the_next(told: Told) -> None:
    told.went_well(_idle)


async def test_given_a_team_that_helps_when_a_citizen_waited_long_enough_then_it_takes_the_call_but_its_own_go_first(
    told: Told,
) -> None:
    told.went_well(_helping)
