"""The cells of the directory's table: from text to the values of an entry's shape, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, datetime
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberFormat

from ari_app.area_file.hours import WEEKDAYS, span_text
from ari_app.core.area import DirectoryEntry

COLUMNS = (
    "code",
    "kind",
    "name",
    "municipality",
    "subject",
    "extension",
    "endpoint",
    "number",
    "operator",
    "team",
    "queue",
    "hours",
    "deputy",
    "keywords",
    "shared",
    "valid_from",
    "valid_until",
)
NEVER = "never"

_LIST = "|"
_YES, _NO = frozenset({"true", "yes", "ja", "waar", "1", "x"}), frozenset({"false", "no", "nee", "onwaar", "0", ""})
_DAYS = r"[a-z]{2,3}(?:-[a-z]{2,3})?"
_TIMES = r"[0-9]{1,2}:[0-9]{2} ?[-–] ?[0-9]{1,2}:[0-9]{2}"
_HOURS = re.compile(rf"({_DAYS}) +((?:{_TIMES})(?: +{_TIMES})*)")
_DUTCH_DAYS = dict(zip(("ma", "di", "wo", "do", "vr", "za", "zo"), WEEKDAYS, strict=True))
_DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y")
#: a spreadsheet takes a cell that begins so for a formula, unless there is a quote before it
_FORMULA = ("=", "+", "-", "@")


class Unreadable(ValueError):
    """A cell that does not fit its column; the text says what it must be."""


def value(column: str, cell: str) -> Any:
    """The value of a cell, as the entry's shape takes it; None for an empty cell. Raises Unreadable."""
    cell = _unguarded(cell)
    match column:
        case "shared":
            if cell.casefold() not in _YES | _NO:
                raise Unreadable("must be yes or no")
            return cell.casefold() in _YES
        case _ if not cell:
            return None
        case "keywords":
            return [word.strip() for word in cell.split(_LIST) if word.strip()]
        case "valid_from" | "valid_until":
            return _day(cell)
        case "hours":
            return _hours(cell)
        case _:
            return cell


def _day(cell: str) -> date:
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(cell, form).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise Unreadable("must be a date such as 2026-12-24 or 24-12-2026")


def _hours(cell: str) -> dict[str, list[str]]:
    if cell.casefold() == NEVER:
        return {}
    hours: dict[str, list[str]] = {}
    for part in cell.split(","):
        found = _HOURS.fullmatch(part.strip().casefold())
        days = None if found is None else _span_of_days(found[1])
        if found is None or days is None:
            raise Unreadable(f'must be like "mon-fri 08:30-12:00 13:00-17:00, sat 10:00-12:00", or "{NEVER}"')
        for day in days:
            hours.setdefault(day, []).extend(times.zfill(11) for times in re.findall(_TIMES, found[2]))
    return hours


def _span_of_days(text: str) -> Collection[str] | None:
    names = [_DUTCH_DAYS.get(name, name) for name in text.split("-")]
    if not {*names} <= {*WEEKDAYS}:
        return None
    first, last = WEEKDAYS.index(names[0]), WEEKDAYS.index(names[-1])
    return WEEKDAYS[first : last + 1] or None


def cells(entry: DirectoryEntry) -> Iterator[str]:
    """The cells of an entry in the order of COLUMNS; `value` reads them back as they were."""
    return map(_guarded, _cells(entry))


def _cells(entry: DirectoryEntry) -> Iterator[str]:
    yield entry.code
    yield entry.kind.value
    yield entry.name
    yield entry.municipality
    yield entry.subject
    yield entry.extension or ""
    yield entry.endpoint or ""
    yield _readable(entry.pii_number)
    yield entry.operator or ""
    yield entry.team or ""
    yield entry.queue or ""
    yield _hours_text(entry)
    yield entry.deputy or ""
    yield f" {_LIST} ".join(entry.keywords)
    yield "yes" if entry.shared else "no"
    yield "" if entry.valid_from is None else entry.valid_from.isoformat()
    yield "" if entry.valid_until is None else entry.valid_until.isoformat()


def _readable(number: str | None) -> str:
    """A number with spaces in it: without them a spreadsheet makes it a figure, and takes off the plus or the 0."""
    if number is None:
        return ""
    return phonenumbers.format_number(phonenumbers.parse(number), PhoneNumberFormat.INTERNATIONAL)


def _hours_text(entry: DirectoryEntry) -> str:
    if entry.hours is None:
        return ""
    days = (f"{WEEKDAYS[day]} {' '.join(map(span_text, spans))}" for day, spans in sorted(entry.hours.items()))
    return ", ".join(days) or NEVER


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
