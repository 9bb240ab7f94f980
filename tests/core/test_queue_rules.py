"""The rules of the queue, each by its name, for the plain definition and for the board alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import pytest

from ari_app.core.queue_rules import Offer, ReadyOperator, WaitingCaller, offers
from tests.core.queue_values import START, at, board_with, caller, operator, pairs

pytestmark = pytest.mark.pure

Decision = Callable[[Iterable[WaitingCaller], Iterable[ReadyOperator], datetime], list[Offer]]


def offers_of_board(waiting: Iterable[WaitingCaller], operators: Iterable[ReadyOperator], now: datetime) -> list[Offer]:
    return board_with(waiting, operators).decide(now)


@pytest.fixture(params=[offers, offers_of_board], ids=["definition", "board"])
def decision(request: pytest.FixtureRequest) -> Decision:
    chosen: Decision = request.param
    return chosen


def test_nobody_waiting_or_nobody_ready_is_no_offer(decision: Decision) -> None:
    assert decision([], [operator(1)], START) == []
    assert decision([caller(1)], [], START) == []
    assert decision([], [], START) == []


def test_the_caller_who_breaches_the_norm_first_is_first(decision: Decision) -> None:
    waiting = [caller(1, queued=0, norm=60), caller(2, queued=10, norm=25), caller(3, queued=11, norm=25)]
    assert pairs(decision(waiting, [operator(1), operator(2, idle=1), operator(3, idle=2)], at(20))) == [
        (2, 1),
        (3, 2),
        (1, 3),
    ]


def test_of_equal_breaches_the_one_who_arrived_first_is_first(decision: Decision) -> None:
    waiting = [caller(1, queued=10, norm=25), caller(2, queued=5, norm=30)]
    assert pairs(decision(waiting, [operator(1)], at(20))) == [(2, 1)]


def test_of_equal_moments_the_id_decides(decision: Decision) -> None:
    assert pairs(decision([caller(7), caller(3), caller(5)], [operator(1)], START)) == [(3, 1)]


def test_the_longest_idle_operator_is_first(decision: Decision) -> None:
    ready = [operator(1, idle=30), operator(2, idle=10), operator(3, idle=20)]
    assert pairs(decision([caller(1), caller(2, queued=1)], ready, at(40))) == [(1, 2), (2, 3)]


def test_of_equally_idle_operators_the_session_decides(decision: Decision) -> None:
    assert pairs(decision([caller(1)], [operator(9), operator(4)], START)) == [(1, 4)]


def test_a_match_needs_the_skill(decision: Decision) -> None:
    ready = [operator(1, "B"), operator(2, "CA", idle=50)]
    assert pairs(decision([caller(1, "A"), caller(2, "D")], ready, at(500))) == [(1, 2)]


def test_a_caller_without_choice_is_for_any_operator_of_the_number(decision: Decision) -> None:
    ready = [operator(1, "D"), operator(2, "B", idle=5), operator(3, "C", idle=4)]
    assert pairs(decision([caller(1, "ABC")], ready, at(10))) == [(1, 3)]


def test_the_secondary_skill_is_enough_from_the_moment_of_overflow(decision: Decision) -> None:
    waiting, other_team = [caller(1, "A", queued=5, overflow=60)], [operator(1, "B", secondary="A")]
    assert decision(waiting, other_team, at(64.999999)) == []
    assert pairs(decision(waiting, other_team, at(65))) == [(1, 1)]


def test_overflow_after_zero_seconds_is_at_once(decision: Decision) -> None:
    assert pairs(decision([caller(1, overflow=0)], [operator(1, "", secondary="A")], START)) == [(1, 1)]


def test_a_caller_without_choice_overflows_to_the_secondary_skill_for_any_of_them(decision: Decision) -> None:
    waiting, other_team = [caller(1, "AB", overflow=60)], [operator(1, "C", secondary="B")]
    assert decision(waiting, other_team, at(59)) == []
    assert pairs(decision(waiting, other_team, at(60))) == [(1, 1)]


def test_the_primary_skill_goes_before_a_secondary_one_that_was_idle_longer(decision: Decision) -> None:
    ready = [operator(1, "B", secondary="A", idle=0), operator(2, "A", idle=50)]
    assert pairs(decision([caller(1, "A")], ready, at(90))) == [(1, 2)]


def test_of_operators_with_the_secondary_skill_the_longest_idle_is_first(decision: Decision) -> None:
    ready = [operator(1, "B", secondary="A", idle=9), operator(2, "C", secondary="A", idle=8)]
    assert pairs(decision([caller(1, "A")], ready, at(90))) == [(1, 2)]


def test_an_overflowed_caller_who_breached_earlier_goes_before_a_caller_of_the_primary_skill(
    decision: Decision,
) -> None:
    waiting = [caller(1, "A", queued=0), caller(2, "B", queued=30)]
    assert pairs(decision(waiting, [operator(1, "B", secondary="A")], at(60))) == [(1, 1)]
    assert pairs(decision(waiting, [operator(1, "B", secondary="A")], at(59))) == [(2, 1)]


def test_an_operator_who_refused_is_never_offered_that_caller_again(decision: Decision) -> None:
    waiting = [caller(1, refused_by=["1"])]
    assert decision(waiting, [operator(1)], at(9999)) == []
    assert pairs(decision(waiting, [operator(1), operator(2, idle=5)], at(10))) == [(1, 2)]
    assert decision(waiting, [operator(1, "B", secondary="A")], at(9999)) == []


def test_a_refused_caller_does_not_hold_up_the_next(decision: Decision) -> None:
    waiting = [caller(1, refused_by=["1"]), caller(2, queued=5), caller(3, queued=6, refused_by=["1"])]
    assert pairs(decision(waiting, [operator(1)], at(10))) == [(2, 1)]


def test_a_caller_refused_by_the_primary_skill_goes_to_the_secondary_one_after_overflow(decision: Decision) -> None:
    waiting, ready = [caller(1, refused_by=["1"])], [operator(1), operator(2, "B", secondary="A")]
    assert decision(waiting, ready, at(59)) == []
    assert pairs(decision(waiting, ready, at(60))) == [(1, 2)]


def test_a_caller_for_one_person_is_for_that_person_only(decision: Decision) -> None:
    waiting = [caller(1, "A", only="2", overflow=0)]
    assert decision(waiting, [operator(1, "A", secondary="A")], at(9999)) == []
    assert pairs(decision(waiting, [operator(1, "A"), operator(2, "A", idle=50)], at(60))) == [(1, 2)]


def test_a_caller_for_one_person_does_not_ask_for_that_persons_skills(decision: Decision) -> None:
    assert pairs(decision([caller(1, "A", only="2")], [operator(2, "B")], START)) == [(1, 2)]
    assert pairs(decision([caller(1, "", only="2")], [operator(2, "")], START)) == [(1, 2)]


def test_a_caller_for_one_person_stands_among_the_others_in_order_of_breach(decision: Decision) -> None:
    waiting = [caller(1, "A", queued=3, only="2"), caller(2, "A", queued=2), caller(3, "A", queued=4)]
    assert pairs(decision(waiting, [operator(2, "A")], at(5))) == [(2, 2)]
    assert pairs(decision(waiting[::2], [operator(2, "A")], at(5))) == [(1, 2)]


def test_one_operator_gets_one_caller_and_one_caller_one_operator(decision: Decision) -> None:
    waiting, ready = [caller(n, "AB") for n in range(1, 6)], [operator(n, "AB", secondary="AB") for n in range(1, 4)]
    assert pairs(decision(waiting, ready, at(90))) == [(1, 1), (2, 2), (3, 3)]


def test_the_first_caller_may_take_the_only_operator_a_later_one_could_have(decision: Decision) -> None:
    """The order of callers is the promise; how many are helped at once is not."""
    waiting, ready = [caller(1, "AB"), caller(2, "A", queued=1)], [operator(1, "A"), operator(2, "B", idle=5)]
    assert pairs(decision(waiting, ready, at(10))) == [(1, 1)]


def test_values_that_could_never_be_matched_are_refused() -> None:
    with pytest.raises(ValueError, match="never be answered"):
        caller(1, "")
    with pytest.raises(ValueError, match="queued_at has no timezone"):
        replace(caller(1), queued_at=START.replace(tzinfo=None))
    with pytest.raises(ValueError, match="idle_since has no timezone"):
        replace(operator(1), idle_since=START.replace(tzinfo=None))
    with pytest.raises(OverflowError):
        caller(1, overflow=10**12)


def test_an_operator_number_and_a_municipality_of_the_same_text_are_different_skills(decision: Decision) -> None:
    assert decision([caller(1, "1")], [operator(1, "A")], START) == []
    assert decision([caller(1, "A", only="2")], [operator(1, "2")], START) == []
