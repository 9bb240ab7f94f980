"""Keeps the sums true: a change of the record recounts its quarter of an hour; a day that is over is added up.

What changed is read from the log of changes (`storage.changes`), so nothing that is late is missed, and nothing needs
to be told. Whoever dies in the middle has counted some quarters that the next one counts again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from ari_app.core.calendar import local_date
from ari_app.core.changes import Change, ChangeKind, Position
from ari_app.reports.buckets import add_up_day, recount_day, recount_quarters
from ari_app.reports.periods import DAY, QUARTER, midnight, quarter_of, quarters
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated

#: quarters that are counted in one transaction: a day of the country takes seconds
MOST_QUARTERS = 24
#: A state that ended so long before the last look may have been written after it. What is later than that is counted
#: when its day is over; of a day that is over already all states of a session that changes are.
_LATE = timedelta(minutes=15)
#: of a session: the states that a change may have ended, and the talk before a wrap-up
_LAST_STATES = 8

_PROGRESS = "SELECT position, counted_at, days_until FROM figure_progress"
# of calls, promises and states, each by an index; without any of them: now
_FIRST_DAY = """
(least((SELECT min(arrived_at) FROM call), (SELECT min(first_contact_at) FROM callback_request),
  (SELECT min(from_at) FROM operator_state), $1::timestamptz) AT TIME ZONE 'Europe/Amsterdam')::date"""
_BEGIN = f"""
INSERT INTO figure_progress (position, counted_at, days_until) SELECT NULL, $1::timestamptz, {_FIRST_DAY}
ON CONFLICT (id) DO NOTHING"""
_GO_ON = "UPDATE figure_progress SET position = $1, counted_at = $2, days_until = least(days_until, $3)"
_DAY_IS_DONE = "UPDATE figure_progress SET days_until = $1 WHERE days_until = $2"
_START_ANEW = f"UPDATE figure_progress SET days_until = least(days_until, greatest($2::date, {_FIRST_DAY}))"
_CALLS = "SELECT DISTINCT arrived_at FROM call WHERE id = ANY ($1)"
_VISITS = "SELECT DISTINCT arrived_at FROM call WHERE id IN (SELECT call_id FROM queue_visit WHERE id = ANY ($1))"
_REQUESTS = "SELECT first_contact_at, deadline_at FROM callback_request WHERE id = ANY ($1)"
_STATES = f"""
SELECT changed.id AS session_id, past.from_at, past.until_at, past.end_is_estimated, call.arrived_at
FROM unnest($1::uuid[]) AS changed (id) CROSS JOIN LATERAL (SELECT * FROM operator_state state
  WHERE state.session_id = changed.id ORDER BY state.from_at DESC LIMIT {_LAST_STATES}) past
LEFT JOIN call ON call.id = past.call_id"""


@dataclass(frozen=True, slots=True)
class Progress:
    """`days_until`: the first day of the Netherlands without sums; those of before have them."""

    position: Position | None
    counted_at: datetime
    days_until: date


async def progress_of(pool: Pool) -> Progress | None:
    """None: nothing was counted yet. Raises StoreUnavailable."""
    with translated():
        row = await pool.fetchrow(_PROGRESS)
    if row is None:
        return None
    position = None if row["position"] is None else Position.parse(row["position"])
    return Progress(position, row["counted_at"], row["days_until"])


async def count_changes(pool: Pool, now: datetime) -> int:
    """Recount what changed since the last time; the number of quarters. Raises StoreUnavailable."""
    progress = await progress_of(pool)
    if progress is None:
        with translated():
            await pool.execute(_BEGIN, now)
        progress = await progress_of(pool)
        assert progress is not None, "just begun"
    dirty, position, anew_from = await _dirty(pool, progress, now)
    for since, until in _runs(dirty):
        with translated():
            async with transaction(pool) as connection:
                await recount_quarters(connection, since, until)
    days = {local_date(quarter) for quarter in dirty}
    # Read again: somebody else may have added up the day of a quarter before it was counted here.
    progress = await progress_of(pool) or progress
    for day in sorted(day for day in days if day < min(progress.days_until, anew_from)):
        with translated():
            async with transaction(pool) as connection:
                await add_up_day(connection, day)
    with translated():
        await pool.execute(_GO_ON, str(position), now, anew_from)
    return len(dirty)


async def count_days(pool: Pool, now: datetime) -> AsyncGenerator[date]:
    """Count every day that is over and has no sums yet, the oldest first; each is told when it is done.

    Raises StoreUnavailable.
    """
    while (progress := await progress_of(pool)) is not None and progress.days_until < local_date(now):
        day = progress.days_until
        with translated():
            async with transaction(pool) as connection:
                await recount_day(connection, day)
                await connection.execute(_DAY_IS_DONE, day + DAY, day)
        yield day


async def start_anew(pool: Pool, day: date, now: datetime) -> None:
    """Have everything from this day on counted anew: today at the next change, days that are over by `count_days`.

    Of days before anything was recorded there is nothing to count.
    """
    with translated():
        await pool.execute(_START_ANEW, now, day)


async def _dirty(pool: Pool, progress: Progress, now: datetime) -> tuple[set[datetime], Position, date]:
    """The quarters to be counted, the position after them, and the first day to be counted as a whole."""
    found: set[datetime] = set()
    position, anew_from, today = progress.position, date.max, local_date(now)
    changes: list[Change] = []
    while True:
        page = await changes_since(pool, None, position)
        if page.start_anew:
            # The log does not tell what changed meanwhile: everything since the last look, and today.
            anew_from = min(local_date(progress.counted_at) - DAY, today)
            found.update(quarters(midnight(today), now + QUARTER))
        position = page.position
        changes += page.changes
        if not page.has_more:
            break
    with translated():
        async with pool.acquire() as connection:
            found |= await _quarters_of(connection, changes, progress)
    return found, position, anew_from


async def _quarters_of(connection: Connection, changes: Collection[Change], progress: Progress) -> set[datetime]:
    ids: defaultdict[ChangeKind, set[UUID]] = defaultdict(set)
    for change in changes:
        if change.kind in (ChangeKind.CALL, ChangeKind.VISIT, ChangeKind.SESSION, ChangeKind.REQUEST):
            ids[change.kind].add(UUID(change.id))
    found: set[datetime] = set()
    for kind, statement in ((ChangeKind.CALL, _CALLS), (ChangeKind.VISIT, _VISITS), (ChangeKind.REQUEST, _REQUESTS)):
        if ids[kind]:
            for row in await connection.fetch(statement, list(ids[kind])):
                found.update(map(quarter_of, row))
    ended: set[UUID] = set()
    states = await connection.fetch(_STATES, list(ids[ChangeKind.SESSION])) if ids[ChangeKind.SESSION] else []
    for row in states:
        is_new = row["until_at"] >= progress.counted_at - _LATE or row["end_is_estimated"]
        if is_new or local_date(row["from_at"]) < progress.days_until:
            found.update(quarters(row["from_at"], row["until_at"]))
            ended.add(row["session_id"])
    found.update(
        quarter_of(row["arrived_at"]) for row in states if row["session_id"] in ended and row["arrived_at"] is not None
    )
    return found


def _runs(dirty: Collection[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Quarters that touch are counted together, up to some."""
    since: datetime | None = None
    until = since
    for quarter in sorted(dirty):
        if since is not None and until is not None:
            if quarter == until and (until - since) // QUARTER < MOST_QUARTERS:
                until = quarter + QUARTER
                continue
            yield since, until
        since, until = quarter, quarter + QUARTER
    if since is not None and until is not None:
        yield since, until
