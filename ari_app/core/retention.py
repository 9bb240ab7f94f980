"""How long personal data is kept (AVG art. 5(1)(e)).

A municipality chooses a period per kind of data. A minimum protects what a running promise or the figures of a month
need. Figures and rows stay; only what is personal in them goes, except reminders and audit rows, which go whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DataKind(StrEnum):
    """A kind of data with a period of its own; the value is the key in an area file, without `_days`."""

    NUMBERS = "numbers"  # of callers, and what a transfer says about them
    FACTS = "facts"  # what is personal in the facts of calls
    CALLBACKS = "callbacks"  # numbers, notes and facts of closed requests
    REMINDERS = "reminders"  # reminders and messages that were sent
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Retention:
    """A municipality's periods in days: from the end of a call's day, a request's closing, or the row's moment."""

    numbers_days: int = 90
    facts_days: int = 90
    callbacks_days: int = 90
    reminders_days: int = 90
    audit_days: int = 1096  # three years

    def days(self, kind: DataKind) -> int:
        days: int = getattr(self, f"{kind.value}_days")
        return days


#: a month's figures and every promise are settled by then; use of the system is kept for half a year (BIO2 8.18.02)
MINIMUM_DAYS: Mapping[DataKind, int] = {
    **dict.fromkeys(DataKind, 35),
    DataKind.AUDIT: 183,
}
MAXIMUM_DAYS = 3660
