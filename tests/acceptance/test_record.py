"""The record is true: it tells of the same channels, at the same moments, as Asterisk's own channel event log."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from tests.acceptance import phones as scenarios
from tests.acceptance.application import Application
from tests.acceptance.crowd import (
    BUSY,
    BUSY_KEY,
    CLOSED,
    CLOSED_KEY,
    SHARED,
    SLOW,
    WRONG_KEYS,
    Crowd,
    ended,
)
from tests.acceptance.record import questions

#: of what are two looks at the clock in one step, on a machine that is late; to choose a municipality takes longer
MOST_APART_SECONDS = 2.0
pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.silence_meant("two hundred calls within twenty seconds, on a machine of any speed")
async def test_given_a_mixed_run_of_two_hundred_calls_then_every_leg_agrees_with_asterisks_own_log(
    application: Application, crowd: Crowd, database_url: str
) -> None:
    since = datetime.now(UTC)
    await application.start()
    citizens = crowd.citizens
    async with crowd.operators(10), AsyncExitStack() as stack:
        mixed = [
            citizens.start(scenarios.citizen_calls(BUSY, 1.0), calls=70, per_second=4),
            citizens.start(scenarios.citizen_calls(SHARED, 1.0, BUSY_KEY), calls=40, per_second=2.5),
            citizens.start(scenarios.citizen_calls(SHARED, 1.5), calls=30, per_second=2),
            citizens.start(scenarios.citizen_calls(SLOW, 2.0), calls=25, per_second=2),
            citizens.start(scenarios.citizen_is_refused(CLOSED, 480, True), calls=20, per_second=2),
            citizens.start(scenarios.citizen_calls(SHARED, 20.0, CLOSED_KEY), calls=10, per_second=2),
            citizens.start(scenarios.citizen_calls(SHARED, 8.0, WRONG_KEYS), calls=10, per_second=5),
        ]
        runs = [await stack.enter_async_context(run) for run in mixed]
        await ended(runs)
        await crowd.empty()
        leaving = await stack.enter_async_context(crowd.lone_operator(stay_seconds=4))
        left_alone = await stack.enter_async_context(citizens.start(scenarios.citizen_calls(SLOW, 30.0)))
        await ended([leaving, left_alone])
        await crowd.empty()
    async with questions(database_url) as record:
        rows = await record.fetch("SELECT end_reason, count(*) FROM call GROUP BY end_reason")
        answered = await record.fetchval("SELECT count(*) FROM call WHERE answered_at IS NOT NULL")
        by_default = await record.fetchval("SELECT count(*) FROM call WHERE choice = 'default'")
        stranded = await record.fetchval("SELECT count(*) FROM call_leg WHERE ended_at IS NULL OR end_reason IS NULL")
        stays = await record.fetch("SELECT outcome, count(*) FROM queue_visit GROUP BY outcome")
        untrue = await record.fetch(
            """SELECT visit.*, choice, queued_at, answered_at, ended_at
               FROM queue_visit visit JOIN call ON call.id = visit.call_id
               WHERE abs(extract(epoch FROM left_at - answered_at)) > $1
                 OR answered_at IS NULL AND left_at <> greatest(entered_at, ended_at)  -- hung up before the step
                 OR left_at < entered_at
                 OR choice <> 'default' AND abs(extract(epoch FROM entered_at - queued_at)) > $1
                 OR choice = 'default' AND entered_at < queued_at""",
            MOST_APART_SECONDS,
        )
    reasons: dict[str, int] = {row[0]: row[1] for row in rows}
    assert sum(reasons.values()) == 206
    assert reasons["closed"] == 30
    assert reasons["abandoned_in_menu"] >= 30
    assert reasons["abandoned_waiting"] >= 25
    assert by_default == 10
    assert not untrue, "\n".join(str(dict(row)) for row in untrue)
    assert {row["outcome"]: row["count"] for row in stays} == {
        "answered": answered,
        "abandoned": reasons["abandoned_waiting"],
    }
    assert reasons["operator_hung_up"] == 1
    assert reasons["caller_hung_up"] + reasons["operator_hung_up"] == answered >= 60
    assert stranded == 0
    await application.stop()
    report = await crowd.agrees(since)
    assert not report.estimated_ends, report.as_text()
    assert report.compared >= 206 + 11
