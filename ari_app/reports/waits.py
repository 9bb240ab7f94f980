"""How long a caller waited for the first answer, as a key of a bucket: in whole seconds, by what came of it. Pure.

Seconds are rounded up, so that a wait is within a norm of whole seconds exactly when its seconds are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

from ari_app.core.queue_visits import VisitOutcome
from ari_app.core.service_level import CHOSE_TO_LEAVE


class Clock(StrEnum):
    """The moment from which a wait is counted."""

    QUEUE = "queue"  # the caller came into the queue
    ARRIVAL = "arrival"  # the call arrived on our number


class WaitEnd(StrEnum):
    """What came of a caller's first stay in a queue."""

    ANSWERED = "a"
    HUNG_UP = "h"
    CHOSE_CALLBACK = "c"
    OTHER = "o"  # waited too long, nobody there, the dialplan's fallback, lost


_CLOCKS = {Clock.QUEUE: "q", Clock.ARRIVAL: "r"}
_SECOND = timedelta(seconds=1)
_BY_LETTER = {letter: clock for clock, letter in _CLOCKS.items()}


@dataclass(frozen=True, slots=True)
class Wait:
    clock: Clock
    end: WaitEnd
    in_calamity: bool
    seconds: int


@lru_cache(maxsize=65_536)
def wait_key(clock: Clock, end: WaitEnd, in_calamity: bool, seconds: int) -> str:
    """Such as `q:a:12`; with a `!` after the end when the caller heard a calamity text."""
    return f"{_CLOCKS[clock]}:{end}{'!' if in_calamity else ''}:{seconds}"


@lru_cache(maxsize=65_536)
def wait_of(key: str) -> Wait | None:
    """None for the key of something else."""
    clock, _, rest = key.partition(":")
    if clock not in _BY_LETTER:
        return None
    end, _, seconds = rest.partition(":")
    return Wait(_BY_LETTER[clock], WaitEnd(end.rstrip("!")), end.endswith("!"), int(seconds))


def whole_seconds(waited: timedelta) -> int:
    return max(0, -(-waited // _SECOND))


def end_of(outcome: VisitOutcome) -> WaitEnd | None:
    """None: the stay does not count, for the caller went on to another queue without an answer."""
    if outcome is VisitOutcome.MOVED:
        return None
    if outcome is VisitOutcome.ANSWERED:
        return WaitEnd.ANSWERED
    if outcome is VisitOutcome.ABANDONED:
        return WaitEnd.HUNG_UP
    return WaitEnd.CHOSE_CALLBACK if outcome in CHOSE_TO_LEAVE else WaitEnd.OTHER
