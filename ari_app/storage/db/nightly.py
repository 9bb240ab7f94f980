"""Jobs that run once a night, however often the program restarts and however many copies of it there are."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.storage import tables as t
from ari_app.storage.db.errors import translated

#: a run that did not finish by then died, and another process may take it over
GIVEN_UP_AFTER = timedelta(minutes=30)


async def claim_night(engine: AsyncEngine, job: str, day: date, now: datetime) -> bool:
    """Whether the job of this day is now the caller's: nobody has begun it, or its process died.

    Raises StoreUnavailable.
    """
    run = t.nightly_run
    statement = insert(run).values(job=job, day=day, started_at=now)
    claim = statement.on_conflict_do_update(
        index_elements=[run.c.job, run.c.day],
        set_={"started_at": now},
        where=sa.and_(run.c.finished_at.is_(None), run.c.started_at < now - GIVEN_UP_AFTER),
    ).returning(run.c.job)
    with translated():
        async with engine.begin() as conn:
            return (await conn.execute(claim)).first() is not None


async def is_done(engine: AsyncEngine, job: str, day: date) -> bool:
    """Whether the job of this day has finished. Raises StoreUnavailable."""
    run = t.nightly_run.c
    asked = sa.select(run.finished_at).where(run.job == job, run.day == day, run.finished_at.is_not(None))
    with translated():
        async with engine.connect() as conn:
            return (await conn.execute(asked)).first() is not None


async def finish_night(engine: AsyncEngine, job: str, day: date, now: datetime) -> None:
    """Record that the job of this day has finished. Raises StoreUnavailable."""
    run = t.nightly_run
    with translated():
        async with engine.begin() as conn:
            await conn.execute(sa.update(run).where(run.c.job == job, run.c.day == day).values(finished_at=now))
