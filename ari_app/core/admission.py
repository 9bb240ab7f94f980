"""More callers than this machine can carry: what is left out, step by step, and whether one more may come in. Pure.

The load of a phone line has a physical limit. Beyond it, somebody gets less: first what nobody misses, then new callers
wait without music, then new callers hear that all lines are busy and are called back, and then the network is told so
before it brings them. A talk, and a caller who waits, never pay for a new caller.

Measured signals ask for a step. It is reached soon and left slowly, one step at a time, so that the rule does not swing
with the load that it takes away. Instants are timezone-aware UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

#: after a change, a higher step is reached no sooner than this
RISE_AFTER = timedelta(milliseconds=500)
#: a step is left when no signal asked for it for so long: from the highest to none within 6 s
FALL_AFTER = timedelta(milliseconds=1500)
#: of its threshold, a signal asks to stay; below, it does not
RELEASE = 0.8
#: signals are taken so often
SAMPLE = timedelta(milliseconds=250)
#: of how this machine does, only what lasted for so long, in so many samples at least, asks for a step
LASTING = timedelta(seconds=1)
SAMPLES = 4
#: of fewer orders or events than these nothing is concluded
FEWEST = 3


class Step(IntEnum):
    """What is left out. Each has what the ones before it have."""

    NORMAL = 0
    NO_EXTRAS = 1  # no position announcements, spoken reminders and nightly jobs
    RINGING = 2  # new callers in the queue hear ringing instead of music
    TURNING_AWAY = 3  # new callers hear why nobody answers, and are called back
    BUSY = 4  # new callers hear busy, before the application knows of them

    @property
    def word(self) -> str:
        """As the record, the log and /health say it."""
        return self.name.lower()


class Signal(StrEnum):
    """What asks for a step."""

    ORDERS = "orders"  # seconds until Asterisk has done an order
    EVENTS = "events"  # seconds until an event of Asterisk is here
    LOOP = "loop"  # seconds that this process is late
    CALLS = "calls"  # live calls, as a share of the capacity
    SOUND = "sound"  # pairs of ports for sound in use, as a share of all
    TURNED_AWAY = "turned_away"  # callers who hear why nobody answers, as a share of those who may at the same time


#: the signals that say how this machine is doing, whatever its settings promise
HEALTH = frozenset({Signal.ORDERS, Signal.EVENTS, Signal.LOOP})
_NEVER = float("inf")
_SOONEST_OF, _STRETCH = timedelta(minutes=1), timedelta(seconds=2)
#: from which value on a signal asks for NO_EXTRAS, RINGING, TURNING_AWAY, BUSY
THRESHOLDS: Mapping[Signal, tuple[float, float, float, float]] = {
    Signal.ORDERS: (0.25, 0.5, 1.0, 2.5),
    Signal.EVENTS: (0.25, 0.5, 1.0, 2.5),
    Signal.LOOP: (0.1, 0.25, 0.5, 1.5),
    Signal.CALLS: (0.8, 0.9, _NEVER, _NEVER),  # who may come in then: `core.shares`
    Signal.SOUND: (0.85, 0.9, 0.95, 0.98),
    Signal.TURNED_AWAY: (0.001, 0.001, 0.001, 1.0),
}


_STEPS = tuple(Step)
_KEPT = {signal: [threshold * RELEASE for threshold in thresholds] for signal, thresholds in THRESHOLDS.items()}


def asked_for(signal: Signal, value: float) -> Step:
    """The step that this value asks for."""
    return _STEPS[bisect_right(THRESHOLDS[signal], value)]


def keeps(signal: Signal, value: float) -> Step:
    """The step that this value does not let go of."""
    return _STEPS[bisect_right(_KEPT[signal], value)]


@dataclass(frozen=True, slots=True)
class Level:
    """The present step: since when, because of which signal (None at NORMAL), and since when nothing asks for it."""

    since: datetime
    step: Step = Step.NORMAL
    signal: Signal | None = None
    calm_since: datetime | None = None


def after_signals(level: Level, values: Mapping[Signal, float], now: datetime) -> Level:
    """The level after these signals. A signal without a value asks for nothing.

    After the clock was set back, the times that have to pass begin anew.
    """
    if level.since > now or (level.calm_since is not None and level.calm_since > now):
        level = replace(level, since=min(level.since, now), calm_since=None)
    asked, signal = max(((asked_for(one, value), one) for one, value in values.items()), default=(Step.NORMAL, None))
    if asked > level.step:
        return Level(now, asked, signal) if now - level.since >= RISE_AFTER else _without_calm(level)
    kept = max((keeps(one, value) for one, value in values.items()), default=Step.NORMAL)
    if kept >= level.step:
        return _without_calm(level)
    calm_since = level.calm_since or now
    if now - calm_since < FALL_AFTER:
        return replace(level, calm_since=calm_since)
    step = Step(level.step - 1)
    return Level(now, step, None if step is Step.NORMAL else level.signal, now)


def _without_calm(level: Level) -> Level:
    return level if level.calm_since is None else replace(level, calm_since=None)


class Verdict(StrEnum):
    """What becomes of a new caller."""

    ADMITTED = "admitted"
    TURNED_AWAY = "turned_away"
    BUSY = "busy"


class LagMeter:
    """How late what comes is, compared with the soonest of the last minute: clocks may differ."""

    def __init__(self) -> None:
        self._soonest: list[tuple[datetime, float]] = []  # one per stretch, the newest last
        self._since: list[float] = []  # since `take`

    def add(self, now: datetime, seconds: float) -> None:
        """Something came so many seconds after its moment by another clock; negative where that clock is ahead."""
        self._since.append(seconds)
        is_set_back = bool(self._soonest) and self._soonest[-1][0] > now
        if not self._soonest or is_set_back or now - self._soonest[-1][0] >= _STRETCH:
            kept = [one for one in self._soonest if now - _SOONEST_OF < one[0] <= now]
            self._soonest = [*kept, (now, seconds)]
        elif seconds < self._soonest[-1][1]:
            self._soonest[-1] = (self._soonest[-1][0], seconds)

    def take(self) -> float:
        """Nine tenths of what came since the last time were no later than this; 0.0 when too little came to tell."""
        late, self._since = sorted(self._since), []
        return p90(late) - min(seconds for _, seconds in self._soonest) if len(late) >= FEWEST else 0.0


class Lasting:
    """A measured value as it lasted: the least of the last second. A hiccup is none, and neither is too few of them."""

    def __init__(self) -> None:
        self._found: list[tuple[datetime, float]] = []

    def add(self, now: datetime, value: float) -> float:
        """Add what was measured now, and return what lasted."""
        since = now - LASTING
        self._found = [one for one in self._found if since < one[0] <= now]
        self._found.append((now, value))
        return min(value for _, value in self._found) if len(self._found) >= SAMPLES else 0.0


def p90(ordered: Sequence[float]) -> float:
    """The value that nine tenths do not exceed."""
    return ordered[(9 * len(ordered) + 9) // 10 - 1]
