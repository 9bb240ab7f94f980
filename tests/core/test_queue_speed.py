"""The queue stays cheap with 10,000 callers waiting and 2,000 operators ready; exact figures: `bench_queue.py`.

Each is measured against the same work in a house a tenth or a hundredth as full, in the same run: work that grew with
the number of people would be slower by as much.
"""

from __future__ import annotations

import pytest

from tests.core.bench_queue import decision_times, full_house, positions_seconds, rush_seconds

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("municipalities", [342, 8, 2])
def test_one_decision_hardly_grows_with_the_number_of_people(municipalities: int) -> None:
    full = decision_times(full_house(10_000, 2_000, municipalities), rounds=100)
    tenth = decision_times(full_house(1_000, 200, municipalities), rounds=100)
    for kind, times in full.items():
        assert min(times) < 5 * min(tenth[kind]), kind


def test_one_position_hardly_grows_with_the_number_of_people() -> None:
    full, hundredth = full_house(10_000, 2_000), full_house(100, 20)
    seconds = min(positions_seconds(full) for _ in range(3)) / 100
    assert seconds < 30 * min(positions_seconds(hundredth) for _ in range(20))


def test_one_match_in_a_rush_of_everybody_hardly_grows_with_the_number_of_people() -> None:
    seconds, matched = min(rush_seconds(full_house(10_000, 2_000)) for _ in range(2))
    assert matched == 2_000
    assert seconds / matched < 30 * min(rush_seconds(full_house(100, 20))[0] / 20 for _ in range(20))
