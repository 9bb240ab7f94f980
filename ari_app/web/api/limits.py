"""How much one sender may ask of this process: requests in a minute, and streams at the same time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: of somebody who is logged in on the pages, and of requests without a login from one address
PEOPLES_PER_MINUTE, STRANGERS_PER_MINUTE = 600, 60
MOST_STREAMS, MOST_STREAMS_IN_ALL = 4, 500
_MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rates:
    """A bucket for each sender: full it holds a minute's requests, and it fills as the time goes.

    Each process counts for itself. `clock`: in seconds, and never backwards.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, sender: str, per_minute: int) -> int | None:
        """One request more. None: it may; else so many seconds are to be waited."""
        now = self._clock()
        bucket = self._buckets.pop(sender, None) or _Bucket(per_minute, now)
        bucket.left = min(float(per_minute), bucket.left + (now - bucket.at) * per_minute / 60)
        bucket.at = now
        self._buckets[sender] = bucket  # the one that was used last is the last to be forgotten
        if len(self._buckets) > _MOST_REMEMBERED:
            del self._buckets[next(iter(self._buckets))]
        if bucket.left >= 1:
            bucket.left -= 1
            return None
        return math.ceil((1 - bucket.left) * 60 / per_minute)


class Streams:
    """The streams that are open in this process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def one(self, sender: str) -> Iterator[bool]:
        """Whether this sender may have one more, for the time of the block."""
        may = self._open[sender] < MOST_STREAMS and self._open.total() < MOST_STREAMS_IN_ALL
        if not may:
            yield False
            return
        self._open[sender] += 1
        try:
            yield True
        finally:
            self._open[sender] -= 1
            if not self._open[sender]:
                del self._open[sender]
