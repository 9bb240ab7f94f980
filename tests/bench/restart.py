"""The application is killed with hundreds of live calls: how soon has it all of them back, and what do they weigh?"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.acceptance.application import Application
from tests.acceptance.crowd import ended
from tests.acceptance.record import eventually, questions
from tests.bench.figures import Spread, Verdict
from tests.bench.processor import cpu_seconds, resident_bytes
from tests.bench.stand import OUR_NUMBER, Stand, now
from tests.bench.start import reference_seconds
from tests.bench.throughput import working_application

ARRIVE_PER_SECOND = 40.0
ARRIVE_SECONDS = 120.0
RESUME_SECONDS = 60.0
STAY_SECONDS = 600.0

#: the aims
LONGEST_START_SECONDS = 1.0  # without a call
LONGEST_BUSY_START_SECONDS = 2.0
LONGEST_TAKING_UP_SECONDS = 2.5
MOST_IDLE_MB = 80


@dataclass(frozen=True, slots=True)
class Crowded:
    """How many live calls there are when the application is killed."""

    waiting: int = 400
    talking: int = 100
    times: int = 3

    @property
    def calls(self) -> int:
        return self.waiting + self.talking


@dataclass(frozen=True, slots=True)
class Restarted:
    """One `kill -9` and start. Seconds since the start of the process."""

    calls: int
    recovery_ms: float  # as the application itself says, from its first line of code
    ready_seconds: float  # new calls are taken
    resumed_seconds: float  # every live call has its task again, and has said so in the record
    lost: int
    ready_cpu_seconds: float  # what the application used until it was ready
    reference_seconds: float  # `python -c "import click"` just before, on the same busy machine

    def as_text(self) -> str:
        return (
            f"restart with {self.calls} live calls: recovery_ms {self.recovery_ms:.0f}; {self.ready_seconds:.2f} s "
            f"from exec to ready ({self.ready_seconds / self.reference_seconds:.1f} x import click, "
            f"{self.ready_cpu_seconds:.2f} s of CPU); {self.resumed_seconds:.2f} s to all calls taken up; "
            f"{self.lost} lost"
        )


@dataclass(frozen=True, slots=True)
class CrowdedFigures:
    """Memory is what the application's process has resident."""

    operators: int
    calls: int
    restarts: tuple[Restarted, ...]  # the first one without a call
    idle_bytes: int  # a fresh process with operators standing by, and no call
    crowded_bytes: int  # the same process with all calls
    restarted_bytes: int  # a fresh process that took them up

    @property
    def bytes_per_call(self) -> float:
        return (self.crowded_bytes - self.idle_bytes) / self.calls

    def as_text(self) -> str:
        memory = (
            f"memory of the application: {_mb(self.idle_bytes)} with {self.operators} operators and no call, "
            f"{_mb(self.crowded_bytes)} with {self.calls} live calls: {self.bytes_per_call / 1024:.0f} KB per live "
            f"call; {_mb(self.restarted_bytes)} after a restart"
        )
        return "\n".join([*(restarted.as_text() for restarted in self.restarts), memory])

    def verdicts(self) -> list[Verdict]:
        """By the median of the restarts; the aims are for the number of calls and operators of the whole bench."""
        first, *busy = self.restarts
        start = first.ready_seconds
        ready = Spread.of([restarted.ready_seconds for restarted in busy])
        resumed = Spread.of([restarted.resumed_seconds for restarted in busy])
        lost = sum(restarted.lost for restarted in self.restarts)
        idle = self.idle_bytes / 2**20
        return [
            Verdict("no lost call", lost == 0, str(lost)),
            _within("exec to ready without a call", Spread(start, start, start), LONGEST_START_SECONDS),
            _within(f"exec to ready with {self.calls} live calls", ready, LONGEST_BUSY_START_SECONDS),
            _within(f"exec to all {self.calls} taken up", resumed, LONGEST_TAKING_UP_SECONDS),
            Verdict(
                f"memory with {self.operators} operators <= {MOST_IDLE_MB} MB", idle <= MOST_IDLE_MB, f"{idle:.0f} MB"
            ),
        ]


def _within(what: str, seconds: Spread, most: float) -> Verdict:
    return Verdict(f"{what} <= {most:.1f} s", seconds.middle <= most, seconds.as_text(" s"))


def _mb(size: int) -> str:
    return f"{size / 2**20:.0f} MB"


async def measure_crowded(stand: Stand, crowded: Crowded) -> CrowdedFigures:
    """Fill the centre, and kill the application again and again."""
    async with (
        working_application(stand, crowded.talking, STAY_SECONDS) as application,
        AsyncExitStack() as stack,
    ):
        restarts = [await _restart(stand, application, 0)]
        idle = resident_bytes(application.pid)
        run = stand.callers(OUR_NUMBER, calls=crowded.calls, per_second=ARRIVE_PER_SECOND, hold_seconds=STAY_SECONDS)
        callers = await stack.enter_async_context(run)
        for stage, count in (("talking", crowded.talking), ("waiting", crowded.waiting)):
            query = f"SELECT count(*) FROM call WHERE stage = '{stage}' AND line_answered_at IS NOT NULL"
            await eventually(stand.database_url, query, equals=count, within_seconds=ARRIVE_SECONDS)
        full = resident_bytes(application.pid)
        restarts += [await _restart(stand, application, crowded.calls) for _ in range(crowded.times)]
        after = resident_bytes(application.pid)
        stand.asterisk.cli("channel request hangup all")
        await ended([callers])
    return CrowdedFigures(crowded.talking, crowded.calls, tuple(restarts), idle, full, after)


async def _restart(stand: Stand, application: Application, calls: int) -> Restarted:
    await application.kill()
    reference = await asyncio.to_thread(reference_seconds)
    began_at, began = now(), time.perf_counter()
    said = await application.start()
    ready, cpu = time.perf_counter() - began, cpu_seconds(application.pid)
    resumed = "SELECT count(DISTINCT call_id) FROM call_fact WHERE kind = 'resumed' AND at >= $1"
    await eventually(stand.database_url, resumed, began_at, equals=calls, within_seconds=RESUME_SECONDS)
    all_resumed = time.perf_counter() - began
    async with questions(stand.database_url) as record:
        live = await record.fetchval("SELECT count(*) FROM call WHERE ended_at IS NULL")
    recovery_ms = float(said["seconds"]) * 1000
    return Restarted(calls, recovery_ms, ready, all_resumed, calls - live, cpu, reference)
