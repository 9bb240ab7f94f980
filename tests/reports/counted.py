"""The sums that are stored, and counting until nothing is left to count."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ari_app.reports.upkeep import count_changes, count_days
from ari_app.storage.db.engine import Pool

_STORED = (
    "SELECT span, from_at, municipality AS of, team, number, counts FROM figure_bucket",
    "SELECT span, from_at, 'time' AS of, team, '' AS number, counts FROM team_time",
)
FORGET = "DELETE FROM figure_bucket; DELETE FROM team_time; DELETE FROM figure_progress"


async def count_all(pool: Pool, now: datetime) -> None:
    await count_changes(pool, now)
    async for _ in count_days(pool, now):
        pass


async def stored(pool: Pool) -> dict[tuple[Any, ...], dict[str, int]]:
    """By span, moment, municipality, team and number."""
    return {
        tuple(row[name] for name in ("span", "from_at", "of", "team", "number")): json.loads(row["counts"])
        for statement in _STORED
        for row in await pool.fetch(statement)
    }
