"""Entries of the directory as a list and as a form: the fields in Dutch, and the table that a form becomes. Pure.

A form is a table of one line, judged as a file is (`area_file.directory_csv`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ari_app.area_file.directory_cells import COLUMNS, NEVER, cells
from ari_app.area_file.hours import span_text
from ari_app.core.area import Area, CheckResult, DirectoryEntry, EntryKind, OpeningSpan
from ari_app.core.calendar import local_date
from ari_app.core.directory import deputies
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.web.directory_view import EntryLine

#: the field of a form for each column of a file
FIELDS: Mapping[str, str] = {
    "code": "code",
    "kind": "soort",
    "name": "naam",
    "municipality": "gemeente",
    "subject": "onderwerp",
    "extension": "verkort",
    "endpoint": "toestel",
    "number": "nummer",
    "operator": "medewerker",
    "team": "team",
    "queue": "wachtrij",
    "hours": "uren",
    "deputy": "vervanger",
    "keywords": "zoekwoorden",
    "shared": "gedeeld",
    "valid_from": "vanaf",
    "valid_until": "tot",
}
LABELS: Mapping[str, str] = {
    "code": "Code",
    "kind": "Soort",
    "name": "Naam",
    "municipality": "Gemeente",
    "subject": "Onderwerp",
    "extension": "Verkort nummer",
    "endpoint": "Toestel",
    "number": "Telefoonnummer",
    "operator": "Medewerker",
    "team": "Team",
    "queue": "Wachtrij",
    "hours": "Openingstijden",
    "deputy": "Vervanger",
    "keywords": "Zoekwoorden",
    "shared": "Voor alle gemeenten",
    "valid_from": "Geldig vanaf",
    "valid_until": "Geldig tot",
}
TARGETS = ("endpoint", "number", "operator", "team", "queue")
KINDS: Mapping[str, str] = {
    EntryKind.PERSON.value: "Persoon",
    EntryKind.DEPARTMENT.value: "Afdeling",
    EntryKind.GROUP.value: "Groep",
    EntryKind.QUEUE.value: "Wachtrij",
    EntryKind.OUTSIDE.value: "Andere organisatie",
}
CHECKS: Mapping[CheckResult, str] = {
    CheckResult.FINE: "bereikbaar",
    CheckResult.UNREACHABLE: "toestel stond uit",
    CheckResult.TARGET_MISSING: "niemand achter dit nummer",
    CheckResult.EXPIRED: "niet meer geldig",
    CheckResult.DEPUTY_MISSING: "vervanger bestaat niet of is niet meer geldig",
    CheckResult.DEPUTY_UNREACHABLE: "vervanger niet bereikbaar",
    CheckResult.EXTENSION_CLASHES: "verkort nummer is ook van iemand anders",
    CheckResult.NUMBER_REFUSED: "nummer mag niet gebeld worden",
}
_DAYS = ("ma", "di", "wo", "do", "vr", "za", "zo")
NEVER_WORD = "nooit"
#: of one field of a form
LONGEST_FIELD = 2000


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One entry in the list, as its reader may see it."""

    line: EntryLine
    deputies: tuple[DirectoryEntry, ...]
    check: str
    is_wrong: bool  # the check at night found something
    used: str  # the day on which somebody was transferred to it last; empty: never, as far as the record goes
    validity: str

    @property
    def entry(self) -> DirectoryEntry:
        return self.line.entry


def plan_line(
    area: Area, line: EntryLine, towns: Collection[MunicipalityCode], last: Mapping[str, datetime]
) -> PlanLine:
    entry = line.entry
    check = "" if entry.last_check is None else CHECKS[entry.last_check]
    used = last.get(party_of(entry))
    return PlanLine(
        line,
        tuple(deputies(area, entry, towns)),
        check,
        was_unreachable(entry),
        "" if used is None else day_words(local_date(used)),
        validity(entry.valid_from, entry.valid_until),
    )


def was_unreachable(entry: DirectoryEntry) -> bool:
    """Whether the last check at night found something."""
    return entry.last_check not in (None, CheckResult.FINE)


def party_of(entry: DirectoryEntry) -> str:
    """Under which name the record has the transfers to it."""
    return entry.extension or entry.code


def validity(first: date | None, until: date | None) -> str:
    """`until`: the first day no longer."""
    parts = ((first, "vanaf"), (until, "tot"))
    return " ".join(f"{word} {day_words(day)}" for day, word in parts if day is not None)


def day_words(day: date) -> str:
    """With its year: it may be long ago."""
    return f"{day.day}-{day.month}-{day.year}"


def hours_words(hours: Mapping[int, tuple[OpeningSpan, ...]] | None) -> str:
    """As a form has it, and as a file may: `ma-vr 08:30-17:00, za 10:00-12:00`; empty is always."""
    if hours is None:
        return ""
    return ", ".join(_runs(hours)) or NEVER_WORD


def _runs(hours: Mapping[int, tuple[OpeningSpan, ...]]) -> Iterator[str]:
    day = 0
    while day < len(_DAYS):
        last = day
        while last + 1 < len(_DAYS) and hours.get(last + 1) == hours.get(day):
            last += 1
        if hours.get(day):
            days = _DAYS[day] if last == day else f"{_DAYS[day]}-{_DAYS[last]}"
            yield f"{days} {' '.join(map(span_text, hours[day]))}"
        day = last + 1


def values_of(entry: DirectoryEntry) -> dict[str, str]:
    """What the fields of a form say of an entry, by column."""
    shown = {name: _bare(cell) for name, cell in zip(COLUMNS, cells(entry), strict=True)}
    return shown | {
        "hours": hours_words(entry.hours),
        "keywords": ", ".join(entry.keywords),
        "shared": "ja" if entry.shared else "",
    }


def _bare(cell: str) -> str:
    """Without the mark that keeps a spreadsheet from reading it as a formula."""
    return cell[1:] if cell.startswith("'") else cell


def typed_values(form: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form, by column."""
    return {column: form.get(field, "")[:LONGEST_FIELD].strip() for column, field in FIELDS.items()}


def table_of(values: Mapping[str, str], area: Area) -> str:
    """The table of one line that a form becomes. A deputy may be named by extension too."""
    row = dict(values)
    deputy = row["deputy"]
    if EntryCode(deputy) not in area.entries and deputy in area.by_extension:
        row["deputy"] = area.by_extension[deputy].code
    if row["hours"].casefold() == NEVER_WORD:
        row["hours"] = NEVER
    row["keywords"] = "|".join(row["keywords"].split(","))
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([COLUMNS, [row[column] for column in COLUMNS]])
    return text.getvalue()


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """The columns in which two entries differ, with what each says."""
    return [(column, before[column], after[column]) for column in COLUMNS if before[column] != after[column]]
