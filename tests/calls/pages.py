"""In a random walk: the page that is operator 101's phone is loaded anew, dies, or dials before its loss is seen."""

from __future__ import annotations

from ari_app.core.browser_phones import name_at
from ari_app.core.ids import ChannelId, Endpoint, OperatorNumber
from tests.calls.invariants import Invariants

AT_PAGE = OperatorNumber("101")


class WithPages(Invariants):
    """What pages do in a walk. Each that is opened has an account of its own, and the one before has none any more."""

    _opened = 0

    @property
    def lines_of_page(self) -> set[ChannelId]:
        names = self.world.arrivals
        return {c for c in self.lines if name_at(Endpoint(names[c].name.rpartition("-")[0])) is not None}

    async def a_page_is_opened(self) -> None:
        """Where another one is open, its line goes on: nobody has seen that page go."""
        self._opened += 1
        name = f"web-{self._opened:032x}"
        self.world.ledger.pages = {name: AT_PAGE}
        await self.world.dial_in(name)

    async def a_page_goes(self) -> None:
        for line in sorted(self.lines_of_page):
            await self.world.hang_up(line)

    async def a_page_is_loaded_anew(self) -> None:
        await self.a_page_goes()
        await self.world.clock.advance(1)
        await self.a_page_is_opened()
