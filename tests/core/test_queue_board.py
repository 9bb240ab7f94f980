"""A board through time: offers that fail, callers who change, places, and the next moment that matters."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from ari_app.core.ids import CallId
from tests.core.queue_values import START, at, board_with, caller, operator, pairs

pytestmark = pytest.mark.pure


def test_a_caller_and_an_operator_once_offered_stay_apart_until_more_is_known_of_them() -> None:
    board = board_with([caller(1), caller(2, queued=1)], [operator(1)])
    assert pairs(board.decide(START)) == [(1, 1)]
    assert board.decide(at(1)) == []
    board.operator_ready(operator(2))
    assert pairs(board.decide(at(2))) == [(2, 2)]
    board.operator_ready(operator(3))
    assert board.decide(at(999)) == []


def test_a_failed_offer_puts_the_caller_back_in_the_old_place() -> None:
    board = board_with([caller(1), caller(2, queued=1)], [operator(1)])
    board.decide(START)
    board.add_caller(caller(1, refused_by=["1"]))
    assert board.position(CallId(UUID(int=1))) == 1
    board.operator_ready(operator(1, idle=2))
    board.operator_ready(operator(3, idle=3))
    assert pairs(board.decide(at(4))) == [(1, 3), (2, 1)]


def test_a_caller_who_leaves_while_offered_frees_nobody_by_itself() -> None:
    board = board_with([caller(1), caller(2, queued=1)], [operator(1)])
    board.decide(START)
    board.remove_caller(CallId(UUID(int=1)))
    assert board.decide(at(1)) == []
    board.operator_ready(operator(1))
    assert pairs(board.decide(at(2))) == [(2, 1)]


def test_an_update_keeps_an_offered_caller_offered() -> None:
    board = board_with([caller(1)], [operator(1)])
    board.decide(START)
    board.update_caller(caller(1, norm=5))
    board.operator_ready(operator(2))
    assert board.decide(at(999)) == []


def test_an_update_does_not_bring_back_a_caller_who_has_left() -> None:
    board = board_with([caller(1)])
    board.remove_caller(CallId(UUID(int=1)))
    board.update_caller(caller(1))
    board.operator_ready(operator(1))
    assert board.decide(START) == []
    assert board.position(CallId(UUID(int=1))) is None


def test_a_direct_caller_who_is_updated_to_the_municipality_is_for_all_its_operators() -> None:
    waiting = caller(1, "A", only="9")
    board = board_with([waiting], [operator(1, "A")])
    assert board.decide(START) == []
    board.update_caller(replace(waiting, only_operator=None))
    assert pairs(board.decide(at(20))) == [(1, 1)]


def test_an_operator_whose_skills_changed_has_the_new_ones_only() -> None:
    board = board_with([], [operator(1, "AB", secondary="C")])
    board.operator_ready(operator(1, "D"))
    for number, name in enumerate("ABC", start=1):
        board.add_caller(caller(number, name))
    assert board.decide(at(999)) == []
    board.add_caller(caller(4, "D"))
    assert pairs(board.decide(at(999))) == [(4, 1)]


def test_an_operator_who_is_gone_is_not_offered_anybody() -> None:
    board = board_with([caller(1)], [operator(1)])
    board.operator_gone(operator(1).session_id)
    board.operator_gone(operator(1).session_id)
    assert board.decide(START) == []


def test_the_next_change_is_the_first_overflow_for_which_somebody_ready_has_the_secondary_skill() -> None:
    board = board_with([caller(1, "A", queued=0), caller(2, "B", queued=5), caller(3, "B", queued=7)])
    assert board.decide(at(8)) == []
    assert board.next_change_at() is None
    board.operator_ready(operator(1, "C", secondary="B"))
    assert board.decide(at(8)) == []
    assert board.next_change_at() == at(65)
    board.update_caller(caller(2, "B", queued=5, refused_by=["1"]))
    assert board.decide(at(9)) == []
    assert board.next_change_at() == at(67)
    assert pairs(board.decide(at(67))) == [(3, 1)]
    assert board.next_change_at() is None


def test_an_overflow_in_the_past_is_no_next_change() -> None:
    board = board_with([caller(1, refused_by=["1"])], [operator(1, "B", secondary="A")])
    assert board.decide(at(60)) == []
    assert board.next_change_at() is None
    board.operator_ready(operator(2, "B", secondary="A"))
    assert pairs(board.decide(at(61))) == [(1, 2)]


def test_a_clock_that_is_set_back_hides_no_overflowed_caller() -> None:
    board = board_with([caller(1)])
    board.decide(at(60))
    board.operator_ready(operator(1, "B", secondary="A"))
    assert pairs(board.decide(at(10))) == [(1, 1)]


def test_the_position_counts_the_callers_who_wait_for_the_same_municipality() -> None:
    board = board_with([caller(1, "A"), caller(2, "B", queued=1), caller(3, "A", queued=2), caller(4, "A", queued=1)])
    assert [board.position(CallId(UUID(int=number))) for number in (1, 2, 3, 4)] == [1, 1, 3, 2]


def test_the_position_counts_callers_without_choice_both_ways() -> None:
    board = board_with([caller(1, "A"), caller(2, "AB", queued=1), caller(3, "B", queued=2), caller(4, "C", queued=3)])
    assert [board.position(CallId(UUID(int=number))) for number in (1, 2, 3, 4)] == [1, 2, 2, 1]
    board.add_caller(caller(5, "BC", queued=4))
    assert board.position(CallId(UUID(int=5))) == 4
    board.remove_caller(CallId(UUID(int=2)))
    assert board.position(CallId(UUID(int=5))) == 3
    assert board.position(CallId(UUID(int=3))) == 1


def test_the_position_counts_a_caller_who_is_being_offered_until_answered() -> None:
    board = board_with([caller(1), caller(2, queued=1)], [operator(1)])
    board.decide(START)
    assert board.position(CallId(UUID(int=1))) == 1
    assert board.position(CallId(UUID(int=2))) == 2
    board.remove_caller(CallId(UUID(int=1)))
    assert board.position(CallId(UUID(int=2))) == 1


def test_callers_for_one_person_have_their_own_positions() -> None:
    board = board_with([caller(1, only="7"), caller(2, queued=1), caller(3, queued=2, only="7"), caller(4, queued=3)])
    assert [board.position(CallId(UUID(int=number))) for number in (1, 2, 3, 4)] == [1, 1, 2, 2]
