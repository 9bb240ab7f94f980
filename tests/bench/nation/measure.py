"""What the application costs on the year, each beside the same on an empty database of the same server.

The retention comes last: it erases, so a second measurement on one database finds nothing to erase.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ari_app.core.ids import CallId, MunicipalityCode
from ari_app.core.numbers import E164
from ari_app.jobs.retention import erase_past
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.calls.reads import find_story, list_calls
from ari_app.storage.db.engine import Database, Pool
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.retention.person import list_person
from tests.bench.figures import Spread, Verdict, percentile
from tests.bench.nation.filling import connection_to, write_area
from tests.bench.nation.size import Town, Year, towns
from tests.bench.nation.traffic import Traffic
from tests.bench.processor import cpu_seconds
from tests.bench.start import REFERENCE, Spent, installed, spend

EMPTY = "ari_app_empty"
MOST_P99_RATIO, MOST_LIST_MS, MOST_STORY_MS, MOST_PERSON_MS, MOST_RETENTION_SECONDS = 1.2, 50.0, 20.0, 500.0, 600.0
#: so many lists and stories; a story is read for the first time, from the disk if need be
LISTS, STORIES, PEOPLE = 30, 200, 5
PERSON, STORY = "person", "story of a call"

Say = Callable[[str], None]
_PROVED = "SELECT coalesce(sum(rows_count), 0)::bigint FROM erasure"


@dataclass(frozen=True, slots=True)
class Turns:
    """How much is measured. `seconds`: of each turn of calls, on the one database and the other.

    `calm_seconds`, `retention_seconds`: of each turn of calls alone, and of calls beside the retention.
    """

    rounds: int = 5
    seconds: float = 30.0
    calm_seconds: float = 15.0
    retention_seconds: float = 45.0
    warm_up_seconds: float = 5.0


@dataclass
class Findings:
    """Milliseconds unless it says otherwise; `empty` and `full` have a list per round.

    `cpu`: of PostgreSQL in a round, per commit, empty and full. `calm` and `disturbed`: in turns while nothing was
    erased, and beside the retention.
    """

    empty: list[list[float]] = field(default_factory=list)
    full: list[list[float]] = field(default_factory=list)
    cpu: list[tuple[float, float]] = field(default_factory=list)
    reads: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)  # empty, full
    calm: list[list[float]] = field(default_factory=list)
    disturbed: list[list[float]] = field(default_factory=list)
    retention_seconds: float = 0.0
    erased_rows: int = 0
    call_id: str = ""  # of a call in the record

    def p99_ratio(self) -> Spread:
        return Spread.of([percentile(f, 99) / percentile(e, 99) for e, f in zip(self.empty, self.full, strict=True)])

    def disturbance(self) -> Spread:
        turns = zip(self.calm, self.disturbed, strict=True)
        return Spread.of([percentile(during, 99) / percentile(calm, 99) for calm, during in turns])

    def as_text(self) -> str:
        lines = [
            f"commits at 30 calls/s, {name}: p50 {_spread(rounds, 50)}, p99 {_spread(rounds, 99)}"
            for name, rounds in (("empty", self.empty), ("full", self.full))
        ]
        lines.append(f"p99, full / empty in the same round: {self.p99_ratio().as_text(' x')}")
        if self.cpu:
            cpu = (Spread.of(one).as_text(" ms") for one in zip(*self.cpu, strict=True))
            ratio = Spread.of([full / empty for empty, full in self.cpu]).as_text(" x")
            lines.append(f"CPU of PostgreSQL per commit: empty {next(cpu)}, full {next(cpu)}, ratio {ratio}")
        for name, (empty, full) in self.reads.items():
            lines.append(f"{name}: full {_both(full)}; empty {_both(empty)}")
        lines.append(f"retention: {self.erased_rows:,} rows in {self.retention_seconds:.1f} s")
        for name, turns in (("meanwhile", self.disturbed), ("in turn without it", self.calm)):
            lines.append(f"commits {name}: p50 {_spread(turns, 50)}, p99 {_spread(turns, 99)}")
        lines.append(f"p99, with / without in the same turn: {self.disturbance().as_text(' x')}")
        return "\n".join([*lines, *(verdict.as_text() for verdict in self.verdicts())])

    def verdicts(self) -> list[Verdict]:
        ratio = self.p99_ratio()
        disturbance = self.disturbance()
        found = [Verdict("p99 of a commit <= 1.2 x empty", ratio.middle <= MOST_P99_RATIO, ratio.as_text(" x"))]
        for name, (_, full) in self.reads.items():
            most = {STORY: MOST_STORY_MS, PERSON: MOST_PERSON_MS}.get(name, MOST_LIST_MS)
            found.append(Verdict(f"{name} <= {most:.0f} ms", percentile(full, 99) <= most, _both(full)))
        minutes = f"retention of a month <= {MOST_RETENTION_SECONDS / 60:.0f} minutes"
        found.append(
            Verdict(minutes, self.retention_seconds <= MOST_RETENTION_SECONDS, f"{self.retention_seconds:.1f} s")
        )
        found.append(
            Verdict(
                "p99 meanwhile <= 1.2 x without it", disturbance.middle <= MOST_P99_RATIO, disturbance.as_text(" x")
            )
        )
        return found


async def measure(url: str, year: Year, turns: Turns, say: Say, postgres_pid: int) -> Findings:
    """By the owner of a filled database; makes an empty one beside it, with the same area, and drops it."""
    every, findings = towns(year.share), Findings()
    async with connection_to(url) as owner:
        await owner.execute(f'DROP DATABASE IF EXISTS "{EMPTY}" WITH (FORCE)')
        await owner.execute(f'CREATE DATABASE "{EMPTY}"')
        empty_url = urlsplit(url)._replace(path=f"/{EMPTY}").geturl()
        await upgrade_to_head(empty_url)
        async with connection_to(empty_url) as empty_owner:
            await write_area(empty_owner, year)
        async with Database(url) as full, Database(empty_url) as empty:
            await measure_reads(findings, empty.background, full.background, every)
            say("reads measured")
            await measure_writes(findings, empty, full, every, turns, say, postgres_pid)
            now = datetime(year.until.year, year.until.month, year.until.day, 12, tzinfo=UTC)
            await measure_retention(findings, full, now, every, turns, say)
            say("retention measured")
        await owner.execute(f'DROP DATABASE "{EMPTY}" WITH (FORCE)')
    return findings


async def measure_reads(findings: Findings, empty: Pool, full: Pool, every: Sequence[Town]) -> None:
    newest = await full.fetchrow(
        "SELECT arrived_at, pii_caller_number AS number FROM call WHERE pii_caller_number"
        " IS NOT NULL ORDER BY arrived_at DESC LIMIT 1"
    )
    assert newest is not None, "the database is not filled"
    day, long_ago = newest["arrived_at"] - timedelta(days=1), newest["arrived_at"] - timedelta(days=400)
    for which, town in (("largest", every[0]), ("middle", every[len(every) // 2]), ("smallest", every[-1])):
        for period, since in (("a day", day), ("a year", long_ago)):

            async def listed(pool: Pool, since: datetime = since, code: str = town.code) -> object:
                return await list_calls(pool, None, since=since, municipality=MunicipalityCode(code))

            findings.reads[f"calls of the {which} municipality, {period}"] = (
                await _timed(LISTS, empty, listed),
                await _timed(LISTS, full, listed),
            )
    ids = await full.fetch(
        "SELECT id FROM call TABLESAMPLE SYSTEM (1) REPEATABLE (1) ORDER BY random() LIMIT $1", STORIES
    )
    findings.call_id = str(ids[0]["id"])
    chosen = iter([CallId(row["id"]) for row in ids])

    async def told(pool: Pool) -> object:
        return await find_story(pool, None, str(next(chosen))[:18])

    async def missing(pool: Pool) -> object:
        return await find_story(pool, None, findings.call_id)

    findings.reads[STORY] = (await _timed(len(ids), empty, missing), await _timed(len(ids), full, told))

    async def person(pool: Pool) -> object:
        return await list_person(pool, None, E164(newest["number"]), "bench", datetime.now(UTC))

    findings.reads[PERSON] = (await _timed(PEOPLE, empty, person), await _timed(PEOPLE, full, person))


async def _timed(times: int, pool: Pool, work: Callable[[Pool], Awaitable[object]]) -> list[float]:
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await work(pool)
        found.append((time.perf_counter() - began) * 1000)
    return found


async def measure_writes(
    findings: Findings,
    empty: Database,
    full: Database,
    every: Sequence[Town],
    turns: Turns,
    say: Say,
    postgres_pid: int,
) -> None:
    """In turn, so that a machine that grows slower does so for both."""
    both = {False: Traffic(empty, every), True: Traffic(full, every)}
    for traffic in both.values():
        await traffic.log_in()
        await traffic.run_for(turns.warm_up_seconds)
    for number in range(turns.rounds):
        used = {}
        for is_full in (False, True) if number % 2 == 0 else (True, False):
            before = cpu_seconds(postgres_pid)
            latencies = await both[is_full].run_for(turns.seconds)
            used[is_full] = (cpu_seconds(postgres_pid) - before) * 1000 / len(latencies)
            (findings.full if is_full else findings.empty).append(latencies)
        findings.cpu.append((used[False], used[True]))
        say(
            f"round {number + 1}: p99 empty {percentile(findings.empty[-1], 99):.1f} ms, "
            f"full {percentile(findings.full[-1], 99):.1f} ms, load average {os.getloadavg()[0]:.1f}"
        )
    for traffic in both.values():
        await traffic.log_out()


async def measure_retention(
    findings: Findings, full: Database, now: datetime, every: Sequence[Town], turns: Turns, say: Say
) -> None:
    """What is past its period at `now`, while calls go on; broken off from time to time, to measure calls alone."""
    area, traffic = await load_area(full.background), Traffic(full, every)
    await traffic.log_in()
    await traffic.run_for(turns.warm_up_seconds)
    proved = await full.background.fetchval(_PROVED)
    is_over = False
    while not is_over:
        findings.calm.append(await traffic.run_for(turns.calm_seconds))
        first, began = len(traffic.latencies_ms), time.monotonic()
        job = asyncio.create_task(erase_past(full.background, area, now))

        def is_turn_over(job: asyncio.Task[object] = job, ends: float = began + turns.retention_seconds) -> bool:
            return job.done() or time.monotonic() >= ends

        await traffic.run(is_turn_over)
        findings.disturbed.append(traffic.latencies_ms[first:])
        is_over = job.done()
        if is_over:
            await job
        else:
            job.cancel()
            await asyncio.wait([job])
        findings.retention_seconds += time.monotonic() - began
        findings.erased_rows = await full.background.fetchval(_PROVED) - proved
        say(
            f"retention: {findings.erased_rows:,} rows in {findings.retention_seconds:.0f} s; p99 without "
            f"{percentile(findings.calm[-1], 99):.1f} ms, with {percentile(findings.disturbed[-1], 99):.1f} ms, "
            f"load average {os.getloadavg()[0]:.1f}"
        )
    await traffic.log_out()


def commands(url: str, call_id: str, times: int = 7) -> dict[str, list[Spent]]:
    """The commands as a person types them, with the start of Python."""
    environment = installed({**os.environ, "DATABASE_URL": url})
    lines = {
        "python -c 'import click'": REFERENCE,
        "ari-app calls --municipality GM1000 --since 7d": (
            "-m",
            "ari_app",
            "calls",
            "--municipality",
            "GM1000",
            "--since",
            "7d",
        ),
        "ari-app calls show ID": ("-m", "ari_app", "calls", "show", call_id),
    }
    return {name: [spend(words, environment) for _ in range(times + 1)][1:] for name, words in lines.items()}


def _spread(rounds: Sequence[Sequence[float]], percent: float) -> str:
    return Spread.of([percentile(one, percent) for one in rounds]).as_text(" ms")


def _both(values: Sequence[float]) -> str:
    return f"p50 {percentile(values, 50):.1f} ms, p99 {percentile(values, 99):.1f} ms, most {max(values):.1f} ms"
