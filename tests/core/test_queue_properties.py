"""The board against the plain definition, and both against what is promised, over arbitrary histories."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ari_app.core.ids import CallId, OperatorNumber, SessionId
from ari_app.core.queue_board import Board
from ari_app.core.queue_rules import (
    Offer,
    ReadyOperator,
    WaitingCaller,
    may_take_after_overflow,
    may_take_at_once,
    offers,
)
from tests.core.queue_values import at, caller, operator, pairs

pytestmark = pytest.mark.pure

# Few names and few moments: ties, boundaries and shared skills are the rule, not the exception.
teams = st.sampled_from(["", "A", "B", "C", "AB", "BC", "ABC", "D", "AD"])
moments = st.integers(0, 12)
numbers = st.integers(1, 6)


# Made once: a strategy is checked where it is first drawn from, and that is a third of what these tests cost.
call_numbers = st.integers(1, 12)
skills = st.sampled_from(["A", "A", "B", "C", "D", "AB", "ABC", "BD"])
norms = st.sampled_from([3, 3, 5])
overflows = st.sampled_from([0, 4, 4, 7, 100])
wanted_operators = st.one_of(st.none(), st.none(), st.none(), numbers.map(str))
refusals = st.frozensets(numbers.map(str), max_size=2)


@st.composite
def callers(draw: st.DrawFn, number: int | None = None) -> WaitingCaller:
    only = draw(wanted_operators)
    return caller(
        draw(call_numbers) if number is None else number,
        draw(skills),
        queued=draw(moments),
        norm=draw(norms),
        overflow=draw(overflows),
        only=only,
        refused_by=draw(refusals),
    )


@st.composite
def operators(draw: st.DrawFn, number: int | None = None) -> ReadyOperator:
    chosen = draw(numbers) if number is None else number
    return operator(chosen, draw(teams), draw(teams), idle=draw(moments))


crowds = st.lists(callers(), max_size=12, unique_by=lambda each: each.call_id)
rosters = st.lists(operators(), max_size=6, unique_by=lambda each: each.session_id)


def may_take(someone: ReadyOperator, each: WaitingCaller, now: datetime) -> bool:
    return may_take_at_once(each, someone) or may_take_after_overflow(each, someone, now)


def assert_promises_kept(
    found: list[Offer],
    waiting: Mapping[CallId, WaitingCaller],
    ready: Mapping[SessionId, ReadyOperator],
    now: datetime,
) -> None:
    """The queue's promises to people, stated without its definition."""
    assert len({offer.call_id for offer in found}) == len(found), "a caller is offered twice"
    assert len({offer.session_id for offer in found}) == len(found), "an operator is offered two callers"
    matched = {offer.call_id: ready[offer.session_id] for offer in found}
    idle = [someone for key, someone in ready.items() if key not in {offer.session_id for offer in found}]
    for call_id, each in waiting.items():
        if call_id not in matched:
            assert not any(may_take(someone, each, now) for someone in idle), "an eligible pair is left waiting"
    for call_id, chosen in matched.items():
        each = waiting[call_id]
        assert may_take(chosen, each, now)
        assert chosen.operator not in each.refused_by
        assert each.only_operator in (None, chosen.operator)
        if not may_take_at_once(each, chosen):
            assert each.overflows_at <= now, "a secondary skill came before the overflow"
        later = [matched[other] for other in matched if waiting[other].place > each.place]
        for rival in idle + later:
            if may_take_at_once(each, rival):
                assert may_take_at_once(each, chosen), "a secondary skill went before a primary one"
                assert chosen.turn < rival.turn, "an operator was passed by"
            elif may_take(rival, each, now) and not may_take_at_once(each, chosen):
                assert chosen.turn < rival.turn, "an operator with the secondary skill was passed by"
        for other_id, other in waiting.items():
            if other_id not in matched and other.place < each.place:
                assert not may_take(chosen, other, now), "a caller was passed by"
    in_order = [waiting[offer.call_id].place for offer in found]
    assert in_order == sorted(in_order)


@given(crowds, rosters, st.integers(0, 30))
def test_the_definition_keeps_the_promises(
    crowd: list[WaitingCaller], roster: list[ReadyOperator], second: int
) -> None:
    now = at(second)
    found = offers(crowd, roster, now)
    assert_promises_kept(found, {c.call_id: c for c in crowd}, {o.session_id: o for o in roster}, now)


@given(crowds, rosters, st.integers(0, 30), st.randoms(use_true_random=False))
def test_the_order_in_which_a_board_learns_things_does_not_matter(
    crowd: list[WaitingCaller], roster: list[ReadyOperator], second: int, shuffler: random.Random
) -> None:
    board = Board()
    news: list[Callable[[], None]] = [partial(board.add_caller, each) for each in crowd]
    news += [partial(board.operator_ready, someone) for someone in roster]
    shuffler.shuffle(news)
    for tell in news:
        tell()
    assert board.decide(at(second)) == offers(crowd, roster, at(second))


class BoardMachine(RuleBasedStateMachine):
    """Any history of a board; after each step the board agrees with the definition on what is free."""

    def __init__(self) -> None:
        super().__init__()
        self.board = Board()
        self.now = at(0)
        self.free: dict[CallId, WaitingCaller] = {}
        self.offered: dict[CallId, WaitingCaller] = {}
        self.ready: dict[SessionId, ReadyOperator] = {}
        self.offered_to: dict[CallId, ReadyOperator] = {}
        self.decided = False

    @initialize(crowd=crowds, roster=rosters)
    def a_day_begins(self, crowd: list[WaitingCaller], roster: list[ReadyOperator]) -> None:
        for each in crowd:
            self.caller_waits(each)
        for someone in roster:
            self.operator_is_ready(someone)

    @rule(each=callers())
    def caller_waits(self, each: WaitingCaller) -> None:
        self.board.add_caller(each)
        self.offered.pop(each.call_id, None)
        self.free[each.call_id] = each
        self.decided = False

    @rule(each=callers())
    def caller_changes(self, each: WaitingCaller) -> None:
        self.board.update_caller(each)
        for known in (self.free, self.offered):
            if each.call_id in known:
                known[each.call_id] = each
        self.decided = False

    @rule(number=st.integers(1, 12))
    def caller_leaves(self, number: int) -> None:
        call_id = caller(number).call_id
        self.board.remove_caller(call_id)
        self.free.pop(call_id, None)
        self.offered.pop(call_id, None)

    @rule(someone=operators())
    def operator_is_ready(self, someone: ReadyOperator) -> None:
        self.board.operator_ready(someone)
        self.ready[someone.session_id] = someone
        self.decided = False

    @rule(number=numbers)
    def operator_goes(self, number: int) -> None:
        self.board.operator_gone(operator(number).session_id)
        self.ready.pop(operator(number).session_id, None)

    @rule(seconds=st.integers(1, 4))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.decided = False

    @rule()
    def the_next_change_comes(self) -> None:
        if self.decided and (next_change_at := self.board.next_change_at()) is not None:
            self.now = next_change_at
            assert self.decided_now()

    @rule()
    def the_board_decides(self) -> None:
        self.decided_now()

    def decided_now(self) -> list[Offer]:
        found = self.board.decide(self.now)
        assert found == offers(self.free.values(), self.ready.values(), self.now)
        assert_promises_kept(found, self.free, self.ready, self.now)
        for offer in found:
            self.offered[offer.call_id] = self.free.pop(offer.call_id)
            self.offered_to[offer.call_id] = self.ready.pop(offer.session_id)
        assert self.board.decide(self.now) == []
        self.decided = True
        return found

    @rule()
    def the_offers_fail(self) -> None:
        """Each caller goes back to wait for somebody else; each operator is ready again."""
        for call_id, each in list(self.offered.items()):
            silent = self.offered_to[call_id]
            self.caller_waits(replace(each, refused_by=each.refused_by | {silent.operator}))
            self.operator_is_ready(silent)

    @invariant()
    def positions_are_places_in_the_order(self) -> None:
        known = self.free | self.offered
        for number in range(1, 13):
            call_id = caller(number).call_id
            each = known.get(call_id)
            expected = None if each is None else 1 + sum(ahead_of(each, other) for other in known.values())
            assert self.board.position(call_id) == expected

    @invariant()
    def time_alone_changes_nothing_before_the_next_change(self) -> None:
        if not self.decided:
            return
        moments_of_overflow = sorted({each.overflows_at for each in self.free.values() if each.overflows_at > self.now})
        changes = [m for m in moments_of_overflow if offers(self.free.values(), self.ready.values(), m)]
        assert self.board.next_change_at() == (changes[0] if changes else None)

    def teardown(self) -> None:
        """When everybody has left, nothing is kept."""
        for call_id in [*self.free, *self.offered]:
            self.board.remove_caller(call_id)
        for session_id in self.ready:
            self.board.operator_gone(session_id)
        fresh = Board()
        self.board.decide(self.now)
        assert vars(self.board) == vars(fresh)


def ahead_of(each: WaitingCaller, other: WaitingCaller) -> bool:
    if other.place >= each.place or each.only_operator != other.only_operator:
        return False
    return each.only_operator is not None or bool(each.answerable_for & other.answerable_for)


TestBoard = BoardMachine.TestCase
TestBoard.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)

HISTORY = """
import random
from ari_app.core.queue_board import Board
from tests.core.queue_values import at, caller, operator, pairs
chooser, board = random.Random(7), Board()
for second in range(300):
    board.add_caller(caller(second + 1, chooser.choice(["A", "B", "AB", "BCD", "DA"]), queued=second, overflow=40))
    if second % 2:
        board.operator_ready(operator(second, chooser.choice(["A", "BC", "CD"]), secondary="ABCD", idle=second // 9))
    print(pairs(board.decide(at(second))), board.next_change_at(), board.position(caller(second // 2).call_id))
"""


def test_the_same_history_gives_the_same_offers_in_every_process() -> None:
    """Sets of text are ordered differently in each process; the offers may not depend on it."""
    stories = []
    for seed in ("1", "2"):
        finished = subprocess.run(
            [sys.executable, "-c", HISTORY],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        stories.append(finished.stdout)
    assert stories[0] == stories[1]
    assert stories[0].count("(") > 100


def test_two_sessions_of_one_operator_number_are_both_kept_from_a_refused_caller() -> None:
    twice = [operator(1), replace(operator(2), operator=OperatorNumber("1"))]
    board = Board()
    for someone in twice:
        board.operator_ready(someone)
    board.add_caller(caller(1, refused_by=["1"]))
    assert board.decide(at(0)) == offers([caller(1, refused_by=["1"])], twice, at(0)) == []
    board.add_caller(caller(2, only="1"))
    assert pairs(board.decide(at(0))) == [(2, 1)]
