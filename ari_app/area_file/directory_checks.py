"""Checks of the directory entries of a file against the rest of the area, and against the entries that exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ari_app.area_file.checks import Entries, Entry, Problem, existing
from ari_app.area_file.directory_shapes import DirectoryEntryShape
from ari_app.core.area import Area
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.skills import skills_of
from ari_app.core.tariffs import Forbidden, callable_number

_Entries = list[Entry[DirectoryEntryShape]]


def check_entries(entries: Entries, known: Area) -> Iterator[Problem]:
    """Every contradiction, with the path of the entry to mend."""
    here = entries.directory_entries
    yield from _references(here, entries, known)
    yield from _extensions(here, entries, known)
    yield from _numbers(here, countries(entries, known))
    yield from _deputies(here, entries, known)
    yield from _removals(here, entries, known)


def foreign_targets(entries: Entries, known: Area, owner: MunicipalityCode) -> Iterator[Problem]:
    """Entries that would newly reach somebody of others: an entry shows whether its operator or team is free, and
    brings callers there; at a phone of the directory people log in. For the owner they do not exist. What whoever keeps
    the area gave an entry, it keeps.
    """
    shares = {
        member.municipality
        for number in known.shared_numbers.values()
        if any(member.municipality == owner for member in number.members)
        for member in number.members
    }
    theirs = {entry.endpoint for entry in known.entries.values() if entry.municipality != owner}
    for entry in entries.directory_entries:
        shape, before = entry.shape, known.entries.get(EntryCode(entry.shape.code))
        operator, team = OperatorNumber(shape.operator or ""), known.teams.get(TeamCode(shape.team or ""))
        targets = (
            ("operator", shape.operator, before and before.operator, owner in skills_of(known, operator).any),
            ("team", shape.team, before and before.team, team is not None and owner in team.towns),
            ("queue", shape.queue, before and before.queue, shape.queue in {owner, *shares}),
            ("endpoint", shape.endpoint, before and before.endpoint, shape.endpoint not in theirs),
        )
        for key, name, there, is_own in targets:
            if name is not None and name != there and not is_own:
                section = {"queue": "municipality", "endpoint": "phone"}.get(key, key)
                yield (*entry.path, key), f"there is no {section} {name}"


def countries(entries: Entries, known: Area) -> Collection[str]:
    """The countries whose numbers may be called once the file was followed."""
    return known.callable_countries if entries.outside is None else frozenset(entries.outside.allow_countries)


def _references(here: _Entries, entries: Entries, known: Area) -> Iterator[Problem]:
    there = existing(entries, known)
    for entry in here:
        shape = entry.shape
        for key, section, name in (
            ("municipality", "municipality", shape.municipality),
            ("queue", "municipality", shape.queue),
            ("team", "team", shape.team),
            ("operator", "operator", shape.operator),
        ):
            if name is not None and name not in there[section]:
                yield (*entry.path, key), f"there is no {section} {name}"


def _extensions(here: _Entries, entries: Entries, known: Area) -> Iterator[Problem]:
    """An extension is one entry's in the whole area; an operator's number is the extension of that operator only."""
    staying = _staying(entries, known)
    owners: dict[str, str] = {
        extension: f"{entry.code} of {entry.municipality}"
        for extension, entry in known.by_extension.items()
        if entry.code in staying
    }
    operators = existing(entries, known)["operator"]
    for entry in here:
        shape = entry.shape
        if shape.extension is None:
            continue
        owner = f"{shape.code} of {shape.municipality}"
        if owners.setdefault(shape.extension, owner) != owner:
            yield (*entry.path, "extension"), f"{shape.extension} belongs to {owners[shape.extension]} already"
        if shape.extension in operators and shape.operator != shape.extension:
            yield (
                (*entry.path, "extension"),
                f"{shape.extension} is the number of an operator that this entry does not reach",
            )
    for operator in entries.operators:
        entry_there = known.by_extension.get(operator.shape.number)
        if entry_there is None or entry_there.code not in staying or operator.shape.number in known.operators:
            continue
        if entry_there.operator != operator.shape.number:
            yield (*operator.path, "number"), f"{operator.shape.number} is the extension of {entry_there.code}"


def _numbers(here: _Entries, allowed: Collection[str]) -> Iterator[Problem]:
    for entry in here:
        if entry.shape.number is not None:
            number = callable_number(entry.shape.number, allowed)
            if isinstance(number, Forbidden):
                yield (*entry.path, "number"), number.says


def _deputies(here: _Entries, entries: Entries, known: Area) -> Iterator[Problem]:
    """A deputy exists, and is visible to everybody who may use the entry."""
    owners = {
        str(code): (known.entries[code].municipality, known.entries[code].shared) for code in _staying(entries, known)
    }
    owners |= {one.shape.code: (MunicipalityCode(one.shape.municipality), one.shape.shared) for one in here}
    for entry in here:
        deputy = entry.shape.deputy
        if deputy is None:
            continue
        owner = owners.get(deputy)
        if owner is None:
            if deputy not in entries.declared.get("directory_entry", ()):
                yield (*entry.path, "deputy"), f"there is no directory entry {deputy}"
        elif not owner[1] and (entry.shape.shared or owner[0] != entry.shape.municipality):
            yield (
                (*entry.path, "deputy"),
                f"not everybody who may use this entry sees {deputy} of {owner[0]}; make it shared, or name another",
            )


def _removals(here: _Entries, entries: Entries, known: Area) -> Iterator[Problem]:
    remove, named = entries.remove, entries.declared.get("directory_entry", frozenset())
    removed = {code: n for n, code in enumerate(remove.directory_entries)}
    for code, n in removed.items():
        if code in named:
            yield ("remove", "directory_entries", n), f"directory entry {code} is in this file as well"
    operators = {number: n for n, number in enumerate(remove.operators)}
    teams = {team: n for n, team in enumerate(remove.teams)}
    for code in _staying(entries, known):
        entry = known.entries[code]
        if entry.deputy in removed:
            yield ("remove", "directory_entries", removed[entry.deputy]), f"is the deputy of {code}"
        if entry.operator in operators:
            yield ("remove", "operators", operators[entry.operator]), f"directory entry {code} reaches this operator"
        if entry.team in teams:
            yield ("remove", "teams", teams[entry.team]), f"directory entry {code} reaches this team"


def _staying(entries: Entries, known: Area) -> dict[EntryCode, None]:
    """The entries of the directory that the file neither names nor removes, in their order."""
    left = {*entries.declared.get("directory_entry", ()), *entries.remove.directory_entries}
    left |= {entry.shape.code for entry in entries.directory_entries}
    return {code: None for code in known.entries if code not in left}
