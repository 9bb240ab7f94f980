"""Errors of this room.

AreaFileError
└── AreaRefused   a file with mistakes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class AreaFileError(Exception):
    """Base of this room's errors."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend in a file. `path` counts from 0; `line` is that on which the entry begins, if it is known."""

    path: str
    says: str
    line: int | None = None

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.path) if part)
        return f"{place}: {self.says}" if place else self.says


class AreaRefused(AreaFileError):
    """A file with mistakes; nothing of it was imported. The text names every mistake, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
