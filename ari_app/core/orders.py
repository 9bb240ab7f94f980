"""Which order Asterisk gets next, and whether one that failed is given again. Pure.

A machine that is short of CPU answers late. Whoever then asks again and again, or for music before the talk that an
operator is waiting for, makes it later still. So:

* at most `MOST_AT_ONCE` orders are out; the others stand in line, the most urgent first;
* less urgent ones leave places free, so that an urgent one finds a place although the others get no answer;
* an order that can no longer help is not given: its party left, or its time has passed;
* retries are a share of the answers of the last ten seconds, and no two callers retry at the same moment.

Instants are timezone-aware UTC; one owner, which is single-threaded.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from ari_app.core.ids import ChannelId

#: fewer than the connections to Asterisk: the heartbeat and the sweep never stand in this line
MOST_AT_ONCE = 12
WINDOW = timedelta(seconds=10)
#: of the answers within the window, also of those that were awaited in vain, retries may be so many more
RETRY_SHARE = 0.1
#: in a quiet hour a share is nothing; so many retries within the window are always allowed
FEWEST_RETRIES = 20
#: one or two answers may be lost for reasons of their own
FEW = 3
#: between two tries, on average
PAUSE = timedelta(milliseconds=300)


class Urgency(IntEnum):
    """The lower, the sooner."""

    CONNECT = 0  # a caller and whoever is free for them; and every end, which makes room
    SERVE = 1  # words for somebody, a phone that is to ring
    COMFORT = 2  # music for somebody who waits, and what is left to be tidied up


_LEAST_URGENT_FIRST = tuple(reversed(Urgency))


#: the places that orders of this urgency, and less urgent ones, may take together
PLACES: Mapping[Urgency, int] = {
    Urgency.CONNECT: MOST_AT_ONCE,
    Urgency.SERVE: MOST_AT_ONCE - 3,
    Urgency.COMFORT: MOST_AT_ONCE // 2,
}


@dataclass(frozen=True, slots=True, order=True)
class Order:
    """One order in line or out. `about`: the party whose leaving makes it useless; `until`: not given after that."""

    urgency: Urgency
    number: int  # in the order of asking
    about: ChannelId | None = field(default=None, compare=False)
    until: datetime | None = field(default=None, compare=False)


class Line:
    """The orders that are out, and those that wait for their turn."""

    def __init__(self) -> None:
        self._waiting: list[Order] = []
        self._out: set[int] = set()
        self._taken = dict.fromkeys(Urgency, 0)  # places, by the urgency of the order that is out

    def ask(self, order: Order) -> None:
        insort(self._waiting, order)

    def withdraw(self, order: Order) -> None:
        """Not wanted any more, or answered: in line or out, its place is free."""
        if order.number in self._out:
            self._out.remove(order.number)
            self._taken[order.urgency] -= 1
        elif order in self._waiting:
            self._waiting.remove(order)

    def turns(self) -> list[Order]:
        """The orders whose turn it is, in that order; they are out from here on."""
        found: list[Order] = []
        for order in self._waiting:
            if not self._has_place(order.urgency):
                break
            self._out.add(order.number)
            self._taken[order.urgency] += 1
            found.append(order)
        del self._waiting[: len(found)]
        return found

    def left(self, channel_id: ChannelId) -> list[Order]:
        """This party is gone: the orders about it that were not given yet, which never will be."""
        useless = [order for order in self._waiting if order.about == channel_id]
        if useless:
            self._waiting = [order for order in self._waiting if order.about != channel_id]
        return useless

    def too_late(self, now: datetime) -> list[Order]:
        """The orders whose time passed before their turn came; they never will be given."""
        useless = [order for order in self._waiting if order.until is not None and order.until <= now]
        if useless:
            self._waiting = [order for order in self._waiting if order.until is None or order.until > now]
        return useless

    def _has_place(self, urgency: Urgency) -> bool:
        """Whether one more of this urgency leaves room for the more urgent ones."""
        taken = 0  # by orders of this level, and less urgent ones
        for level in _LEAST_URGENT_FIRST:
            taken += self._taken[level]
            if level <= urgency and taken >= PLACES[level]:
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Answered:
    at: datetime
    seconds: float  # from the order to its answer
    came: bool


class Answers:
    """What became of the orders of the last ten seconds: how fast the answers came, and what may be tried again."""

    def __init__(self) -> None:
        self._answers: deque[_Answered] = deque()
        self._retries: deque[datetime] = deque()
        self._missing = 0  # of the answers, those that never came

    def answered(self, now: datetime, seconds: float, *, came: bool) -> None:
        """After so many seconds an answer came, or was awaited no longer."""
        self._answers.append(_Answered(now, seconds, came))
        self._missing += not came

    def may_retry(self, now: datetime) -> bool:
        """Whether one more retry is within the budget; it counts from here on."""
        self._forget(now)
        if len(self._retries) >= max(FEWEST_RETRIES, RETRY_SHARE * len(self._answers)):
            return False
        self._retries.append(now)
        return True

    def seconds(self, now: datetime, within: timedelta) -> list[float]:
        """How long each answer of the last stretch was awaited, also one that never came."""
        self._forget(now)
        found = []
        for one in reversed(self._answers):
            if one.at <= now - within:
                break
            found.append(one.seconds)
        return found

    def is_overloaded(self, now: datetime) -> bool:
        """Whether Asterisk answers too many too late: an order that got no answer says nothing about its call then."""
        self._forget(now)
        return self._missing >= FEW and self._missing >= RETRY_SHARE * len(self._answers)

    def _forget(self, now: datetime) -> None:
        """Forget what is older than the window, and what the clock was set back behind."""
        since = now - WINDOW
        while self._answers and not since < self._answers[0].at <= now:
            self._missing -= not self._answers.popleft().came
        while self._retries and not since < self._retries[0] <= now:
            self._retries.popleft()


def pause(jitter: float) -> timedelta:
    """The pause before a retry. `jitter`, from 0 to 1, spreads those of many callers over half to one and a half."""
    return PAUSE * (0.5 + jitter)
