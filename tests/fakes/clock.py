"""A clock whose hands the test turns."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count


@dataclass(slots=True)
class _Alarm:
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class FakeClock:
    """Stands still until `advance`. Tasks get their turn after every alarm."""

    def __init__(self, now: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._alarms: list[tuple[datetime, int, _Alarm]] = []  # a heap
        self._numbers = count()
        #: called just before and just after anything happens: all that is so in between lasts
        self.observer: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self._now

    def call_at(self, at: datetime, callback: Callable[[], None]) -> _Alarm:
        alarm = _Alarm(callback)
        heapq.heappush(self._alarms, (at, next(self._numbers), alarm))
        return alarm

    def set_back(self, seconds: float) -> None:
        """Somebody sets the machine's clock. An alarm goes off as long from now as before."""
        step = timedelta(seconds=seconds)
        self._now -= step
        self._alarms = [(at - step, number, alarm) for at, number, alarm in self._alarms]

    async def advance(self, seconds: float) -> None:
        """Turn the hands; every alarm on the way goes off at its moment."""
        target = self._now + timedelta(seconds=seconds)
        await settle()
        self.observer()
        while self._alarms and self._alarms[0][0] <= target:
            at, _, alarm = heapq.heappop(self._alarms)
            if alarm.cancelled:
                continue
            self._now = max(self._now, at)
            self.observer()
            alarm.callback()
            await settle()
            self.observer()
        self._now = target
        self.observer()
        await settle()
        self.observer()


#: tasks that are still running after so many turns keep each other running
MOST_TURNS = 100_000
_settling: list[object] = []


async def settle() -> None:
    """Let every task run until all of them wait. A task may call it too: then the newest call returns first.

    The event loop has no public way to tell that nobody is ready to run. Counting turns instead took nine tenths of
    the time of these tests.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    myself = object()
    _settling.append(myself)
    try:
        for _ in range(MOST_TURNS):
            if _settling[-1] is myself and len(ready) < len(_settling):
                return
            await asyncio.sleep(0)
        raise AssertionError("tasks keep each other running")
    finally:
        _settling.remove(myself)
