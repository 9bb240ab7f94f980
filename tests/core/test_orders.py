"""The line of orders: urgency, places, what is not given any more, and the budget of retries."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ari_app.core.ids import ChannelId
from ari_app.core.orders import (
    FEW,
    FEWEST_RETRIES,
    MOST_AT_ONCE,
    PLACES,
    RETRY_SHARE,
    WINDOW,
    Answers,
    Line,
    Order,
    Urgency,
    pause,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CONNECT, SERVE, COMFORT = Urgency


def line_with(*urgencies: Urgency) -> Line:
    line = Line()
    for number, urgency in enumerate(urgencies):
        line.ask(Order(urgency, number, ChannelId(f"c{number}"), NOW + number * SECOND))
    return line


def numbers(orders: list[Order]) -> list[int]:
    return [order.number for order in orders]


def test_the_urgent_go_first_and_among_equals_the_one_that_came_first() -> None:
    assert numbers(line_with(COMFORT, SERVE, CONNECT, SERVE, CONNECT).turns()) == [2, 4, 1, 3, 0]


@pytest.mark.parametrize("urgency", Urgency)
def test_less_urgent_orders_leave_places_for_more_urgent_ones(urgency: Urgency) -> None:
    line = line_with(*[urgency] * 2 * MOST_AT_ONCE)
    assert len(line.turns()) == PLACES[urgency]
    line.ask(Order(CONNECT, 100))
    has_place = urgency is not CONNECT
    assert numbers(line.turns()) == ([100] if has_place else [])


def test_an_answer_makes_room_for_the_next() -> None:
    line = line_with(*[CONNECT] * (MOST_AT_ONCE + 1))
    first = line.turns()
    line.withdraw(first[3])
    assert numbers(line.turns()) == [MOST_AT_ONCE] and line.turns() == []


def test_orders_about_a_party_that_left_or_whose_time_passed_are_not_given() -> None:
    line = line_with(COMFORT, COMFORT, COMFORT)
    assert numbers(line.left(ChannelId("c1"))) == [1]
    assert numbers(line.too_late(NOW)) == [0]
    assert numbers(line.turns()) == [2]
    assert line.left(ChannelId("c2")) == [], "it is out already: Asterisk will say that they left"


@pytest.mark.parametrize(("answered", "allowed"), [(0, FEWEST_RETRIES), (100, FEWEST_RETRIES), (500, 50)])
def test_retries_are_a_share_of_the_answers_of_the_last_seconds(answered: int, allowed: int) -> None:
    answers = Answers()
    for _ in range(answered):
        answers.answered(NOW, 0.01, came=True)
    later = NOW + WINDOW / 2
    assert sum(answers.may_retry(later) for _ in range(answered + 100)) == allowed
    assert answers.may_retry(NOW + 2 * WINDOW), "and then there are new ones"


def test_after_the_clock_was_set_back_nothing_counts_of_what_was_before() -> None:
    answers = Answers()
    for _ in range(FEW):
        answers.answered(NOW, 5.0, came=False)
    while answers.may_retry(NOW):
        pass
    before = NOW - timedelta(hours=1)
    assert not answers.is_overloaded(before) and answers.may_retry(before)
    assert answers.seconds(before, within=SECOND) == []


@pytest.mark.parametrize(
    ("came", "missing", "is_overloaded"),
    [(0, 0, False), (0, FEW - 1, False), (0, FEW, True), (100, FEW, False), (20, FEW, True), (100, 12, True)],
)
def test_asterisk_is_overloaded_when_a_share_of_the_answers_never_came(
    came: int, missing: int, is_overloaded: bool
) -> None:
    answers = Answers()
    for number in range(came + missing):
        answers.answered(NOW, 0.01 if number < came else 5.0, came=number < came)
    assert answers.is_overloaded(NOW) == is_overloaded
    assert not answers.is_overloaded(NOW + WINDOW)


def test_an_answer_that_never_came_counts_with_the_time_that_it_was_awaited() -> None:
    answers = Answers()
    for seconds in (0.01, 0.02):
        answers.answered(NOW, seconds, came=True)
    answers.answered(NOW + SECOND, 5.0, came=False)
    assert sorted(answers.seconds(NOW + SECOND, within=2 * SECOND)) == [0.01, 0.02, 5.0]
    assert answers.seconds(NOW + SECOND, within=SECOND) == [5.0]
    assert answers.seconds(NOW + 3 * SECOND, within=SECOND) == []


@given(st.floats(0, 1))
def test_a_pause_is_half_to_one_and_a_half_of_the_usual(jitter: float) -> None:
    assert timedelta(milliseconds=150) <= pause(jitter) <= timedelta(milliseconds=450)


class Histories(RuleBasedStateMachine):
    """Orders come, are answered, are withdrawn, and their parties leave, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.line, self.answers = Line(), Answers()
        self.now, self.number = NOW, 0
        self.out: dict[int, Order] = {}
        self.waiting: dict[int, Order] = {}
        self.answered_at: list[datetime] = []
        self.retried_at: list[datetime] = []

    @rule(urgency=st.sampled_from(Urgency), about=st.integers(0, 5), times=st.integers(1, 8), until=st.integers(1, 20))
    def ask(self, urgency: Urgency, about: int, times: int, until: int) -> None:
        for _ in range(times):
            order = Order(urgency, self.number, ChannelId(f"c{about}"), self.now + until * SECOND)
            self.number += 1
            self.line.ask(order)
            self.waiting[order.number] = order
        self._let_go()

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        if self.out:
            number = data.draw(st.sampled_from(sorted(self.out)))
            self.line.withdraw(self.out.pop(number))
            self.answers.answered(self.now, 0.01, came=True)
            self.answered_at.append(self.now)
            self._let_go()

    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        if self.waiting:
            number = data.draw(st.sampled_from(sorted(self.waiting)))
            self.line.withdraw(self.waiting.pop(number))

    @rule(about=st.integers(0, 5))
    def leave(self, about: int) -> None:
        gone = self.line.left(ChannelId(f"c{about}"))
        expected = [number for number, order in self.waiting.items() if order.about == f"c{about}"]
        assert sorted(numbers(gone)) == sorted(expected)
        for order in gone:
            del self.waiting[order.number]

    @rule(seconds=st.integers(0, 4))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds * SECOND
        for order in self.line.too_late(self.now):
            assert self.waiting.pop(order.number).until <= self.now  # type: ignore[operator]
        assert all(order.until > self.now for order in self.waiting.values() if order.until is not None)

    @rule(times=st.integers(1, 40))
    def retry(self, times: int) -> None:
        for _ in range(times):
            if self.answers.may_retry(self.now):
                self.retried_at.append(self.now)

    def _let_go(self) -> None:
        before = dict(self.waiting)
        for order in self.line.turns():
            assert order == min(before.values()), "the most urgent one that came first"
            del before[order.number]
            self.out[order.number] = self.waiting.pop(order.number)

    @invariant()
    def no_more_are_out_than_may_be(self) -> None:
        of = Counter(order.urgency for order in self.out.values())
        for urgency in Urgency:
            assert sum(of[level] for level in Urgency if level >= urgency) <= PLACES[urgency]

    @invariant()
    def nobody_waits_beside_a_free_place(self) -> None:
        if self.waiting:
            first = min(self.waiting.values()).urgency
            levels = [level for level in Urgency if level <= first]
            taken = [sum(order.urgency >= level for order in self.out.values()) for level in levels]
            assert any(count == PLACES[level] for count, level in zip(taken, levels, strict=True))

    @invariant()
    def retries_are_within_their_share(self) -> None:
        since = self.now - WINDOW
        assert sum(at > since for at in self.retried_at) <= max(FEWEST_RETRIES, RETRY_SHARE * len(self.answered_at) + 1)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
