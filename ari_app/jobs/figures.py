"""Keeps the sums of figures true (`reports.upkeep`): what changed is counted every minute, a day once it is over."""

from __future__ import annotations

import time
from contextlib import aclosing
from datetime import UTC, datetime

import structlog

from ari_app.reports.upkeep import count_changes, count_days
from ari_app.storage.db.engine import Database

log = structlog.get_logger(__name__)

FIGURES_SECONDS = 60.0
#: days that are counted for the first time take turns with what changed meanwhile
LONGEST_TURN_SECONDS = 20.0


class FiguresJob:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tick(self, now: datetime | None = None) -> None:
        """Raises StoreUnavailable; the next tick goes on."""
        began, pool, now = time.monotonic(), self._database.background, now or datetime.now(UTC)
        await count_changes(pool, now)
        async with aclosing(count_days(pool, now)) as days:
            async for day in days:
                log.info("figures_counted", day=day.isoformat(), seconds=round(time.monotonic() - began, 1))
                if time.monotonic() - began > LONGEST_TURN_SECONDS:
                    break
