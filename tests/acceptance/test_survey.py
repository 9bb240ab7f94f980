"""The survey after a talk, on real Asterisk and by ear: heard, answered, broken off, and resumed after a kill."""

from __future__ import annotations

from typing import Any

import pytest

from ari_app.core.ids import CallId
from ari_app.core.operator_commands import ACCEPTED, PutDown
from tests.acceptance.centre import Centre, edited_sample, entry
from tests.acceptance.lanes import LANES, Scene, add_lanes
from tests.acceptance.phone import Phone
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.screens import screens_of
from tests.acceptance.stories import dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

BY_OPERATOR, WAITING, BROKEN_OFF, KILLED = LANES


def _area(area: dict[str, Any]) -> None:
    """Everywhere two questions; only in one town callers who wait are asked."""
    add_lanes(area)
    for lane in LANES:
        share = 100 if lane is WAITING else 0
        entry(area, "municipality", f"GM99{lane.town}")["survey"] = {"share": share, "questions": ["mark", "helped"]}


AREA = edited_sample(_area)


async def _answers(centre: Centre, citizen: Phone) -> list[tuple[str, int | None]]:
    rows = await centre.rows(
        "SELECT a.question, a.value, a.municipality = c.municipality AS is_of_town FROM survey_answer a"
        " JOIN call c ON c.id = a.call_id WHERE c.pii_caller_number = $1 ORDER BY a.asked_at",
        centre.number_of(citizen),
    )
    assert all(row["is_of_town"] for row in rows)
    return [(row["question"], row["value"]) for row in rows]


async def _talk(scene: Scene) -> None:
    """The citizen talks, and said yes to the operator, who pressed `*#`."""
    await scene.talk()
    await scene.citizen.listen()
    await scene.operator.press("*#")
    await scene.centre.becomes(
        "SELECT survey_agreed_at IS NOT NULL FROM call"
        f" WHERE pii_caller_number = '{scene.centre.number_of(scene.citizen)}'",
        True,
    )


async def _puts_down(scene: Scene) -> None:
    """The operator, from a screen; one whose own phone hangs up at once was not in the talk."""
    call = await scene.centre.call(scene.citizen)
    async with screens_of(scene.centre) as screens:
        assert await screens.asks(PutDown(), scene.lane.operator, CallId(call["id"])) == ACCEPTED


async def test_given_a_yes_in_the_talk_when_the_desk_puts_down_then_the_answers_are_stored_and_the_operator_is_free(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene, lane = Scene(centre, BY_OPERATOR, exchange_view), BY_OPERATOR
    await _talk(scene)
    call = await centre.call(scene.citizen)
    await _puts_down(scene)
    await centre.operator_is(lane.operator, "ready")
    await scene.citizen.hears_recording(centre.sound("nl/vraag-gesprek"))
    await scene.citizen.press("8")
    await scene.citizen.hears_recording(centre.sound("nl/vraag-geholpen"))
    await scene.citizen.press("1")
    await scene.citizen.hears_recording(centre.sound("nl/vragen-dank"))
    await scene.citizen.ended()
    await scene.is_over("operator_hung_up")
    assert await _answers(centre, scene.citizen) == [("mark", 8), ("helped", 1)]
    facts = await centre.rows("SELECT kind, detail::text FROM call_fact WHERE call_id = $1", call["id"])
    assert not [row for row in facts if "8" in row["detail"] and row["kind"].startswith("survey")]
    legs = {leg["role"]: leg for leg in await centre.legs(scene.citizen)}
    assert legs["operator"]["left_at"] < legs["caller"]["ended_at"]
    await scene.everybody_hangs_up()


async def test_given_a_caller_who_waits_when_they_are_asked_then_a_key_agrees_and_ten_is_an_asterisk(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    lane = WAITING
    scene = Scene(centre, lane, exchange_view)
    scene.operator = await centre.operator(lane.operator_desk, lane.operator)
    await scene.operator.press("*91")
    await centre.operator_is(lane.operator, "paused")
    scene.citizen = await centre.citizen(dials(lane.town), listens=True)
    await scene.citizen.hears_recording(centre.sound("nl/vragen-aanbod"), since=0)
    await scene.citizen.press("2")
    await scene.citizen.hears_recording(centre.sound("nl/vragen-straks"))
    await scene.operator.press("*0")
    await scene.is_with(lane.operator_desk)
    await _puts_down(scene)
    await scene.citizen.hears_recording(centre.sound("nl/vraag-gesprek"))
    await scene.citizen.press("*")
    await scene.citizen.hears_recording(centre.sound("nl/vraag-geholpen"))
    await scene.citizen.press("2")
    await scene.citizen.ended()
    await scene.is_over("operator_hung_up")
    assert await _answers(centre, scene.citizen) == [("mark", 10), ("helped", 0)]
    facts = await centre.facts(scene.citizen)
    assert [kind for kind in facts if kind.startswith("survey")] == [
        "survey_offered",
        "survey_agreed",
        *("survey_question", "survey_answered") * 2,
    ]
    await scene.everybody_hangs_up()


async def test_given_a_question_when_the_caller_hangs_up_then_what_was_answered_stays_and_the_end_is_the_talks(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = Scene(centre, BROKEN_OFF, exchange_view)
    await _talk(scene)
    await _puts_down(scene)
    await scene.citizen.hears_recording(centre.sound("nl/vraag-gesprek"))
    await scene.citizen.press("10")
    await scene.citizen.hears_recording(centre.sound("nl/vraag-geholpen"))
    await scene.citizen.hang_up()
    await scene.is_over("operator_hung_up")
    assert await _answers(centre, scene.citizen) == [("mark", 10), ("helped", None)]
    await scene.everybody_hangs_up()


async def test_given_a_yes_when_the_caller_puts_down_first_then_nothing_is_stored(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = Scene(centre, BROKEN_OFF, exchange_view)
    await _talk(scene)
    await scene.citizen.hang_up()
    await scene.is_over("caller_hung_up")
    assert await _answers(centre, scene.citizen) == []
    await scene.everybody_hangs_up()


async def test_given_a_question_when_the_process_is_killed_then_the_next_one_asks_it_again_until_its_deadline(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = Scene(centre, KILLED, exchange_view)
    await _talk(scene)
    await _puts_down(scene)
    await scene.citizen.hears_recording(centre.sound("nl/vraag-gesprek"))
    until = (await centre.call(scene.citizen))["survey_until_at"]
    await centre.application.kill()
    await centre.application.start()
    call = await centre.call(scene.citizen)
    if call["stage"] == "survey":  # a machine that is slow to start it comes after the deadline, and then it is over
        assert call["survey_until_at"] == until
    await scene.citizen.ended()
    await scene.is_over("operator_hung_up")
    assert await _answers(centre, scene.citizen) == [("mark", None)]
    await scene.everybody_hangs_up()
