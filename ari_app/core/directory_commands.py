"""Commands of editors about the directory of one municipality: they change rows only. Pure.

What is changed is a table, as in a file: one line for an entry of a form, many for a file. With it goes what its editor
saw, so that nobody overwrites what somebody else wrote meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.ids import EntryCode


@dataclass(frozen=True, slots=True)
class ChangeDirectory:
    """Follow a table of the directory, all of whose lines are the municipality's.

    `pii_seen`: what `seen_of` says of all entries that the table changes, as its editor saw them. `replacing`: entries
    of the municipality that are not in the table go. `entry`: the only one in it, when a form was filled in.
    """

    pii_table: str
    pii_seen: str
    replacing: bool = False
    entry: EntryCode | None = None


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Take an entry out of the directory; `pii_seen` as in `ChangeDirectory`."""

    entry: EntryCode
    pii_seen: str


DirectoryCommand = ChangeDirectory | RemoveEntry


def seen_of(area: Area, codes: Iterable[EntryCode]) -> str:
    """A digest of these entries as they are, those that are not there included. It may be guessed by who knows all else
    of an entry but its number, so it is as personal as that.
    """
    whole = hashlib.sha256()
    for code in sorted(set(codes)):
        whole.update(f"{code}\0{_text(area.entries.get(code))}\0".encode())
    return whole.hexdigest()


def _text(entry: DirectoryEntry | None) -> str:
    if entry is None:
        return ""
    # `hours` has no order of its own; the nightly check is no part of the entry. The number is not shown by repr.
    hours = None if entry.hours is None else sorted(entry.hours.items())
    return repr(
        (
            entry.kind.value,
            entry.name,
            entry.municipality,
            entry.extension,
            entry.endpoint,
            entry.operator,
            entry.team,
            entry.queue,
            entry.pii_number,
            entry.subject,
            entry.keywords,
            hours,
            entry.deputy,
            entry.shared,
            entry.valid_from,
            entry.valid_until,
        )
    )
