"""Transfers on real Asterisk: every state, and what may happen in it, as a matrix; and by ear."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.crowd import Crowd
from tests.acceptance.lanes import LANES, Lane, Scene, add_lanes, in_lanes
from tests.acceptance.network_conf import Exchange
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.transfer_matrix import MATRIX, STATES

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = edited_sample(add_lanes)


async def _cell(centre: Centre, view: RemoteAsterisk, state: str, happening: str, lane: Lane) -> None:
    deed, outcome = MATRIX[state][happening]
    scene = Scene(centre, lane, view)
    try:
        await scene.talk()
        await STATES[state](scene)
        await deed(scene)
        await outcome(scene)
        await scene.everybody_hangs_up()
    except AssertionError as error:
        said = await centre.facts(scene.citizen)
        raise AssertionError(f"{state}, {happening} (lane {lane.town}): {error}; the record says {said}") from error
    finally:
        for phone in (scene.citizen, scene.colleague, scene.operator):
            if phone is not None and phone.ending is None:
                await phone.hang_up()


@pytest.mark.timeout(600)
async def test_given_each_state_when_each_thing_happens_then_the_right_people_talk_and_the_legs_agree(
    centre: Centre, exchange_view: RemoteAsterisk, exchange: Exchange, tmp_path: Path
) -> None:
    since = datetime.now(UTC)
    cells = [
        partial(_cell, centre, exchange_view, state, happening) for state, row in MATRIX.items() for happening in row
    ]
    await in_lanes([*cells])
    crowd = Crowd(centre.asterisk, exchange, centre.database_url, tmp_path)
    await crowd.empty()
    report = await crowd.agrees(since)
    assert report.compared >= 3 * len(cells)


# --- by ear ----------------------------------------------------------------------------------------------------------


async def test_given_a_consultation_when_listened_to_then_nobody_hears_what_is_not_for_them(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = Scene(centre, LANES[0], exchange_view)
    lane = scene.lane
    scene.operator = await centre.operator(lane.operator_desk, lane.operator, listens=True)
    scene.citizen = await centre.citizen("0119991100", listens=True)
    await scene.is_with(lane.operator_desk)
    await scene.citizen.speak_tone(700)
    await scene.operator.hears_tone(700)
    await scene.operator.press(f"*1{lane.colleague}#")
    await scene.operator.hears_recording(centre.sound("nl/collega-bellen"))
    colleague = await scene.ringing()
    await colleague.listen()
    await colleague.pick_up()
    await scene.citizen.hears_part_of(centre.sound("music/wachtmuziek"))
    for name in ("toon/piep", f"gemeente/GM99{lane.town}/naam", "nl/het-gaat-over", "nl/aan-de-lijn-kort"):
        await colleague.hears_recording(centre.sound(name), since=0)
    await colleague.speak_tone(500)
    await scene.operator.hears_tone(500)
    await colleague.does_not_hear_tone(700, for_seconds=0.5)
    await scene.operator.does_not_hear_tone(700, for_seconds=0.5)
    await scene.operator.press("*31")
    await scene.is_with(lane.operator_desk)
    await scene.operator.hears_tone(700)
    await scene.citizen.does_not_hear_tone(500, for_seconds=0.5)
    await colleague.fall_silent()
    await scene.operator.press("*33")
    await colleague.hears_tone(700)
    await scene.citizen.fall_silent()
    await colleague.speak_tone(500)
    await scene.citizen.hears_tone(500)
    await scene.operator.does_not_hear_tone(500, for_seconds=0.5)
    assert scene.citizen.keys_received == ""
    await scene.counts(1)
    await scene.everybody_hangs_up()


async def test_given_two_transfers_when_a_third_is_asked_for_then_it_is_refused_aloud(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = Scene(centre, LANES[0], exchange_view)
    lane = scene.lane
    await scene.talk()
    await scene.asks(f"*2{lane.colleague}#", picked_up=True)
    first = scene.colleague
    assert first is not None
    await scene.is_with(lane.colleague_desk)
    await first.press(f"*2{lane.deputy}#")
    second = await scene.ringing(lane.deputy_desk)
    await second.pick_up()
    await scene.is_with(lane.deputy_desk)
    await first.ended()
    await scene.counts(2)
    await second.listen()
    await second.press(f"*1{lane.colleague}#")
    await second.hears_recording(centre.sound("nl/maximum-doorverbonden"))
    await scene.is_with(lane.deputy_desk)
    call = await centre.call(scene.citizen)
    code = await centre.ari_app(
        "calls", "allow-transfer", str(call["id"])[:18], "--by", "Teamleider", "--reason", "spoed"
    )
    assert code == 0
    await second.press(f"*1{lane.colleague}#")
    third = await scene.ringing()
    await third.pick_up()
    await scene.is_on_hold(lane.colleague_desk, lane.deputy_desk)
    await second.press("*33")
    await scene.is_with(lane.colleague_desk)
    await scene.counts(3)
    await scene.everybody_hangs_up()


async def test_given_a_phone_that_is_away_when_it_is_asked_for_then_the_operator_is_told_and_nothing_rings(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = Scene(centre, LANES[0], exchange_view)
    await scene.talk()
    await scene.operator.speak_tone(500)
    await centre.phones.leaves(scene.lane.colleague_desk)
    try:
        for keys in ("*1", "*2"):
            await scene.operator.press(f"{keys}{scene.lane.colleague}#")
            await scene.operator.hears_recording(centre.sound("nl/collega-onbereikbaar"))
            await scene.is_with(scene.lane.operator_desk)
            await scene.citizen.hears_tone(500)  # who listens to us is not heard
    finally:
        await centre.phones.comes_back(scene.lane.colleague_desk)
    assert await scene.transfers() == []
    await scene.everybody_hangs_up()
