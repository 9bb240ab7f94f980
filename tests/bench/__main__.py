"""`python -m tests.bench`: see docs/bench.md."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import resource
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psutil

from ari_app.local import asterisk_root, process
from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.migrate import upgrade_to_head
from tests import machine as machines
from tests.acceptance.application import import_into
from tests.bench.capacity import CapacityFigures, measure_capacity
from tests.bench.clicking import ClickFigures, measure_clicks
from tests.bench.figures import Measured, Verdict, table, verdicts
from tests.bench.importing import ImportFigures, measure_import
from tests.bench.plan import Plan, arguments, plan_of
from tests.bench.processor import machine
from tests.bench.restart import CrowdedFigures, measure_crowded
from tests.bench.stand import Stand, area, exchange
from tests.bench.start import CommandFigures, measure_commands
from tests.bench.storm import measure_storm
from tests.bench.storm_figures import StormFigures
from tests.bench.throughput import measure, trace
from tests.bench.trace import Trace
from tests.bench.watch_figures import WatchFigures
from tests.bench.watching import measure_watch
from tests.roles import PASSWORDS

FILES_NEEDED = 16384


class Part(Protocol):
    """The figures of one question."""

    def as_text(self) -> str: ...

    def verdicts(self) -> list[Verdict]: ...


@dataclass(frozen=True, slots=True)
class Findings:
    rounds: list[list[Measured]]
    crowded: CrowdedFigures | None
    commands: CommandFigures | None
    country: ImportFigures | None = None
    clicks: ClickFigures | None = None
    capacity: CapacityFigures | None = None
    storm: StormFigures | None = None
    watch: WatchFigures | None = None

    def as_text(self) -> str:
        parts = [table(self.rounds)] if self.rounds else []
        parts += [part.as_text() for part in self._parts() if part is not None]
        parts.append("\n".join(verdict.as_text() for verdict in self.verdicts()))
        return "\n\n".join(parts)

    def verdicts(self) -> list[Verdict]:
        found = verdicts(self.rounds) if self.rounds else []
        for part in self._parts():
            found += [] if part is None else part.verdicts()
        return found

    def _parts(self) -> tuple[Part | None, ...]:
        return self.crowded, self.commands, self.country, self.clicks, self.capacity, self.storm, self.watch


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


async def run_trace(stand: Stand, plan: Plan) -> Trace:
    """The application alone, on a stand whose database is migrated and empty."""
    await import_into(stand.database_url, area(plan.agents))
    return await trace(stand, plan.load)


async def run(stand: Stand, plan: Plan) -> Findings:
    """Everything in the plan, on a stand whose database is migrated and empty."""
    operators = max(
        plan.agents,
        0 if plan.capacity is None else plan.capacity.talking,
        0 if plan.storm is None else plan.storm.operators,
        0 if plan.crowded is None else plan.crowded.talking,
        0 if plan.clicks is None else plan.clicks.operators,
        0 if plan.watch is None else plan.watch.operators,
    )
    commands = None
    if plan.command_rounds:
        commands = await asyncio.to_thread(measure_commands, stand.database_url, plan.command_rounds)
    imported = None if plan.country is None else await measure_import(stand.database_url, plan.country)
    await import_into(stand.database_url, area(operators))
    rounds = await measure(stand, plan.load, plan.rounds, say)
    clicks = None
    if plan.clicks is not None:
        say(f"{plan.clicks.per_second:g} commands of screens per second for {plan.clicks.seconds:g} s …")
        clicks = await measure_clicks(stand, plan.clicks)
    crowded = None
    if plan.crowded is not None:
        say(f"{plan.crowded.calls} live calls, and the application is killed …")
        crowded = await measure_crowded(stand, plan.crowded)
    capacity = None if plan.capacity is None else await measure_capacity(stand, plan.capacity, say)
    storm = None if plan.storm is None else await measure_storm(stand, plan.storm, say)
    watch = None if plan.watch is None else await measure_watch(stand, plan.watch, say)
    return Findings(rounds, crowded, commands, imported, clicks, capacity, storm, watch)


def main() -> int:
    """The exit code."""
    options = arguments()
    plan = plan_of(options)
    machines.tools(say)
    program = machines.program(say)
    sounds_dir = machines.sounds(say)
    if plan.watch is not None:
        machines.pages(say)
    allow_many_files()
    say(
        f"Asterisk {program.version}, Python {platform.python_version()}, on {machine()}; "
        f"load average {os.getloadavg()[0]:.2f}"
    )
    load = plan.load
    if plan.rounds:
        say(
            f"{load.per_second:g} calls per second for {load.seconds:g} s, each held {load.hold_seconds:g} s, "
            f"{plan.agents} operators or phones; rounds: {plan.rounds}"
        )
    with servers(program, sounds_dir, plan, options.keep) as stand:
        if options.trace:
            say(asyncio.run(run_trace(stand, plan)).as_text())
            return 0
        findings = asyncio.run(run(stand, plan))
    say(f"\nload average at the end: {os.getloadavg()[0]:.2f}\n" + findings.as_text())
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(findings), indent=1))
    return 1 if options.strict and not all(verdict.is_met for verdict in findings.verdicts()) else 0


def as_json(findings: Findings) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "rounds": [[asdict(measured) for measured in one_round] for one_round in findings.rounds],
        "crowded": None if findings.crowded is None else asdict(findings.crowded),
        "commands": None if findings.commands is None else asdict(findings.commands),
        "country": None if findings.country is None else asdict(findings.country),
        "clicks": None if findings.clicks is None else asdict(findings.clicks),
        "capacity": None if findings.capacity is None else asdict(findings.capacity),
        "storm": None if findings.storm is None else asdict(findings.storm),
        "web": None if findings.watch is None else asdict(findings.watch),
    }


def allow_many_files() -> None:
    """Each call takes Asterisk some eight descriptors, and it asks for no more than it is given."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_NEEDED:
        wanted = FILES_NEEDED if hard == resource.RLIM_INFINITY else min(hard, FILES_NEEDED)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def servers(program: asterisk_root.AsteriskProgram, sounds_dir: Path, plan: Plan, keep: Path | None) -> Iterator[Stand]:
    """PostgreSQL as in production, with a commit on the disk, and Asterisk. A killed bench is cleaned up first."""
    base = Path(tempfile.gettempdir()) / f"ari_app-bench-{os.getuid()}"
    base.mkdir(mode=0o711, exist_ok=True)
    for old in base.iterdir():
        if not psutil.pid_exists(int(old.name.partition("-")[0])):
            process.reap_leftover(old / "asterisk" / "launched.pid", signal.SIGTERM)
            process.reap_leftover(old / "postgres" / "postgres.pid", signal.SIGINT)
            shutil.rmtree(old, ignore_errors=True)
    directory = base / f"{os.getpid()}-{secrets.token_hex(2)}"
    directory.mkdir(mode=0o711)
    postgres = LocalPostgres(directory / "postgres", secrets.token_hex(16))
    own_sounds = shutil.copytree(sounds_dir, directory / "sounds")  # the application adds to them
    phones = max(plan.agents, 0 if plan.crowded is None else plan.crowded.talking)
    asterisk: LocalAsterisk = exchange(program, own_sounds, directory / "asterisk", phones)
    try:
        postgres.start()
        if plan.watch is not None:  # how soon a screen shows what was committed
            postgres.sql("ALTER SYSTEM SET track_commit_timestamp = on")
            postgres.stop()
            postgres.start()
        asyncio.run(upgrade_to_head(postgres.url(), PASSWORDS))
        asterisk.start()
        yield Stand(asterisk, postgres.url(), directory / "sipp", plan.agents, postgres.pid)
    finally:
        asterisk.stop()
        postgres.stop()
        if keep is not None:
            for name in ("sipp", "asterisk/log"):
                shutil.copytree(directory / name, keep / name, dirs_exist_ok=True)
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
