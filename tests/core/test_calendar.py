"""The law's calendar: holidays, designated days, working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.calendar import (
    DESIGNATED_DAYS,
    easter_sunday,
    is_working_day,
    legal_day_name,
    legal_days,
    local_date,
    next_working_day,
    special_days_known_until,
    special_days_run_out,
)

pytestmark = pytest.mark.pure

YEARS = range(2014, 2060)


@pytest.mark.parametrize(
    ("first_contact", "call_back_by"),
    [
        (date(2025, 5, 2), date(2025, 5, 6)),
        (date(2025, 12, 31), date(2026, 1, 5)),
        (date(2026, 4, 2), date(2026, 4, 7)),
        (date(2026, 5, 4), date(2026, 5, 6)),
        (date(2026, 5, 13), date(2026, 5, 18)),
        (date(2026, 12, 24), date(2026, 12, 28)),
        (date(2027, 5, 4), date(2027, 5, 10)),
        (date(2028, 4, 26), date(2028, 5, 1)),
    ],
)
def test_next_working_day(first_contact: date, call_back_by: date) -> None:
    assert next_working_day(first_contact, DESIGNATED_DAYS) == call_back_by


@pytest.mark.parametrize(("year", "count"), [(2024, 253), (2025, 252), (2026, 251), (2027, 253), (2028, 250)])
def test_working_days_of_a_year(year: int, count: int) -> None:
    days = (date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days))
    assert sum(is_working_day(day, DESIGNATED_DAYS) for day in days) == count


def test_kings_day_is_never_on_a_sunday() -> None:
    assert legal_day_name(date(2025, 4, 26), {}) == "Koningsdag"
    assert legal_day_name(date(2025, 4, 27), {}) is None
    assert legal_day_name(date(2026, 4, 27), {}) == "Koningsdag"
    for year in YEARS:
        (day,) = (day for day, name in legal_days(year).items() if name == "Koningsdag")
        assert day.weekday() != 6


def test_liberation_day_counts_every_year() -> None:
    for year in YEARS:
        assert legal_day_name(date(year, 5, 5), {}) in {"Bevrijdingsdag", "Hemelvaartsdag"}


def test_ascension_on_the_fifth_of_may_is_called_ascension() -> None:
    assert legal_day_name(date(2016, 5, 5), {}) == "Hemelvaartsdag"


@pytest.mark.parametrize(
    ("year", "easter"),
    [
        (2008, date(2008, 3, 23)),
        (2011, date(2011, 4, 24)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),  # the latest possible
        (2285, date(2285, 3, 22)),  # the earliest possible
        (1981, date(1981, 4, 19)),  # the rule's first exception
        (1954, date(1954, 4, 18)),  # the rule's second exception
    ],
)
def test_easter(year: int, easter: date) -> None:
    assert easter_sunday(year) == easter


def test_where_the_holidays_library_differs() -> None:
    """The library follows common use, we follow the Algemene termijnenwet; the difference is exactly this."""
    theirs = holidays.country_holidays("NL", years=YEARS)
    for year in YEARS:
        easter = easter_sunday(year)
        ours = set(legal_days(year))
        library = {day for day in theirs if day.year == year}
        only_theirs = {easter, easter + timedelta(days=49)}  # Sundays anyway, so the law does not list them
        only_ours = {easter - timedelta(days=2)}  # Good Friday: art. 3 lid 2
        if year % 5:
            only_ours.add(date(year, 5, 5))  # a day off for everybody only once in five years
        only_ours -= library  # 5 May may be Ascension
        assert library - ours == only_theirs
        assert ours - library == only_ours


@pytest.mark.parametrize("year", range(2024, 2029))
def test_our_working_days_are_the_librarys_but_for_decrees_and_the_fifth_of_may(year: int) -> None:
    theirs = holidays.country_holidays("NL", years=year)
    good_friday = easter_sunday(year) - timedelta(days=2)
    for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
        day = date(year, 1, 1) + timedelta(days=n)
        differs = is_working_day(day, DESIGNATED_DAYS) != (day.weekday() < 5 and day not in theirs)
        liberation_day = day == date(year, 5, 5) and year % 5 and day.weekday() < 5
        friday = day == good_friday and day not in theirs
        assert differs == bool(day in DESIGNATED_DAYS or liberation_day or friday), day


def test_the_next_decree_is_wanted_from_a_year_before_the_known_ones_end() -> None:
    assert not special_days_run_out(DESIGNATED_DAYS, date(2027, 12, 31) - timedelta(days=1))
    assert special_days_run_out(DESIGNATED_DAYS, date(2028, 1, 2))
    assert not special_days_run_out({**DESIGNATED_DAYS, date(2029, 5, 11): "dag na Hemelvaartsdag"}, date(2028, 1, 2))
    assert special_days_run_out({}, date(2026, 1, 1))


def test_designated_days_are_ordinary_until_they_are_entered() -> None:
    assert is_working_day(date(2027, 5, 7), {})
    assert not is_working_day(date(2027, 5, 7), DESIGNATED_DAYS)
    assert next_working_day(date(2027, 5, 4), {}) == date(2027, 5, 7)


def test_designated_days_are_weekdays_that_are_no_holiday_already() -> None:
    for day in DESIGNATED_DAYS:
        assert day.weekday() < 5
        assert day not in legal_days(day.year)


def test_the_decrees_we_know_of_run_out_at_the_end_of_2028() -> None:
    assert special_days_known_until(DESIGNATED_DAYS) == date(2028, 12, 31)
    assert special_days_known_until({}) is None


def test_the_day_of_a_call_is_the_day_in_the_netherlands() -> None:
    assert local_date(datetime(2026, 1, 12, 23, 30, tzinfo=UTC)) == date(2026, 1, 13)
    assert local_date(datetime(2026, 7, 12, 22, 30, tzinfo=UTC)) == date(2026, 7, 13)
    assert local_date(datetime(2026, 7, 12, 21, 59, tzinfo=UTC)) == date(2026, 7, 12)
    # Thursday evening in UTC, Friday here: the deadline is Monday, not Friday.
    assert next_working_day(local_date(datetime(2026, 6, 4, 22, 30, tzinfo=UTC)), {}) == date(2026, 6, 8)


@given(st.dates(min_value=date(2014, 1, 1), max_value=date(2100, 12, 31)))
def test_the_next_working_day_is_the_first_after(day: date) -> None:
    following = next_working_day(day, DESIGNATED_DAYS)
    assert following > day
    assert is_working_day(following, DESIGNATED_DAYS)
    between = (day + timedelta(days=n) for n in range(1, (following - day).days))
    assert not any(is_working_day(skipped, DESIGNATED_DAYS) for skipped in between)
    assert (following - day).days <= 6
