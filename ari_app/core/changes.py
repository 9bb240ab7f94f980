"""What a screen shows has changed: which row, and how far a reader has come.

A change is numbered by the transaction that made it. Numbers are given when a transaction begins to write, so one that
takes long commits after later ones. A `Position` therefore says which numbers its reader has not seen: those that were
still open, and all from `upcoming` on. No change is missed by that, none comes twice, and nobody waits for an open one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from ari_app.core.access import NOBODYS, Scope
from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.skills import skills_of


class ChangeKind(StrEnum):
    """The kind of row that is to be read again; it may be gone."""

    CALL = "call"  # with its facts, legs, transfers and allowances
    VISIT = "visit"  # a stay in a queue
    SESSION = "session"  # of an operator, with the state
    REQUEST = "request"  # to be called back, with its attempts
    REMINDER = "reminder"  # of a request, or of a day's requests
    CALAMITY = "calamity"
    COMMAND = "command"  # of somebody at a screen, answered
    AREA = "area"  # anything that an area file or a directory says about the municipality


@dataclass(frozen=True, slots=True)
class Change:
    """One row that changed. `id` is that of the row; of an area it is the municipality's code.

    A call that went to another municipality is a change of both. A session belongs to the municipalities that its
    operator has a skill for.
    """

    number: int
    kind: ChangeKind
    id: str
    municipality: MunicipalityCode | None
    operator: OperatorNumber | None
    changed_at: datetime

    def scope(self, area: Area) -> Scope:
        """The municipalities whose change it is: of a session those that its operator answers for; of what belongs to
        none, nobody's, which only readers of the whole group read.
        """
        if self.kind is ChangeKind.SESSION and self.operator is not None:
            return skills_of(area, self.operator).any
        return NOBODYS if self.municipality is None else frozenset({self.municipality})


@dataclass(frozen=True, slots=True)
class Seen:
    """A moment of the database: it shows all numbers below `upcoming`, but for the `unfinished` ones."""

    upcoming: int
    unfinished: frozenset[int]

    @classmethod
    def parse(cls, snapshot: str) -> Self:
        """Of Postgres's own notation, such as `10:20:10,14`. Raises ValueError."""
        _, upcoming, unfinished = snapshot.split(":")
        return cls(int(upcoming), frozenset(map(int, filter(None, unfinished.split(",")))))


_POSITION = re.compile(r"(?P<origin>[0-9a-f]{12}):(?P<upcoming>[0-9]{1,19})(:(?P<missing>[0-9]{1,19}(,[0-9]{1,19})*))?")
#: numbers are signed 64-bit integers in the log
_LARGEST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader has come: it knows every change below `upcoming`, but for the `missing` ones.

    `origin`: the database that numbers belong to; after a restore, a failover or a crash it is another.
    """

    origin: str
    upcoming: int
    missing: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position of `str(position)`. Raises ValueError."""
        found = _POSITION.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no position")
        upcoming, missing = (
            int(found["upcoming"]),
            frozenset(map(int, filter(None, (found["missing"] or "").split(",")))),
        )
        if max({upcoming, *missing}) > _LARGEST_NUMBER:
            raise ValueError(f"{text!r} has a number that no transaction has")
        return cls(found["origin"], upcoming, missing)

    def __str__(self) -> str:
        missing = ",".join(map(str, sorted(self.missing)))
        return f"{self.origin}:{self.upcoming}" + (f":{missing}" if missing else "")

    @property
    def number(self) -> int:
        """The reader has passed every number below this one: none of them comes any more. It never goes back."""
        return min(self.missing, default=self.upcoming)

    def has(self, number: int) -> bool:
        """Whether the reader knows the change with this number already."""
        return number < self.upcoming and number not in self.missing

    def joined(self, other: Position) -> Position:
        """The position of a reader that knows what either of them knows."""
        missing = frozenset(one for one in self.missing | other.missing if not self.has(one) and not other.has(one))
        return Position(self.origin, max(self.upcoming, other.upcoming), missing)

    def moved(self, now: Seen, *, last: int | None = None) -> Position:
        """The position of a reader that has read on at the moment `now`: everything, or only numbers up to `last`."""
        upcoming = now.upcoming if last is None else max(self.upcoming, last + 1)
        still = {number for number in self.missing if number in now.unfinished or _is_after(number, last)}
        new = {number for number in now.unfinished if self.upcoming <= number < upcoming}
        return Position(self.origin, upcoming, frozenset(still | new))


def _is_after(number: int, last: int | None) -> bool:
    return last is not None and number > last


@dataclass(frozen=True, slots=True)
class ChangeLog:
    """The state of the log as a reader finds it: `kept_from`: numbers below may have been removed from it."""

    origin: str  # of the server
    kept_origin: str  # of the numbers in the log
    kept_from: int


def must_start_anew(position: Position | None, log: ChangeLog, now: Seen) -> bool:
    """Whether the log cannot tell this reader all it has not seen: then it reads everything, and goes on from now."""
    return (
        position is None
        or not position.origin == log.origin == log.kept_origin
        or position.number < log.kept_from
        or position.upcoming > now.upcoming
    )


@dataclass(frozen=True, slots=True)
class ChangePage:
    """The answer to "what changed since": each row once, in the order of its last number.

    `start_anew`: read everything, then ask again with `position`. `has_more`: ask again at once.
    """

    changes: tuple[Change, ...]
    position: Position
    start_anew: bool = False
    has_more: bool = False


def each_once(changes: Collection[Change]) -> tuple[Change, ...]:
    """The last change of each row and municipality; `changes` are in the order of their numbers."""
    last = {(change.kind, change.id, change.municipality): change for change in changes}
    return tuple(sorted(last.values(), key=lambda change: change.number))
