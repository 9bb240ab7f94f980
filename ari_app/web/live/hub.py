"""The screens of this process. The log of changes is read once, however many there are.

A change marks the screens that it concerns. Some hundredths of a second later each mark is read, once per scope, in a
transaction that sees this scope only, rendered, and handed to its screens.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from ari_app.core.access import NOBODYS, Scope
from ari_app.core.area import Calamity
from ari_app.core.calendar import local_date
from ari_app.core.changes import Change, ChangeKind
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.changes.follow import follow_changes
from ari_app.storage.db.engine import Pool
from ari_app.storage.operators.desk import NodeSeen, nodes_seen
from ari_app.web.area import WebArea
from ari_app.web.background import run_together
from ari_app.web.live.audience import Audience
from ari_app.web.live.endings import SERVICE_RESTART, close_ended, end_idle_logins
from ari_app.web.live.hearing import Hearing
from ari_app.web.live.regions import Regions
from ari_app.web.live.rendering_loop import RenderingLoop
from ari_app.web.live.screen import REGIONS, Region, Screen, put_by_turns

log = structlog.get_logger(__name__)

#: these are rendered at most so often; the first change after a quiet time goes out at once
SLOWLY = {Region.QUEUE: 2.0, Region.BOARD: 2.0, Region.STAFF: 1.0, Region.AT_RISK: 2.0, Region.OWN_DAY: 3.0}
NODES_SECONDS = 1.0
SESSIONS_SECONDS = 5.0
#: what changes by the clock alone, is looked at so often: what is overdue, which calamities go on, and the day
CLOCK_SECONDS = 10.0

#: what an area file says shows in these
_OF_AREA = (Region.CARD, Region.OPERATOR, Region.QUEUE, Region.CALLBACKS, Region.BOARD, Region.STAFF)


class Hub:
    """Made with the pool of the role of `web`, and run by `run` for as long as the process lives."""

    def __init__(self, url: str, pool: Pool, regions: Regions, area: WebArea, now: Callable[[], datetime]) -> None:
        self._url = url
        self._pool = pool
        self.regions = regions
        self._area = area
        self._now = now
        self._screens = Audience()
        self._quick = RenderingLoop(self._show, self._screens, lambda region: 0.0)
        self._slow = RenderingLoop(self._show, self._screens, lambda region: SLOWLY[region])
        area.when_read(lambda: self._mark_all(Region.CALAMITIES))
        self._calamities: list[Calamity] = []  # that went on at the last look
        self._without_wrap_up: frozenset[UUID] = frozenset()  # calls that some desk lists as such
        self._hearing = Hearing()
        self._day = local_date(now())
        self._nodes: list[NodeSeen] = []
        self._store_answered_at: datetime | None = None
        self._is_closing = False
        self._has_looked = False
        self._told: set[Callable[[], None]] = set()
        self.is_ready = False

    @property
    def is_closing(self) -> bool:
        """This process ends, and another one is there for its readers."""
        return self._is_closing

    def when_changed(self, told: Callable[[], None]) -> None:
        """Called for each page of changes, and when this process ends, until `forget`."""
        self._told.add(told)

    def forget(self, told: Callable[[], None]) -> None:
        self._told.discard(told)

    @property
    def screen_count(self) -> int:
        return len(self._screens)

    async def run(self) -> None:
        """Ends by cancellation only. Raises TaskEnded."""
        await run_together(self.tasks())

    def tasks(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What it is run by: each goes on for as long as the process does."""
        return {
            "changes": self._follow(),
            "area": self._area.run(),
            "regions": self._quick.run(),
            "slow regions": self._slow.run(),
            "nodes": self._watch_nodes(),
            "sessions": self._watch_sessions(),
            "idle": end_idle_logins(self._pool, self._now),
            "clock": self._watch_clock(),
        }

    def add(self, screen: Screen) -> None:
        """Everything is due to it; the answer to a page that comes while the process stops is that it stops."""
        if self._is_closing:
            screen.close(SERVICE_RESTART)
            return
        self._screens.add(screen)
        for region in REGIONS[screen.page]:
            self._mark(region, [screen])

    async def fill(self, screen: Screen) -> None:
        """Everything as it is now, for a page that is made without a socket. Raises StoreUnavailable."""
        for region in Region:
            await self._show(region, [screen])

    def remove(self, screen: Screen) -> None:
        self._screens.discard(screen)
        self._quick.forget(screen)
        self._slow.forget(screen)

    def close(self) -> None:
        """Tell every page that this process ends, and another one is there for it."""
        self._is_closing = True
        for screen in self._screens:
            screen.close(SERVICE_RESTART)
        self._tell()

    def _tell(self) -> None:
        for told in list(self._told):
            told()

    async def _follow(self) -> None:
        # The rows of all: each mark is read again within the scope of the screen that it is for.
        async with aclosing(follow_changes(self._url, self._pool, None)) as pages:
            async for page in pages:
                if page.start_anew:
                    self._area.mark()
                    for region in Region:
                        self._mark_all(region)
                for change in page.changes:
                    self._heard(change)
                self._tell()

    def _heard(self, change: Change) -> None:
        screens, of = self._screens, change.scope(self._area.current)
        match change.kind:
            case ChangeKind.SESSION:
                # Who is there matters to what is at risk as well, which a look at the clock reads anew all the same.
                for region in (Region.BOARD, Region.STAFF):
                    self._mark(region, screens.readers(region, of))
                for region in (Region.CARD, Region.OPERATOR):
                    self._mark(region, screens.of_operator(change.operator))
            case ChangeKind.CALL:
                self._mark(Region.STAFF, screens.readers(Region.STAFF, of))
                call = UUID(change.id)
                self._hearing.heard(call)
                for region in (Region.CARD, Region.OPERATOR):
                    self._mark(region, screens.with_card(call))
                if call in self._without_wrap_up:
                    said = [one for one in screens.showing(Region.OWN_DAY) if call in one.own_calls]
                    self._mark(Region.OWN_DAY, said)
            case ChangeKind.REQUEST | ChangeKind.CALAMITY:
                having = [one for one in screens.readers(Region.CARD, of) if one.card_call is not None]
                self._mark(Region.CARD, having)
                self._mark(Region.BOARD, screens.readers(Region.BOARD, of))
                if change.kind is ChangeKind.CALAMITY:
                    self._area.mark()  # and then every screen says so
                else:
                    for region in (Region.CALLBACKS, Region.AT_RISK):
                        self._mark(region, screens.readers(region, of))
            case ChangeKind.VISIT:
                for region in (Region.QUEUE, Region.BOARD):
                    self._mark(region, screens.readers(region, of))
            case ChangeKind.AREA:
                self._area.mark()
                for region in _OF_AREA:
                    self._mark(region, screens.readers(region, of))

    def _mark(self, region: Region, screens: Iterable[Screen]) -> None:
        (self._slow if region in SLOWLY else self._quick).mark(region, screens)

    def _mark_all(self, region: Region) -> None:
        self._mark(region, self._screens.showing(region))

    async def _show(self, region: Region, screens: Iterable[Screen]) -> float:
        """For how many of its seconds it let others have their turn."""
        rested, by_scope = 0.0, defaultdict[Scope, list[Screen]](list)
        for screen in screens:
            by_scope[screen.scope(region)].append(screen)
        by_scope.pop(NOBODYS, None)
        for scope, readers in by_scope.items():
            match region:
                case Region.HELLO:
                    for screen in readers:
                        screen.put(region, self.regions.hello(self._now()))
                case Region.LINE:
                    self._show_line(readers)
                case Region.CARD:
                    with self._hearing.during() as heard:
                        await self.regions.show_cards(scope, readers, self._now())
                    self._screens.cards_changed(readers)
                    late = [screen for screen in readers if screen.card_call in heard]
                    self._mark(Region.CARD, late)
                    self._mark(Region.OPERATOR, late)
                case Region.CALLBACKS:
                    await self.regions.show_callbacks(scope, readers, self._now())
                case Region.OWN_DAY:
                    with self._hearing.during() as heard:
                        await self.regions.show_own_days(scope, readers, self._now())
                    self._mark(region, [screen for screen in readers if not heard.isdisjoint(screen.own_calls)])
                    shown = self._screens.showing(region)
                    self._without_wrap_up = frozenset(call for screen in shown for call in screen.own_calls)
                case Region.OPERATOR:
                    talks = {screen: screen.talk for screen in readers if screen.talk is not None}
                    await self.regions.show_operators(scope, readers, self._now())
                    self._show_line(readers)
                    # A short talk may be over before it was ever shown: whoever is in none now may have had one.
                    over = [one for one in readers if one.talk is None or one.talk != talks.get(one, one.talk)]
                    self._mark(Region.OWN_DAY, over)
                case Region.CALAMITIES:
                    html = self.regions.calamities(self._area.current, scope, self._now())
                    for screen in readers:
                        screen.put(region, html)
                case Region.BOARD:
                    await self.regions.show_boards(readers, self._now())
                case Region.STAFF | Region.AT_RISK | Region.QUEUE:
                    html = await self.regions.same_for_all[region](scope, self._now())
                    rested += await put_by_turns(region, readers, html)
        return rested

    def _show_line(self, screens: Iterable[Screen]) -> None:
        made: dict[str | None, str] = {}
        for screen in screens:
            if screen.node not in made:
                made[screen.node] = self.regions.line(self._old_since(screen.node), is_store=not self.is_ready)
            screen.put(Region.LINE, made[screen.node])

    def _old_since(self, of: str | None) -> datetime | None:
        """Since when a screen of this node, or of all, is old.

        The store does not answer, or no controller writes what happens. Nothing is known of that before the first look,
        so nothing is said of it.
        """
        if not self._has_looked:
            return None
        if not self.is_ready:
            return self._store_answered_at or self._now()
        nodes = [node for node in self._nodes if of in (None, node.name)]
        if all(node.is_away for node in nodes):
            return max((node.seen_at for node in nodes), default=self._now())
        return None

    async def _watch_nodes(self) -> None:
        while True:
            try:
                self._nodes = await nodes_seen(self._pool)
                if not self.is_ready:
                    log.info("store_answers")
                self.is_ready, self._store_answered_at = True, self._now()
            except StoreUnavailable as away:
                if self.is_ready:
                    log.warning("store_away", why=str(away))
                self.is_ready = False
            self._has_looked = True
            self._show_line(self._screens)
            await asyncio.sleep(NODES_SECONDS)

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_SECONDS)
            for region in (Region.BOARD, Region.STAFF, Region.AT_RISK):
                self._mark_all(region)
            if (today := local_date(self._now())) != self._day:
                self._day = today
                self._mark_all(Region.OWN_DAY)
            self._look_for_calamities()

    def _look_for_calamities(self) -> None:
        """No row changes when a calamity that was planned begins, or one comes to its end."""
        now = self._now()
        active = [one for one in self._area.current.calamities if one.is_active(now)]
        changed = frozenset(one.municipality for one in active if one not in self._calamities)
        changed |= frozenset(one.municipality for one in self._calamities if one not in active)
        self._calamities = active
        if changed:
            self._mark_all(Region.CALAMITIES)
            readers = self._screens.readers(Region.CARD, changed)
            self._mark(Region.CARD, [one for one in readers if one.card_call is not None])

    async def _watch_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSIONS_SECONDS)
            try:
                await close_ended(self._pool, self._screens, self._now())
            except StoreUnavailable:
                continue
