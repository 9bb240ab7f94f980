"""The figures of a period for readers: every measure, with its definition and what it was compared with. Pure.

A municipality's choices may change within the period. Then the figures are taken twice, each time for the whole period:
by the choices of its first day, and by those of its last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from ari_app.core.area import Area, Norms
from ari_app.core.ids import MunicipalityCode
from ari_app.reports.choices import Choices, changes_within, in_force
from ari_app.reports.measures import MEASURES, Figure, Measure
from ari_app.reports.reading import Bucket, Sums
from ari_app.reports.tally import Tally


@dataclass(frozen=True, slots=True)
class Line:
    """`earlier`: by the choices of the first day of the period, where they are others than those of the last."""

    measure: Measure
    figure: Figure
    earlier: Figure | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`changed_on`: the days within the period from which a municipality's choices are others."""

    sums: Sums
    tally: Tally
    lines: tuple[Line, ...]
    changed_on: tuple[tuple[MunicipalityCode, date], ...]

    def line(self, code: str) -> Line:
        return next(line for line in self.lines if line.measure.code == code)


def norm_of(area: Area, municipality: str, choices: Choices) -> int:
    """That of the choices, else of the area file; of calls of no municipality the program's."""
    if choices.norm_seconds is not None:
        return choices.norm_seconds
    known = area.municipalities.get(MunicipalityCode(municipality))
    return (Norms() if known is None else known.norms).answer_within_seconds


def choices_on(area: Area, sums: Sums, day: date) -> Callable[[str], tuple[Choices, int]]:
    """The choices of each municipality that are in force on this day, each found once."""
    found: dict[str, tuple[Choices, int]] = {}

    def of(municipality: str) -> tuple[Choices, int]:
        if municipality not in found:
            choices = in_force(sums.definitions, municipality, day)
            found[municipality] = (choices, norm_of(area, municipality, choices))
        return found[municipality]

    return of


def tally_of(area: Area, sums: Sums, day: date, buckets: Iterable[Bucket]) -> Tally:
    """These buckets by the choices of this day, without the time of teams."""
    choices, tally = choices_on(area, sums, day), Tally()
    for bucket in buckets:
        tally.add(bucket.counts, *choices(bucket.municipality))
    return tally


def grouped(area: Area, sums: Sums, key: Callable[[Bucket], str]) -> Mapping[str, Tally]:
    """By municipality, team or number, in the order of their codes."""
    choices, found = choices_on(area, sums, sums.period.last), dict[str, Tally]()
    for bucket in sums.buckets:
        found.setdefault(key(bucket), Tally()).add(bucket.counts, *choices(bucket.municipality))
    return dict(sorted(found.items()))


def report_of(area: Area, sums: Sums) -> Report:
    tally = _whole(area, sums, sums.period.last)
    changed = _changes(sums)
    earlier = _whole(area, sums, sums.period.first) if changed else None
    lines = tuple(
        Line(one, one.figure(tally), None if earlier is None else one.figure(earlier)) for one in MEASURES.values()
    )
    return Report(sums, tally, lines, changed)


def _whole(area: Area, sums: Sums, day: date) -> Tally:
    tally = tally_of(area, sums, day, sums.buckets)
    for spent in sums.team_ms.values():
        tally.team_ms.update(spent)
    return tally


def _changes(sums: Sums) -> tuple[tuple[MunicipalityCode, date], ...]:
    towns = sorted({one.municipality for one in sums.definitions})
    return tuple(
        (town, day)
        for town in towns
        for day in changes_within(sums.definitions, town, sums.period.first, sums.period.last)
    )
