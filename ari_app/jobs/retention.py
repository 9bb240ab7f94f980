"""Erases personal data at the end of its period: once a night, or when a person asks for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.core.retention import DataKind, Retention
from ari_app.core.retention_rules import kept_from, shared_periods
from ari_app.storage.db.engine import Database, Pool
from ari_app.storage.db.nightly import claim_night, due_day, finish_night
from ari_app.storage.retention.batches import (
    BATCH_ROWS,
    count_past,
    erase_batch,
    looked_through,
    looked_through_until,
    recorded_towns,
)

log = structlog.get_logger(__name__)

JOB = "retention"
#: after each batch, in times that the batch took: a database that is busy with calls gets longer rests
PAUSE_SHARE = 1.0


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, or would be, of one kind and municipality; `municipality` None: rows that name none."""

    kind: DataKind
    municipality: MunicipalityCode | None
    rows: int
    until_at: datetime


class RetentionJob:
    """Due from an hour of the Dutch day on; a finished night is a row, however often we restart."""

    def __init__(self, database: Database, area: Callable[[], Area], hour: int) -> None:
        self._database = database
        self._area = area
        self._hour = hour

    async def tick(self, now: datetime | None = None) -> None:
        """A run that dies is taken over, and goes on where it was. Raises StoreUnavailable."""
        now = now or datetime.now(UTC)
        pool = self._database.background
        day = await due_day(pool, JOB, self._hour, now)
        if day is not None and await claim_night(pool, JOB, day, now):
            erased = await erase_past(pool, self._area(), now)
            log.info("personal_data_erased", **{kind: _sum(erased, kind) for kind in DataKind})
            await finish_night(pool, JOB, day, datetime.now(UTC))


async def erase_past(
    pool: Pool, area: Area, now: datetime, *, batch_rows: int = BATCH_ROWS, pause_share: float = PAUSE_SHARE
) -> list[Erased]:
    """Erase everything past its period, in batches; returns where something was. Raises StoreUnavailable."""
    found = []
    for kind, town, until_at in _work(area, await recorded_towns(pool), now):
        since, rows = await looked_through_until(pool, kind, town), 0
        while True:
            began = time.monotonic()
            batch = await erase_batch(pool, kind, town, since, until_at, now, batch_rows)
            rows += batch.rows
            if batch.rows < batch_rows:
                break
            since = batch.last_at or since
            await asyncio.sleep(pause_share * (time.monotonic() - began))
        await looked_through(pool, kind, town, until_at)
        if rows:
            found.append(Erased(kind, town, rows, until_at))
    return found


async def past_now(pool: Pool, area: Area, now: datetime) -> list[Erased]:
    """What `erase_past` would erase. Raises StoreUnavailable."""
    found = []
    for kind, town, until_at in _work(area, await recorded_towns(pool), now):
        rows = await count_past(pool, kind, town, await looked_through_until(pool, kind, town), until_at)
        if rows:
            found.append(Erased(kind, town, rows, until_at))
    return found


def _work(
    area: Area, recorded: list[MunicipalityCode], now: datetime
) -> Iterator[tuple[DataKind, MunicipalityCode | None, datetime]]:
    """Each kind and municipality with the first moment that is kept; the callbacks of a call before its facts."""
    shared = shared_periods(town.retention for town in area.municipalities.values())
    towns: dict[MunicipalityCode | None, Retention] = {None: shared}
    for code in sorted({*area.municipalities, *recorded}):
        known = area.municipalities.get(code)
        towns[code] = shared if known is None else known.retention
    for kind in DataKind:
        for town, periods in towns.items():
            yield kind, town, kept_from(now, periods.days(kind))


def _sum(erased: list[Erased], kind: DataKind) -> int:
    return sum(one.rows for one in erased if one.kind is kind)
