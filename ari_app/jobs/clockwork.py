"""Ticks of APScheduler, kept in memory only: due work is found in rows and channels, never in a tick."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ari_app.core.ledger import LedgerError
from ari_app.jobs.cel_file import CelFileUnreadable
from ari_app.storage.db.errors import StorageError

log = structlog.get_logger(__name__)

Job = Callable[[], Awaitable[None]]


@asynccontextmanager
async def ticking(jobs: Mapping[str, tuple[float, Job]]) -> AsyncIterator[None]:
    """Run each job at once, and then every so many seconds, for the time of the block.

    A job that is still running is not started a second time; ticks that were missed are made up for by one. A job
    that fails is logged, and retried at its next tick. After the block none is running.
    """
    scheduler = AsyncIOScheduler(timezone="UTC")
    running: set[asyncio.Task[None]] = set()
    for name, (seconds, job) in jobs.items():
        scheduler.add_job(
            _contained(name, job, running),
            "interval",
            seconds=seconds,
            next_run_time=datetime.now(UTC),
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=False)  # cancels those that run, and does not wait for them
        if running:
            await asyncio.wait(running)


def _contained(name: str, job: Job, running: set[asyncio.Task[None]]) -> Job:
    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await job()
        except asyncio.CancelledError:
            pass  # the end of the block: to the scheduler it would be an error
        except (LedgerError, StorageError, CelFileUnreadable) as error:
            log.warning("job_postponed", job=name, error=str(error))
        except Exception:
            log.exception("job_fault", job=name)
        finally:
            running.discard(task)

    return run
