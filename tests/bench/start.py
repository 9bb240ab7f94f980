"""How much a command costs that a person types, as a multiple of reading `click` alone, measured in turn."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import Spread, Verdict

REFERENCE = ("-c", "import click")
HELP, CALLS = "ari-app --help", "ari-app calls"
#: each command with its words and the most that it may cost, in multiples of the reference
COMMANDS: Mapping[str, tuple[tuple[str, ...], float]] = {
    HELP: (("-m", "ari_app", "--help"), 3.0),
    CALLS: (("-m", "ari_app", "calls"), 6.0),
}
ROUNDS = 15
#: Some environments forbid Python to keep what it compiled. And structlog reads rich where there is one, which comes
#: with the tools of developers: `without_tools` has a module of that name that cannot be imported.
INSTALLED: Mapping[str, str] = {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPATH": os.pathsep.join(
        filter(None, (str(Path(__file__).parent / "without_tools"), os.environ.get("PYTHONPATH")))
    ),
}


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU time and memory of a process from its start to its end."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True, slots=True)
class CommandFigures:
    """CPU seconds of the reference and of each command, one of each per round."""

    reference: tuple[float, ...]
    commands: Mapping[str, tuple[float, ...]]

    def ratios(self, command: str) -> Spread:
        """Within a round, so that a machine that grows slower does so for both."""
        return Spread.of([used / base for used, base in zip(self.commands[command], self.reference, strict=True)])

    def as_text(self) -> str:
        base = Spread.of([used * 1000 for used in self.reference])
        lines = [f"CPU of `python -c 'import click'`: {base.as_text(' ms')}"]
        for command, used in self.commands.items():
            own = Spread.of([seconds * 1000 for seconds in used])
            lines.append(f"CPU of `{command}`: {own.as_text(' ms')}, {self.ratios(command).as_text()} times that")
        return "\n".join(lines)

    def verdicts(self) -> list[Verdict]:
        """By the median of the rounds."""
        return [
            Verdict(
                f"CPU of {command} <= {most:g} x import click",
                self.ratios(command).middle <= most,
                self.ratios(command).as_text(" x"),
            )
            for command, (_, most) in COMMANDS.items()
        ]


def measure_commands(database_url: str, rounds: int = ROUNDS) -> CommandFigures:
    """Every command on this database, after one turn of each that is not counted: Python keeps what it compiled."""
    environment = installed({**os.environ, "DATABASE_URL": database_url})
    everything = {"reference": REFERENCE, **{command: words for command, (words, _) in COMMANDS.items()}}
    used: dict[str, list[float]] = {name: [] for name in everything}
    for number in range(rounds + 1):
        for name, words in everything.items():
            spent = spend(words, environment)
            if number:
                used[name].append(spent.cpu_seconds)
    return CommandFigures(tuple(used.pop("reference")), {name: tuple(found) for name, found in used.items()})


def reference_seconds() -> float:
    """How long the reference takes now, by the clock on the wall: what else runs on this machine is in it."""
    return spend(REFERENCE, installed(os.environ)).wall_seconds


def installed(environment: Mapping[str, str]) -> dict[str, str]:
    """As after an installation: Python keeps what it compiled, and has no tools of developers to read."""
    return {**environment, **INSTALLED}


def spend(words: Sequence[str], environment: Mapping[str, str]) -> Spent:
    """Run Python with these words to its end, unseen. Raises AssertionError when it does not end well."""
    unseen = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    began = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, *words], environment, file_actions=unseen)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    assert os.waitstatus_to_exitcode(status) == 0, f"it failed: {' '.join(words)}"
    return Spent(used.ru_utime + used.ru_stime, wall)
