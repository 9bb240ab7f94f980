"""What Asterisk can take now: the orders that are out or in line, and what became of the last ones."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count

import structlog

from ari_app.calls.clock import Clock, sleep_until
from ari_app.calls.errors import NoAnswer, PartyLeft, SwitchUnavailable, TooLate
from ari_app.core.admission import FEWEST, SAMPLE, p90
from ari_app.core.ids import ChannelId
from ari_app.core.orders import Answers, Line, Order, Urgency, pause

log = structlog.get_logger(__name__)

#: while Asterisk is not overloaded; else an order is given until it is done, or can no longer help
TRIES = 3


class Load:
    """One per process: `core.orders` over time. `jitter` gives numbers from 0 to 1."""

    def __init__(self, clock: Clock, *, jitter: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._jitter = jitter
        self._line, self._answers = Line(), Answers()
        self._numbers = count()
        self._turns: dict[int, asyncio.Future[None]] = {}  # of the orders in line
        self._asked_at: dict[int, datetime] = {}  # of the orders in line or out
        self._retrying: Counter[ChannelId] = Counter()
        self._left: set[ChannelId] = set()  # of those in `_retrying`

    @property
    def is_overloaded(self) -> bool:
        """Asterisk answers too many orders too late: an order without an answer says nothing about its call."""
        return self._answers.is_overloaded(self._clock.now())

    def order_seconds(self) -> float:
        """Nine tenths of the orders of this moment take no longer, those in line or without an answer yet included.

        0.0 when they are too few to tell.
        """
        now = self._clock.now()
        found = self._answers.seconds(now, 2 * SAMPLE)
        found += [(now - asked_at).total_seconds() for asked_at in self._asked_at.values()]
        return p90(sorted(found)) if len(found) >= FEWEST else 0.0

    def channel_left(self, channel_id: ChannelId) -> None:
        """This channel is gone: orders about it that were not given yet never will be."""
        for order in self._line.left(channel_id):
            self._refuse(order, PartyLeft(channel_id))
        if channel_id in self._retrying:
            self._left.add(channel_id)

    async def carry_out(
        self,
        give: Callable[[], Awaitable[None]],
        urgency: Urgency,
        about: ChannelId | None = None,
        until: datetime | None = None,
    ) -> None:
        """Give an order when its turn comes, and again when Asterisk did not do it.

        The budget of retries is for answers that are late: what is refused, or cut off, costs Asterisk next to nothing.
        `about`: the party that it is of no use without. Raises SwitchUnavailable after TRIES, or later while Asterisk
        is overloaded; PartyLeft; TooLate when its turn did not come before `until`.
        """
        try:
            return await self.give(give, urgency, about, until)
        except SwitchUnavailable as error:
            failure = error
        if about is not None:
            self._retrying[about] += 1
        try:
            await self._retry(give, urgency, about, until, failure)
        finally:
            if about is not None:
                self._retrying[about] -= 1
                if not self._retrying[about]:
                    del self._retrying[about]
                    self._left.discard(about)

    async def _retry(
        self,
        give: Callable[[], Awaitable[None]],
        urgency: Urgency,
        about: ChannelId | None,
        until: datetime | None,
        failure: SwitchUnavailable,
    ) -> None:
        tries = 1
        while tries < TRIES or self.is_overloaded:
            await sleep_until(self._clock, self._clock.now() + pause(self._jitter()))
            if about is not None and about in self._left:
                raise PartyLeft(about) from failure
            if isinstance(failure, NoAnswer) and not self._answers.may_retry(self._clock.now()):
                continue
            tries += 1
            log.info("order_repeated", error=str(failure))
            try:
                return await self.give(give, urgency, about, until)
            except SwitchUnavailable as error:
                failure = error
        raise failure

    async def give(
        self,
        order: Callable[[], Awaitable[None]],
        urgency: Urgency,
        about: ChannelId | None = None,
        until: datetime | None = None,
    ) -> None:
        """Give an order once, when its turn comes. Raises PartyLeft and TooLate instead of giving it."""
        place = Order(urgency, next(self._numbers), about, until)
        if until is not None and until <= self._clock.now():
            raise TooLate(f"it was of use until {until.isoformat()}")
        self._line.ask(place)
        self._asked_at[place.number] = self._clock.now()
        try:
            if place not in self._let_go():
                await self._turn(place)
            await self._timed(order)
        finally:
            self._line.withdraw(place)
            del self._asked_at[place.number]
            self._let_go()

    async def _turn(self, place: Order) -> None:
        self._turns[place.number] = turn = asyncio.get_running_loop().create_future()
        timer = None if place.until is None else self._clock.call_at(place.until, self._drop_late)
        try:
            await turn
        finally:
            self._turns.pop(place.number, None)
            if timer is not None:
                timer.cancel()

    async def _timed(self, order: Callable[[], Awaitable[None]]) -> None:
        given_at, came = self._clock.now(), True
        try:
            await order()
        except NoAnswer:
            came = False
            raise
        finally:
            now = self._clock.now()
            self._answers.answered(now, (now - given_at).total_seconds(), came=came)

    def _let_go(self) -> list[Order]:
        """Give the next orders their turn."""
        found = self._line.turns()
        for place in found:
            turn = self._turns.pop(place.number, None)
            if turn is not None and not turn.done():
                turn.set_result(None)
        return found

    def _drop_late(self) -> None:
        for order in self._line.too_late(self._clock.now()):
            self._refuse(order, TooLate("more urgent orders went first"))

    def _refuse(self, order: Order, error: Exception) -> None:
        turn = self._turns.pop(order.number, None)
        if turn is not None and not turn.done():
            turn.set_exception(error)
