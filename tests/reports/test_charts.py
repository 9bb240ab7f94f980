"""Charts: rectangles that fit their picture, and bins that everybody is in."""

from __future__ import annotations

from collections import Counter

import pytest

from ari_app.reports.charts import Rect, heat, stacked, wait_bins
from ari_app.reports.tally import Tally

pytestmark = pytest.mark.pure


def test_parts_stand_on_each_other_and_the_highest_bar_fills_the_picture() -> None:
    found = stacked([[("answered", 3), ("other", 1)], [("answered", 2), ("other", 0)], [("answered", 0), ("other", 0)]])
    assert found == (
        Rect("answered", 3.33, 25.0, 26.67, 75.0),
        Rect("other", 3.33, 0.0, 26.67, 25.0),
        Rect("answered", 36.67, 50.0, 26.67, 50.0),
    )


@pytest.mark.parametrize("columns", [[], [[("answered", 0)]]])
def test_of_nothing_there_is_no_picture(columns: list[list[tuple[str, int]]]) -> None:
    assert stacked(columns) == ()


def test_every_wait_is_in_one_bin_up_to_the_longest() -> None:
    tally = Tally(answered_waits=Counter({0: 1, 5: 2, 6: 1, 25: 4, 26: 1, 601: 2}))
    bins = wait_bins(tally)
    assert sum(one.count for one in bins) == 11
    assert [(one.after, one.until, one.count) for one in bins if one.count] == [
        (0, 5, 3), (5, 10, 1), (20, 25, 4), (25, 30, 1), (600, None, 2),
    ]  # fmt: skip
    assert max(one.percent for one in bins) == 100
    assert wait_bins(Tally()) == ()


def test_heat_says_nothing_some_and_most() -> None:
    assert [heat(count, 100) for count in (0, 1, 30, 60, 100)] == [0, 1, 2, 3, 4]
    assert heat(1, 1) in range(1, 5)
