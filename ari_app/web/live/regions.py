"""The HTML of each region, read within a scope. What is the same for all readers of a scope is rendered once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, time

from ari_app.core.access import Scope
from ari_app.core.area import Area
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import OperatorState
from ari_app.storage.boards.figures import BoardView, board_figures
from ari_app.storage.callbacks.at_risk import requests_at_risk
from ari_app.storage.callbacks.own import own_requests
from ari_app.storage.db.engine import Pool
from ari_app.storage.operators.card import call_cards
from ari_app.storage.operators.desk import desk_states, queue_lines
from ari_app.storage.operators.own_day import OwnDay, own_days
from ari_app.storage.operators.staff import list_staff
from ari_app.web.live.screen import Region, Screen
from ari_app.web.notices import notices
from ari_app.web.rendering import Renderer
from ari_app.web.staff_view import by_state


class Regions:
    def __init__(self, pool: Pool, pages: Renderer) -> None:
        self._pool = pool
        self._pages = pages
        self.same_for_all: Mapping[Region, Callable[[Scope, datetime], Awaitable[str]]] = {
            Region.STAFF: self.staff,
            Region.AT_RISK: self.at_risk,
            Region.QUEUE: self.queue,
        }

    def hello(self, now: datetime) -> str:
        return self._pages.fragment("hello", now=now)

    def line(self, old_since: datetime | None, *, is_store: bool) -> str:
        """`is_store`: the database is away, and not the controller."""
        return self._pages.fragment("line", old_since=old_since, is_store=is_store)

    async def show_operators(self, scope: Scope, screens: Sequence[Screen], now: datetime) -> None:
        """Each screen's own operator. Raises StoreUnavailable."""
        numbers = {screen.actor.operator for screen in screens if screen.actor.operator is not None}
        states = await desk_states(self._pool, scope, numbers) if numbers else {}
        for screen in screens:
            operator = screen.actor.operator
            state = None if operator is None else states.get(operator)
            screen.node = None if state is None else state.node
            is_talking = state is not None and state.state is OperatorState.TALKING
            screen.talk = state.call_id if state is not None and is_talking else None
            html = self._pages.fragment("operator", operator=operator, state=state, now=now)
            screen.put(Region.OPERATOR, html)

    async def show_cards(self, scope: Scope, screens: Sequence[Screen], now: datetime) -> None:
        """The caller whom each screen's operator has. Raises StoreUnavailable."""
        numbers = {screen.actor.operator for screen in screens if screen.actor.operator is not None}
        cards = await call_cards(self._pool, scope, numbers, now) if numbers else {}
        for screen in screens:
            card = None if screen.actor.operator is None else cards.get(screen.actor.operator)
            screen.card_call = None if card is None else card.call_id
            screen.put(Region.CARD, self._pages.fragment("card", card=card, now=now))

    async def show_callbacks(self, scope: Scope, screens: Sequence[Screen], now: datetime) -> None:
        """The citizens that each screen's operator and their teams have to call back. Raises StoreUnavailable."""
        by_operator: dict[OperatorNumber | None, list[Screen]] = defaultdict(list)
        for screen in screens:
            by_operator[screen.actor.operator].append(screen)
        numbers = {operator for operator in by_operator if operator is not None}
        lists = await own_requests(self._pool, scope, numbers, now) if numbers else {}
        for operator, readers in by_operator.items():
            requests = [] if operator is None else lists[operator]
            html = self._pages.fragment("callbacks", requests=requests, now=now)
            for screen in readers:
                screen.put(Region.CALLBACKS, html)

    async def show_own_days(self, scope: Scope, screens: Sequence[Screen], now: datetime) -> None:
        """What each screen's operator did today. Raises StoreUnavailable."""
        numbers = {screen.actor.operator for screen in screens if screen.actor.operator is not None}
        since = instant_of(local_date(now), time(0))
        days = await own_days(self._pool, scope, numbers, since) if numbers else {}
        for screen in screens:
            day = OwnDay() if screen.actor.operator is None else days[screen.actor.operator]
            screen.own_calls = frozenset(talk.call_id for talk in day.missing)
            screen.put(Region.OWN_DAY, self._pages.fragment("own_day", day=day))

    async def show_boards(self, screens: Sequence[Screen], now: datetime) -> None:
        """The wallboards; those of the same view are read and rendered once. Raises StoreUnavailable."""
        by_view: dict[BoardView, list[Screen]] = defaultdict(list)
        for screen in screens:
            if screen.view is not None:
                by_view[screen.view].append(screen)
        for view, readers in by_view.items():
            figures = await board_figures(self._pool, view, now)
            html = self._pages.fragment("board", figures=figures, is_group=view.is_group, now=now)
            for screen in readers:
                screen.put(Region.BOARD, html)

    async def staff(self, scope: Scope, now: datetime) -> str:
        """Raises StoreUnavailable."""
        found = sorted(await list_staff(self._pool, scope, now), key=by_state)
        return self._pages.fragment("staff", staff=found, wishes=[one for one in found if one.wished_at], now=now)

    def calamities(self, area: Area, scope: Scope, now: datetime) -> str:
        return self._pages.fragment("calamities", notices=notices(area, scope, now))

    async def at_risk(self, scope: Scope, now: datetime) -> str:
        """Raises StoreUnavailable."""
        _, counts = await requests_at_risk(self._pool, scope, now)
        return self._pages.fragment("at_risk", counts=counts)

    async def queue(self, scope: Scope, now: datetime) -> str:
        """Raises StoreUnavailable."""
        lines = await queue_lines(self._pool, scope)
        total = sum(line.waiting_count for line in lines)
        return self._pages.fragment("queue", lines=lines, total=total, now=now)
