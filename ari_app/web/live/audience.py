"""The screens that are open, found by the regions that they show and by their operator.

A change of an operator looks at that operator's desks only; one of a municipality at every screen that has the region.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from ari_app.core.access import NOBODYS, Scope, overlap
from ari_app.core.ids import OperatorNumber
from ari_app.web.live.screen import Region, Screen


class Audience:
    def __init__(self) -> None:
        self._screens: set[Screen] = set()
        self._showing: dict[Region, set[Screen]] = {region: set() for region in Region}
        self._of_operator: dict[OperatorNumber, set[Screen]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._screens)

    def __iter__(self) -> Iterator[Screen]:
        return iter(self._screens)

    def __contains__(self, screen: Screen) -> bool:
        return screen in self._screens

    def add(self, screen: Screen) -> None:
        self._screens.add(screen)
        for region, screens in self._showing.items():
            if screen.scope(region) != NOBODYS:
                screens.add(screen)
        if screen.actor.operator is not None:
            self._of_operator[screen.actor.operator].add(screen)

    def discard(self, screen: Screen) -> None:
        self._screens.discard(screen)
        for screens in self._showing.values():
            screens.discard(screen)
        operator = screen.actor.operator
        if operator is not None:
            self._of_operator[operator].discard(screen)
            if not self._of_operator[operator]:
                del self._of_operator[operator]

    def showing(self, region: Region) -> Collection[Screen]:
        """Those that have this region."""
        return self._showing[region]

    def readers(self, region: Region, of: Scope) -> list[Screen]:
        """Those whose region may show something of one of these municipalities; what is nobody's is the group's."""
        return [one for one in self._showing[region] if (scope := one.scope(region)) is None or overlap(scope, of)]

    def of_operator(self, operator: OperatorNumber | None) -> Collection[Screen]:
        """The desks of this operator."""
        return () if operator is None else self._of_operator.get(operator, ())
