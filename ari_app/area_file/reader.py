"""The area file: an area written down by people, in TOML (docs/area-file.md).

A file with mistakes is refused, and all its mistakes are named; a correct file can be imported as it was read.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ari_app.area_file.build import build
from ari_app.area_file.checks import Entries, Entry, Path, check, shown
from ari_app.area_file.directory_checks import check_entries
from ari_app.area_file.directory_shapes import DirectoryEntryShape, OutsideShape
from ari_app.area_file.errors import AreaRefused, Mistake
from ari_app.area_file.shape import Shape
from ari_app.area_file.shapes import (
    MemberShape,
    MunicipalityShape,
    OperatorShape,
    RemoveShape,
    SharedNumberShape,
    SpecialDayShape,
    TeamShape,
)
from ari_app.area_file.validation import refuse_large, says, unknown_key, validated
from ari_app.core.area import Area
from ari_app.core.area_contents import AreaFile
from ari_app.core.numbers import Refused, parse_shared

_SECTIONS = ("municipality", "shared_number", "team", "operator", "special_day", "directory_entry")
_TABLES = ("outside", "remove")
_NAME_KEYS = {"municipality": "code", "team": "code", "operator": "number", "directory_entry": "code"}
#: on one line; keys within keys, "a.a.a", take tomllib time by the square of their number
_MOST_DOTS = 200
_SHAPE = TypeVar("_SHAPE", bound=Shape)


def read_area(text: str, known: Area = Area()) -> AreaFile:  # noqa: B008
    """The contents of a file, judged together with the area that it will be imported into.

    Raises AreaRefused with every mistake, in the order of the file.
    """
    reader = _Reader(text)
    entries = reader.entries()
    judged = (*check(entries, known), *check_entries(entries, known))
    mistakes = [*reader.mistakes, *(reader.mistake(path, says) for path, says in judged)]
    if mistakes:
        raise AreaRefused(sorted(mistakes, key=lambda mistake: mistake.line or 0))
    return build(entries, known)


class _Reader:
    """Turns one file into entries and gathers its mistakes."""

    def __init__(self, text: str) -> None:
        self.mistakes: list[Mistake] = []
        self._lines = text.splitlines()
        self._headers: dict[str, list[int]] = {}
        self._raw = _parse(text)

    def entries(self) -> Entries:
        raw = self._raw
        for key in raw:
            if key not in (*_SECTIONS, *_TABLES):
                self.mistakes.append(self.mistake((key,), unknown_key(key, (*_SECTIONS, *_TABLES))))
        if not raw:
            self.mistakes.append(Mistake("", "the file names nothing; see docs/area-file.md"))
        found = Entries(
            municipalities=list(self._section("municipality", MunicipalityShape)),
            teams=list(self._section("team", TeamShape)),
            operators=list(self._section("operator", OperatorShape)),
            special_days=list(self._section("special_day", SpecialDayShape)),
            directory_entries=list(self._section("directory_entry", DirectoryEntryShape)),
            declared={section: frozenset(_names(raw.get(section), key)) for section, key in _NAME_KEYS.items()},
            with_pin=frozenset(
                name for key in ("pin", "pin_hash") for name in _names(raw.get("operator"), "number", beside=key)
            ),
        )
        members: dict[str, frozenset[str]] = {}
        for path, table in self._tables((), raw, "shared_number"):
            listed = table.pop("member", [])
            shared = self._shape(path, table, SharedNumberShape)
            digits = parse_shared(number) if isinstance(number := table.get("number"), str) else ""
            digits = "" if isinstance(digits, Refused) else digits
            if shared is not None:
                found.shared_numbers.append(Entry(path, shared))
            members[digits] = frozenset(_names(listed, "municipality"))
            for member_path, member in self._tables(path, {"member": listed}, "member"):
                shape = self._shape(member_path, member, MemberShape)
                if shape is not None:
                    found.members.append((digits, Entry(member_path, shape)))
        found.declared_members = members
        if "outside" in raw:
            found.outside = self._shape(("outside",), raw["outside"], OutsideShape)
        if "remove" in raw:
            found.remove = self._shape(("remove",), raw["remove"], RemoveShape) or RemoveShape()
        return found

    def mistake(self, path: Path, says: str) -> Mistake:
        return Mistake(shown(path), says, self._line(path))

    def _section(self, section: str, shape: type[_SHAPE]) -> Iterator[Entry[_SHAPE]]:
        for path, table in self._tables((), self._raw, section):
            found = self._shape(path, table, shape)
            if found is not None:
                yield Entry(path, found)

    def _tables(self, path: Path, raw: Mapping[str, Any], section: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        listed = raw.get(section, [])
        place = ".".join(part for part in (*path, section) if isinstance(part, str))
        if not isinstance(listed, list):
            self.mistakes.append(self.mistake((*path, section), f"begins with two brackets: [[{place}]]"))
            return
        for n, table in enumerate(listed):
            if isinstance(table, dict):
                yield (*path, section, n), dict(table)
            else:
                self.mistakes.append(self.mistake((*path, section, n), f"must be a table, written as [[{place}]]"))

    def _shape(self, path: Path, raw: object, shape: type[_SHAPE]) -> _SHAPE | None:
        entry, problems = validated(shape, raw)
        self.mistakes += [self.mistake((*path, *problem["loc"]), says(problem)) for problem in problems]
        return entry

    def _line(self, path: Path) -> int | None:
        """The line of the innermost [[entry]] on the path; None where it is written in another way."""
        start, name, found = 0, "", None
        for part in path:
            if isinstance(part, str):
                name = f"{name}.{part}".removeprefix(".")
                continue
            headers = self._lines_of(name)
            at = bisect_left(headers, start) + part
            if at >= len(headers):
                break
            start = found = headers[at]
        return None if found is None else found + 1

    def _lines_of(self, name: str) -> list[int]:
        """The lines that begin an entry of this name, found once: a long file may hold many mistakes."""
        if name not in self._headers:
            header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
            self._headers[name] = [n for n, line in enumerate(self._lines) if header.match(line)]
        return self._headers[name]


def _parse(text: str) -> dict[str, Any]:
    refuse_large(text)
    for n, written in enumerate(text.splitlines(), start=1):
        if written.count(".") > _MOST_DOTS and not written.lstrip().startswith("#"):
            raise AreaRefused([Mistake("", f"has more than {_MOST_DOTS} dots: write a long list on several lines", n)])
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        line = int(where[1]) if where and where[1] else None
        raise AreaRefused([Mistake("", f"not TOML: {error}", line)]) from None
    except (ValueError, RecursionError):
        raise AreaRefused([Mistake("", "not TOML: a number that is too long, or brackets within brackets")]) from None


def _names(listed: object, key: str, *, beside: str = "") -> Iterator[str]:
    """The texts under a key in a list of tables, right or wrong; only of tables that have the key `beside` as well."""
    for table in listed if isinstance(listed, list) else []:
        if isinstance(table, dict) and isinstance(table.get(key), str) and (not beside or beside in table):
            yield table[key]
