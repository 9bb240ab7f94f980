"""The time of operators, in the quarters in which it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.reports.facts import counted
from ari_app.storage.db.engine import Database

pytestmark = pytest.mark.postgres

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADD = """INSERT INTO operator_state (session_id, operator, teams, state, pause_reason, from_at, until_at)
VALUES (gen_random_uuid(), '101', $1, $2, $3, $4, $5)"""


async def test_a_state_is_shared_out_over_its_quarters_without_loss(database: Database, owner: Database) -> None:
    since, until = NINE - 7 * MINUTE + timedelta(microseconds=499_900), NINE + timedelta(minutes=38, microseconds=1_234)
    await owner.pool.execute(ADD, ["samen", "eigen"], "paused", "lunch", since, until)
    async with database.background.acquire() as connection:
        _, times = await counted(connection, NINE - 15 * MINUTE, NINE + 60 * MINUTE)
    assert {team for _, team in times} == {"samen"}, "the first team"
    assert sorted(quarter for quarter, _ in times) == [NINE + minutes * MINUTE for minutes in (-15, 0, 15, 30)]
    assert times[NINE, "samen"] == {"paused:lunch": 15 * 60_000}
    spent = sum(each["paused:lunch"] for each in times.values())
    assert abs(spent - (until - since) / timedelta(milliseconds=1)) < 1


@pytest.mark.parametrize("hours", [2, 23, 25, 100])
async def test_also_of_an_operator_who_stays_logged_in_for_days(
    database: Database, owner: Database, hours: int
) -> None:
    await owner.pool.execute(ADD, [], "ready", None, NINE - timedelta(hours=hours), NINE + 5 * MINUTE)
    async with database.background.acquire() as connection:
        _, times = await counted(connection, NINE, NINE + 15 * MINUTE)
    assert {key: dict(spent) for key, spent in times.items()} == {(NINE, ""): {"ready": 5 * 60_000}}
