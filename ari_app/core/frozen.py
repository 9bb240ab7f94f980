"""Whether the controller that holds the lock is frozen: decided by a standby, from what Postgres answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

#: A controller writes `node.seen_at` every second. One that notices by itself that it lost Postgres stops sooner than
#: this (`storage.db.lock`: PING_SECONDS + ANSWER_SECONDS).
FROZEN_AFTER_SECONDS = 4.0
#: Between two answers of Postgres. After a longer hole nobody knows who was silent: Postgres, standby, or holder.
LONGEST_HOLE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer of Postgres about the holder. `at`: the standby's monotonic clock, seconds, when it asked.

    `seen_at` and `unseen_seconds` are by Postgres's clock; None: this holder's program never wrote them.
    """

    at: float
    backend: int  # of the connection that holds the lock
    seen_at: datetime | None
    unseen_seconds: float | None


@dataclass(frozen=True, slots=True)
class Watch:
    """The same holder, not seen anew from the first sighting to the last, without a hole."""

    first: Sighting
    last: Sighting

    @property
    def is_frozen(self) -> bool:
        """By both clocks: the holder gets its time anew after each hole, and whenever the standby has just begun."""
        unseen = self.last.unseen_seconds
        watched = self.last.at - self.first.at
        return unseen is not None and min(unseen, watched) >= FROZEN_AFTER_SECONDS


def watch(before: Watch | None, sighting: Sighting | None) -> Watch | None:
    """The watch after one more look. None for `sighting`: Postgres did not answer, or nobody holds the lock."""
    if sighting is None:
        return None
    is_same = (
        before is not None
        and before.last.backend == sighting.backend
        and before.last.seen_at == sighting.seen_at
        and sighting.at - before.last.at <= LONGEST_HOLE_SECONDS
    )
    return replace(before, last=sighting) if before is not None and is_same else Watch(sighting, sighting)
