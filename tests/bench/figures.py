"""Measurements and their summary: a median with its spread, ratios within one round, aims met or missed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

#: the aims of `make bench`
LONGEST_P99_MS = 50.0
MOST_APPLICATION_CPU_MS = 15.0
MOST_ASTERISK_CPU_RATIO = 1.5
#: against app_queue in the same round: how long a caller waits, and the CPU of all that a call needs
MOST_P99_RATIO = 2.0
MOST_CPU_RATIO = 1.6

APPLICATION, QUEUE, DIAL = "application", "app_queue", "Dial()"


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender in one round. CPU in milliseconds per call; connect times in milliseconds per call."""

    contender: str
    calls: int
    failed: int
    connect_ms: tuple[float, ...]
    asterisk_cpu_ms: float
    application_cpu_ms: float | None = None
    postgres_cpu_ms: float | None = None

    @property
    def cpu_ms(self) -> float:
        """Of everything that this contender needs."""
        return self.asterisk_cpu_ms + (self.application_cpu_ms or 0.0) + (self.postgres_cpu_ms or 0.0)

    @property
    def p50_ms(self) -> float:
        return percentile(self.connect_ms, 50)

    @property
    def p99_ms(self) -> float:
        return percentile(self.connect_ms, 99)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed; not a number when there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure over several rounds."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(median(values), min(values), max(values))

    def as_text(self, unit: str = "") -> str:
        return f"{_short(self.middle)}{unit} ({_short(self.least)}-{_short(self.most)})"


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def _asterisk_cpu(measured: Measured) -> float:
    return measured.asterisk_cpu_ms


def ratios(
    rounds: Sequence[Sequence[Measured]], reference: str, figure: Callable[[Measured], float] = _asterisk_cpu
) -> Spread:
    """A figure of this application, Asterisk's CPU per call, as a multiple of the reference in the same round."""
    found = []
    for one_round in rounds:
        figures = {measured.contender: figure(measured) for measured in one_round}
        found.append(figures[APPLICATION] / figures[reference])
    return Spread.of(found)


def _p99(measured: Measured) -> float:
    return measured.p99_ms


def _cpu(measured: Measured) -> float:
    return measured.cpu_ms


@dataclass(frozen=True, slots=True)
class Verdict:
    """One aim, and whether it was met."""

    aim: str
    is_met: bool
    measured: str

    def as_text(self) -> str:
        return f"{'PASS' if self.is_met else 'FAIL'}  {self.aim}: {self.measured}"


def verdicts(rounds: Sequence[Sequence[Measured]]) -> list[Verdict]:
    """The aims, by the median of the rounds; no call may fail in any of them."""
    ours = [measured for one_round in rounds for measured in one_round if measured.contender == APPLICATION]
    failed = sum(measured.failed for measured in ours)
    p99 = Spread.of([measured.p99_ms for measured in ours])
    cpu = Spread.of([measured.application_cpu_ms or 0.0 for measured in ours])
    ratio, p99_ratio, cpu_ratio = (ratios(rounds, QUEUE, figure) for figure in (_asterisk_cpu, _p99, _cpu))
    return [
        Verdict("no failed call", failed == 0, f"{failed} of {sum(measured.calls for measured in ours)}"),
        Verdict(f"p99 <= {LONGEST_P99_MS:.0f} ms", p99.middle <= LONGEST_P99_MS, p99.as_text(" ms")),
        Verdict(
            f"application CPU <= {MOST_APPLICATION_CPU_MS:.0f} ms per call",
            cpu.middle <= MOST_APPLICATION_CPU_MS,
            cpu.as_text(" ms"),
        ),
        Verdict(
            f"Asterisk CPU <= {MOST_ASTERISK_CPU_RATIO:.1f} x app_queue",
            ratio.middle <= MOST_ASTERISK_CPU_RATIO,
            ratio.as_text(" x"),
        ),
        Verdict(f"p99 <= {MOST_P99_RATIO:g} x app_queue", p99_ratio.middle <= MOST_P99_RATIO, p99_ratio.as_text(" x")),
        Verdict(
            f"CPU of Asterisk + application + PostgreSQL <= {MOST_CPU_RATIO:g} x app_queue",
            cpu_ratio.middle <= MOST_CPU_RATIO,
            cpu_ratio.as_text(" x"),
        ),
    ]


def table(rounds: Sequence[Sequence[Measured]]) -> str:
    """One line per contender: the median of the rounds, and the least and the most of them."""
    lines = [
        f"{'':<13}{'Asterisk CPU/call':<24}{'application CPU/call':<24}{'PostgreSQL CPU/call':<24}"
        f"{'bridged after, p50':<24}{'p99':<24}failed"
    ]
    for contender in (APPLICATION, QUEUE, DIAL):
        mine = [measured for one_round in rounds for measured in one_round if measured.contender == contender]
        if not mine:
            continue
        cells = [
            Spread.of([measured.asterisk_cpu_ms for measured in mine]).as_text(" ms"),
            _optional([measured.application_cpu_ms for measured in mine]),
            _optional([measured.postgres_cpu_ms for measured in mine]),
            Spread.of([measured.p50_ms for measured in mine]).as_text(" ms"),
            Spread.of([measured.p99_ms for measured in mine]).as_text(" ms"),
        ]
        failed = f"{sum(measured.failed for measured in mine)} of {sum(measured.calls for measured in mine)}"
        lines.append(f"{contender:<13}" + "".join(f"{cell:<24}" for cell in cells) + failed)
    for reference in (QUEUE, DIAL):
        lines.append(
            f"application / {reference}: Asterisk CPU {ratios(rounds, reference).as_text()}, "
            f"CPU of all three {ratios(rounds, reference, _cpu).as_text()}, "
            f"p99 {ratios(rounds, reference, _p99).as_text()}"
        )
    return "\n".join(lines)


def _optional(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return Spread.of(known).as_text(" ms") if known else "-"
