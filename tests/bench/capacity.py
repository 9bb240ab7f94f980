"""What this machine carries: CPU per caller who waits, per talk with sound both ways, and per call, as live calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psutil

from tests.acceptance.crowd import ended
from tests.acceptance.phones import SippRun
from tests.acceptance.record import eventually
from tests.bench.figures import APPLICATION, Verdict
from tests.bench.processor import Meter
from tests.bench.stand import OUR_NUMBER, Stand
from tests.bench.throughput import Load, measure_one, working_application
from tests.bench.waiting import measure_ways

#: of the cores: the rest is for peaks, PostgreSQL's own work and the system
USED_SHARE = 0.75
#: the aim for a caller who waits, of Asterisk, milliseconds of CPU in a second
MOST_WAITING_MS = 0.8
ARRIVE_PER_SECOND, ARRIVE_SECONDS, SETTLE_SECONDS = 20.0, 120.0, 3.0
STAY_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """So many talks with sound, then so many callers who wait beside them; each measured for `seconds`."""

    talking: int = 150
    waiting: int = 300
    seconds: float = 20.0
    load: Load = Load(per_second=20.0, seconds=20.0)


@dataclass(frozen=True, slots=True)
class CapacityFigures:
    """Milliseconds of CPU: per second of a talk or of waiting, and per call; Asterisk, application and PostgreSQL."""

    cores: int
    talking: int
    waiting: int
    idle_ms: dict[str, float]  # in a second, with all operators standing by
    talk_ms: dict[str, float]
    waiting_ms: dict[str, float]
    call_ms: dict[str, float]
    ways_ms: dict[str, float]  # of Asterisk, by way of keeping a caller

    @property
    def live_calls(self) -> int:
        """The calls that fit, all of the dearer kind, into what is left of the cores."""
        left = USED_SHARE * self.cores * 1000 - sum(self.idle_ms.values())
        return max(0, round(left / max(sum(self.talk_ms.values()), sum(self.waiting_ms.values()))))

    @property
    def calls_per_second(self) -> float:
        return USED_SHARE * self.cores * 1000 / sum(self.call_ms.values())

    def as_text(self) -> str:
        rows = (
            (f"{self.talking} operators standing by, in a second", self.idle_ms),
            ("a talk with sound both ways, in a second", self.talk_ms),
            ("a caller who waits with music, in a second", self.waiting_ms),
            ("a call from beginning to end", self.call_ms),
        )
        lines = [
            f"{what}: " + ", ".join(f"{name} {used:.2f}" for name, used in figures.items()) + " ms of CPU"
            for what, figures in rows
        ]
        per_core = 1000 * USED_SHARE
        return "\n".join(
            (
                *lines,
                "of Asterisk alone: " + ", ".join(f"{way} {used:.2f}" for way, used in self.ways_ms.items()) + " ms",
                f"per core, at {USED_SHARE:.0%} of it: {per_core / sum(self.waiting_ms.values()):.0f} who wait, "
                f"{per_core / sum(self.talk_ms.values()):.0f} talks",
                f"on {self.cores} cores: {self.calls_per_second:.0f} calls per second, {self.live_calls} live calls "
                f"(ARI_APP_CAPACITY_CALLS={self.live_calls}, or fewer)",
            )
        )

    def verdicts(self) -> list[Verdict]:
        used = self.waiting_ms["asterisk"]
        what = f"CPU of Asterisk for a caller who waits <= {MOST_WAITING_MS} ms in a second"
        return [Verdict(what, used <= MOST_WAITING_MS, f"{used:.2f} ms")]


async def measure_capacity(stand: Stand, capacity: Capacity, say: Callable[[str], None]) -> CapacityFigures:
    """First the calls by themselves, then talks, then callers who wait beside them."""
    calls = await measure_one(stand, capacity.load, APPLICATION)
    call_ms = {
        "asterisk": calls.asterisk_cpu_ms,
        "application": calls.application_cpu_ms or 0.0,
        "postgres": calls.postgres_cpu_ms or 0.0,
    }
    say("callers are kept in three ways …")
    ways_ms = await measure_ways(stand, capacity.waiting, capacity.seconds)
    async with (
        working_application(stand, capacity.talking, STAY_SECONDS, speaking=capacity.talking) as application,
        AsyncExitStack() as stack,
    ):
        runs: list[SippRun] = []
        meter = Meter({"asterisk": stand.asterisk.pid, "application": application.pid, "postgres": stand.postgres_pid})

        async def used_ms() -> dict[str, float]:
            """In a second, of each."""
            await asyncio.sleep(SETTLE_SECONDS)
            before = meter.read()
            await asyncio.sleep(capacity.seconds)
            after = meter.read()
            return {name: ((after[name] or 0.0) - (before[name] or 0.0)) * 1000 / capacity.seconds for name in after}

        async def arrive(stage: str, count: int, *, with_sound: bool) -> None:
            run = stand.callers(
                OUR_NUMBER,
                calls=count,
                per_second=ARRIVE_PER_SECOND,
                hold_seconds=STAY_SECONDS,
                with_sound=with_sound,
            )
            runs.append(await stack.enter_async_context(run))
            query = f"SELECT count(*) FROM call WHERE stage = '{stage}' AND line_answered_at IS NOT NULL"
            await eventually(stand.database_url, query, equals=count, within_seconds=ARRIVE_SECONDS)

        idle = await used_ms()
        say(f"{capacity.talking} operators stand by …")
        await arrive("talking", capacity.talking, with_sound=True)
        talking = await used_ms()
        say(f"{capacity.talking} talk …")
        await arrive("waiting", capacity.waiting, with_sound=False)
        waiting = await used_ms()
        say(f"and {capacity.waiting} wait …")
        stand.asterisk.cli("channel request hangup all")
        await ended(runs)
    return CapacityFigures(
        psutil.cpu_count() or 1,
        capacity.talking,
        capacity.waiting,
        idle,
        {name: max(0.0, talking[name] - idle[name]) / capacity.talking for name in idle},
        {name: max(0.0, waiting[name] - talking[name]) / capacity.waiting for name in idle},
        call_ms,
        ways_ms,
    )
