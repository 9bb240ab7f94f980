"""The directory as text for a person at a terminal. Numbers are shown only on request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ari_app.area_file.hours import WEEKDAYS, span_text
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.directory_check import Sightings, Standing, stand_in, standing
from ari_app.render.text import local, table


@dataclass(frozen=True, slots=True)
class EntryNow:
    """An entry at one moment, and the deputy to use if it cannot be reached."""

    entry: DirectoryEntry
    standing: Standing
    instead: DirectoryEntry | None
    instead_standing: Standing | None


def entry_now(area: Area, entry: DirectoryEntry, seen: Sightings, now: datetime) -> EntryNow:
    """A deputy is named only if everybody who may use the entry may use the deputy too."""
    mine = standing(area, entry, seen, now)
    scope = frozenset() if entry.shared else frozenset({entry.municipality})
    instead = stand_in(area, entry, scope, seen, now) if mine.is_dead else None
    theirs = None if instead is None else standing(area, instead, seen, now)
    return EntryNow(entry, mine, instead, theirs)


def found_table(found: Iterable[EntryNow], *, with_pii: bool) -> str:
    """The entries found, for somebody who wants to transfer a caller."""
    head = ("EXTENSION", "NAME", "SUBJECT", "NOW", "INSTEAD", "REACHES", "OF", "CODE")
    return table(
        head,
        (
            (
                one.entry.extension or "-",
                one.entry.name,
                one.entry.subject or "-",
                one.standing.value,
                _instead(one),
                reaches(one.entry, with_pii=with_pii),
                one.entry.municipality,
                one.entry.code,
            )
            for one in found
        ),
    )


def entries_table(entries: Iterable[DirectoryEntry], *, with_pii: bool) -> str:
    """The directory, with the result of the last check."""
    head = ("EXTENSION", "NAME", "KIND", "REACHES", "OF", "SHARED", "LAST CHECK", "FOUND", "CODE")
    return table(
        head,
        (
            (
                entry.extension or "-",
                entry.name,
                entry.kind.value,
                reaches(entry, with_pii=with_pii),
                entry.municipality,
                "yes" if entry.shared else "-",
                "-" if entry.last_checked_at is None else local(entry.last_checked_at),
                "-" if entry.last_check is None else entry.last_check.value,
                entry.code,
            )
            for entry in entries
        ),
    )


def entry_text(one: EntryNow, deputies: Iterable[EntryNow], *, with_pii: bool) -> str:
    """All that is known of one entry, and its deputies in order."""
    entry = one.entry
    lines = [
        ("code", entry.code),
        ("name", entry.name),
        ("kind", entry.kind.value),
        ("of", f"{entry.municipality}{', shared with the whole area' if entry.shared else ''}"),
        ("extension", entry.extension),
        ("reaches", reaches(entry, with_pii=with_pii)),
        ("now", one.standing.value),
        ("instead", _instead(one) if one.standing.is_dead else None),
        ("subject", entry.subject),
        ("keywords", ", ".join(entry.keywords)),
        ("hours", _hours(entry)),
        ("valid from", entry.valid_from),
        ("valid until", entry.valid_until),
        ("last check", _last_check(entry)),
        *(("deputy", f"{d.entry.name} ({d.entry.extension or d.entry.code}), {d.standing.value}") for d in deputies),
    ]
    return "\n".join(f"{name:<12}{value}" for name, value in lines if value)


def entry_object(one: EntryNow, *, with_pii: bool) -> dict[str, Any]:
    """For a program: the fields of the entry, its standing, and the code of the deputy to use."""
    fields = asdict(one.entry)
    fields["hours"] = None if one.entry.hours is None else _hours(one.entry)
    if not with_pii:
        del fields["pii_number"]
    return {
        **fields,
        "standing": one.standing.value,
        "instead": None if one.instead is None else one.instead.code,
    }


def reaches(entry: DirectoryEntry, *, with_pii: bool) -> str:
    """The phone, person, team or queue behind an entry; a number outside only `with_pii`."""
    if entry.pii_number is not None:
        return entry.pii_number if with_pii else "outside"
    targets = (("operator", entry.operator), ("team", entry.team), ("queue", entry.queue))
    return entry.endpoint or next(f"{kind} {name}" for kind, name in targets if name is not None)


def _instead(one: EntryNow) -> str:
    if not one.standing.is_dead:
        return ""
    if one.instead is None or one.instead_standing is None:
        return "nobody"
    return f"{one.instead.extension or one.instead.code} {one.instead.name} ({one.instead_standing.value})"


def _hours(entry: DirectoryEntry) -> str:
    if entry.hours is None:
        return "always"
    days = (f"{WEEKDAYS[day]} {' '.join(map(span_text, spans))}" for day, spans in sorted(entry.hours.items()))
    return ", ".join(days) or "never"


def _last_check(entry: DirectoryEntry) -> str | None:
    if entry.last_check is None or entry.last_checked_at is None:
        return None
    return f"{local(entry.last_checked_at)}: {entry.last_check.value}"
