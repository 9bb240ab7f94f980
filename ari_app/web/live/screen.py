"""One page that is open in a browser: what is due to it, and for whom it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Self
from uuid import UUID

from ari_app.core.access import NOBODYS, Action, Actor, Scope
from ari_app.core.ids import AccountId, BoardTokenId, CallId, WebSessionId
from ari_app.storage.boards.figures import BoardView


class Region(StrEnum):
    """A part of the page with this id. Its reader needs the right that `ACTIONS` says."""

    HELLO = "hello"
    LINE = "line"  # whether what is shown is old, and since when
    CARD = "card"  # the caller whom the operator has
    OPERATOR = "operator"
    QUEUE = "queue"
    CALLBACKS = "callbacks"  # the operator's own, and those of their teams
    OWN_DAY = "own_day"  # the operator's talks of today, and wrap-ups that are still to be filled in
    CALAMITIES = "calamities"  # those that callers of the reader's municipalities hear now
    BOARD = "board"
    AT_RISK = "at_risk"  # how many callbacks of a supervisor's municipalities are overdue or at risk
    STAFF = "staff"  # the operators of a supervisor's municipalities


ACTIONS = {
    Region.HELLO: Action.DESK,
    Region.LINE: Action.DESK,
    Region.CARD: Action.CALL,
    Region.OPERATOR: Action.DESK,
    Region.QUEUE: Action.QUEUE_LINE,
    Region.CALLBACKS: Action.CALLBACKS,
    Region.OWN_DAY: Action.OWN_CALLS,
    Region.CALAMITIES: Action.NOTICES,
    Region.BOARD: Action.BOARD,
    Region.STAFF: Action.STAFF,
    Region.AT_RISK: Action.REQUESTS,
}


class Page(StrEnum):
    """The pages that have regions, as their sockets name them."""

    DESK = "werkplek"
    BOARD = "wandbord"
    STAFF = "medewerkers"
    REQUESTS = "terugbelverzoeken"
    CALAMITY = "calamiteiten"


_ALWAYS = frozenset({Region.HELLO, Region.LINE})
_WITHIN = _ALWAYS | {Region.CALAMITIES}  # of people who are logged in
REGIONS = {
    Page.DESK: _WITHIN | {Region.CARD, Region.OPERATOR, Region.QUEUE, Region.CALLBACKS, Region.OWN_DAY},
    Page.BOARD: _ALWAYS | {Region.BOARD},
    Page.STAFF: _WITHIN | {Region.STAFF},
    Page.REQUESTS: _WITHIN | {Region.AT_RISK},
    Page.CALAMITY: _WITHIN,
}
#: the right without which there is no such page
PAGE_ACTIONS = {
    Page.DESK: Action.DESK,
    Page.BOARD: Action.BOARD,
    Page.STAFF: Action.STAFF,
    Page.REQUESTS: Action.REQUESTS,
    Page.CALAMITY: Action.CALAMITY,
}

#: so many screens are written to at a time, and so long others have their turn then
AT_ONCE, BREATH_SECONDS = 50, 0.005

_NOBODY = Actor(AccountId(UUID(int=0)), "", "", None, ())


class Screen:
    """Holds the newest HTML of each region that was not sent yet, so a slow reader never has a backlog.

    `session` None: an address shows it, and nobody is logged in.
    """

    def __init__(self, session: WebSessionId | None, actor: Actor, page: Page = Page.DESK) -> None:
        self.session = session
        self.actor = actor
        self.card_call: CallId | None = None  # the call that the operator has, or had until the wrap-up
        self.talk: CallId | None = None  # the call in which the operator talks
        self.own_calls: frozenset[CallId] = frozenset()  # without a wrap-up
        self.page = page
        self.view: BoardView | None = None
        self.board: BoardTokenId | None = None
        self.node: str | None = None  # that the operator is logged in at
        self.close_code: int | None = None
        self._scopes: dict[Region, Scope] = {}
        self._shown: dict[Region, str] = {}
        self._due: dict[Region, str] = {}
        self._woken = asyncio.Event()

    @classmethod
    def of_board(cls, session: WebSessionId | None, actor: Actor, view: BoardView) -> Self:
        """For somebody who is logged in, and may see this view."""
        screen = cls(session, actor, Page.BOARD)
        screen.view = view
        return screen

    @classmethod
    def of_address(cls, board: BoardTokenId, view: BoardView) -> Self:
        """For whoever has the address of this board."""
        screen = cls.of_board(None, _NOBODY, view)
        screen.board = board
        return screen

    def scope(self, region: Region) -> Scope:
        """The municipalities of which this region may show anything; nobody's: it is not on this page."""
        if region not in self._scopes:  # rights that change close the screen, so they are asked for once
            self._scopes[region] = self._scope(region)
        return self._scopes[region]

    def _scope(self, region: Region) -> Scope:
        if region not in REGIONS[self.page]:
            return NOBODYS
        return self.actor.scope_of(ACTIONS[region]) if self.view is None else self.view.scope

    def put(self, region: Region, html: str) -> None:
        """What is the same as before is not sent again."""
        if self._shown.get(region) != html:
            self._shown[region] = self._due[region] = html
            self._woken.set()

    def shown(self, region: Region) -> str:
        """What was put here last; empty for what its reader has no right to."""
        return self._shown.get(region, "")

    def has(self, region: Region) -> bool:
        """Whether the region was ever put here."""
        return region in self._shown

    def close(self, code: int) -> None:
        """The socket is closed with this code as soon as its task comes round."""
        self.close_code = code
        self._woken.set()

    async def next_frame(self, seconds: float) -> str:
        """What is due, all regions in one; empty after so long without anything."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return ""
        self._woken.clear()
        due, self._due = self._due, {}
        return "".join(due[region] for region in Region if region in due)


async def put_by_turns(region: Region, screens: Sequence[Screen], html: str) -> float:
    """The same for all of them, some at a time: what goes to thousands keeps no caller's card waiting.

    Returns for how many seconds others had their turn.
    """
    clock, rested = asyncio.get_running_loop().time, 0.0
    for first in range(0, len(screens), AT_ONCE):
        if first:
            at = clock()
            await asyncio.sleep(BREATH_SECONDS)
            rested += clock() - at
        for screen in screens[first : first + AT_ONCE]:
            screen.put(region, html)
    return rested
