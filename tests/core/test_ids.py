"""Ids of rows sort by the time at which they were made, and no two are the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from unittest.mock import patch
from uuid import RFC_4122, UUID

import pytest

from ari_app.core import ids

pytestmark = pytest.mark.pure

MAKERS = [
    ids.new_call_id,
    ids.new_leg_id,
    ids.new_session_id,
    ids.new_transfer_id,
    ids.new_visit_id,
    ids.new_request_id,
    ids.new_attempt_id,
    ids.new_line_id,
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("year", [2026, 2027, 2100, 2285])
def test_an_id_of_later_sorts_after(make: Callable[[], UUID], year: int) -> None:
    moment = datetime(year, 3, 2, 9, tzinfo=UTC).timestamp()
    made = []
    for seconds in (0, 0.01, 1, 60, 86_400):
        with patch("ari_app.core.ids.time_ns", lambda at=moment + seconds: round(at * 100) * 10_000_000):
            made.append(make())
    assert made == sorted(made)
    assert {(one.version, one.variant) for one in made} == {(8, RFC_4122)}
    assert int(str(made[0])[:13].replace("-", "")) == moment * 100


def test_ids_of_one_moment_differ() -> None:
    with patch("ari_app.core.ids.time_ns", lambda: 0):
        assert len({ids.new_call_id() for _ in range(10_000)}) == 10_000
