"""The moment now, and waiting until a moment; handed in, so that tests set the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def now(self) -> datetime:
        """The moment now, UTC."""
        ...

    def call_at(self, at: datetime, callback: Callable[[], None]) -> Timer:
        """Call back at or soon after `at`; when that has passed, at once, but not before this call returns."""
        ...


class SystemClock:
    """The machine's clock. Deadlines are instants: after a sleep of the machine, all that is due comes at once."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, at: datetime, callback: Callable[[], None]) -> asyncio.TimerHandle:
        seconds = max(0.0, (at - self.now()).total_seconds())
        return asyncio.get_running_loop().call_later(seconds, callback)


async def sleep_until(clock: Clock, at: datetime) -> None:
    """Return at or soon after `at`."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not done.done():
            done.set_result(None)

    timer = clock.call_at(at, wake)
    try:
        await done
    finally:
        timer.cancel()


@asynccontextmanager
async def time_limit(clock: Clock, duration: timedelta) -> AsyncIterator[None]:
    """Cancel the block when it takes longer, and raise TimeoutError."""
    async with asyncio.timeout(None) as scope:
        timer = clock.call_at(clock.now() + duration, lambda: scope.reschedule(asyncio.get_running_loop().time()))
        try:
            yield
        finally:
            timer.cancel()
