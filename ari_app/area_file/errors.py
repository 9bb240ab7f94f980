"""Errors of this room.

AreaFileError
└── AreaRefused   a file with mistakes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class AreaFileError(Exception):
    """Base of this room's errors."""


_LONGEST_PATH = 120  # characters
_LONGEST_SENTENCE = 500


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend in a file. `path` counts from 0; `line` is that on which the entry begins, if it is known.

    Path and sentence may hold words of the file. As text they are short and cannot steer a terminal.
    """

    path: str
    says: str
    line: int | None = None

    def __str__(self) -> str:
        path = _shown(self.path, _LONGEST_PATH)
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", path) if part)
        says = _shown(self.says, _LONGEST_SENTENCE)
        return f"{place}: {says}" if place else says


def _shown(text: str, longest: int) -> str:
    text = text if len(text) <= longest else f"{text[:longest]}…"
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class AreaRefused(AreaFileError):
    """A file with mistakes; nothing of it was imported. The text names every mistake, in the order of the file."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
