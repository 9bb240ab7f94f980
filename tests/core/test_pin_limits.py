"""The waits after wrong PINs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ari_app.core.pin_limits import OF_NUMBER, OF_PHONE, PinLimit

pytestmark = pytest.mark.pure


def test_two_mistakes_are_free_and_then_the_wait_doubles_up_to_its_longest() -> None:
    waits = [OF_NUMBER.wait_after(failures) for failures in range(1, 10)]
    assert waits[:2] == [None, None]
    assert [wait.total_seconds() for wait in waits if wait is not None] == [30, 60, 120, 240, 480, 900, 900]


@pytest.mark.parametrize("limit", [OF_NUMBER, OF_PHONE])
def test_the_list_of_waits_ends_with_the_longest_and_says_the_same(limit: PinLimit) -> None:
    assert limit.waits[-1] == limit.longest
    for failures in range(1, 40):
        assert limit.waits[min(failures, len(limit.waits)) - 1] == limit.wait_after(failures)


def test_who_guesses_a_number_day_and_night_makes_about_a_hundred_tries_a_day() -> None:
    failures, day = 0, timedelta()
    while day < timedelta(days=1):
        failures += 1
        day += OF_NUMBER.wait_after(failures) or timedelta()
    assert failures < 110
