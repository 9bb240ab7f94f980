"""The queue stays cheap with 10,000 callers waiting and 2,000 operators ready. Exact figures: `bench_queueing`."""

from __future__ import annotations

from statistics import median

import pytest

from tests.core.bench_queue import decision_times, full_house, positions_seconds, rush_seconds

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("municipalities", [342, 8, 2])
def test_one_decision_takes_less_than_a_millisecond(municipalities: int) -> None:
    for kind, times in decision_times(full_house(municipalities=municipalities), rounds=100).items():
        assert median(times) < 0.001, kind


def test_all_positions_are_known_within_a_tenth_of_a_second() -> None:
    house = full_house()
    assert min(positions_seconds(house) for _ in range(3)) < 0.1


def test_a_rush_of_everybody_at_once_is_decided_within_a_second() -> None:
    seconds, matched = rush_seconds(full_house())
    assert matched == 2_000
    assert seconds < 1
