"""What an editor's command makes of the directory, judged as a file is: for the page that shows it first, and for the
controller that carries it out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ari_app.area_file.checks import Entries
from ari_app.area_file.directory_checks import check_entries
from ari_app.area_file.directory_csv import read_entries
from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.area_contents import AreaFile, Removals, merge
from ari_app.core.area_difference import Difference, compare
from ari_app.core.area_touched import touched
from ari_app.core.directory_commands import ChangeDirectory, DirectoryCommand, RemoveEntry, seen_of
from ari_app.core.ids import EntryCode, MunicipalityCode


@dataclass(frozen=True, slots=True)
class DirectoryChange:
    """Entries by their codes. `seen`: what there is now of those that it changes; of whoever asked, to compare it with.

    `noticed_by`: the municipalities whose screens may show something else.
    """

    added: tuple[EntryCode, ...]
    changed: tuple[EntryCode, ...]
    removed: tuple[EntryCode, ...]
    unchanged_count: int
    written: tuple[DirectoryEntry, ...]
    seen: str
    noticed_by: frozenset[MunicipalityCode]

    @property
    def does_something(self) -> bool:
        return bool(self.written or self.removed)


def change_of(known: Area, owner: MunicipalityCode, command: DirectoryCommand, today: date) -> DirectoryChange:
    """For a file of ten thousand lines some seconds of CPU. Raises AreaRefused with every mistake."""
    match command:
        case ChangeDirectory(pii_table, replacing=replacing):
            wanted = read_entries(pii_table, known, owner, replacing=replacing, reaches_own=True)
        case RemoveEntry(code):
            wanted = _without(known, owner, code)
    new = merge(known, wanted)
    _, difference = compare(known, new, wanted, (), {}, today)
    return _change(known, new, wanted, difference)


def _change(known: Area, new: Area, wanted: AreaFile, difference: Difference) -> DirectoryChange:
    codes, gone = sorted(difference.entries), sorted(difference.gone_entries)
    return DirectoryChange(
        added=tuple(code for code in codes if code not in known.entries),
        changed=tuple(code for code in codes if code in known.entries),
        removed=tuple(gone),
        unchanged_count=len(wanted.named.entries) - len(codes),
        written=tuple(new.entries[code] for code in codes),
        seen=seen_of(known, (*wanted.named.entries, *wanted.removals.entries)),
        noticed_by=touched(known, new, difference) if codes or gone else frozenset(),
    )


def _without(known: Area, owner: MunicipalityCode, code: EntryCode) -> AreaFile:
    """Raises AreaRefused for an entry that is not there, is another municipality's, or is somebody's deputy."""
    entry = known.entries.get(code)
    if entry is None or entry.municipality != owner:
        raise AreaRefused([Mistake("code", f"there is no directory entry {code}")])
    entries = Entries()
    entries.remove = entries.remove.model_copy(update={"directory_entries": [code]})
    mistakes = [Mistake("code", f"{code} {said}") for _, said in check_entries(entries, known)]
    if mistakes:
        raise AreaRefused(mistakes)
    return AreaFile(named=Area(), removals=Removals(entries=frozenset({code})))
