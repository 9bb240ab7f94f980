"""How large the year is, and how it is spread: municipalities by rank, days by weekday and season."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ari_app.core.calendar import is_working_day
from ari_app.core.numbers import AREA_CODES
from ari_app.core.retention import Retention
from ari_app.core.retention_rules import kept_from

MUNICIPALITIES = 342
DAYS = 365
#: a national working day of average business, answered by operators
ANSWERED_A_DAY = 57_800
#: of an operator on an average day
ANSWERED_BY_OPERATOR = 75
#: calls that no operator answered, for each that one did
UNANSWERED = 0.22
PER_SHARED_NUMBER = 3
FIRST_OPERATOR = 10_000
#: so long ago the last run of the retention is: what it will find is a month
SINCE_RETENTION = timedelta(days=31)

_WEEKDAYS = (1.3, 1.05, 0.95, 0.95, 0.75)
#: taxes in February and March, holidays in summer
_MONTHS = (1.05, 1.15, 1.1, 1.0, 0.95, 1.05, 0.85, 0.85, 1.05, 1.0, 1.0, 0.95)


@dataclass(frozen=True, slots=True)
class Year:
    """The same seed, share and last day give the same rows. `until`: the first day without calls."""

    share: float = 1.0
    seed: int = 1
    until: date = date(2026, 11, 29)

    @property
    def erased_until(self) -> datetime:
        """Numbers of before were erased by earlier nights. UTC."""
        night = datetime(self.until.year, self.until.month, self.until.day, 12, tzinfo=UTC) - SINCE_RETENTION
        return kept_from(night, Retention().numbers_days)

    def days(self) -> Iterator[tuple[date, float, bool]]:
        """Each day with its business, 1.0 on average, and whether municipalities are open."""
        for before in range(DAYS, 0, -1):
            day = self.until - timedelta(days=before)
            is_open = is_working_day(day, {})
            yield day, (_WEEKDAYS[day.weekday()] if is_open else 1.0) * _MONTHS[day.month - 1], is_open


@dataclass(frozen=True, slots=True)
class Town:
    """`operators`: as many as are logged in on its busiest day. `shared_number`, `geographic`: digits as dialled."""

    n: int
    daily: float
    operators: int
    first_operator: int
    shared_number: str
    geographic: str

    @property
    def code(self) -> str:
        return f"GM{1000 + self.n}"


def towns(share: float) -> list[Town]:
    """By size: the first has some 5 % of all calls, the middle one 0.16 %."""
    weights = [(rank + 2.3) ** -0.8 for rank in range(MUNICIPALITIES)]
    busiest = max(_WEEKDAYS) * max(_MONTHS)
    codes, found, first = sorted(AREA_CODES), [], FIRST_OPERATOR
    for n, weight in enumerate(weights):
        daily = ANSWERED_A_DAY * weight / sum(weights)
        operators = math.ceil(daily * busiest * share / ANSWERED_BY_OPERATOR) + 1
        number = f"14{codes[n // PER_SHARED_NUMBER]}"
        found.append(Town(n, daily, operators, first, number, f"0119{100_000 + n}"))
        first += operators
    return found
