"""Callers who came and went while nobody could write: their calls, and their stays in queues, from the event log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from ari_app.core.area import Area, DirectNumber
from ari_app.core.call import EndReason, Fact, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.event_log.cel import CelKind
from ari_app.core.ids import CallId, Endpoint
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.jobs.fallback import FallbackTaker
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.calls.world import ESDAM, an_area
from tests.core.cel_values import Channel, at, citizen, passing
from tests.jobs.logged_calls import NODE, NewTaker, append, begun, open_row, told

pytestmark = pytest.mark.postgres


async def test_callers_who_came_and_went_while_nobody_could_write_are_stored_as_far_as_they_came(
    database: Database, log: Path, new_taker: NewTaker
) -> None:
    taker = await begun(new_taker)
    waited, early, talked, known = (CallId(uuid4()) for _ in range(4))
    await PostgresLedger(database.pool).store(*open_row(known, at(0)))
    append(
        log,
        passing("waited", 0, 60, call_id=str(waited), bridges=("waiting-1",)),
        passing("early", 0, 5, call_id=str(early), is_answered=False),
        passing("talked", 0, 60, call_id=str(talked), bridges=("waiting-1", "talk-1")),
        citizen("known", 0, 9, call_id=str(known)),
    )
    with structlog.testing.capture_logs() as said:
        await taker.tick()
    assert {line["call_id"] for line in said if line["event"] == "passing_call_recorded"} == {str(waited), str(early)}
    story = await told(database, waited)
    assert story is not None
    (leg,) = story.legs
    assert (story.call.end_reason, story.call.queued_at) == (EndReason.ABANDONED_WAITING, at(0.2))
    assert (story.call.arrived_at, story.call.ended_at, story.call.end_is_estimated) == (at(0), at(60), False)
    assert (leg.role, leg.ended_at, leg.end_reason) == (LegRole.CALLER, at(60), LegEndReason.HUNG_UP)
    assert not story.call.handled_by_fallback and story.call.answered_at is None
    (stay,) = story.visits
    assert (stay.outcome, stay.reason, stay.municipality) == (VisitOutcome.ABANDONED, VisitReason.MENU, None)
    assert (stay.entered_at, stay.left_at, stay.end_is_estimated) == (at(0.2), at(60), True)
    assert [fact.kind for fact in story.facts] == [FactKind.ARRIVED, FactKind.QUEUED, FactKind.ENDED]
    gone = await told(database, early)
    assert gone is not None and gone.call.end_reason is EndReason.NOT_SERVED, "the number is in no area here"
    assert gone.visits == ()
    assert await told(database, talked) is None, "whoever met somebody was not abandoned"
    open_still = await told(database, known)
    assert open_still is not None and open_still.call.is_open, "its own task has it"
    with structlog.testing.capture_logs() as said_again:
        await new_taker().tick()
    assert said_again == []


async def test_a_call_that_came_and_went_is_left_to_its_own_task_while_there_is_one(
    database: Database, log: Path
) -> None:
    call_id, owned = CallId(uuid4()), True
    taker = FallbackTaker(database, log, NODE, Area, lambda _: owned)
    await taker.tick()
    append(log, passing("p", 0, 60, call_id=str(call_id), bridges=("waiting-1",)))
    await taker.tick()
    assert await told(database, call_id) is None
    owned = False
    await taker.tick()
    assert await told(database, call_id) is not None


@pytest.mark.parametrize("is_closed_first", [True, False])
async def test_a_caller_whose_row_knows_of_no_queue_has_the_stay_that_the_log_saw(
    database: Database, log: Path, new_taker: NewTaker, is_closed_first: bool
) -> None:
    """The store went away after the row was made, and the process was killed before it could write the queue."""
    taker, call_id, ledger = await begun(new_taker), CallId(uuid4()), PostgresLedger(database.pool)
    call, facts, legs = open_row(call_id, at(0))
    mine = await ledger.store(replace(call, stage=Stage.CHOOSING), facts, legs)
    over = replace(mine, stage=Stage.ENDED, ended_at=at(60), end_reason=EndReason.ABANDONED_IN_MENU)
    end = (Fact(at(60), FactKind.ENDED),)
    if is_closed_first:
        await ledger.store(over, end)
    append(log, passing("f", 0, 60, call_id=str(call_id), bridges=("waiting-1",)))
    await taker.tick()
    if not is_closed_first:
        open_still = await told(database, call_id)
        assert open_still is not None and open_still.visits == (), "its own task may still write it"
        await ledger.store(over, end)
        await taker.tick()
    story = await told(database, call_id)
    assert story is not None
    (stay,) = story.visits
    assert (stay.outcome, stay.entered_at, stay.left_at) == (VisitOutcome.ABANDONED, at(0.2), at(60))
    assert (story.call.end_reason, story.call.queued_at) == (EndReason.ABANDONED_WAITING, at(0.2))
    assert [leg.channel_id for leg in story.legs] == ["f"]
    await new_taker().tick()
    assert await told(database, call_id) == story


@pytest.mark.parametrize("known", ["nothing", "the menu", "the queue"])
async def test_a_caller_who_was_held_before_the_fallback_was_in_the_queue(
    database: Database, log: Path, new_taker: NewTaker, known: str
) -> None:
    taker, call_id, ledger = await begun(new_taker), CallId(uuid4()), PostgresLedger(database.pool)
    if known != "nothing":
        call, facts, legs = open_row(call_id, at(0))
        queued_at = at(0.1) if known == "the queue" else None
        over = replace(call, stage=Stage.ENDED, ended_at=at(30), end_reason=EndReason.LOST, queued_at=queued_at)
        await ledger.store(over, facts, legs)
    made = Channel("f", call_id=str(call_id))
    append(
        log,
        [
            *passing("f", 0, 30, call_id=str(call_id), bridges=("waiting-1",))[:-2],
            made(CelKind.FALLBACK, 31, "CELGenUserEvent", extra="store_unavailable"),
            *made.end(50),
        ],
    )
    await taker.tick()
    story = await told(database, call_id)
    assert story is not None
    if known == "the queue":
        assert story.visits == (), "the row had it"
        return
    (stay,) = story.visits
    assert (stay.outcome, stay.entered_at, stay.left_at) == (VisitOutcome.FALLBACK, at(0.2), at(31))
    assert (story.call.queued_at, story.call.end_reason) == (at(0.2), EndReason.ABANDONED_WAITING)


async def test_a_stay_that_only_the_log_knows_has_the_municipality_of_the_number(database: Database, log: Path) -> None:
    area = an_area(direct_numbers=(DirectNumber("+31119555777", ESDAM, endpoint=Endpoint("PJSIP/phone20")),))
    taker = FallbackTaker(database, log, NODE, lambda: area)
    await taker.tick()
    by_direct_number, by_key = CallId(uuid4()), CallId(uuid4())
    append(
        log,
        passing("d", 0, 60, call_id=str(by_direct_number), bridges=("waiting-1",), exten="+31119555777"),
        passing("k", 0, 60, call_id=str(by_key), bridges=("waiting-1",)),
    )
    await taker.tick()
    stays = []
    for call_id in (by_direct_number, by_key):
        story = await told(database, call_id)
        assert story is not None
        stays += [(stay.reason, stay.municipality) for stay in story.visits]
    assert stays == [(VisitReason.DIRECT, ESDAM), (VisitReason.MENU, None)], "the log has no keys"
