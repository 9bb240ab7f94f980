"""A standby's decision that the holder of the lock is frozen: each row is what it saw, look by look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.frozen import FROZEN_AFTER_SECONDS, LONGEST_HOLE_SECONDS, Sighting, Watch, watch

pytestmark = pytest.mark.pure

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOLDER, ANOTHER = 4711, 4712


def sighting(at: float, unseen: float | None, *, backend: int = HOLDER, clock_off: float = 0.0) -> Sighting:
    """Postgres's clock shows T0 + `at` (+ how far it was set); the row was written `unseen` seconds before."""
    seen_at = None if unseen is None else T0 + timedelta(seconds=at + clock_off - unseen)
    return Sighting(at, backend, seen_at, unseen)


def frozen_since(second: float, *ats: float) -> list[Sighting | None]:
    return [sighting(at, at - second) for at in ats]


def halves(first: float, last: float) -> list[float]:
    return [first + step / 2 for step in range(int((last - first) * 2) + 1)]


def seen_every_second(first: float, last: float) -> list[Sighting | None]:
    return [sighting(at, at % 1) for at in halves(first, last)]


def after(sightings: list[Sighting | None]) -> Watch | None:
    found: Watch | None = None
    for one in sightings:
        found = watch(found, one)
    return found


@pytest.mark.parametrize(
    ("sightings", "is_frozen"),
    [
        pytest.param(frozen_since(0, *halves(0, 4)), True, id="not seen for as long as the standby looked"),
        pytest.param(frozen_since(0, *halves(0, 3.5)), False, id="not for long enough yet"),
        pytest.param(
            seen_every_second(0, 20), False, id="a holder that is seen every second"
        ),
        pytest.param(
            [sighting(at, at % 3.5) for at in halves(0, 35)], False, id="a slow one, seen again in time"
        ),
        pytest.param(frozen_since(-3600, *halves(0, 3.5)), False, id="the standby has just begun to look"),
        pytest.param(frozen_since(-3600, *halves(0, 4)), True, id="and has looked for long enough"),
        pytest.param(
            frozen_since(-9, 0, 0.5, 1) + [None] + frozen_since(-9, *halves(2, 5.5)),
            False,
            id="Postgres was away: anew from its first answer",
        ),
        pytest.param(
            frozen_since(-9, 0, 0.5) + [None] + frozen_since(-9, *halves(1, 5)), True, id="and frozen all the same"
        ),
        pytest.param(
            frozen_since(0, *halves(0, 3.5), *halves(3.6 + LONGEST_HOLE_SECONDS, 7)),
            False,
            id="Postgres, or the standby, was frozen itself: its answers have a hole",
        ),
        pytest.param(
            [*frozen_since(0, *halves(0, 3.5)), *(sighting(at, at + 5, backend=ANOTHER) for at in halves(4, 7.5))],
            False,
            id="another copy has just taken over, and has not written yet",
        ),
        pytest.param(
            [*seen_every_second(0, 3), *(sighting(at, 3600 + at % 1, clock_off=3600) for at in (4, 4.5, 5))],
            False,
            id="Postgres's clock was set forward",
        ),
        pytest.param([sighting(at, None) for at in halves(0, 60)], False, id="a program that writes no such row"),
        pytest.param([], False, id="nothing was seen"),
        pytest.param([*frozen_since(0, *halves(0, 5)), None], False, id="nobody holds it any more"),
    ],
)  # fmt: skip
def test_a_holder_is_frozen(sightings: list[Sighting | None], is_frozen: bool) -> None:
    found = after(sightings)
    assert (found is not None and found.is_frozen) is is_frozen


def test_a_look_may_be_late_by_more_than_a_second() -> None:
    assert 2 * 0.5 < LONGEST_HOLE_SECONDS < FROZEN_AFTER_SECONDS / 2
