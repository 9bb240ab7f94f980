"""The screens of this process. The log of changes is read once, however many there are.

A change marks the screens that it concerns. Some hundredths of a second later each mark is read, once per scope, in a
transaction that sees this scope only, rendered, and handed to its screens.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime

import structlog

from ari_app.core.access import NOBODYS, Scope, overlap
from ari_app.core.changes import Change, ChangeKind
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.skills import skills_of
from ari_app.storage.accounts.sessions import end_idle_sessions, living_sessions
from ari_app.storage.boards.tokens import living_boards
from ari_app.storage.changes.follow import follow_changes
from ari_app.storage.db.engine import Pool
from ari_app.storage.operators.desk import NodeSeen, nodes_seen
from ari_app.web.area import WebArea
from ari_app.web.live.regions import Regions
from ari_app.web.live.screen import Region, Screen

log = structlog.get_logger(__name__)

#: changes that come together are read together
GATHER_SECONDS = 0.02
#: at most this part of the time is spent on what takes long, as a board of the whole country does
LONGEST_PART = 0.05
#: these are rendered at most so often; the first change after a quiet time goes out at once
SLOWLY = {Region.QUEUE: 2.0, Region.BOARD: 2.0, Region.STAFF: 1.0, Region.AT_RISK: 2.0}
NODES_SECONDS = 1.0
SESSIONS_SECONDS = 5.0
#: a login that ended by itself stays dead: that is written down so often
IDLE_SECONDS = 60.0
#: no row changes at the moment at which a calamity that was planned begins, or ends
CLOCK_SECONDS = 10.0
RETRY_SECONDS = 1.0

SERVICE_RESTART = 1012
LOGGED_OUT, RIGHTS_CHANGED = 4401, 4403


class Hub:
    """Made with the pool of the role of `web`, and run by `run` for as long as the process lives."""

    def __init__(self, url: str, pool: Pool, regions: Regions, area: WebArea, now: Callable[[], datetime]) -> None:
        self._url = url
        self._pool = pool
        self.regions = regions
        self._area = area
        self._now = now
        area.when_read(lambda: self._mark(Region.CALAMITIES, self._screens))
        self._screens: set[Screen] = set()
        self._marks: dict[Region, set[Screen]] = defaultdict(set)
        self._marked = asyncio.Event()
        self._due = dict.fromkeys(SLOWLY, 0.0)  # the loop's clock
        self._nodes: list[NodeSeen] = []
        self._store_answered_at: datetime | None = None
        self._is_closing = False
        self._has_looked = False
        self.is_ready = False

    @property
    def screen_count(self) -> int:
        return len(self._screens)

    async def run(self) -> None:
        """Ends by cancellation only."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(), name="changes")
            tasks.create_task(self._area.run(), name="area")
            tasks.create_task(self._render(), name="regions")
            tasks.create_task(self._watch_nodes(), name="nodes")
            tasks.create_task(self._watch_sessions(), name="sessions")
            tasks.create_task(self._end_idle_sessions(), name="idle")
            tasks.create_task(self._watch_clock(), name="clock")

    def add(self, screen: Screen) -> None:
        """Everything is due to it; the answer to a page that comes while the process stops is that it stops."""
        if self._is_closing:
            screen.close(SERVICE_RESTART)
            return
        self._screens.add(screen)
        for region in Region:
            self._mark(region, [screen])

    async def fill(self, screen: Screen) -> None:
        """Everything as it is now, for a page that is made without a socket. Raises StoreUnavailable."""
        for region in Region:
            await self._show(region, [screen])

    def remove(self, screen: Screen) -> None:
        self._screens.discard(screen)
        for marked in self._marks.values():
            marked.discard(screen)

    def close(self) -> None:
        """Tell every page that this process ends, and another one is there for it."""
        self._is_closing = True
        for screen in self._screens:
            screen.close(SERVICE_RESTART)

    async def _follow(self) -> None:
        # The rows of all: each mark is read again within the scope of the screen that it is for.
        async with aclosing(follow_changes(self._url, self._pool, None)) as pages:
            async for page in pages:
                if page.start_anew:
                    self._area.mark()
                    for region in Region:
                        self._mark(region, self._screens)
                for change in page.changes:
                    self._heard(change)

    def _heard(self, change: Change) -> None:
        match change.kind:
            case ChangeKind.SESSION:
                for region in (Region.BOARD, Region.STAFF, Region.AT_RISK):
                    self._mark(region, self._readers_of_operator(region, change.operator))
                screens = [one for one in self._screens if one.actor.operator == change.operator]
                self._mark(Region.CARD, screens)
                self._mark(Region.OPERATOR, screens)
            case ChangeKind.CALL:
                self._mark(Region.STAFF, self._readers(Region.STAFF, change.municipality))
                screens = [one for one in self._screens if str(one.card_call) == change.id]
                self._mark(Region.CARD, screens)
                self._mark(Region.OPERATOR, screens)
            case ChangeKind.REQUEST | ChangeKind.CALAMITY:
                readers = self._readers(Region.CARD, change.municipality)
                self._mark(Region.CARD, [one for one in readers if one.card_call is not None])
                self._mark(Region.BOARD, self._readers(Region.BOARD, change.municipality))
                if change.kind is ChangeKind.CALAMITY:
                    self._area.mark()  # and then every screen says so
                if change.kind is ChangeKind.REQUEST:
                    for region in (Region.CALLBACKS, Region.AT_RISK):
                        self._mark(region, self._readers(region, change.municipality))
            case ChangeKind.VISIT:
                for region in (Region.QUEUE, Region.BOARD):
                    self._mark(region, self._readers(region, change.municipality))
            case ChangeKind.AREA:
                self._area.mark()
                for region in (
                    Region.CARD,
                    Region.OPERATOR,
                    Region.QUEUE,
                    Region.CALLBACKS,
                    Region.BOARD,
                    Region.STAFF,
                ):
                    self._mark(region, self._readers(region, change.municipality))

    def _readers(self, region: Region, municipality: MunicipalityCode | None) -> Iterable[Screen]:
        of: Scope = NOBODYS if municipality is None else frozenset({municipality})
        return [one for one in self._screens if one.scope(region) is None or overlap(one.scope(region), of)]

    def _readers_of_operator(self, region: Region, operator: OperatorNumber | None) -> Iterable[Screen]:
        """Those with a municipality that the operator has a skill for."""
        skills = NOBODYS if operator is None else skills_of(self._area.current, operator).any
        return [one for one in self._screens if one.scope(region) is None or overlap(one.scope(region), skills)]

    def _mark(self, region: Region, screens: Iterable[Screen]) -> None:
        before = len(self._marks[region])
        self._marks[region].update(screens)
        if len(self._marks[region]) > before:
            self._marked.set()

    async def _render(self) -> None:
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
            taken = {region: screens for region, screens in self._marks.items() if screens}
            for region in self._due.keys() & taken.keys():
                if clock() < self._due[region]:
                    # Screens that have not shown it yet need not wait for the others.
                    taken[region] = {one for one in taken[region] if not one.has(region)}
            for region, screens in taken.items():
                self._marks[region] = self._marks[region] - screens
            began = clock()
            if not await self._show_all(taken):
                await asyncio.sleep(RETRY_SECONDS)
                self._marked.set()
                continue
            for region in self._due:
                if taken.get(region):
                    self._due[region] = clock() + max(SLOWLY[region], (clock() - began) / LONGEST_PART)

    async def _show_all(self, taken: Mapping[Region, set[Screen]]) -> bool:
        """False: the store is away, and what was taken stays marked. A bug costs the region, and not the process."""
        for region, screens in taken.items():
            try:
                await self._show(region, screens)
            except StoreUnavailable:
                for again, marked in taken.items():
                    self._marks[again] |= marked & self._screens
                return False
            except Exception as error:  # of one region: the others, and all pages, go on
                log.error("region_failed", region=region.value, exc_info=error)
        return True

    async def _show(self, region: Region, screens: Iterable[Screen]) -> None:
        by_scope: dict[Scope, list[Screen]] = defaultdict(list)
        for screen in screens:
            by_scope[screen.scope(region)].append(screen)
        for scope, readers in by_scope.items():
            if scope == NOBODYS:
                continue
            match region:
                case Region.HELLO:
                    for screen in readers:
                        screen.put(region, self.regions.hello(self._now()))
                case Region.LINE:
                    self._show_line(readers)
                case Region.CARD:
                    await self.regions.show_cards(scope, readers, self._now())
                case Region.CALLBACKS:
                    await self.regions.show_callbacks(scope, readers, self._now())
                case Region.OPERATOR:
                    await self.regions.show_operators(scope, readers, self._now())
                    self._show_line(readers)
                case Region.CALAMITIES:
                    html = self.regions.calamities(self._area.current, scope, self._now())
                    for screen in readers:
                        screen.put(region, html)
                case Region.BOARD:
                    await self.regions.show_boards(readers, self._now())
                case Region.STAFF | Region.AT_RISK:
                    made = self.regions.staff if region is Region.STAFF else self.regions.at_risk
                    html = await made(scope, self._now())
                    for screen in readers:
                        screen.put(region, html)
                case Region.QUEUE:
                    html = await self.regions.queue(scope, self._now())
                    for screen in readers:
                        screen.put(region, html)

    def _show_line(self, screens: Iterable[Screen]) -> None:
        made: dict[datetime | None, str] = {}
        for screen in screens:
            since = self._old_since(screen)
            if since not in made:
                made[since] = self.regions.line(since, is_store=not self.is_ready)
            screen.put(Region.LINE, made[since])

    def _old_since(self, screen: Screen) -> datetime | None:
        """Since when the screen is old: the store does not answer, or no controller writes what happens.

        Nothing is known of that before the first look, so nothing is said of it.
        """
        if not self._has_looked:
            return None
        if not self.is_ready:
            return self._store_answered_at or self._now()
        nodes = [node for node in self._nodes if screen.node in (None, node.name)]
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
            for region in (Region.BOARD, Region.STAFF, Region.AT_RISK, Region.CALAMITIES):
                self._mark(region, self._screens)
            self._mark(Region.CARD, [one for one in self._screens if one.card_call is not None])

    async def _watch_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSIONS_SECONDS)
            screens = list(self._screens)
            sessions = {screen.session for screen in screens if screen.session is not None}
            boards = {screen.board for screen in screens if screen.board is not None}
            try:
                living = await living_sessions(self._pool, sessions, self._now())
                living_boards_now = await living_boards(self._pool, boards) if boards else frozenset()
            except StoreUnavailable:
                continue
            for screen in screens:
                if screen.session is None:
                    if screen.board is not None and screen.board not in living_boards_now:
                        screen.close(LOGGED_OUT)
                    continue
                actor = living.get(screen.session)
                if actor is None:
                    screen.close(LOGGED_OUT)
                elif actor != screen.actor:
                    screen.close(RIGHTS_CHANGED)

    async def _end_idle_sessions(self) -> None:
        """Of all logins, whether a page of theirs is open here or nowhere."""
        while True:
            try:
                await end_idle_sessions(self._pool, self._now())
            except StoreUnavailable:
                log.info("idle_logins_not_ended")  # the next time will do
            await asyncio.sleep(IDLE_SECONDS)
