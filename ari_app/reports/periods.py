"""Periods that figures are asked for: quarters of an hour, and days of the Netherlands up to a year. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from ari_app.core.calendar import AMSTERDAM, instant_of

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
#: a week that is compared with one of last year has the same weekdays
WEEKS_OF_YEAR = 52
#: a longer period is shown by month
MOST_DAYS_BY_DAY = 62
LONGEST_DAYS = 3660
FIRST_YEAR, LAST_YEAR = 2000, 2099


class Step(StrEnum):
    """What a period is cut into."""

    QUARTER = "quarter"
    DAY = "day"
    MONTH = "month"


def quarter_of(at: datetime) -> datetime:
    """The beginning of the quarter of an hour, in UTC; also that of the Netherlands, which is whole hours away."""
    return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)


def quarters(since: datetime, until: datetime) -> Iterator[datetime]:
    """Every quarter of an hour that has a moment from `since` up to `until`."""
    at = quarter_of(since)
    while at < until:
        yield at
        at += QUARTER


def midnight(day: date) -> datetime:
    """The beginning of this day in the Netherlands. UTC."""
    return instant_of(day, time(0))


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days of the Netherlands, both included."""

    first: date
    last: date

    @property
    def begins_at(self) -> datetime:
        return midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        return midnight(self.last + DAY)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def is_month(self) -> bool:
        return self.first.day == 1 and self.last == _month_end(self.first)

    @property
    def is_year(self) -> bool:
        return (self.first.month, self.first.day, self.last) == (1, 1, date(self.first.year, 12, 31))

    @property
    def step(self) -> Step:
        if self.days == 1:
            return Step.QUARTER
        return Step.DAY if self.days <= MOST_DAYS_BY_DAY else Step.MONTH

    @property
    def before(self) -> Period:
        """The month before a month, the year before a year, else as many days before it."""
        last = self.first - DAY
        if self.is_year:
            return Period(date(last.year, 1, 1), last)
        return Period(last.replace(day=1), last) if self.is_month else Period(self.first - DAY * self.days, last)

    @property
    def year_ago(self) -> Period:
        """The same month or year; of other periods the same weekdays, 52 weeks ago."""
        if self.is_year:
            return self.before
        if self.is_month:
            first = self.first.replace(year=self.first.year - 1)
            return Period(first, _month_end(first))
        back = timedelta(weeks=WEEKS_OF_YEAR)
        return Period(self.first - back, self.last - back)

    def cut(self, at: datetime) -> datetime:
        """The beginning of the step that this moment lies in. UTC."""
        if self.step is Step.QUARTER:
            return quarter_of(at)
        day = at.astimezone(AMSTERDAM).date()
        return midnight(day if self.step is Step.DAY else max(day.replace(day=1), self.first))

    def steps(self) -> list[datetime]:
        """The beginnings of its steps; a day has 92 or 100 quarters when the clock changes."""
        if self.step is Step.QUARTER:
            return list(quarters(self.begins_at, self.ends_at))
        days = [self.first + DAY * count for count in range(self.days)]
        return [midnight(day) for day in days if self.step is Step.DAY or day.day == 1 or day == self.first]


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - DAY


_DAY = r"\d{4}-\d\d-\d\d"
_KINDS = re.compile(
    rf"(?P<day>{_DAY})|(?P<first>{_DAY})\.\.(?P<last>{_DAY})|(?P<month>\d{{4}}-\d\d)|(?P<week>\d{{4}}-W\d\d)"
    r"|(?P<year>\d{4})"
)
_NAMED = {"vandaag": 0, "today": 0, "gisteren": 1, "yesterday": 1}


def read_period(text: str, today: date) -> Period:
    """Of `today`, `yesterday` (also in Dutch), 2026-11-23, 2026-W48, 2026-11, 2026, or 2026-11-01..2026-11-15.

    Raises ValueError.
    """
    if text in _NAMED:
        day = today - DAY * _NAMED[text]
        return Period(day, day)
    found = _KINDS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no period")
    try:
        period = _read(found)
    except OverflowError:
        raise ValueError(f"{text!r} is no period") from None  # it would end after the year 9999
    in_range = period.first.year >= FIRST_YEAR and period.last.year <= LAST_YEAR
    if period.last < period.first or not in_range or period.days > LONGEST_DAYS:
        raise ValueError(f"{text!r} is no period")
    return period


def _read(found: re.Match[str]) -> Period:
    if found["day"]:
        day = date.fromisoformat(found["day"])
        return Period(day, day)
    if found["week"]:
        first = date.fromisocalendar(int(found["week"][:4]), int(found["week"][6:]), 1)
        return Period(first, first + 6 * DAY)
    if found["month"]:
        first = date.fromisoformat(f"{found['month']}-01")
        return Period(first, _month_end(first))
    if found["year"]:
        return Period(date(int(found["year"]), 1, 1), date(int(found["year"]), 12, 31))
    return Period(date.fromisoformat(found["first"]), date.fromisoformat(found["last"]))
