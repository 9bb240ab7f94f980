"""Transfers on real Asterisk: every state, and what may happen in it, as a matrix."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.crowd import Crowd
from tests.acceptance.lanes import Lane, Scene, add_lanes, in_lanes
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
    report = await crowd.audit(since)
    assert report.agrees, report.as_text()
    assert report.compared >= 3 * len(cells)
