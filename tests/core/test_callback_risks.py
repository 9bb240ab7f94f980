"""What may keep a promise from being kept, risk by risk."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.callback_risks import Prospect, Risk, risks

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: due tomorrow, with a plan, and its team at work
FINE = Prospect(
    deadline_at=NOW + 30 * HOUR,
    plan_by_at=NOW + 30 * HOUR,
    remind_before_minutes=120,
    next_attempt_at=NOW + HOUR,
    is_being_called=False,
    owner_is_absent=False,
    team_is_there=True,
)
TODAY = replace(FINE, deadline_at=NOW + 6 * HOUR, plan_by_at=NOW + 6 * HOUR)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (FINE, ()),
        (TODAY, ()),
        (replace(FINE, team_is_there=False), ()),  # there is time
        (replace(TODAY, team_is_there=False), (Risk.NOBODY_LOGGED_IN,)),
        (replace(TODAY, plan_by_at=NOW + 2 * HOUR), (Risk.DEADLINE_NEAR,)),
        (replace(TODAY, plan_by_at=NOW + 2 * HOUR + timedelta(seconds=1)), ()),
        (replace(TODAY, deadline_at=NOW, plan_by_at=NOW), (Risk.OVERDUE,)),
        (replace(FINE, next_attempt_at=None), (Risk.DECISION,)),
        (replace(FINE, next_attempt_at=None, is_being_called=True), ()),
        (replace(FINE, owner_is_absent=True), (Risk.OWNER_ABSENT,)),
        (
            replace(FINE, deadline_at=NOW - HOUR, plan_by_at=NOW - HOUR, next_attempt_at=None, team_is_there=False),
            (Risk.OVERDUE, Risk.DECISION, Risk.NOBODY_LOGGED_IN),
        ),
    ],
)
def test_each_risk_has_its_moment(one: Prospect, expected: tuple[Risk, ...]) -> None:
    assert risks(one, NOW, MIDNIGHT) == expected
