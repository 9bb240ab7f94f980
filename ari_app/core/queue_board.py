"""The queue at work: the answers of `queue_rules.offers`, one change at a time.

Callers who wait for the same skills stand in one queue. A change marks the few queues it touches, and `decide` walks
only those: after each `decide` no pair is left that could be matched, so a pair that can be matched now is in a marked
queue. Everything is kept in sorted lists: moving ten thousand pointers costs microseconds, and nothing is left behind
to be cleaned up later.

A board has one owner. The same sequence of operations gives the same offers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heapreplace
from operator import itemgetter
from typing import NewType, TypeVar

from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, SessionId
from ari_app.core.queue_rules import Offer, ReadyOperator, WaitingCaller, may_take_at_once

#: what a caller needs and an operator has: a municipality, or being one person
_Skill = NewType("_Skill", str)
# The card at the end is never compared: the ids before it differ.
_Place = tuple[bool, datetime, datetime, CallId, "_CallerCard"]
_Overflow = tuple[datetime, CallId, "_CallerCard"]
_Turn = tuple[datetime, SessionId, ReadyOperator]
_Entry = TypeVar("_Entry", _Place, _Overflow, _Turn)


@dataclass(eq=False, slots=True)
class _Queue:
    """The callers who need one of exactly these skills."""

    needs: tuple[_Skill, ...]
    free: list[_Place] = field(default_factory=list)
    offered: list[_Place] = field(default_factory=list)
    overflowed: list[_Place] = field(default_factory=list)  # those in `free` for whom the secondary skill is enough
    pending: list[_Overflow] = field(default_factory=list)  # those in `free` who have not overflowed yet
    rivals: tuple[_Queue, ...] | None = None  # queues with a skill in common, itself too; None: look again


class _CallerCard:
    __slots__ = ("_overflow", "_place", "caller", "has_overflowed", "is_offered", "queue")

    def __init__(self, caller: WaitingCaller, queue: _Queue) -> None:
        self.caller = caller
        self.queue = queue
        self.is_offered = False
        self.has_overflowed = False
        self._place = caller.place
        self._overflow = (caller.overflows_at, caller.call_id)

    # Made when asked for: a card that holds itself would stay in memory until the cycle collector comes by.
    @property
    def place(self) -> _Place:
        return (*self._place, self)

    @property
    def overflow(self) -> _Overflow:
        return (*self._overflow, self)


class Board:
    """The callers who wait and the operators who are ready.

    A caller and an operator who were offered to each other stay out of every decision until more is known of them:

    * taken: `remove_caller`; the operator says `operator_ready` after the call;
    * not taken: `add_caller` with the operator in `refused_by`; `operator_ready` or nothing for the operator;
    * the caller left meanwhile: `remove_caller`, and `operator_ready` with the `idle_since` of before.
    """

    def __init__(self) -> None:
        self._cards: dict[CallId, _CallerCard] = {}
        self._ready: dict[SessionId, ReadyOperator] = {}
        self._queues: dict[frozenset[_Skill], _Queue] = {}
        self._queues_needing: dict[_Skill, list[_Queue]] = {}
        self._by_primary: dict[_Skill, list[_Turn]] = {}  # an empty list is removed, here and in _by_secondary
        self._by_secondary: dict[_Skill, list[_Turn]] = {}
        self._pending: list[_Overflow] = []  # of all queues together
        self._changed: set[_Queue] = set()

    def add_caller(self, caller: WaitingCaller) -> None:
        """This caller waits and may be offered from now on; replaces all that was known of the call."""
        self.remove_caller(caller.call_id)
        self._put(_CallerCard(caller, self._queue_for(caller)))

    def remove_caller(self, call_id: CallId) -> None:
        """This caller waits no longer; nothing happens if they did not."""
        card = self._cards.pop(call_id, None)
        if card is None:
            return
        if card.is_offered:
            _discard(card.queue.offered, card.place)
        else:
            self._take_out(card)
        if not card.queue.free and not card.queue.offered:
            self._close(card.queue)

    def update_caller(self, caller: WaitingCaller) -> None:
        """Something about this caller has changed; one who is being offered stays so, and one who left is not added."""
        card = self._cards.get(caller.call_id)
        if card is None:
            return
        is_offered = card.is_offered
        self.add_caller(caller)
        if is_offered:
            self._set_apart(self._cards[caller.call_id])

    def operator_ready(self, operator: ReadyOperator) -> None:
        """This operator may be offered a caller from now on; replaces all that was known of the session."""
        self.operator_gone(operator.session_id)
        self._ready[operator.session_id] = operator
        for side, skills in self._sides(operator):
            for skill in skills:
                insort(side.setdefault(skill, []), (*operator.turn, operator))
                for queue in self._queues_needing.get(skill, ()):
                    if queue.free if side is self._by_primary else queue.overflowed:
                        self._changed.add(queue)

    def operator_gone(self, session_id: SessionId) -> None:
        """This operator is not to be offered anybody; nothing happens if they were not."""
        operator = self._ready.pop(session_id, None)
        if operator is None:
            return
        for side, skills in self._sides(operator):
            for skill in skills:
                turns = side[skill]
                _discard(turns, (*operator.turn, operator))
                if not turns:
                    del side[skill]

    def decide(self, now: datetime) -> list[Offer]:
        """Every offer to be made now, in the order of the callers; both sides count as offered from here on.

        A caller who has overflowed stays so when the clock is set back.
        """
        self._let_overflow(now)
        heads = [head for queue in self._changed if (head := self._next_in(queue, None)) is not None]
        self._changed.clear()
        heapify(heads)
        found: list[Offer] = []
        while heads:
            card = heads[0][-1]
            operator = self._operator_for(card)
            if operator is not None:
                overflow = not may_take_at_once(card.caller, operator)
                found.append(Offer(card.caller.call_id, operator.session_id, overflow))
                self._set_apart(card)
                self.operator_gone(operator.session_id)
            following = self._next_in(card.queue, card.place)
            if following is None:
                heappop(heads)
            else:
                heapreplace(heads, following)
        return found

    def next_change_at(self) -> datetime | None:
        """The moment at which time alone makes the next match; None if it never does. To be asked after `decide`."""
        earliest: datetime | None = None
        for skill in self._by_secondary:
            for queue in self._queues_needing.get(skill, ()):
                for overflows_at, _, card in queue.pending:
                    if earliest is not None and overflows_at >= earliest:
                        break
                    if self._longest_idle(self._by_secondary, card) is not None:
                        earliest = overflows_at
                        break
        return earliest

    def position(self, call_id: CallId) -> int | None:
        """The caller's place, from 1, among all who wait for a municipality this caller can be answered for.

        A caller for one person stands among the callers for that person. Callers who are being offered count: they
        have not been answered yet. None: this call does not wait. The number can rise when somebody arrives whose norm
        is shorter. That a shared team may answer another municipality first is not in it: the board does not know the
        operators who are in a talk.
        """
        card = self._cards.get(call_id)
        if card is None:
            return None
        if card.queue.rivals is None:
            card.queue.rivals = tuple({queue for skill in card.queue.needs for queue in self._queues_needing[skill]})
        place = card.place
        return 1 + sum(bisect_left(q.free, place) + bisect_left(q.offered, place) for q in card.queue.rivals)

    def _put(self, card: _CallerCard) -> None:
        self._cards[card.caller.call_id] = card
        insort(card.queue.free, card.place)
        insort(card.queue.pending, card.overflow)
        insort(self._pending, card.overflow)
        self._changed.add(card.queue)

    def _take_out(self, card: _CallerCard) -> None:
        _discard(card.queue.free, card.place)
        if card.has_overflowed:
            _discard(card.queue.overflowed, card.place)
        else:
            _discard(card.queue.pending, card.overflow)
            _discard(self._pending, card.overflow)

    def _set_apart(self, card: _CallerCard) -> None:
        self._take_out(card)
        card.is_offered = True
        insort(card.queue.offered, card.place)

    def _let_overflow(self, now: datetime) -> None:
        due = bisect_right(self._pending, now, key=itemgetter(0))
        for overflow in self._pending[:due]:
            card = overflow[-1]
            card.has_overflowed = True
            _discard(card.queue.pending, overflow)
            insort(card.queue.overflowed, card.place)
            self._changed.add(card.queue)
        del self._pending[:due]

    def _next_in(self, queue: _Queue, after: _Place | None) -> _Place | None:
        """The next caller in a queue for whom a ready operator has the skill; that operator may have refused them."""
        line: Sequence[_Place] = ()
        if not self._by_primary.keys().isdisjoint(queue.needs):
            line = queue.free
        elif not self._by_secondary.keys().isdisjoint(queue.needs):
            line = queue.overflowed
        index = 0 if after is None else bisect_right(line, after)
        return line[index] if index < len(line) else None

    def _operator_for(self, card: _CallerCard) -> ReadyOperator | None:
        chosen = self._longest_idle(self._by_primary, card)
        if chosen is None and card.has_overflowed:
            chosen = self._longest_idle(self._by_secondary, card)
        return None if chosen is None else chosen[-1]

    def _longest_idle(self, side: dict[_Skill, list[_Turn]], card: _CallerCard) -> _Turn | None:
        refused_by = card.caller.refused_by
        best: _Turn | None = None
        for skill in card.queue.needs:
            for turn in side.get(skill, ()):
                if best is not None and turn >= best:
                    break
                if turn[-1].operator not in refused_by:
                    best = turn
                    break
        return best

    def _sides(self, operator: ReadyOperator) -> Iterable[tuple[dict[_Skill, list[_Turn]], list[_Skill]]]:
        primary = [_being(operator.operator), *map(_answering, operator.primary)]
        return (self._by_primary, primary), (self._by_secondary, [*map(_answering, operator.secondary)])

    def _queue_for(self, caller: WaitingCaller) -> _Queue:
        if caller.only_operator is not None:
            needs = frozenset((_being(caller.only_operator),))
        else:
            needs = frozenset(map(_answering, caller.answerable_for))
        queue = self._queues.get(needs)
        if queue is None:
            queue = self._queues[needs] = _Queue(tuple(needs))
            for skill in needs:
                self._queues_needing.setdefault(skill, []).append(queue)
            self._forget_rivals(queue)
        return queue

    def _close(self, queue: _Queue) -> None:
        del self._queues[frozenset(queue.needs)]
        self._changed.discard(queue)
        self._forget_rivals(queue)
        for skill in queue.needs:
            self._queues_needing[skill].remove(queue)
            if not self._queues_needing[skill]:
                del self._queues_needing[skill]

    def _forget_rivals(self, queue: _Queue) -> None:
        for skill in queue.needs:
            for rival in self._queues_needing[skill]:
                rival.rivals = None


def _answering(municipality: MunicipalityCode) -> _Skill:
    return _Skill(f"for {municipality}")


def _being(operator: OperatorNumber) -> _Skill:
    return _Skill(f"is {operator}")


def _discard(entries: list[_Entry], entry: _Entry) -> None:
    """Take an entry out of a sorted list that contains it."""
    del entries[bisect_left(entries, entry)]
