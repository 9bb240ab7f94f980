"""More callers than the machine carries: what becomes of talks, of free operators, of those who are refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic

from tests.acceptance import prepared
from tests.acceptance.application import Application
from tests.acceptance.phones import SippRun
from tests.acceptance.record import eventually, questions
from tests.bench.connecting import connected
from tests.bench.sound import SoundTap
from tests.bench.stand import OUR_NUMBER, QUEUE_NUMBER, SPEAKERS, Stand, now
from tests.bench.start import INSTALLED
from tests.bench.storm_figures import Phase, Sound, StormFigures
from tests.bench.throughput import working_application

LOOK_SECONDS = 0.25
#: of the capacity, so much is used at 1 x: above it new callers hear ringing, which they would hold for longer
USED_SHARE = 0.87
LEAVE_SECONDS = 60.0

_ENDS = """
SELECT coalesce(end_reason, 'open') AS reason, count(*) AS count FROM call
WHERE arrived_at >= $1 AND arrived_at < $2 GROUP BY 1"""
_CONNECTED = "SELECT count(*) FROM call WHERE answered_at >= $1 AND answered_at < $2"
#: a talk that one of its people did not end
_CUT = """
SELECT count(*) FROM call WHERE answered_at IS NOT NULL AND ended_at >= $1 AND ended_at < $2
AND end_reason NOT IN ('caller_hung_up', 'operator_hung_up')"""
#: from when on an operator was free and the caller whom they get waited, until the operator has the call
_CONNECTING = """
SELECT extract(epoch FROM o.until_at - greatest(r.from_at, v.entered_at))::float8 * 1000 AS ms FROM operator_state r
JOIN operator_state o ON o.session_id = r.session_id AND o.from_at = r.until_at AND o.state = 'offered'
JOIN queue_visit v ON v.call_id = o.call_id AND v.entered_at < o.until_at
  AND coalesce(v.left_at, 'infinity') >= o.from_at
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

    At 1x most of `capacity` is used, the speakers' talks with it; not all, since arrivals are not even.
    """

    capacity: int = 600
    operators: int = 200
    times: float = 3.0
    seconds: float = 120.0
    calm_seconds: float = 300.0
    hold_seconds: float = 30.0
    speakers: int = 10  # whose talks go on through the whole storm, and are listened to
    with_kill: bool = True

    def per_second(self, times: float) -> float:
        return times * (USED_SHARE * self.capacity - self.speakers) / self.hold_seconds


async def measure_storm(stand: Stand, storm: Storm, say: Callable[[str], None]) -> StormFigures:
    """Calm, storm, half of what can be carried, and perhaps a kill; then app_queue in the same storm."""
    total = storm.calm_seconds + 3 * storm.seconds + 8 * storm.hold_seconds + 300
    options = {**INSTALLED, "ARI_APP_CAPACITY_CALLS": str(storm.capacity)}
    began_at = now()
    async with working_application(stand, storm.operators, total, options, speaking=storm.speakers) as application:
        async with _speaking(stand, storm) as tap:
            calm = await _phase(stand, storm, 1.0, storm.calm_seconds)
            say(calm.as_text())
            await _nobody(stand, but=storm.speakers)
            storm_at, began = now(), time.time()
            loud = await _phase(stand, storm, storm.times, storm.seconds)
            ended = time.time()
            back = await _until_normal(stand, storm)
        say(loud.as_text())
        heard = tap.longest_gap_ms(began, ended)
        sound = Sound(len(heard), max(heard.values(), default=0.0), tap.longest_pause_ms(began, ended))
        await _nobody(stand)
        restart = await _killed(stand, storm, application) if storm.with_kill else None
        await _nobody(stand)
        async with questions(stand.database_url) as record:
            reason = float(await record.fetchval(_REASONS, storm_at) or 0.0)
        environment = application.environment()
    code, output = await prepared.run(["audit", "--since", began_at.isoformat(), "--json"], environment)
    if code != 0:
        say(output.decode(errors="replace")[:2000])
    return StormFigures(calm, loud, await _queue(stand, storm), reason, back, restart, code == 0, sound)


@asynccontextmanager
async def _speaking(stand: Stand, storm: Storm) -> AsyncIterator[SoundTap]:
    """Callers who talk to those operators who speak, before anybody else calls and through all of the block."""
    talks = stand.callers(
        OUR_NUMBER,
        calls=storm.speakers,
        per_second=10.0,
        hold_seconds=storm.calm_seconds + storm.seconds + 4 * storm.hold_seconds + LEAVE_SECONDS,
        with_sound=True,
        address=SPEAKERS,
    )
    async with talks:
        query = "SELECT count(*) FROM call WHERE stage = 'talking' AND ended_at IS NULL"
        await eventually(stand.database_url, query, equals=storm.speakers, within_seconds=LEAVE_SECONDS)
        with SoundTap(SPEAKERS) as tap:
            yield tap
        await _over(talks)


async def _phase(stand: Stand, storm: Storm, times: float, seconds: float) -> Phase:
    rate = storm.per_second(times)
    calls = max(1, round(rate * (seconds + storm.hold_seconds)))
    run = stand.callers(OUR_NUMBER, calls=calls, per_second=rate, hold_seconds=storm.hold_seconds)
    async with run:
        await asyncio.sleep(storm.hold_seconds)  # until as many are there as will be
        since = now()
        idle = await _watch(stand, storm.operators, seconds)
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


async def _nobody(stand: Stand, *, but: int = 0) -> None:
    query = "SELECT count(*) FROM call WHERE ended_at IS NULL"
    await eventually(stand.database_url, query, equals=but, within_seconds=LEAVE_SECONDS)


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
