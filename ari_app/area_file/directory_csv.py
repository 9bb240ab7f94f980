"""The directory as a table: CSV as Excel saves it, in and out (docs/area-file.md).

A line is read into the same shape as a `[[directory_entry]]` of an area file and judged by the same checks; a mistake
is named with its line and its column.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import compress
from typing import Any

from ari_app.area_file.build import build
from ari_app.area_file.checks import Entries, Entry, check
from ari_app.area_file.directory_cells import COLUMNS, Unreadable, cells, value
from ari_app.area_file.directory_checks import check_entries, foreign_targets
from ari_app.area_file.directory_shapes import DirectoryEntryShape
from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.area_file.validation import refuse_large, says, unknown_key, validated
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.area_contents import AreaFile, Removals
from ari_app.core.ids import EntryCode, MunicipalityCode

SECTION = "directory_entry"
_DELIMITERS = (";", ",", "\t")


def read_entries(
    text: str,
    known: Area,
    owner: MunicipalityCode | None = None,
    *,
    replacing: bool = False,
    reaches_own: bool = False,
) -> AreaFile:
    """The contents of a CSV file, judged together with the area that it will be imported into.

    `owner`: all lines are this municipality's, and the file can touch no entry of another. `replacing`: the owner's
    entries that are not in the file are removed; without an owner, those of every municipality that the file names.
    `reaches_own`: an entry may newly reach only operators, teams and queues that are the owner's to know.
    Raises AreaRefused with every mistake, in the order of the file.
    """
    refuse_large(text)
    if owner is not None and owner not in known.municipalities:
        raise AreaRefused([Mistake("", f"there is no municipality {owner}")])
    reader = _Reader(text, known, owner)
    entries = Entries(directory_entries=list(reader.entries()))
    named = {entry.shape.code for entry in entries.directory_entries} | reader.named
    entries.declared = {SECTION: frozenset(named)}
    if replacing:
        owners = {entry.shape.municipality for entry in entries.directory_entries} if owner is None else {owner}
        gone = [code for code, entry in known.entries.items() if entry.municipality in owners and code not in named]
        entries.remove = entries.remove.model_copy(update={"directory_entries": gone})
    mistakes = list(reader.mistakes)
    foreign = foreign_targets(entries, known, owner) if reaches_own and owner is not None else ()
    for path, said in (*check(entries, known), *check_entries(entries, known), *foreign):
        mistakes.append(
            reader.mistake(path[1], str(path[2]), said) if path[0] == SECTION else _left_out(entries, path, said)
        )
    if mistakes:
        raise AreaRefused(sorted(mistakes, key=lambda mistake: mistake.line or 0))
    wanted = build(entries, known)
    return replace(wanted, removals=Removals(entries=frozenset(map(EntryCode, entries.remove.directory_entries))))


def render_entries(entries: Iterable[DirectoryEntry], delimiter: str = ";", *, with_numbers: bool = True) -> str:
    """Entries as a CSV file that `read_entries` reads as the same entries.

    Without numbers that column is left out: read again, an entry that is a number is refused, and loses nothing.
    """
    out = io.StringIO()
    kept = [with_numbers or column != "number" for column in COLUMNS]
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(compress(COLUMNS, kept))
    for entry in entries:
        writer.writerow(compress(cells(entry), kept))
    return out.getvalue()


def _left_out(entries: Entries, path: tuple[str | int, ...], said: str) -> Mistake:
    """A mistake about an entry that would be removed because it is not in the file."""
    code = entries.remove.directory_entries[path[-1]] if isinstance(path[-1], int) else path[-1]
    return Mistake("", f"{code} is not in the file and would be removed, but {said}")


class _Reader:
    """Turns one table into entries and gathers its mistakes."""

    def __init__(self, text: str, known: Area, owner: MunicipalityCode | None) -> None:
        self.mistakes: list[Mistake] = []
        self.named: set[str] = set()
        self._known = known
        self._owner = owner
        self._lines: list[int] = []
        self._text = text.removeprefix("\ufeff")

    def mistake(self, n: str | int, column: str, said: str) -> Mistake:
        line = self._lines[n] if isinstance(n, int) else None
        return Mistake(column, said, line)

    def entries(self) -> Iterator[Entry[DirectoryEntryShape]]:
        rows = self._rows()
        line, head = next(rows, (1, []))
        columns = [cell.strip().casefold() for cell in head]
        if not self._heading_is_right(columns, line):
            return
        for line, row in rows:
            if not any(cell.strip() for cell in row):
                continue
            n = len(self._lines)
            self._lines.append(line)
            if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
                self.mistakes.append(self.mistake(n, "", f"has {len(row)} cells, and there are {len(columns)} columns"))
                continue
            shape = self._shape(n, {name: cell.strip() for name, cell in zip(columns, row, strict=False)})
            if shape is not None:
                yield Entry((SECTION, n), shape)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of its first line."""
        first = self._text.split("\n", 1)[0]
        delimiter = max(_DELIMITERS, key=first.count)
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=delimiter, strict=True)
        line = 1
        try:
            for row in reader:
                yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            self.mistakes.append(Mistake("", f"not CSV: {error}", line))

    def _heading_is_right(self, columns: list[str], line: int) -> bool:
        before = len(self.mistakes)
        found = Counter(columns)
        for column, times in found.items():
            if column not in COLUMNS:
                self.mistakes.append(Mistake(column, unknown_key(column, COLUMNS).replace("key", "column"), line))
            elif times > 1:
                self.mistakes.append(Mistake(column, "is a column twice", line))
        needed = ("code", "kind", "name") if self._owner else ("code", "kind", "name", "municipality")
        for column in needed:
            if column not in found:
                self.mistakes.append(Mistake(column, "is missing: the first line names the columns", line))
        return len(self.mistakes) == before

    def _shape(self, n: int, texts: Mapping[str, str]) -> DirectoryEntryShape | None:
        raw: dict[str, Any] = {}
        self.named.add(texts.get("code", ""))
        for column, cell in texts.items():
            try:
                read = value(column, cell)
            except Unreadable as error:
                self.mistakes.append(self.mistake(n, column, str(error)))
                continue
            if read is not None:
                raw[column] = read
        self._keep_to_owner(n, raw)
        entry, problems = validated(DirectoryEntryShape, raw)
        for problem in problems:
            column = str(problem["loc"][0]) if problem["loc"] else ""
            self.mistakes.append(self.mistake(n, column, says(problem)))
        return entry

    def _keep_to_owner(self, n: int, raw: dict[str, Any]) -> None:
        """The file of one municipality does not touch another's entries."""
        if self._owner is None:
            return
        if raw.setdefault("municipality", str(self._owner)) != self._owner:
            self.mistakes.append(self.mistake(n, "municipality", f"is not {self._owner}, whose file this is"))
        known = self._known.entries.get(EntryCode(raw.get("code", "")))
        if known is not None and known.municipality != self._owner:
            self.mistakes.append(self.mistake(n, "code", "is the code of another municipality's entry; choose another"))
