"""One page that is open in a browser: what is due to it, and for whom it is."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from ari_app.core.access import Action, Actor, Scope
from ari_app.core.ids import CallId, WebSessionId


class Region(StrEnum):
    """A part of the page with this id. Its reader needs the right that `ACTIONS` says."""

    HELLO = "hello"
    LINE = "line"  # whether what is shown is old, and since when
    CARD = "card"  # the caller whom the operator has
    OPERATOR = "operator"
    QUEUE = "queue"
    CALLBACKS = "callbacks"  # the operator's own, and those of their teams


ACTIONS = {
    Region.HELLO: Action.DESK,
    Region.LINE: Action.DESK,
    Region.CARD: Action.CALL,
    Region.OPERATOR: Action.DESK,
    Region.QUEUE: Action.QUEUE_LINE,
    Region.CALLBACKS: Action.CALLBACKS,
}


class Screen:
    """Holds the newest HTML of each region that was not sent yet, so a slow reader never has a backlog."""

    def __init__(self, session: WebSessionId, actor: Actor) -> None:
        self.session = session
        self.actor = actor
        self.card_call: CallId | None = None  # the call that the operator has, or had until the wrap-up
        self.node: str | None = None  # that the operator is logged in at
        self.close_code: int | None = None
        self._shown: dict[Region, str] = {}
        self._due: dict[Region, str] = {}
        self._woken = asyncio.Event()

    def scope(self, region: Region) -> Scope:
        return self.actor.scope_of(ACTIONS[region])

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
