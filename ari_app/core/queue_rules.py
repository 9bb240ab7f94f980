"""The rules of the queue, by which callers and operators are matched, and their plain definition.

* Callers stand in the order in which they would breach their municipality's norm, then of arrival. Before them all
  stand those who come back from a transfer that came to nothing.
* A match needs the primary skill: the operator's team serves one of the municipalities the caller may be answered for.
* A caller who waited `overflow_after_seconds` also matches the secondary skill: teams that agreed to help. While an
  operator with the primary skill is ready, that operator goes first.
* Among those who may take a caller, the one who has been idle longest does.
* A caller for one person (a direct number) is for that person only, whatever teams that person is in.
* An operator who did not take a caller is never offered that caller again.

`offers` is these rules and nothing else. It compares everybody with everybody; `core.queue_board.Board` gives the same
answers at the price of one change. Instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from ari_app.core.area import Reach
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, SessionId


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller as the queue sees them.

    Raises ValueError when nobody could ever answer, or `queued_at` has no timezone; OverflowError when a norm ends
    beyond the calendar. So a mistake shows in the one call that made it, not in the queue of all.
    """

    call_id: CallId
    municipality: MunicipalityCode | None  # None: an operator for any of `municipalities` will do
    queued_at: datetime
    answer_within_seconds: int
    overflow_after_seconds: int
    municipalities: frozenset[MunicipalityCode] = frozenset()  # read only when `municipality` is None
    only_operator: OperatorNumber | None = None
    refused_by: frozenset[OperatorNumber] = frozenset()
    came_back: bool = False

    def __post_init__(self) -> None:
        if self.queued_at.tzinfo is None:
            raise ValueError("queued_at has no timezone")
        if not self.answerable_for and self.only_operator is None:
            raise ValueError("a caller without municipality, municipalities and operator can never be answered")
        max(self.breaches_at, self.overflows_at)

    @property
    def answerable_for(self) -> frozenset[MunicipalityCode]:
        """The municipalities of which one is enough for an operator to take this caller."""
        return self.municipalities if self.municipality is None else frozenset((self.municipality,))

    @property
    def breaches_at(self) -> datetime:
        return self.queued_at + timedelta(seconds=self.answer_within_seconds)

    @property
    def overflows_at(self) -> datetime:
        """The first moment at which the secondary skill is enough for this caller."""
        return self.queued_at + timedelta(seconds=self.overflow_after_seconds)

    @property
    def place(self) -> tuple[bool, datetime, datetime, CallId]:
        """Sort key: who comes first. The id only makes the order total."""
        return (not self.came_back, self.breaches_at, self.queued_at, self.call_id)


@dataclass(frozen=True, slots=True)
class ReadyOperator:
    """An operator who can be offered a caller now. Raises ValueError when `idle_since` has no timezone."""

    session_id: SessionId
    operator: OperatorNumber
    primary: frozenset[MunicipalityCode]  # skills: whose callers this operator may take at once
    secondary: frozenset[MunicipalityCode]  # and whose, after the overflow
    idle_since: datetime
    reach: Reach = Reach.LINE

    def __post_init__(self) -> None:
        if self.idle_since.tzinfo is None:
            raise ValueError("idle_since has no timezone")

    @property
    def turn(self) -> tuple[datetime, SessionId]:
        """Sort key: whose turn it is. The id only makes the order total."""
        return (self.idle_since, self.session_id)


@dataclass(frozen=True, slots=True)
class Offer:
    """`overflow`: by the secondary skill, as the caller waited long enough for that."""

    call_id: CallId
    session_id: SessionId
    overflow: bool = False


def may_take_at_once(caller: WaitingCaller, operator: ReadyOperator) -> bool:
    """May this operator take this caller from the first second (primary skill)?"""
    if operator.operator in caller.refused_by:
        return False
    if caller.only_operator is not None:
        return operator.operator == caller.only_operator
    return not caller.answerable_for.isdisjoint(operator.primary)


def may_take_after_overflow(caller: WaitingCaller, operator: ReadyOperator, now: datetime) -> bool:
    """May this operator take this caller because they waited too long for the primary skill (secondary skill)?"""
    if operator.operator in caller.refused_by or caller.only_operator is not None:
        return False
    return caller.overflows_at <= now and not caller.answerable_for.isdisjoint(operator.secondary)


def offers(waiting: Iterable[WaitingCaller], operators: Iterable[ReadyOperator], now: datetime) -> list[Offer]:
    """Every offer to be made now, in the order of the callers; nobody occurs twice."""
    ready = sorted(operators, key=lambda operator: operator.turn)
    found: list[Offer] = []
    for caller in sorted(waiting, key=lambda caller: caller.place):
        at_once = (index for index, operator in enumerate(ready) if may_take_at_once(caller, operator))
        overflowed = (index for index, operator in enumerate(ready) if may_take_after_overflow(caller, operator, now))
        chosen = next(chain(at_once, overflowed), None)
        if chosen is not None:
            operator = ready.pop(chosen)
            overflow = not may_take_at_once(caller, operator)
            found.append(Offer(caller.call_id, operator.session_id, overflow))
    return found
