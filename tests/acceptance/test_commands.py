"""Commands of a screen on real Asterisk: the same people end up together as by keys, also when `serve` is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ari_app.core.ids import CallId, Endpoint, new_command_id
from ari_app.core.operator_commands import (
    ACCEPTED,
    HoldOrResume,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
)
from ari_app.core.operators import PauseReason
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogIn, LogOff, TakePause
from ari_app.core.supervisor_commands import AllowTransfer
from ari_app.core.transfer import CompleteTransfer, SwapParties, TransferKind
from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.lanes import LANES, Scene, add_lanes
from tests.acceptance.remote_control import RemoteAsterisk
from tests.acceptance.screens import Screens, screens_of
from tests.acceptance.stories import dials

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OURS, THEIRS = LANES[0], LANES[1]
TO_US, TO_THEM = "2910", "2920"


def with_operators_in_the_directory(area: dict[str, Any]) -> None:
    add_lanes(area)
    for lane, extension in ((OURS, TO_US), (THEIRS, TO_THEM)):
        area["directory_entry"].append(
            {
                "code": f"operator-{lane.operator}",
                "kind": "person",
                "name": f"Medewerker {lane.operator}",
                "municipality": f"GM99{lane.town}",
                "extension": extension,
                "operator": lane.operator,
                "shared": True,
            }
        )


AREA = edited_sample(with_operators_in_the_directory)


@pytest_asyncio.fixture(loop_scope="module")
async def screens(centre: Centre) -> AsyncIterator[Screens]:
    async with screens_of(centre) as screens:
        yield screens


async def call_of(scene: Scene) -> CallId:
    return CallId((await scene.centre.call(scene.citizen))["id"])


async def test_given_an_operator_on_the_line_when_a_screen_asks_then_it_is_as_by_keys(
    centre: Centre, exchange_view: RemoteAsterisk, screens: Screens
) -> None:
    scene, lane = Scene(centre, OURS, exchange_view), OURS
    scene.operator = await centre.operator(lane.operator_desk, lane.operator)
    assert await screens.asks(TakePause(PauseReason.LUNCH), lane.operator) == ACCEPTED
    await centre.operator_is(lane.operator, "paused")
    assert await screens.asks(BeReady(), lane.operator) == ACCEPTED
    scene.citizen = await centre.citizen(dials(lane.town))
    await scene.is_with(lane.operator_desk)
    call_id = await call_of(scene)

    assert await screens.asks(HoldOrResume(is_for_hold=True), lane.operator, call_id) == ACCEPTED
    await scene.is_on_hold(lane.operator_desk)
    assert await screens.asks(HoldOrResume(is_for_hold=False), lane.operator, call_id) == ACCEPTED
    await scene.is_with(lane.operator_desk)

    warm = StartTransfer(TransferKind.WARM, lane.colleague, "een paspoort")
    assert await screens.asks(warm, lane.operator, call_id) == ACCEPTED
    assert await screens.asks(SwapParties(), lane.operator, call_id) == Refused(RefusalReason.NOT_YET)
    await (await scene.ringing()).pick_up()
    await scene.is_on_hold(lane.operator_desk, lane.colleague_desk)
    assert await screens.asks(SwapParties(), lane.operator, call_id) == ACCEPTED
    await scene.is_with(lane.operator_desk)
    assert await screens.asks(CompleteTransfer(), lane.operator, call_id) == ACCEPTED
    await scene.is_with(lane.colleague_desk)
    await scene.counts(1)
    late = await screens.asks(HoldOrResume(is_for_hold=True), lane.operator, call_id)
    assert late == Refused(RefusalReason.NOT_YOURS)
    await scene.everybody_hangs_up()
    over = await screens.asks(BeReady(), lane.operator)
    assert over == Refused(RefusalReason.NOT_LOGGED_IN)


async def test_given_two_cold_transfers_when_a_third_is_asked_then_it_is_refused_until_it_is_allowed(
    centre: Centre, exchange_view: RemoteAsterisk, screens: Screens
) -> None:
    scene = Scene(centre, OURS, exchange_view)
    other = await centre.operator(THEIRS.operator_desk, THEIRS.operator)
    await scene.talk()
    call_id = await call_of(scene)
    for by, to, count in ((OURS, TO_THEM, 1), (THEIRS, TO_US, 2)):
        assert await screens.asks(StartTransfer(TransferKind.COLD, to), by.operator, call_id) == ACCEPTED
        await centre.call_has(scene.citizen, "transfer_count", count)
        await centre.call_has(scene.citizen, "stage", "talking")
    await scene.is_with(OURS.operator_desk)
    third = StartTransfer(TransferKind.COLD, TO_THEM)
    assert await screens.asks(third, OURS.operator, call_id) == Refused(RefusalReason.TRANSFER_LIMIT)
    assert await screens.asks(AllowTransfer("verkeerde afdeling"), None, call_id) == ACCEPTED
    assert await screens.asks(third, OURS.operator, call_id) == ACCEPTED
    await centre.call_has(scene.citizen, "transfer_count", 3)
    allowed = await centre.rows("SELECT allowed_by, reason FROM transfer_allowance WHERE call_id = $1", call_id)
    assert [tuple(row) for row in allowed] == [("account:7", "verkeerde afdeling")]
    await scene.everybody_hangs_up()
    await other.hang_up()


async def test_given_a_login_on_a_screen_then_the_phone_rings_and_picking_it_up_is_the_login(
    centre: Centre, exchange_view: RemoteAsterisk, screens: Screens
) -> None:
    lane = OURS
    await (await centre.operator(lane.operator_desk, lane.operator)).hang_up()  # with a PIN, once
    await centre.operator_is(lane.operator, "away")
    trunk = LogIn(Endpoint("PJSIP/trunk"))
    assert await screens.asks(trunk, lane.operator) == Refused(RefusalReason.UNKNOWN_DESTINATION)
    assert await screens.asks(LogIn(Endpoint(f"PJSIP/{lane.operator_desk}")), lane.operator) == ACCEPTED
    scene = Scene(centre, lane, exchange_view)
    scene.operator = await centre.phones.incoming(lane.operator_desk)
    await scene.operator.listen()
    await scene.operator.pick_up()
    await centre.operator_is(lane.operator, "ready")
    scene.citizen = await centre.citizen(dials(lane.town))
    await scene.is_with(lane.operator_desk)
    assert await screens.asks(PutDown(), lane.operator, await call_of(scene)) == ACCEPTED
    await scene.citizen.ended()
    await scene.is_over("operator_hung_up")
    assert "put_down" in await centre.facts(scene.citizen)
    await centre.operator_is(lane.operator, "ready")
    assert await screens.asks(EndWrapUpTime(), lane.operator) == ACCEPTED  # there was none, and so it is over
    assert await screens.asks(LogOff("einde van de dienst"), lane.operator) == ACCEPTED
    await scene.operator.hears_recording(centre.sound("nl/door-teamleider"))
    await scene.operator.ended()
    await centre.operator_is(lane.operator, "away")
    audited = "SELECT detail ->> 'reason' FROM audit_log WHERE action = 'operator.log_out' AND actor = 'account:7'"
    assert await centre.ask(audited) == "einde van de dienst"


async def test_given_a_terminal_when_a_supervisor_types_then_the_operator_pauses(centre: Centre) -> None:
    phone = await centre.operator(OURS.operator_desk, OURS.operator)
    words = ("operators", "pause", OURS.operator, "--for", "meeting", "--reason", "teamoverleg")
    typed = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ari_app", *words),
        env=centre.application.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, wrong = await typed.communicate()
    assert (typed.returncode, out, wrong) == (0, f"{OURS.operator}: done\n".encode(), b"")
    assert (await centre.session(OURS.operator))["pause_reason"] == "meeting"
    await phone.hang_up()


@pytest.mark.timeout(300)
async def test_given_serve_killed_between_asking_and_answering_then_nothing_is_doubled_or_falsely_confirmed(
    centre: Centre, exchange_view: RemoteAsterisk, screens: Screens
) -> None:
    """Killed so many milliseconds after the click; the answer comes from whoever is there, or from nobody."""
    scene = Scene(centre, OURS, exchange_view)
    await scene.talk()
    call_id = await call_of(scene)
    traces = "SELECT kind FROM call_fact WHERE call_id = $1 AND detail ->> 'command' = $2"
    given: list[str] = []
    for milliseconds in (0, 4, 8, 12, 16, 24, 40):
        is_held = (await centre.call(scene.citizen))["held_at"] is not None
        command_id = new_command_id()
        wanted = HoldOrResume(is_for_hold=not is_held)
        asked = asyncio.create_task(screens.asks(wanted, OURS.operator, call_id, command_id, seconds=15))
        await asyncio.sleep(milliseconds / 1000)
        await centre.application.kill()
        await centre.application.start()
        answer = await asked
        given.append(type(answer).__name__)
        found = [row["kind"] for row in await centre.rows(traces, call_id, str(command_id))]
        is_done = (await centre.call(scene.citizen))["held_at"] is not None
        assert len(found) <= 1, (milliseconds, found)
        assert (answer == ACCEPTED) <= (len(found) == 1), (milliseconds, answer)
        assert (len(found) == 1) == (is_done != is_held), (milliseconds, answer, found)
        again = await screens.asks(wanted, OURS.operator, call_id, command_id)
        assert again == answer, milliseconds
        await (scene.is_on_hold if is_done else scene.is_with)(OURS.operator_desk)
    assert "Accepted" in given, given
    await scene.everybody_hangs_up()
