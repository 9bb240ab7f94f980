"""More callers than the machine carries: what becomes of talks, of free operators, of those who are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from tests.acceptance import prepared
from tests.acceptance.application import Application
from tests.acceptance.phones import SippRun
from tests.acceptance.record import eventually, questions
from tests.bench.connecting import connected
from tests.bench.figures import Verdict, percentile
from tests.bench.stand import OUR_NUMBER, QUEUE_NUMBER, Stand, now
from tests.bench.start import INSTALLED
from tests.bench.throughput import working_application

LOOK_SECONDS = 0.25
USED_SHARE = 0.9
#: the aims
MOST_IDLE_SHARE, LEAST_OF_BEST, LONGEST_REASON_SECONDS, LONGEST_BACK_SECONDS, LONGEST_CONNECT_MS = (
    0.01,
    0.95,
    2,
    10,
    100,
)
LEAVE_SECONDS = 60.0

_ENDS = """
SELECT coalesce(end_reason, 'open') AS reason, count(*) AS count FROM call
WHERE arrived_at >= $1 AND arrived_at < $2 GROUP BY 1"""
_CONNECTED = "SELECT count(*) FROM call WHERE answered_at >= $1 AND answered_at < $2"
#: a talk that one of its people did not end
_CUT = """
SELECT count(*) FROM call WHERE answered_at IS NOT NULL AND ended_at >= $1 AND ended_at < $2
AND end_reason NOT IN ('caller_hung_up', 'operator_hung_up')"""
#: seconds of READY and OFFERED, one after the other: as long as somebody waits, a free operator's way to a caller
_CONNECTING = """
SELECT extract(epoch FROM o.until_at - r.from_at)::float8 * 1000 AS ms FROM operator_state r
JOIN operator_state o ON o.session_id = r.session_id AND o.from_at = r.until_at AND o.state = 'offered'
WHERE r.state = 'ready' AND r.from_at >= $1 AND r.from_at < $2"""
#: from the arrival to the words, or to busy
_REASONS = """
SELECT max(extract(epoch FROM coalesce(
  (SELECT min(f.at) FROM call_fact f WHERE f.call_id = c.id AND f.kind IN ('municipality_chosen', 'ended')), ended_at)
  - c.arrived_at))::float8 FROM call c WHERE c.end_reason = 'turned_away' AND c.arrived_at >= $1"""
_NOW = """
SELECT (SELECT count(*) FROM operator_session WHERE state = 'ready') AS free,
       (SELECT count(*) FROM call WHERE stage = 'waiting' AND ended_at IS NULL) AS waiting"""


@dataclass(frozen=True, slots=True)
class Storm:
    """Callers hold for `hold_seconds` from the answer of their line, whether somebody talks to them or not.

    At 1x nine tenths of `capacity` are there, since arrivals are not even.
    """

    capacity: int = 600
    operators: int = 200
    times: float = 3.0
    seconds: float = 120.0
    hold_seconds: float = 30.0
    with_kill: bool = True

    def per_second(self, times: float) -> float:
        return times * USED_SHARE * self.capacity / self.hold_seconds


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of offered load. `idle_share`: of the operators' time, free while somebody waited."""

    times: float
    seconds: float
    ends: dict[str, int]
    connected: int
    cut: int
    idle_share: float
    connect_ms: tuple[float, ...] = field(repr=False)

    @property
    def per_minute(self) -> float:
        return self.connected * 60 / self.seconds

    @property
    def lost(self) -> int:
        """Calls that ended as nobody's call should."""
        return sum(self.ends.get(reason, 0) for reason in ("handled_by_fallback", "fault", "lost"))

    def as_text(self) -> str:
        ends = ", ".join(f"{count} {reason}" for reason, count in sorted(self.ends.items()))
        return (
            f"{self.times:g} x capacity for {self.seconds:.0f} s: {self.per_minute:.0f} connected per minute, "
            f"{self.cut} talks cut, free operators beside waiting callers {self.idle_share:.2%} of their time, "
            f"free to connected p50 {percentile(self.connect_ms, 50):.0f}, p99 {percentile(self.connect_ms, 99):.0f} ms"
            f" ({ends})"
        )


@dataclass(frozen=True, slots=True)
class StormFigures:
    calm: Phase
    storm: Phase
    queue_per_minute: float  # app_queue under the same storm
    reason_seconds: float
    back_seconds: float | None  # after the storm; None: not within LEAVE_SECONDS
    restart_seconds: float | None  # after a kill -9 in it
    audit_agrees: bool

    def as_text(self) -> str:
        lines = [self.calm.as_text(), self.storm.as_text()]
        lines.append(f"app_queue in the same storm: {self.queue_per_minute:.0f} connected per minute")
        return "\n".join(lines)

    def verdicts(self) -> list[Verdict]:
        calm, storm, back = self.calm, self.storm, self.back_seconds
        p99 = percentile(calm.connect_ms, 99)
        least = LEAST_OF_BEST * calm.per_minute
        verdicts = [
            Verdict("at 1 x: no call lost, or in the fallback", calm.lost == 0, str(calm.lost)),
            Verdict(
                f"at 1 x: free to connected, p99 <= {LONGEST_CONNECT_MS} ms", p99 <= LONGEST_CONNECT_MS, f"{p99:.0f} ms"
            ),
            Verdict("in the storm: no talk cut", storm.cut == 0, str(storm.cut)),
            Verdict("in the storm: no call lost, or in the fallback", storm.lost == 0, str(storm.lost)),
            Verdict(
                f"in the storm: operators free beside waiting callers <= {MOST_IDLE_SHARE:.0%} of their time",
                storm.idle_share <= MOST_IDLE_SHARE,
                f"{storm.idle_share:.2%}",
            ),
            Verdict(
                f"in the storm: connected per minute >= {LEAST_OF_BEST:.0%} of that at 1 x, and than app_queue",
                storm.per_minute >= max(least, self.queue_per_minute),
                f"{storm.per_minute:.0f} of {calm.per_minute:.0f}; app_queue {self.queue_per_minute:.0f}",
            ),
            Verdict(
                f"every refused caller has a reason within {LONGEST_REASON_SECONDS} s",
                self.reason_seconds <= LONGEST_REASON_SECONDS,
                f"{self.reason_seconds:.1f} s",
            ),
            Verdict(
                f"normal again <= {LONGEST_BACK_SECONDS} s after the storm",
                back is not None and back <= LONGEST_BACK_SECONDS,
                "not seen" if back is None else f"{back:.1f} s",
            ),
            Verdict("record = event log", self.audit_agrees, "agrees" if self.audit_agrees else "differs"),
        ]
        if self.restart_seconds is not None:
            verdicts.append(
                Verdict(
                    f"killed in the storm: back <= {LONGEST_BACK_SECONDS} s",
                    self.restart_seconds <= LONGEST_BACK_SECONDS,
                    f"{self.restart_seconds:.1f} s",
                )
            )
        return verdicts


async def measure_storm(stand: Stand, storm: Storm, say: Callable[[str], None]) -> StormFigures:
    """Calm, storm, half of what can be carried, and perhaps a kill; then app_queue in the same storm."""
    total = 4 * storm.seconds + 8 * storm.hold_seconds + 300
    options = {**INSTALLED, "ARI_APP_CAPACITY_CALLS": str(storm.capacity)}
    began_at = now()
    async with working_application(stand, storm.operators, total, options) as application:
        calm = await _phase(stand, storm, 1.0)
        say(calm.as_text())
        await _nobody(stand)
        storm_at = now()
        loud = await _phase(stand, storm, storm.times)
        say(loud.as_text())
        back = await _until_normal(stand, storm)
        await _nobody(stand)
        restart = await _killed(stand, storm, application) if storm.with_kill else None
        await _nobody(stand)
        async with questions(stand.database_url) as record:
            reason = float(await record.fetchval(_REASONS, storm_at) or 0.0)
        environment = application.environment()
    code, output = await prepared.run(["audit", "--since", began_at.isoformat(), "--json"], environment)
    if code != 0:
        say(output.decode(errors="replace")[:2000])
    return StormFigures(calm, loud, await _queue(stand, storm), reason, back, restart, code == 0)


async def _phase(stand: Stand, storm: Storm, times: float) -> Phase:
    rate = storm.per_second(times)
    calls = max(1, round(rate * (storm.seconds + storm.hold_seconds)))
    run = stand.callers(OUR_NUMBER, calls=calls, per_second=rate, hold_seconds=storm.hold_seconds)
    async with run:
        await asyncio.sleep(storm.hold_seconds)  # until as many are there as will be
        since = now()
        idle = await _watch(stand, storm.operators, storm.seconds)
        until = now()
        await _over(run)
    async with questions(stand.database_url) as record:
        ends = {row["reason"]: row["count"] for row in await record.fetch(_ENDS, since, until)}
        return Phase(
            times,
            (until - since).total_seconds(),
            ends,
            await record.fetchval(_CONNECTED, since, until),
            await record.fetchval(_CUT, since, until),
            idle,
            tuple(row["ms"] for row in await record.fetch(_CONNECTING, since, until)),
        )


async def _over(run: SippRun) -> None:
    """Callers who were refused did not go as their scenario says; that is not what is measured."""
    with suppress(AssertionError):
        await run.ended()


async def _watch(stand: Stand, operators: int, seconds: float) -> float:
    """The share of the operators' time in which they were free while somebody waited."""
    until, found = monotonic() + seconds, list[float]()
    async with questions(stand.database_url) as record:
        while monotonic() < until:
            (row,) = await record.fetch(_NOW)
            found.append(min(row["free"], row["waiting"]) / operators)
            await asyncio.sleep(LOOK_SECONDS)
    return sum(found) / len(found)


async def _nobody(stand: Stand) -> None:
    query = "SELECT count(*) FROM call WHERE ended_at IS NULL"
    await eventually(stand.database_url, query, equals=0, within_seconds=LEAVE_SECONDS)


async def _until_normal(stand: Stand, storm: Storm) -> float | None:
    """Seconds from the end of the storm until nothing is left out, at half of what can be carried."""
    rate = storm.per_second(0.5)
    run = stand.callers(
        OUR_NUMBER, calls=max(1, round(rate * 30)), per_second=rate, hold_seconds=min(storm.hold_seconds, 20.0)
    )
    async with run:
        began = monotonic()
        async with questions(stand.database_url) as record:
            while monotonic() - began < LEAVE_SECONDS:
                if not await record.fetchval("SELECT count(*) FROM overload WHERE ended_at IS NULL"):
                    found = monotonic() - began
                    await _over(run)
                    return found
                await asyncio.sleep(LOOK_SECONDS)
        await _over(run)
    return None


async def _killed(stand: Stand, storm: Storm, application: Application) -> float:
    """Seconds from the start of another process, in the middle of a storm, until it handles calls."""
    rate = storm.per_second(storm.times)
    calls = max(1, round(rate * storm.hold_seconds))
    async with stand.callers(OUR_NUMBER, calls=calls, per_second=rate, hold_seconds=storm.hold_seconds) as run:
        await asyncio.sleep(storm.hold_seconds / 2)
        await application.kill()
        began = monotonic()
        await application.start()
        found = monotonic() - began
        await _over(run)
    return found


async def _queue(stand: Stand, storm: Storm) -> float:
    """Connected per minute by app_queue, with as many phones as there were operators."""
    rate = storm.per_second(storm.times)
    calls = max(1, round(rate * (storm.seconds + storm.hold_seconds)))
    prepared_from = now()
    async with await stand.phones():
        async with stand.callers(QUEUE_NUMBER, calls=calls, per_second=rate, hold_seconds=storm.hold_seconds) as run:
            await asyncio.sleep(storm.hold_seconds)
            since = now()
            await asyncio.sleep(storm.seconds)
            seconds = (now() - since).total_seconds()
            await _over(run)
        stand.asterisk.cli("channel request hangup all")
        found = connected(await stand.channels_since(prepared_from), since)
    return len(found.connect_ms) * 60 / seconds
