"""Transfers on real Asterisk: the application dies, or Asterisk refuses; nobody is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.crowd import Crowd
from tests.acceptance.lanes import LANES, Scene, add_lanes
from tests.acceptance.network_conf import Exchange
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.transfer_matrix import STATES, with_colleague, with_operator
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

WITH_FAULTS = True
AREA = edited_sample(add_lanes)


async def _goes_on(scene: Scene, state: str) -> None:
    """After the restart: everybody is where they were, and the operator's keys do what they did."""
    lane = scene.lane
    match state:
        case "ringing":
            await scene.operator.press("*33")
            await with_colleague(scene)
        case "ringing, cold":
            await with_colleague(scene)
        case "consulting":
            await scene.is_on_hold(lane.operator_desk, lane.colleague_desk)
            await scene.operator.press("*31")
            await scene.is_with(lane.operator_desk)
            await scene.operator.press("*33")
            await with_colleague(scene)
        case "with the caller" | "conferenced":
            await scene.operator.press("*34")
            await with_operator(scene)
        case "on hold":
            await scene.is_on_hold(lane.operator_desk)
            await scene.operator.press("*4")
            await with_operator(scene)
        case "coming back":
            await with_operator(scene)
    await scene.everybody_hangs_up()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "states",
    [
        ("consulting", "with the caller", "ringing, cold", "ringing"),
        ("conferenced", "on hold", "consulting", "coming back"),  # the last one lasts only a whisper
    ],
)
async def test_given_transfers_when_the_application_is_killed_then_all_three_stay_and_the_keys_go_on(
    centre: Centre,
    exchange_view: RemoteAsterisk,
    exchange: Exchange,
    tmp_path: Path,
    states: tuple[str, ...],
) -> None:
    since = datetime.now(UTC)
    scenes = [Scene(centre, lane, exchange_view) for lane in LANES]
    for scene in scenes:
        await scene.talk()
    for scene, state in zip(scenes, states, strict=True):
        await STATES[state](scene)
    await centre.application.kill()
    if "coming back" in states:
        await centre.call_has(scenes[-1].citizen, "returned_at IS NOT NULL", True)
    for scene, state in zip(scenes, states, strict=True):
        if state == "consulting":
            await scene.is_on_hold(scene.lane.operator_desk, scene.lane.colleague_desk)
    await centre.application.start()
    await asyncio.gather(*(_goes_on(scene, state) for scene, state in zip(scenes, states, strict=True)))
    crowd = Crowd(centre.asterisk, exchange, centre.database_url, tmp_path)
    await crowd.empty()
    await crowd.agrees(since)


# --- Asterisk refuses ------------------------------------------------------------------------------------------------

CREATE = ("POST", r"channels/create\?.*phone")
DIAL = ("POST", r"channels/colleague-[^/]+/dial")
JOIN = ("POST", r"bridges/[^/]+/addChannel\?.*colleague-")


@pytest.mark.parametrize(
    ("order", "status", "times", "reaches"),
    [
        (CREATE, 500, 1, True),  # and the second try succeeds
        pytest.param(
            *(CREATE, 500, 9, False),
            marks=pytest.mark.silence_meant(
                "three tries and their pauses come before the operator has the caller again"
            ),
        ),
        (CREATE, 404, 1, False),
        (CREATE, 409, 1, False),  # "it exists already", and no phone rings
        (DIAL, 500, 1, True),
        (DIAL, 404, 1, False),
        (DIAL, 409, 1, False),  # "it is being dialled already", and it never rings
        (JOIN, 500, 1, True),
        (JOIN, 404, 1, False),
        (JOIN, 409, 1, True),
    ],
)
async def test_given_asterisk_refuses_when_a_colleague_is_consulted_then_nobody_is_lost(
    centre: Centre,
    exchange_view: RemoteAsterisk,
    order: tuple[str, str],
    status: int,
    times: int,
    reaches: bool,
) -> None:
    scene = Scene(centre, LANES[0], exchange_view)
    await scene.talk()
    fault = centre.proxy.refuse(*order, status, times)
    try:
        await scene.operator.press(f"*1{scene.lane.colleague}#")
        if order is JOIN or reaches:  # otherwise no phone rings, and in the end the operator has the caller again
            colleague = await scene.ringing()
            await colleague.pick_up()
        if reaches:
            await scene.is_on_hold(scene.lane.operator_desk, scene.lane.colleague_desk)
            await scene.operator.press("*33")
            await scene.is_with(scene.lane.colleague_desk)
            await scene.counts(1)
        else:
            await centre.call_has(scene.citizen, "transfers_asked", 1)
            async with asyncio.timeout(PATIENCE_SECONDS):  # until then the operator still has the caller
                await fault.happened.wait()
            await scene.is_with(scene.lane.operator_desk)
            await scene.counts(0)
        assert fault.happened.is_set()
    finally:
        centre.proxy.behave()
        await scene.everybody_hangs_up()
