"""Jobs that run once a night, however often the program restarts and however many copies of it there are."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from ari_app.core.calendar import AMSTERDAM
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

#: a run that did not finish by then died, and another process may take it over
GIVEN_UP_AFTER = timedelta(minutes=30)

_CLAIM = """
INSERT INTO nightly_run (job, day, started_at) VALUES ($1, $2, $3)
ON CONFLICT (job, day) DO UPDATE SET started_at = $3
  WHERE nightly_run.finished_at IS NULL AND nightly_run.started_at < $4
RETURNING job"""
_IS_DONE = "SELECT job FROM nightly_run WHERE job = $1 AND day = $2 AND finished_at IS NOT NULL"
_FINISH = "UPDATE nightly_run SET finished_at = $3 WHERE job = $1 AND day = $2"


async def due_day(pool: Pool, job: str, hour: int, now: datetime) -> date | None:
    """The Dutch day whose run of the job is due, from `hour` on, and has not finished; None when there is none.

    Raises StoreUnavailable.
    """
    local = now.astimezone(AMSTERDAM)
    return None if local.hour < hour or await is_done(pool, job, local.date()) else local.date()


async def claim_night(pool: Pool, job: str, day: date, now: datetime) -> bool:
    """Whether the job of this day is now the caller's: nobody has begun it, or its process died.

    Raises StoreUnavailable.
    """
    with translated():
        return await pool.fetchrow(_CLAIM, job, day, now, now - GIVEN_UP_AFTER) is not None


async def is_done(pool: Pool, job: str, day: date) -> bool:
    """Whether the job of this day has finished. Raises StoreUnavailable."""
    with translated():
        return await pool.fetchrow(_IS_DONE, job, day) is not None


async def finish_night(pool: Pool, job: str, day: date, now: datetime) -> None:
    """Record that the job of this day has finished. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_FINISH, job, day, now)
