"""Opening hours: closings, legal days, and the two nights on which the clock changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ari_app.core.area import Closing, Municipality, OpeningSpan
from ari_app.core.calendar import (
    AMSTERDAM,
    DESIGNATED_DAYS,
    ClosedNow,
    ClosedWhy,
    OpenNow,
    legal_day_name,
    open_state,
)
from ari_app.core.ids import MunicipalityCode

pytestmark = pytest.mark.pure

OFFICE = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}
ALWAYS = {day: (OpeningSpan(time(0), time(0)),) for day in range(7)}


def municipality(
    hours: Mapping[int, tuple[OpeningSpan, ...]] | None = None,
    closings: tuple[Closing, ...] = (),
    open_on_days: frozenset[date] = frozenset(),
    open_on_legal_days: bool = False,
) -> Municipality:
    return Municipality(
        code=MunicipalityCode("GM9901"),
        name="Oosterwende",
        hours=OFFICE if hours is None else hours,
        closings=closings,
        open_on_days=open_on_days,
        open_on_legal_days=open_on_legal_days,
    )


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0, fold: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, fold=fold, tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (local(2026, 6, 1, 8, 30), OpenNow(local(2026, 6, 1, 17))),
        (local(2026, 6, 1, 16, 59), OpenNow(local(2026, 6, 1, 17))),
        (local(2026, 6, 1, 8, 29), ClosedNow(ClosedWhy.HOURS, None, local(2026, 6, 1, 8, 30))),
        (local(2026, 6, 1, 17), ClosedNow(ClosedWhy.HOURS, None, local(2026, 6, 2, 8, 30))),
        (local(2026, 6, 5, 17), ClosedNow(ClosedWhy.HOURS, None, local(2026, 6, 8, 8, 30))),
        (local(2026, 6, 7, 12), ClosedNow(ClosedWhy.HOURS, None, local(2026, 6, 8, 8, 30))),
        (local(2026, 4, 27, 12), ClosedNow(ClosedWhy.LEGAL_DAY, "Koningsdag", local(2026, 4, 28, 8, 30))),
        (local(2026, 5, 14, 12), ClosedNow(ClosedWhy.LEGAL_DAY, "Hemelvaartsdag", local(2026, 5, 18, 8, 30))),
        (local(2026, 5, 15, 12), ClosedNow(ClosedWhy.LEGAL_DAY, "dag na Hemelvaartsdag", local(2026, 5, 18, 8, 30))),
        (local(2026, 4, 2, 18), ClosedNow(ClosedWhy.HOURS, None, local(2026, 4, 7, 8, 30))),
        # Winter and summer time differ by an hour in UTC.
        (datetime(2026, 1, 12, 7, 30, tzinfo=UTC), OpenNow(datetime(2026, 1, 12, 16, tzinfo=UTC))),
        (datetime(2026, 7, 13, 6, 30, tzinfo=UTC), OpenNow(datetime(2026, 7, 13, 15, tzinfo=UTC))),
        (
            datetime(2026, 3, 27, 16, tzinfo=UTC),
            ClosedNow(ClosedWhy.HOURS, None, datetime(2026, 3, 30, 6, 30, tzinfo=UTC)),
        ),
    ],
)
def test_office_hours(now: datetime, state: OpenNow | ClosedNow) -> None:
    assert open_state(municipality(), DESIGNATED_DAYS, now) == state


def test_a_municipality_may_be_open_on_a_legal_day() -> None:
    good_friday = date(2026, 4, 3)
    opened = municipality(open_on_days=frozenset({good_friday}))
    assert open_state(opened, {}, local(2026, 4, 3, 10)) == OpenNow(local(2026, 4, 3, 17))
    assert isinstance(open_state(municipality(), {}, local(2026, 4, 3, 10)), ClosedNow)
    assert isinstance(open_state(opened, {}, local(2026, 4, 6, 10)), ClosedNow)
    assert open_state(municipality(open_on_legal_days=True), {}, local(2026, 4, 6, 10)) == OpenNow(
        local(2026, 4, 6, 17)
    )


def test_closings() -> None:
    early = Closing(local(2024, 12, 24, 15), local(2024, 12, 25), "Kerstavond")
    training = Closing(local(2024, 12, 23, 10), local(2024, 12, 23, 11), "scholing")
    week = Closing(local(2024, 12, 28), local(2025, 1, 6), "verhuizing")
    closed = municipality(closings=(week, early, training))
    assert open_state(closed, DESIGNATED_DAYS, local(2024, 12, 23, 9)) == OpenNow(local(2024, 12, 23, 10))
    assert open_state(closed, DESIGNATED_DAYS, local(2024, 12, 23, 10)) == ClosedNow(
        ClosedWhy.OWN_CLOSING, "scholing", local(2024, 12, 23, 11)
    )
    assert open_state(closed, DESIGNATED_DAYS, local(2024, 12, 23, 11)) == OpenNow(local(2024, 12, 23, 17))
    assert open_state(closed, DESIGNATED_DAYS, local(2024, 12, 24, 12)) == OpenNow(local(2024, 12, 24, 15))
    # 25 and 26 are Christmas, 27 is designated, then comes a weekend, the move, and the first working Monday.
    assert open_state(closed, DESIGNATED_DAYS, local(2024, 12, 24, 15)) == ClosedNow(
        ClosedWhy.OWN_CLOSING, "Kerstavond", local(2025, 1, 6, 8, 30)
    )
    assert open_state(closed, DESIGNATED_DAYS, local(2025, 1, 2, 12)) == ClosedNow(
        ClosedWhy.OWN_CLOSING, "verhuizing", local(2025, 1, 6, 8, 30)
    )


def test_overlapping_closings_are_one() -> None:
    closings = (
        Closing(local(2026, 6, 1, 9), local(2026, 6, 1, 12), "a"),
        Closing(local(2026, 6, 1, 10), local(2026, 6, 1, 11), "b"),
        Closing(local(2026, 6, 1, 11, 30), local(2026, 6, 1, 13), "c"),
    )
    state = open_state(municipality(closings=closings), {}, local(2026, 6, 1, 9))
    assert state == ClosedNow(ClosedWhy.OWN_CLOSING, "a", local(2026, 6, 1, 13))


def test_a_break_at_noon() -> None:
    hours = {0: (OpeningSpan(time(13), time(17)), OpeningSpan(time(9), time(12)))}
    assert open_state(municipality(hours), {}, local(2026, 6, 1, 9)) == OpenNow(local(2026, 6, 1, 12))
    assert open_state(municipality(hours), {}, local(2026, 6, 1, 12)) == ClosedNow(
        ClosedWhy.HOURS, None, local(2026, 6, 1, 13)
    )
    assert open_state(municipality(hours), {}, local(2026, 6, 1, 17)) == ClosedNow(
        ClosedWhy.HOURS, None, local(2026, 6, 8, 9)
    )


def test_open_day_and_night() -> None:
    always = municipality(ALWAYS, open_on_legal_days=True)
    assert open_state(always, DESIGNATED_DAYS, local(2026, 12, 25, 3)) == OpenNow(None)
    not_on_holidays = municipality(ALWAYS)
    assert open_state(not_on_holidays, {}, local(2026, 12, 24, 23)) == OpenNow(local(2026, 12, 25))
    assert open_state(not_on_holidays, {}, local(2026, 12, 25, 23)) == ClosedNow(
        ClosedWhy.LEGAL_DAY, "Eerste Kerstdag", local(2026, 12, 27)
    )


def test_never_open() -> None:
    assert open_state(municipality({}), {}, local(2026, 6, 1, 9)) == ClosedNow(ClosedWhy.HOURS, None, None)
    gone = Closing(local(2020, 1, 1), local(2099, 1, 1), "opgeheven")
    assert open_state(municipality(closings=(gone,)), {}, local(2026, 6, 1, 9)) == ClosedNow(
        ClosedWhy.OWN_CLOSING, "opgeheven", None
    )


def test_the_night_on_which_an_hour_is_skipped() -> None:
    """29 March 2026: 02:00 becomes 03:00."""
    opens_in_gap = municipality({6: (OpeningSpan(time(2, 30), time(6)),)})
    skip = datetime(2026, 3, 29, 1, tzinfo=UTC)
    state = open_state(opens_in_gap, {}, skip - timedelta(seconds=1))
    assert state == ClosedNow(ClosedWhy.HOURS, None, skip)
    assert open_state(opens_in_gap, {}, skip) == OpenNow(local(2026, 3, 29, 6))
    closes_in_gap = municipality({6: (OpeningSpan(time(1), time(2, 30)),)})
    assert open_state(closes_in_gap, {}, skip - timedelta(minutes=5)) == OpenNow(skip)
    assert isinstance(open_state(closes_in_gap, {}, skip), ClosedNow)
    inside_gap = municipality({6: (OpeningSpan(time(2, 15), time(2, 45)),)})
    assert open_state(inside_gap, {}, skip) == ClosedNow(ClosedWhy.HOURS, None, local(2026, 4, 5, 2, 15))


def test_the_night_on_which_an_hour_comes_twice() -> None:
    """25 October 2026: 03:00 becomes 02:00. Open from the first, closed from the second."""
    first, second = local(2026, 10, 25, 2, 30), local(2026, 10, 25, 2, 30, fold=1)
    opens = municipality({6: (OpeningSpan(time(2, 30), time(6)),)})
    assert open_state(opens, {}, first.astimezone(UTC)) == OpenNow(local(2026, 10, 25, 6))
    assert isinstance(open_state(opens, {}, first.astimezone(UTC) - timedelta(seconds=1)), ClosedNow)
    closes = municipality({6: (OpeningSpan(time(1), time(2, 30)),)})
    state = open_state(closes, {}, first.astimezone(UTC) + timedelta(minutes=10))
    assert state == OpenNow(second.astimezone(UTC))
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)


def test_an_instant_needs_a_timezone() -> None:
    with pytest.raises(ValueError, match="timezone"):
        open_state(municipality(), {}, datetime(2026, 6, 1, 9))  # noqa: DTZ001


minutes = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


# Made once: a strategy is checked where it is first drawn from, and that is a third of what these tests cost.
turns = st.sets(minutes, min_size=0, max_size=4)
either = st.booleans()


@st.composite
def spans(draw: st.DrawFn) -> tuple[OpeningSpan, ...]:
    times = sorted(draw(turns))
    pairs = list(zip(times[::2], times[1::2], strict=False))
    found = [OpeningSpan(opens, closes) for opens, closes in pairs]
    until_midnight = draw(either)
    if found and until_midnight:
        found[-1] = OpeningSpan(found[-1].opens, time(0))
    return tuple(found)


base = datetime(2026, 3, 20, tzinfo=UTC)
instants = st.integers(0, 60 * 24 * 300).map(lambda minute: base + timedelta(minutes=minute))


all_closings = st.lists(st.tuples(instants, st.integers(1, 5 * 24 * 60)), max_size=4).map(
    lambda pairs: tuple(Closing(at, at + timedelta(minutes=length), "dicht") for at, length in pairs)
)
weeks = st.dictionaries(st.integers(0, 6), spans(), max_size=7)
days = st.frozensets(st.sampled_from([date(2026, 4, 27), date(2026, 5, 5), date(2026, 12, 25)]))


@st.composite
def municipalities(draw: st.DrawFn) -> Municipality:
    closings = draw(all_closings)
    return municipality(draw(weeks), closings, draw(days), draw(either))


def is_open(municipality: Municipality, now: datetime) -> bool:
    """A second opinion, by the clock on the wall; not to be asked within three hours of a change of the clock."""
    wall = now.astimezone(AMSTERDAM)
    if any(closing.starts_at <= now < closing.ends_at for closing in municipality.closings):
        return False
    is_holiday = legal_day_name(wall.date(), DESIGNATED_DAYS) is not None
    if is_holiday and not municipality.open_on_legal_days and wall.date() not in municipality.open_on_days:
        return False
    return any(
        span.opens <= wall.time() and (wall.time() < span.closes or span.closes == time(0))
        for span in municipality.hours.get(wall.weekday(), ())
    )


def clock_changes_near(now: datetime) -> bool:
    offsets = {(now + timedelta(hours=h)).astimezone(AMSTERDAM).utcoffset() for h in (-3, 0, 3)}
    return len(offsets) > 1


@given(municipalities(), instants)
@settings(max_examples=300)
def test_open_is_what_the_wall_clock_says(municipality: Municipality, now: datetime) -> None:
    assume(not clock_changes_near(now))
    assert isinstance(open_state(municipality, DESIGNATED_DAYS, now), OpenNow) == is_open(municipality, now)


@given(municipalities(), instants, st.lists(st.floats(0, 1), min_size=5, max_size=5))
@settings(max_examples=300)
def test_a_state_lasts_until_the_moment_it_names(municipality: Municipality, now: datetime, parts: list[float]) -> None:
    state = open_state(municipality, DESIGNATED_DAYS, now)
    if isinstance(state, OpenNow):
        until = state.until
        if until is not None:
            assert until > now
            assert isinstance(open_state(municipality, DESIGNATED_DAYS, until), ClosedNow)
    else:
        until = state.opens_at
        if until is not None:
            assert until > now
            assert isinstance(open_state(municipality, DESIGNATED_DAYS, until), OpenNow)
    end = until if until is not None else now + timedelta(days=3)
    for part in parts:
        between = now + (end - now) * part
        if between < end:
            assert type(open_state(municipality, DESIGNATED_DAYS, between)) is type(state)


@given(municipalities(), instants)
@settings(max_examples=150)
def test_the_first_open_quarter_is_found(municipality: Municipality, now: datetime) -> None:
    state = open_state(municipality, DESIGNATED_DAYS, now)
    assume(isinstance(state, ClosedNow))
    assert isinstance(state, ClosedNow)
    for step in range(7 * 24 * 4):
        later = now + timedelta(minutes=15 * step)
        if not clock_changes_near(later) and is_open(municipality, later):
            assert state.opens_at is not None
            assert now < state.opens_at <= later
            break
