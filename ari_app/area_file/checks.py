"""Checks of the entries of an area file against each other, and against the area that they will become part of.

An entry that is wrong by itself is not here, but its name is in `declared`: a reference to it is no second mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ari_app.area_file.directory_shapes import DirectoryEntryShape, OutsideShape
from ari_app.area_file.shapes import (
    MemberShape,
    MunicipalityShape,
    OperatorShape,
    RemoveShape,
    SharedNumberShape,
    SpecialDayShape,
    TeamShape,
)
from ari_app.area_file.values import ANY
from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.numbers import format_shared

S = TypeVar("S")
Path = tuple[str | int, ...]
Problem = tuple[Path, str]


@dataclass(frozen=True, slots=True)
class Entry(Generic[S]):
    path: Path
    shape: S


@dataclass(slots=True)
class Entries:
    """The entries of a file that are right by themselves. Members stand apart, each with the digits of its number."""

    municipalities: list[Entry[MunicipalityShape]] = field(default_factory=list)
    shared_numbers: list[Entry[SharedNumberShape]] = field(default_factory=list)
    members: list[tuple[str, Entry[MemberShape]]] = field(default_factory=list)
    teams: list[Entry[TeamShape]] = field(default_factory=list)
    operators: list[Entry[OperatorShape]] = field(default_factory=list)
    special_days: list[Entry[SpecialDayShape]] = field(default_factory=list)
    directory_entries: list[Entry[DirectoryEntryShape]] = field(default_factory=list)
    outside: OutsideShape | None = None
    remove: RemoveShape = field(default_factory=RemoveShape)
    #: section -> the codes or numbers that its entries go by, right or wrong
    declared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: digits of a shared number -> the codes of its members, right or wrong
    declared_members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: numbers of the operators that are given a PIN, right or wrong
    with_pin: frozenset[str] = frozenset()


def existing(entries: Entries, known: Area) -> Mapping[str, frozenset[str]]:
    """By section, the codes and numbers that there are once the file was followed."""
    return {
        "municipality": frozenset({*known.municipalities, *entries.declared.get("municipality", ())}),
        "team": frozenset({*known.teams, *entries.declared.get("team", ())} - {*entries.remove.teams}),
        "operator": frozenset({*known.operators, *entries.declared.get("operator", ())} - {*entries.remove.operators}),
    }


def check(entries: Entries, known: Area) -> Iterator[Problem]:
    """Every contradiction, with the path of the entry to mend; those of the directory are in `directory_checks`."""
    yield from _twice(entries)
    yield from _names(entries, known)
    yield from _references(entries, known)
    yield from _reach(entries, known)
    yield from _members(entries, known)
    yield from _numbers(entries, known)
    yield from _pins(entries, known)
    yield from _removals(entries, known)


def _twice(entries: Entries) -> Iterator[Problem]:
    named: list[list[tuple[Path, str]]] = [
        [((*entry.path, "code"), entry.shape.code) for entry in entries.municipalities],
        [((*entry.path, "number"), entry.shape.number) for entry in entries.shared_numbers],
        [((*entry.path, "code"), entry.shape.code) for entry in entries.teams],
        [((*entry.path, "number"), entry.shape.number) for entry in entries.operators],
        [((*entry.path, "day"), str(entry.shape.day)) for entry in entries.special_days],
        [((*entry.path, "code"), entry.shape.code) for entry in entries.directory_entries],
    ]
    for section in named:
        first: dict[str, Path] = {}
        for path, name in section:
            if name in first:
                yield path, f"{name} is here twice; the other is {shown(first[name][:-1])}"
            first.setdefault(name, path)


def _names(entries: Entries, known: Area) -> Iterator[Problem]:
    """No two municipalities have one name: a caller could not tell them apart."""
    here = {entry.shape.code for entry in entries.municipalities}
    owner = {other.name.casefold(): code for code, other in known.municipalities.items() if code not in here}
    for entry in entries.municipalities:
        name = entry.shape.name.casefold()
        if owner.setdefault(name, MunicipalityCode(entry.shape.code)) != entry.shape.code:
            yield (*entry.path, "name"), f"{entry.shape.name} is the name of {owner[name]} as well"


def _references(entries: Entries, known: Area) -> Iterator[Problem]:
    there = existing(entries, known)
    municipalities, teams, operators = there["municipality"], there["team"], there["operator"]
    for _, member in entries.members:
        if member.shape.municipality not in municipalities:
            yield (*member.path, "municipality"), f"there is no municipality {member.shape.municipality}"
    for team in entries.teams:
        for key, codes in (("serves", team.shape.serves), ("helps", team.shape.helps)):
            for n, code in enumerate(codes):
                if code not in municipalities:
                    yield (*team.path, key, n), f"there is no municipality {code}"
    for operator in entries.operators:
        for n, code in enumerate(operator.shape.teams):
            if code not in teams:
                yield (*operator.path, "teams", n), f"there is no team {code}"
    for entry in entries.municipalities:
        if entry.shape.callback.team not in {None, *teams}:
            yield (*entry.path, "callback", "team"), f"there is no team {entry.shape.callback.team}"
        for n, direct in enumerate(entry.shape.direct):
            for key, number in (("operator", direct.operator), ("deputy_operator", direct.deputy_operator)):
                if number is not None and number not in operators:
                    yield (*entry.path, "direct", n, key), f"there is no operator {number}"
            if direct.team is not None and direct.team not in teams:
                yield (*entry.path, "direct", n, "team"), f"there is no team {direct.team}"


def _reach(entries: Entries, known: Area) -> Iterator[Problem]:
    """An operator either holds a line open or is rung for each call, so their teams are reached in one way."""
    reach = {str(code): team.reach.value for code, team in known.teams.items()}
    reach |= {entry.shape.code: entry.shape.reach for entry in entries.teams}
    here = {entry.shape.number for entry in entries.operators}
    for operator in entries.operators:
        if len({reach[code] for code in operator.shape.teams if code in reach}) > 1:
            yield (*operator.path, "teams"), "some of these teams hold the line, others are rung: one of the two"
    for team in entries.teams:
        for number, other in known.operators.items():
            if number not in here and team.shape.code in other.teams and len({reach[c] for c in other.teams}) > 1:
                yield (*team.path, "reach"), f"operator {number} is also in a team that is reached in another way"


def _members(entries: Entries, known: Area) -> Iterator[Problem]:
    gone = {(member.number, member.municipality) for member in entries.remove.members}
    for shared in entries.shared_numbers:
        digits = shared.shape.number
        here = [entry for number, entry in entries.members if number == digits]
        named = {entry.shape.municipality for entry in here}
        before = known.shared_numbers.get(digits)
        keys = {} if before is None else {str(member.municipality): member.key for member in before.members}
        stay = {code: key for code, key in keys.items() if code not in named and (digits, code) not in gone}
        for entry in here:
            if entry.shape.municipality in keys:
                yield from _key_stays(entry, keys[entry.shape.municipality], digits)
        yield from _keys_differ(digits, here, stay)
        yield from _membership(shared, {*stay, *named, *entries.declared_members.get(digits, ())})


def _membership(shared: Entry[SharedNumberShape], members: set[str]) -> Iterator[Problem]:
    digits, default = shared.shape.number, shared.shape.default
    if not members:
        yield (*shared.path, "member"), f"{format_shared(digits)} has no members: add [[shared_number.member]]"
    if len(members) > 9:
        yield (*shared.path, "member"), f"{format_shared(digits)} has {len(members)} members, a telephone 9 keys"
    if default not in {None, ANY, *members}:
        yield (*shared.path, "default"), f"{default} is not a member of {format_shared(digits)}"


def _keys_differ(digits: str, here: list[Entry[MemberShape]], stay: Mapping[str, int]) -> Iterator[Problem]:
    """One municipality per key and one key per municipality, members that the file does not name included."""
    owners = {key: code for code, key in stay.items()}
    taken = {*owners, *(entry.shape.key for entry in here)}
    free = ", ".join(str(key) for key in range(1, 10) if key not in taken) or "none"
    seen: set[str] = set()
    for entry in here:
        code, key = entry.shape.municipality, entry.shape.key
        if code in seen:
            yield (*entry.path, "municipality"), f"{code} is a member of {format_shared(digits)} already"
        elif owners.setdefault(key, code) != code:
            yield (
                (*entry.path, "key"),
                f"key {key} of {format_shared(digits)} belongs to {owners[key]}; free keys: {free}",
            )
        seen.add(code)


def _key_stays(entry: Entry[MemberShape], key: int, digits: str) -> Iterator[Problem]:
    agreed = entry.shape.key_change_agreed
    if entry.shape.key == key or (agreed is not None and agreed.was_key == key):
        return
    yield (
        (*entry.path, "key"),
        f"{entry.shape.municipality} has key {key} on {format_shared(digits)} and keeps it (AV §6). When every member"
        f' agreed to the change, say so: key_change_agreed = {{ was_key = {key}, on = 2026-01-31, by = "who" }}',
    )


def _numbers(entries: Entries, known: Area) -> Iterator[Problem]:
    here = {entry.shape.code for entry in entries.municipalities}
    owners: dict[str, str] = {
        number: code
        for code, other in known.municipalities.items()
        if code not in here
        for number in other.geographic_numbers
    }
    owners |= {e164: d.municipality for e164, d in known.direct_numbers.items() if d.municipality not in here}
    for entry in entries.municipalities:
        numbers: list[tuple[Path, str]] = [(("geographic", n), e164) for n, e164 in enumerate(entry.shape.geographic)]
        numbers += [(("direct", n, "number"), direct.number) for n, direct in enumerate(entry.shape.direct)]
        for path, e164 in numbers:
            if e164 in owners:
                yield (*entry.path, *path), f"{e164} belongs to {owners[e164]} already"
            owners.setdefault(e164, entry.shape.code)
    for team in entries.teams:
        phones = (("reminder_phone", team.shape.reminder_phone), ("supervisor", team.shape.supervisor.phone))
        for key, phone in phones:
            if phone in owners:
                yield (*team.path, key), f"{phone} is served here: a reminder would call ourselves"


def _pins(entries: Entries, known: Area) -> Iterator[Problem]:
    for entry in entries.operators:
        number = entry.shape.number
        if number not in entries.with_pin and OperatorNumber(number) not in known.operators:
            yield (*entry.path, "pin"), f"operator {number} is new and needs a pin"


def _removals(entries: Entries, known: Area) -> Iterator[Problem]:
    remove = entries.remove
    here = {entry.shape.code for entry in entries.municipalities}
    for section, key, removed in (("operator", "operators", remove.operators), ("team", "teams", remove.teams)):
        for n, name in enumerate(removed):
            if name in entries.declared.get(section, ()):
                yield ("remove", key, n), f"{section} {name} is in this file as well"
            for direct in known.direct_numbers.values():
                rings = (direct.operator, direct.deputy_operator) if section == "operator" else (direct.team,)
                if name in rings and direct.municipality not in here:
                    yield ("remove", key, n), f"the direct number {direct.e164} of {direct.municipality} rings {name}"
    lonely = {number for number, operator in known.operators.items() if {*operator.teams} <= {*remove.teams}}
    for number in sorted(lonely - {*entries.declared.get("operator", ())} - {*remove.operators}):
        if known.operators[number].teams:
            last = TeamCode(known.operators[number].teams[-1])
            yield ("remove", "teams", remove.teams.index(last)), f"operator {number} would be left without a team"
    members = {(number, entry.shape.municipality) for number, entry in entries.members}
    for n, member in enumerate(remove.members):
        if (member.number, member.municipality) in members:
            yield ("remove", "members", n), f"{member.municipality} is a member in this file as well"
        shared = known.shared_numbers.get(member.number)
        changed = {entry.shape.number for entry in entries.shared_numbers if entry.shape.default is not None}
        if shared is not None and shared.default == member.municipality and member.number not in changed:
            yield (
                ("remove", "members", n),
                f'{member.municipality} is the default of {format_shared(member.number)}: name another, or "{ANY}"',
            )


def shown(path: Path) -> str:
    """A path as people write it: municipality[2].hours.mon[0], counted from 0."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
