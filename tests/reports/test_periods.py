"""Periods: how they are written, what they are compared with, and how long days are."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ari_app.reports.periods import Period, Step, quarter_of, quarters, read_period

pytestmark = pytest.mark.pure

TODAY = date(2026, 11, 30)


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("vandaag", days("2026-11-30", "2026-11-30")),
        ("yesterday", days("2026-11-29", "2026-11-29")),
        ("2026-11-23", days("2026-11-23", "2026-11-23")),
        ("2026-W01", days("2025-12-29", "2026-01-04")),
        ("2028-02", days("2028-02-01", "2028-02-29")),
        ("2026-12", days("2026-12-01", "2026-12-31")),
        ("2026", days("2026-01-01", "2026-12-31")),
        ("2026-11-01..2026-11-15", days("2026-11-01", "2026-11-15")),
    ],
)
def test_a_period_is_read(text: str, period: Period) -> None:
    assert read_period(text, TODAY) == period


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-02-30", "2026-W54", "2026-11-15..2026-11-01", "1999", "2100", "2010..2026", "9999-W01",
     "9999-W52", "9999-12", "2001-01-01..2099-12-31", "vandaag ", "0000"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_period(text, TODAY)


@pytest.mark.parametrize(
    ("period", "before", "year_ago"),
    [
        (days("2026-11-30", "2026-11-30"), days("2026-11-29", "2026-11-29"), days("2025-12-01", "2025-12-01")),
        (days("2028-02-01", "2028-02-29"), days("2028-01-01", "2028-01-31"), days("2027-02-01", "2027-02-28")),
        (days("2026-01-01", "2026-12-31"), days("2025-01-01", "2025-12-31"), days("2025-01-01", "2025-12-31")),
        (days("2026-11-02", "2026-11-08"), days("2026-10-26", "2026-11-01"), days("2025-11-03", "2025-11-09")),
    ],
)
def test_a_period_is_compared_with_its_like(period: Period, before: Period, year_ago: Period) -> None:
    assert (period.before, period.year_ago) == (before, year_ago)
    assert period.first.weekday() == period.year_ago.first.weekday() or period.is_month or period.is_year


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-03-30", 96), ("2026-10-25", 100)])
def test_a_day_has_as_many_quarters_as_it_has(day: str, count: int) -> None:
    period = days(day, day)
    assert len(period.steps()) == count
    assert period.steps() == list(quarters(period.begins_at, period.ends_at))
    assert {period.cut(one) for one in period.steps()} == set(period.steps())


@pytest.mark.parametrize(
    ("period", "step", "count"),
    [
        (days("2026-11-01", "2026-11-30"), Step.DAY, 30),
        (days("2026-01-01", "2026-12-31"), Step.MONTH, 12),
        (days("2026-01-15", "2026-04-02"), Step.MONTH, 4),
    ],
)
def test_longer_periods_are_cut_into_days_or_months(period: Period, step: Step, count: int) -> None:
    assert (period.step, len(period.steps())) == (step, count)
    assert {period.cut(one) for one in quarters(period.begins_at, period.ends_at)} == set(period.steps())


def test_a_quarter_begins_at_the_quarter() -> None:
    assert quarter_of(datetime(2026, 11, 23, 8, 59, 59, 999, tzinfo=UTC)) == datetime(2026, 11, 23, 8, 45, tzinfo=UTC)
