"""Regions that are marked for screens, rendered together: some hundredths of a second later, or when it is their turn.

What takes long has a loop of its own: a board of the whole country keeps no caller's card waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from ari_app.core.ledger import StoreUnavailable
from ari_app.web.live.audience import Audience
from ari_app.web.live.screen import Region, Screen

log = structlog.get_logger(__name__)

#: changes that come together are read together
GATHER_SECONDS = 0.02
RETRY_SECONDS = 1.0
#: at most this part of the time is spent on a region, so that what takes long is shown less often
LONGEST_PART = 0.05

#: returns for how many seconds it let others have their turn
Show = Callable[[Region, Iterable[Screen]], Awaitable[float]]


class RenderingLoop:
    """`pause_seconds`: so long after a region was rendered it is not again, but for screens that have not shown it."""

    def __init__(self, show: Show, audience: Audience, pause_seconds: Callable[[Region], float]) -> None:
        self._show = show
        self._audience = audience
        self._pause_seconds = pause_seconds
        self._marks: dict[Region, set[Screen]] = {region: set() for region in Region}
        self._due = dict.fromkeys(Region, 0.0)  # the loop's clock
        self._marked = asyncio.Event()

    def mark(self, region: Region, screens: Iterable[Screen]) -> None:
        """It is due to these screens."""
        before = len(self._marks[region])
        self._marks[region].update(screens)
        if len(self._marks[region]) > before:
            self._marked.set()

    def forget(self, screen: Screen) -> None:
        for marked in self._marks.values():
            marked.discard(screen)

    async def run(self) -> None:
        """Ends by cancellation only."""
        clock = asyncio.get_running_loop().time
        while True:
            waits = [max(due - clock(), 0.0) for region, due in self._due.items() if self._marks[region]]
            try:
                async with asyncio.timeout(min(waits, default=None)):
                    await self._marked.wait()
            except TimeoutError:
                pass
            await asyncio.sleep(GATHER_SECONDS)
            self._marked.clear()
            if not await self._show_all(self._taken(clock())):
                await asyncio.sleep(RETRY_SECONDS)
                self._marked.set()

    def _taken(self, now: float) -> Mapping[Region, set[Screen]]:
        taken: dict[Region, set[Screen]] = {}
        for region, marked in self._marks.items():
            # Screens that have not shown it yet need not wait for the others.
            now_due = marked if now >= self._due[region] else {one for one in marked if not one.has(region)}
            if now_due:
                taken[region] = now_due
                self._marks[region] = marked - now_due
        return taken

    async def _show_all(self, taken: Mapping[Region, set[Screen]]) -> bool:
        """False: the store is away, and what was taken stays marked. A bug costs the region, and not the process."""
        clock = asyncio.get_running_loop().time
        for region, screens in taken.items():
            began, rested = clock(), 0.0
            try:
                rested = await self._show(region, screens)
            except StoreUnavailable:
                for again, marked in taken.items():
                    self._marks[again].update(one for one in marked if one in self._audience)
                return False
            except Exception as error:  # of one region: the others, and all pages, go on
                log.error("region_failed", region=region.value, exc_info=error)
            pause = self._pause_seconds(region)
            if pause and began >= self._due[region]:  # those who show it for the first time keep nobody else waiting
                self._due[region] = clock() + max(pause, (clock() - began - rested) / LONGEST_PART)
        return True
