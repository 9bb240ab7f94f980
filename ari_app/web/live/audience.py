"""The screens that are open, found by the regions that they show, by their operator, and by the call on their card.

A change looks at the screens that it concerns, and once at each scope that screens have: not at every screen.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import TypeVar
from uuid import UUID

from ari_app.core.access import NOBODYS, Scope, overlap
from ari_app.core.ids import OperatorNumber
from ari_app.web.live.screen import Region, Screen

Key = TypeVar("Key", bound=Hashable)


class Audience:
    def __init__(self) -> None:
        self._screens: set[Screen] = set()
        self._showing: dict[Region, dict[Scope, set[Screen]]] = {region: {} for region in Region}
        self._of_operator: dict[OperatorNumber, set[Screen]] = {}
        self._by_card: dict[UUID, set[Screen]] = {}
        self._cards: dict[Screen, UUID] = {}

    def __len__(self) -> int:
        return len(self._screens)

    def __iter__(self) -> Iterator[Screen]:
        return iter(self._screens)

    def __contains__(self, screen: Screen) -> bool:
        return screen in self._screens

    def add(self, screen: Screen) -> None:
        self._screens.add(screen)
        for region, by_scope in self._showing.items():
            if (scope := screen.scope(region)) != NOBODYS:
                by_scope.setdefault(scope, set()).add(screen)
        if screen.actor.operator is not None:
            self._of_operator.setdefault(screen.actor.operator, set()).add(screen)

    def discard(self, screen: Screen) -> None:
        self._screens.discard(screen)
        for region, by_scope in self._showing.items():
            _take(by_scope, screen.scope(region), screen)
        if screen.actor.operator is not None:
            _take(self._of_operator, screen.actor.operator, screen)
        self._forget_card(screen)

    def showing(self, region: Region) -> Collection[Screen]:
        """Those that have this region."""
        return [screen for screens in self._showing[region].values() for screen in screens]

    def readers(self, region: Region, of: Scope) -> list[Screen]:
        """Those whose region may show something of one of these municipalities; what is nobody's is the group's."""
        found = self._showing[region].items()
        return [one for scope, screens in found if scope is None or overlap(scope, of) for one in screens]

    def of_operator(self, operator: OperatorNumber | None) -> Collection[Screen]:
        """The desks of this operator."""
        return () if operator is None else self._of_operator.get(operator, ())

    def with_card(self, call: UUID) -> Collection[Screen]:
        """Those whose card shows this call."""
        return self._by_card.get(call, ())

    def cards_changed(self, screens: Iterable[Screen]) -> None:
        """Their cards were read anew; those that have gone meanwhile are left out."""
        for screen in screens:
            call = screen.card_call
            if self._cards.get(screen) == call:
                continue
            self._forget_card(screen)
            if call is not None and screen in self._screens:
                self._cards[screen] = call
                self._by_card.setdefault(call, set()).add(screen)

    def _forget_card(self, screen: Screen) -> None:
        call = self._cards.pop(screen, None)
        if call is not None:
            _take(self._by_card, call, screen)


def _take(found: dict[Key, set[Screen]], key: Key, screen: Screen) -> None:
    """Out of the screens of this key; a key without screens is not kept."""
    if key in found:
        found[key].discard(screen)
        if not found[key]:
            del found[key]
