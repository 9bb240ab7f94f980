"""The job that keeps figures true: it counts what changed, a day once it is over, and gives others a turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import structlog

from ari_app.core.call import Fact, FactKind
from ari_app.jobs import figures
from ari_app.jobs.figures import FiguresJob
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.storage.values import WIERDAM, new_call

pytestmark = pytest.mark.postgres

MONDAY = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
COUNTED = """
SELECT coalesce(sum((counts ->> 'in')::int), 0) FROM figure_bucket WHERE span = $1"""


@pytest.fixture
async def three_days(database: Database) -> None:
    ledger = PostgresLedger(database.pool)
    for days in range(3):
        call = replace(new_call(at=MONDAY + timedelta(days=days)), municipality=WIERDAM)
        await ledger.store(call, [Fact(call.arrived_at, FactKind.ARRIVED)])
    await ledger.close()


async def test_a_tick_counts_today_and_every_day_that_is_over(database: Database, three_days: None) -> None:
    with structlog.testing.capture_logs() as log:
        await FiguresJob(database).tick(MONDAY + timedelta(days=2, hours=1))
    assert [line["day"] for line in log if line["event"] == "figures_counted"] == ["2026-05-04", "2026-05-05"]
    assert await database.pool.fetchval(COUNTED, "quarter") == 3
    assert await database.pool.fetchval(COUNTED, "day") == 2


async def test_a_long_record_takes_turns_with_what_changes(
    database: Database, three_days: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "LONGEST_TURN_SECONDS", 0)
    job, now = FiguresJob(database), MONDAY + timedelta(days=10)
    done = []
    for _ in range(3):
        await job.tick(now)
        done.append(await database.pool.fetchval("SELECT days_until FROM figure_progress"))
    assert done == [date(2026, 5, 5), date(2026, 5, 6), date(2026, 5, 7)]
