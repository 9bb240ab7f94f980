"""Changes of calls that are heard while something is read: the read may be of before them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID


class Hearing:
    """For reads that alone tell which calls a screen shows: such a change cannot mark the screen when it is heard."""

    def __init__(self) -> None:
        self._reads: list[set[UUID]] = []  # one for each read that is under way

    def heard(self, call: UUID) -> None:
        for calls in self._reads:
            calls.add(call)

    @contextmanager
    def during(self) -> Iterator[set[UUID]]:
        """The calls that changed within the block."""
        calls: set[UUID] = set()
        self._reads.append(calls)
        try:
            yield calls
        finally:
            self._reads = [one for one in self._reads if one is not calls]
