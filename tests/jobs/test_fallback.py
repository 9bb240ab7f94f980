"""Calls that the dialplan's fallback helped come into the record: once, also after crashes, and none is forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import structlog

from ari_app.core.call import EndReason, Fact, FactKind, LegEndReason, Stage
from ari_app.core.event_log.cel import CelEvent
from ari_app.core.ids import CallId, new_visit_id
from ari_app.core.limits import RULES, Limit
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.core.cel_values import at, in_fallback, phone_rung, refused
from tests.jobs.logged_calls import NewTaker, append, begun, open_row, told

pytestmark = pytest.mark.postgres


def helped(call_id: CallId, name: str = "f") -> tuple[list[CelEvent], list[CelEvent]]:
    return (
        in_fallback(name, 0, 60, call_id=str(call_id), bridge=f"bridge-{name}"),
        phone_rung(f"{name}-1", name, 5, 60.1, bridge=f"bridge-{name}"),
    )


async def test_a_call_that_the_application_never_saw_is_stored_with_its_legs(
    database: Database, log: Path, new_taker: NewTaker
) -> None:
    taker, call_id = await begun(new_taker), CallId(uuid4())
    append(log, *helped(call_id))
    await taker.tick()
    story = await told(database, call_id)
    assert story is not None
    assert (story.call.end_reason, story.call.handled_by_fallback) == (EndReason.HANDLED_BY_FALLBACK, True)
    assert [leg.channel_id for leg in story.legs] == ["f", "f-1"]
    assert [fact.kind for fact in story.facts] == ["arrived", "to_fallback", "answered", "ended"]


async def test_callers_who_heard_busy_are_stored_once_and_said_together(
    database: Database, log: Path, new_taker: NewTaker
) -> None:
    taker = await begun(new_taker)
    ids = [CallId(uuid4()) for _ in range(3)]
    limits = (Limit.TRUNK, Limit.TRUNK, Limit.CALLS_OF_CALLER)
    append(log, *(refused(f"r{n}", n, call_id=str(ids[n]), limit=limits[n]) for n in range(3)))
    with structlog.testing.capture_logs() as said:
        await taker.tick()
    assert [(line["event"], line["limit"], line["count"]) for line in said] == [
        (RULES[Limit.TRUNK].event, Limit.TRUNK, 2),
        (RULES[Limit.CALLS_OF_CALLER].event, Limit.CALLS_OF_CALLER, 1),
    ]
    story = await told(database, ids[2])
    assert story is not None
    call, (leg,) = story.call, story.legs
    assert (call.end_reason, call.handled_by_fallback, call.queued_at) == (EndReason.HEARD_BUSY, False, None)
    assert (call.dialled, call.answered_at, call.ended_at) == ("140119", None, at(2.05))
    assert leg.end_reason is LegEndReason.RELEASED
    rule = RULES[Limit.CALLS_OF_CALLER]
    assert [(fact.kind, fact.detail.get(rule.field)) for fact in story.facts] == [
        (FactKind.ARRIVED, None),
        (rule.fact, Limit.CALLS_OF_CALLER),
    ]
    log_read_again = new_taker()
    with structlog.testing.capture_logs() as said_again:
        await log_read_again.tick()
    assert said_again == []


@pytest.mark.parametrize("with_phone", [True, False])
async def test_given_a_crash_before_the_place_was_kept_when_the_log_is_read_again_then_nothing_is_told_twice(
    database: Database, log: Path, new_taker: NewTaker, with_phone: bool
) -> None:
    first, call_id = await begun(new_taker), CallId(uuid4())
    append(log, in_fallback("other", -1, 900, call_id=str(uuid4())))  # lasts: its beginning is where to read again
    append(log, *helped(call_id)[: 2 if with_phone else 1])
    await first.tick()
    story = await told(database, call_id)
    await new_taker().tick()
    assert story is not None and await told(database, call_id) == story


async def test_given_asterisk_died_while_nobody_watched_when_it_is_up_again_then_its_calls_are_recorded(
    database: Database, log: Path, new_taker: NewTaker
) -> None:
    taker, call_id = await begun(new_taker), CallId(uuid4())
    append(log, *(events[:-2] for events in helped(call_id)))  # never an end
    await taker.tick()
    assert await told(database, call_id) is None
    after = new_taker()
    await after.tick()
    after.asterisk_started(at(30))
    await after.tick()
    story = await told(database, call_id)
    assert story is not None
    assert (story.call.end_is_estimated, story.call.end_reason) == (True, EndReason.HANDLED_BY_FALLBACK)


@pytest.mark.parametrize("is_first_start", [True, False], ids=["no log yet", "a log of before"])
async def test_given_a_process_that_died_at_once_when_the_next_one_reads_then_no_call_of_between_is_missed(
    database: Database, log: Path, new_taker: NewTaker, is_first_start: bool
) -> None:
    old, call_id = CallId(uuid4()), CallId(uuid4())
    if not is_first_start:
        append(log, *helped(old, "old"))
    await new_taker().begin()
    append(log, *helped(call_id))
    await new_taker().tick()
    assert await told(database, call_id) is not None
    assert await told(database, old) is None, "of before this database"


async def test_a_call_whose_row_is_open_waits_until_its_own_task_has_ended_it(
    database: Database, log: Path, new_taker: NewTaker
) -> None:
    taker, call_id = await begun(new_taker), CallId(uuid4())
    ledger = PostgresLedger(database.pool)
    mine = await ledger.store(*open_row(call_id, at(0)))
    append(log, *helped(call_id))
    await taker.tick()
    story = await told(database, call_id)
    assert story is not None and story.call.is_open

    over = replace(
        mine, stage=Stage.ENDED, ended_at=at(1), end_reason=EndReason.HANDLED_BY_FALLBACK, handled_by_fallback=True
    )
    stay = QueueVisit(new_visit_id(), call_id, None, VisitReason.MENU, at(-5))
    unseen = replace(stay, left_at=at(30), outcome=VisitOutcome.LOST, end_is_estimated=True)
    await ledger.store(over, (Fact(at(1), FactKind.ENDED),), (), (), (unseen,))
    await ledger.close()
    await taker.tick()
    story = await told(database, call_id)
    assert story is not None
    assert story.call.answered_at == at(10.01), "what the dialplan made of it is added to what we knew"
    assert [leg.channel_id for leg in story.legs] == ["f", "f-1"]
    (taken,) = [fact for fact in story.facts if fact.kind is FactKind.TO_FALLBACK]
    assert story.visits == (replace(stay, left_at=taken.at, outcome=VisitOutcome.FALLBACK),), "the moment of the log"


async def test_a_channel_that_another_dialplan_marked_does_not_hold_up_the_others(
    database: Database, log: Path, new_taker: NewTaker
) -> None:
    taker, call_id = await begun(new_taker), CallId(uuid4())
    append(log, in_fallback("strange", -1, 20, call_id="not ours"), *helped(call_id))
    await taker.tick()
    assert await told(database, call_id) is not None
