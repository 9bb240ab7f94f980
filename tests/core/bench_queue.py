"""How long one decision of the queue takes, next to the plain definition in the same run.

Run as `python -m tests.core.bench_queue`. A decision is one change (a caller arrives, an operator becomes ready) and
the `decide` and `next_change_at` that follow it.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from time import process_time
from uuid import UUID

from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, SessionId
from ari_app.core.queue_board import Board
from ari_app.core.queue_rules import Offer, ReadyOperator, WaitingCaller, offers
from tests.core.queue_values import START

Area = Sequence[MunicipalityCode]

COUNTRY = [MunicipalityCode(f"GM{number:04}") for number in range(342)]
SKILLS = 20
MEMBERS_OF_A_NUMBER = 4


@dataclass
class House:
    """A country in which many wait and many are ready, and nobody can be matched: the most there is to look through.

    In `busy` all operators are in a talk and callers wait; in `quiet` operators are ready and nobody waits. One caller
    in five is for any municipality of a shared number. The ready operators also help in `busy`, later.
    """

    busy: Area
    quiet: Area
    chooser: random.Random
    now: datetime = START + timedelta(hours=1)
    callers: list[WaitingCaller] = field(default_factory=list)
    operators: list[ReadyOperator] = field(default_factory=list)

    def board(self) -> Board:
        board = Board()
        for caller in self.callers:
            board.add_caller(caller)
        for operator in self.operators:
            board.operator_ready(operator)
        return board

    def new_caller(self, area: Area) -> WaitingCaller:
        first = self.chooser.randrange(0, len(area), MEMBERS_OF_A_NUMBER - 1)
        members = frozenset(area[first : first + MEMBERS_OF_A_NUMBER])
        return WaitingCaller(
            call_id=CallId(self._new_id()),
            municipality=None if self.chooser.random() < 0.2 else self.chooser.choice(area),
            municipalities=members,
            queued_at=self.now - timedelta(microseconds=self.chooser.randrange(300_000_000)),
            answer_within_seconds=self.chooser.choice([20, 25, 25, 30]),
            overflow_after_seconds=600,
        )

    def new_operator(self, primary: Area, secondary: Area) -> ReadyOperator:
        session = SessionId(self._new_id())
        return ReadyOperator(
            session_id=session,
            operator=OperatorNumber(str(session)),
            primary=frozenset(self.chooser.sample(primary, min(SKILLS, len(primary)))),
            secondary=frozenset(self.chooser.sample(secondary, min(SKILLS, len(secondary)))),
            idle_since=self.now - timedelta(microseconds=self.chooser.randrange(600_000_000)),
        )

    def _new_id(self) -> UUID:
        return UUID(int=self.chooser.getrandbits(128))


def full_house(callers: int = 10_000, operators: int = 2_000, municipalities: int = len(COUNTRY)) -> House:
    area = COUNTRY[:municipalities]
    house = House(busy=area[::2], quiet=area[1::2], chooser=random.Random(14))
    house.callers = [house.new_caller(house.busy) for _ in range(callers)]
    house.operators = [house.new_operator(house.quiet, house.busy) for _ in range(operators)]
    return house


def decision_times(house: House, rounds: int) -> dict[str, list[float]]:
    """Seconds per decision, by what changed. Each change is undone, untimed, so that the house stays full."""
    board = house.board()
    if board.decide(house.now):
        raise AssertionError("the house is not meant to have anybody to match")
    waiting = {caller.call_id: caller for caller in house.callers}
    ready = {operator.session_id: operator for operator in house.operators}
    times: dict[str, list[float]] = {}

    def timed(kind: str, change: Callable[[], None]) -> list[Offer]:
        started = process_time()
        change()
        found = board.decide(house.now)
        board.next_change_at()
        times.setdefault(kind, []).append(process_time() - started)
        return found

    for _ in range(rounds):
        caller = house.new_caller(house.busy)
        found = timed("a caller arrives and waits", partial(board.add_caller, caller))
        board.remove_caller(caller.call_id)
        assert not found

        caller = house.new_caller(house.quiet)
        [offer] = timed("a caller arrives and is offered", partial(board.add_caller, caller))
        board.remove_caller(caller.call_id)
        board.operator_ready(ready[offer.session_id])

        operator = house.new_operator(house.quiet, house.busy)
        found = timed("an operator is ready and waits", partial(board.operator_ready, operator))
        board.operator_gone(operator.session_id)
        assert not found

        operator = house.new_operator(house.busy, house.quiet)
        [offer] = timed("an operator is ready and gets a caller", partial(board.operator_ready, operator))
        board.add_caller(waiting[offer.call_id])
        board.decide(house.now)
    return times


def positions_seconds(house: House) -> float:
    """Seconds to ask the position of every caller once."""
    board = house.board()
    started = process_time()
    for caller in house.callers:
        board.position(caller.call_id)
    return process_time() - started


def rush_seconds(house: House) -> tuple[float, int]:
    """Seconds for one decision in which everybody ready gets a caller at once, and how many do."""
    house.operators = [house.new_operator(house.busy, house.quiet) for _ in house.operators]
    board = house.board()
    started = process_time()
    found = board.decide(house.now)
    return process_time() - started, len(found)


def definition_seconds(house: House) -> float:
    """Seconds for one decision by the plain definition."""
    started = process_time()
    offers(house.callers, house.operators, house.now)
    return process_time() - started


def bench_queueing(rounds: int = 500, definition_rounds: int = 3) -> None:
    """Print the times per decision; about two minutes, nearly all of it for the plain definition."""
    for title, municipalities in (("342 municipalities", 342), ("two municipalities", 2)):
        house = full_house(municipalities=municipalities)
        _say(f"{len(house.callers)} callers wait, {len(house.operators)} operators are ready, {title}")
        plain = sorted(definition_seconds(house) for _ in range(definition_rounds))
        _say(f"  plain definition: {median(plain):.1f} s ({plain[0]:.1f} to {plain[-1]:.1f})")
        for kind, times in decision_times(house, rounds).items():
            times.sort()
            p01, p50, p99 = (times[int(len(times) * share)] for share in (0.01, 0.5, 0.99))
            _say(
                f"  {kind}: p50 {p50 * 1e3:.3f} ms, p99 {p99 * 1e3:.3f} ms, worst {times[-1] * 1e3:.3f} ms;"
                f" 1/{median(plain) / p50:,.0f} of the definition (1/{plain[0] / p99:,.0f} to 1/{plain[-1] / p01:,.0f})"
            )
        asked = sorted(positions_seconds(house) for _ in range(5))
        _say(f"  all positions: {median(asked) * 1e3:.0f} ms ({asked[0] * 1e3:.0f} to {asked[-1] * 1e3:.0f})")
        seconds, matched = rush_seconds(house)
        _say(f"  everybody at once: {seconds * 1e3:.0f} ms for {matched} offers")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    bench_queueing()
