"""The shape of a measure, and the formulas that several have. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ari_app.reports.tally import Tally


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"  # per cent
    SECONDS = "seconds"


class Group(StrEnum):
    """The heading under which a measure stands."""

    CALLS = "Gesprekken"
    WAITING = "Wachten"
    HANDLING = "Helpen"
    CALLBACKS = "Terugbellen"
    TEAM = "Tijd van medewerkers"
    QUALITY = "Keuzemenu en kwaliteit"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` None: there is nothing to take it of, or too little of it for a share. `of`: what it rests on."""

    value: float | None
    of: int
    is_too_few: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """`formula`: for whoever checks it, in the keys of a bucket."""

    code: str
    name: str
    group: Group
    unit: Unit
    definition: str
    formula: str
    figure: Callable[[Tally], Figure]


def count_of(*keys: str) -> Callable[[Tally], Figure]:
    def figure(tally: Tally) -> Figure:
        found = tally.sum(*keys)
        return Figure(found, found)

    return figure


def share(part: Callable[[Tally], int], whole: Callable[[Tally], int]) -> Callable[[Tally], Figure]:
    def figure(tally: Tally) -> Figure:
        of = whole(tally)
        if of < max(1, tally.fewest_calls):
            return Figure(None, of, is_too_few=of > 0)
        return Figure(100 * part(tally) / of, of)

    return figure


def mean(milliseconds: str, of: str) -> Callable[[Tally], Figure]:
    def figure(tally: Tally) -> Figure:
        count = tally.counts[of]
        return Figure(tally.counts[milliseconds] / count / 1000 if count else None, count)

    return figure


def plain(code: str, name: str, group: Group, definition: str, *keys: str) -> Measure:
    return Measure(code, name, group, Unit.COUNT, definition, " + ".join(keys), count_of(*keys))
