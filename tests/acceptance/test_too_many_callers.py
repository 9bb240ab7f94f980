"""More callers than the machine carries, with limits set so low that it needs no storm: real Asterisk, and by ear."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ari_app.core.limits import Limit
from tests.acceptance.centre import Centre, edited_sample
from tests.acceptance.network_conf import Exchange
from tests.acceptance.phones import Sipp, citizen_is_refused
from tests.acceptance.record import eventually
from tests.acceptance.sipp_scenario import Caller
from tests.acceptance.stories import add_town, dials
from tests.patience import PATIENCE_SECONDS
from tests.place import address

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

STORMY, QUIET = 5, 6
#: of which one is kept for municipalities that have none
CAPACITY = 3
OPTIONS = {"ARI_APP_CAPACITY_CALLS": str(CAPACITY)}
SO_MANY = 24


def _area(area: dict[str, Any]) -> None:
    add_town(area, STORMY, "Stormdijk", ["101"], callback={"offered": True}, team={"whisper": "none"})
    add_town(area, QUIET, "Stildam", ["102"])


AREA = edited_sample(_area)


async def _ended(centre: Centre) -> list[tuple[object, ...]]:
    """The overloads, once all have ended; nobody is notified of their rows."""
    query = "SELECT ended_at, step, signal, turned_away, end_is_estimated FROM overload"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rows = await centre.rows(query)
            if all(row["ended_at"] is not None for row in rows):
                return [tuple(row.values())[1:] for row in rows]
            await asyncio.sleep(0.2)


async def test_given_no_room_when_a_citizen_calls_then_they_hear_why_and_are_called_back_and_the_others_keep_theirs(
    centre: Centre,
) -> None:
    waiting = [await centre.citizen(dials(STORMY)) for _ in range(CAPACITY - 1)]
    for citizen in waiting:
        await centre.call_is(citizen, "waiting")
    turned_away = await centre.citizen(dials(STORMY), listens=True)
    await turned_away.hears_recording(centre.sound("nl/lijnen-bezet"), since=0)
    await turned_away.hears_recording(centre.sound("nl/terug-dit-nummer"), since=0)
    ending = await turned_away.ended()
    assert (ending.sip_status, ending.was_answered) == (486, False)
    await centre.call_has(turned_away, "end_reason", "turned_away")
    call = await centre.call(turned_away)
    assert (call["line_answered_at"], call["queued_at"], call["municipality"]) == (None, None, f"GM99{STORMY:02}")
    (request,) = await centre.rows("SELECT * FROM callback_request WHERE call_id = $1", call["id"])
    assert (request["reason"], request["pii_number"]) == ("overload", centre.number_of(turned_away))
    assert request["reference"] == call["callback_reference"]

    quiet = await centre.citizen(dials(QUIET))
    await centre.call_is(quiet, "waiting")
    operator = await centre.dials_in("phone01", "101")
    await centre.call_is(waiting[0], "talking")
    await waiting[0].speak_tone(700)
    await operator.hears_tone(700)
    assert (await centre.call(waiting[1]))["stage"] == "waiting", "nobody was given up"

    (overload,) = await centre.rows("SELECT * FROM overload WHERE ended_at IS NULL")
    assert (overload["step"], overload["signal"], overload["turned_away"]) == ("turning_away", "turned_away", 1)
    for citizen in (waiting[1], quiet):
        await citizen.hang_up()
    assert await _ended(centre) == [("turning_away", "turned_away", 1, False)]
    told = [line["step"] for line in centre.application.log if line.get("event") == "overload_changed"]
    assert told[0] in ("turning_away", "ringing") and told[-1] == "normal"
    assert all(first != second for first, second in zip(told, told[1:], strict=False)), "once per change"


async def test_given_more_than_can_be_told_so_then_the_network_hears_busy_and_all_are_counted(
    centre: Centre, tmp_path: Path
) -> None:
    for _ in range(CAPACITY - 1):
        await centre.call_is(await centre.citizen(dials(STORMY)), "waiting")
    before = await centre.ask("SELECT count(*) FROM call WHERE end_reason = 'turned_away'")
    exchange = Exchange(centre.asterisk.sip_host, centre.asterisk.sip_port)
    sipp = Sipp(exchange, address(21), tmp_path)
    caller = Caller("<sip:+3120555[call_number]1@example.org>", "storm")
    storm = citizen_is_refused(dials(STORMY), 486, after_early_media=False, caller=caller)
    result = await sipp.run(storm, calls=SO_MANY, per_second=8)
    assert (result.successful, result.failed) == (SO_MANY, 0), result.complaint
    query = "SELECT count(*) FROM call WHERE end_reason = 'turned_away'"
    await eventually(centre.database_url, query, equals=before + SO_MANY)
    by_dialplan = await centre.ask(
        "SELECT count(*) FROM call_fact WHERE kind = 'ended' AND detail ->> 'limit' = $1", Limit.OVERLOAD
    )
    assert by_dialplan > 0, "refused before the application knew of them"
    assert await centre.ask("SELECT max(step) FROM overload WHERE ended_at IS NULL") == "busy"
    quiet = await centre.citizen(dials(QUIET))
    await centre.call_is(quiet, "waiting")
    await eventually(centre.database_url, "SELECT count(*) FROM call WHERE end_reason = 'fault'", equals=0)
    assert await centre.ask("SELECT count(*) FROM call WHERE handled_by_fallback") == 0
