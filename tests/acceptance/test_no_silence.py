"""Nobody on a line is in silence for more than two seconds: the places where it was, at real speed and to the tenth.

Of callers until a human answers it is measured in every acceptance test: tests.acceptance.silence.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ari_app.core.calendar import AMSTERDAM
from tests.acceptance import audio
from tests.acceptance.centre import ALWAYS, Centre, edited_sample, entry
from tests.acceptance.handset import Handset
from tests.acceptance.lanes import LANES, Scene
from tests.acceptance.lines import OF_RINGING_SECONDS, RING_TONE_HZ
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.silence import MOST_SECONDS
from tests.acceptance.stories import dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

HURRIED = 1


def _area(area: dict[str, Any]) -> None:
    area["team"][0]["serves"] = ["GM9901", "GM9902", "GM9903", "GM9904"]
    open_on = list(ALWAYS)[(datetime.now(AMSTERDAM).date() + timedelta(days=2)).weekday()]
    entry(area, "municipality", "GM9902").update(hours={open_on: ["09:00-10:00"]}, callback={"offered": True})
    for lane in LANES[:2]:
        lane.add(area)
    # Longer than the words before the ringing tone, and two of its periods.
    entry(area, "municipality", "GM9911")["norms"]["transfer_ring_seconds"] = 15


AREA = edited_sample(_area)


@pytest_asyncio.fixture(loop_scope="module")
async def exchange_view(running_centre: Centre) -> AsyncIterator[RemoteAsterisk]:
    asterisk = running_centre.asterisk
    remote = RemoteAsterisk(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password, "onlooker")
    yield remote
    await remote.close()


def silence(handset: Handset, since: int) -> float:
    """The longest silence since a position, whether of quiet packets or of none."""
    return max(audio.longest_silence_seconds(handset.heard(since)), handset.longest_gap_seconds(since))


async def _talk(centre: Centre, exchange_view: RemoteAsterisk, lane: int) -> Scene:
    """Operator and citizen talk; the operator is heard as a tone."""
    scene = Scene(centre, LANES[lane], exchange_view)
    scene.operator = await centre.operator(scene.lane.operator_desk, scene.lane.operator, listens=True)
    scene.citizen = await centre.citizen(dials(scene.lane.town), listens=True)
    await scene.is_with(scene.lane.operator_desk)
    await scene.operator.speak_tone(500)
    await scene.citizen.hears_tone(500)
    return scene


@pytest.mark.parametrize(
    ("keys", "last"),
    [("*6#", "nl/terugbellen-nummer"), ("*3", "nl/collega-keuzes"), ("*2999#", "nl/nummer-onbekend")],
)
async def test_given_an_operator_who_listens_to_us_then_the_citizen_is_never_in_silence(
    centre: Centre, exchange_view: RemoteAsterisk, keys: str, last: str
) -> None:
    scene = await _talk(centre, exchange_view, 0)
    ear = await scene.citizen.listen()
    since = ear.position
    await scene.operator.press(keys)
    await scene.operator.hears_recording(centre.sound(last))
    await scene.citizen.hears_tone(500)
    assert silence(ear, since) <= MOST_SECONDS
    await scene.citizen.does_not_hear_tone(400, for_seconds=0.5)
    assert scene.citizen.keys_received == ""
    await scene.everybody_hangs_up()


async def test_given_a_colleague_who_is_briefed_then_the_operator_is_never_in_silence(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = await _talk(centre, exchange_view, 1)
    ear = await scene.operator.listen()
    await scene.operator.press(f"*1{scene.lane.colleague}#")
    colleague = await scene.ringing()
    since = ear.position
    await colleague.pick_up()
    await colleague.speak_tone(700)
    await scene.operator.hears_recording(centre.sound("nl/collega-luistert"), since=since)
    await scene.operator.hears_tone(700)
    assert silence(ear, since) <= MOST_SECONDS
    await scene.everybody_hangs_up()


async def test_given_a_colleagues_phone_that_rings_out_then_the_operator_is_in_no_silence_but_the_ringing_tones_pauses(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    scene = await _talk(centre, exchange_view, 0)
    ears = await scene.operator.listen(), await scene.citizen.listen()
    since = [ear.position for ear in ears]
    await scene.operator.press(f"*1{scene.lane.colleague}#")
    await scene.ringing()
    await scene.operator.hears_tone(RING_TONE_HZ)
    await scene.operator.hears_recording(centre.sound("nl/geen-gehoor"), since=since[0])
    await scene.citizen.hears_tone(500)
    assert MOST_SECONDS < silence(ears[0], since[0]) <= OF_RINGING_SECONDS + 0.3
    assert silence(ears[1], since[1]) <= MOST_SECONDS
    await scene.everybody_hangs_up()


async def test_given_a_closed_municipality_when_a_caller_stays_then_they_hear_music_until_the_answer(
    centre: Centre, exchange_view: RemoteAsterisk
) -> None:
    citizen = await centre.citizen("0119990200", listens=True)
    ear = await citizen.listen()
    await citizen.hears_recording(centre.sound("nl/terug-blijf"), since=0)
    since = ear.position
    await citizen.hears_part_of(centre.sound("music/wachtmuziek"))
    await citizen.hears_recording(centre.sound("nl/terug-aanbod"), since=since)
    assert (await centre.call(citizen))["line_answered_at"] is not None
    assert silence(ear, since) <= MOST_SECONDS
    await citizen.hang_up()
