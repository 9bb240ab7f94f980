"""Erases personal data at the end of its period: once a night, or when a person asks for it."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import structlog

from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.core.retention import DataKind, Retention
from ari_app.core.retention_rules import kept_from, shared_periods
from ari_app.storage.db.engine import Database, Pool
from ari_app.storage.db.nightly import claim_night, due_day, finish_night
from ari_app.storage.retention.batches import (
    BATCH_ROWS,
    BEGINNING,
    LOOK_BACK,
    count_past,
    erase_batch,
    first_call_at,
    looked_through,
    looked_through_until,
    recorded_towns,
    renew_numbers,
    towns_with_past,
)

log = structlog.get_logger(__name__)

Town: TypeAlias = MunicipalityCode | None

JOB = "retention"
#: of calls: what is erased of it stays in the memory of Postgres, in the country's record as well
PIECE = timedelta(days=1)
#: after each batch, in times that the batch took: a database that is busy with calls gets longer rests
PAUSE_SHARE = 2.0


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
    """Erase everything past its period, in batches; returns where something was. Raises StoreUnavailable.

    Calls go a day at a time, each municipality after the other, as they stand in their table: so a page is read, and
    written to the log of Postgres as a whole, once, and not once for each municipality.
    """
    found = []
    for kind, ends in _work(area, await recorded_towns(pool), now).items():
        begins = {**dict.fromkeys(ends, BEGINNING), **await looked_through_until(pool, kind)}
        rows, last_week = Counter[Town](), max(ends.values()) - LOOK_BACK
        for first, last in await _pieces(pool, kind, min(begins[town] for town in ends), max(ends.values())):
            parts = {town: min(last, end) for town, end in ends.items() if begins[town] < last and first < end}
            before, having = rows.total(), await towns_with_past(pool, kind, first, last)
            for town, until_at in parts.items():
                if town not in having:
                    continue
                part = _Part(kind, town, max(first, begins[town]), until_at, ends[town])
                rows[town] += await _erase_part(pool, part, now, batch_rows, pause_share)
            # Those of the last week each night: a row that was seen by somebody meanwhile stays in the summary.
            if kind is DataKind.NUMBERS and (rows.total() > before or last > last_week):
                await renew_numbers(pool, first, last)
            await looked_through(pool, kind, parts)
        await looked_through(pool, kind, ends)
        found += [Erased(kind, town, rows[town], ends[town]) for town in ends if rows[town]]
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    kind: DataKind
    town: Town
    since: datetime
    until_at: datetime
    period_until_at: datetime


async def _erase_part(pool: Pool, part: _Part, now: datetime, batch_rows: int, pause_share: float) -> int:
    rows, since = 0, part.since
    while True:
        began = time.monotonic()
        batch = await erase_batch(
            pool, part.kind, part.town, since, part.until_at, now, batch_rows, part.period_until_at
        )
        rows += batch.rows
        if batch.rows:
            await asyncio.sleep(pause_share * (time.monotonic() - began))
        if batch.rows < batch_rows:
            return rows
        since = batch.last_at or since


async def _pieces(pool: Pool, kind: DataKind, since: datetime, until_at: datetime) -> list[tuple[datetime, datetime]]:
    """Whatever is found by the arrival of its call goes by days; other kinds are few."""
    if kind not in (DataKind.NUMBERS, DataKind.FACTS):
        return [(since, until_at)]
    oldest = await first_call_at(pool)
    since = until_at if oldest is None else max(since, oldest)
    days = math.ceil((until_at - since) / PIECE)
    return [(since + day * PIECE, min(since + (day + 1) * PIECE, until_at)) for day in range(days)]


async def past_now(pool: Pool, area: Area, now: datetime) -> list[Erased]:
    """What `erase_past` would erase. Raises StoreUnavailable."""
    found = []
    for kind, ends in _work(area, await recorded_towns(pool), now).items():
        begins = await looked_through_until(pool, kind)
        for town, until_at in ends.items():
            rows = await count_past(pool, kind, town, begins.get(town, BEGINNING), until_at)
            if rows:
                found.append(Erased(kind, town, rows, until_at))
    return found


def _work(area: Area, recorded: list[MunicipalityCode], now: datetime) -> dict[DataKind, dict[Town, datetime]]:
    """By kind and municipality the first moment that is kept; the callbacks of a call before its facts."""
    shared = shared_periods(town.retention for town in area.municipalities.values())
    towns: dict[Town, Retention] = {None: shared}
    for code in sorted({*area.municipalities, *recorded}):
        known = area.municipalities.get(code)
        towns[code] = shared if known is None else known.retention
    return {kind: {town: kept_from(now, periods.days(kind)) for town, periods in towns.items()} for kind in DataKind}


def _sum(erased: list[Erased], kind: DataKind) -> int:
    return sum(one.rows for one in erased if one.kind is kind)
