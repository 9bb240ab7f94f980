"""Days that somebody asks for in an address. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from ari_app.core.calendar import instant_of, local_date

_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_NO_DAY = "Vul een dag in, zoals 2026-11-30."


def read_period(
    values: dict[str, str], faults: dict[str, str], now: datetime
) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last one, in the Netherlands; without either, today.

    `vanaf` and `tot` of the values become the days that are meant; a fault goes to the field that it is of.
    """
    today = local_date(now)
    first, last = _day(values, "vanaf", faults), _day(values, "tot", faults)
    first = first or last or today
    last = last or max(first, today)
    if last < first:
        faults.setdefault("tot", "Deze dag ligt vóór de eerste dag.")
    for name, day in (("vanaf", first), ("tot", last)):
        if name not in faults:
            values[name] = day.isoformat()
    return instant_of(first, time(0)), instant_of(last + timedelta(days=1), time(0))


def _day(values: dict[str, str], name: str, faults: dict[str, str]) -> date | None:
    text = values[name]
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    faults.setdefault(name, _NO_DAY)
    return None
