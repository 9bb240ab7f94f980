"""The contents of an area file, as values, and the area that results when it is followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NewType

from ari_app.core.area import Area, Member, SharedNumber
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber, TeamCode

PinHash = NewType("PinHash", str)  # argon2

MemberKey = tuple[str, MunicipalityCode]  # a shared number's digits, a member


@dataclass(frozen=True, slots=True)
class Pin:
    """An operator's PIN, as it was typed or as it was exported. Never shown."""

    typed: str | None = field(default=None, repr=False)
    hashed: PinHash | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """All members of a shared number agreed that one of them gets another key."""

    was_key: int
    on: date
    by: str


@dataclass(frozen=True, slots=True)
class Removals:
    """Things that a file removes; anything that it only leaves out stays."""

    operators: frozenset[OperatorNumber] = frozenset()
    teams: frozenset[TeamCode] = frozenset()
    members: frozenset[MemberKey] = frozenset()
    entries: frozenset[EntryCode] = frozenset()


@dataclass(frozen=True, slots=True)
class AreaFile:
    """The contents of a file without mistakes.

    `named` holds the things that the file names and nothing else: municipalities, teams and operators whole, a shared
    number with only those members that the file names.
    """

    named: Area
    pins: Mapping[OperatorNumber, Pin] = field(default_factory=dict)
    key_changes: Mapping[MemberKey, KeyChange] = field(default_factory=dict)
    special_day_sources: Mapping[date, str] = field(default_factory=dict)
    callable_countries: frozenset[str] | None = None  # None: the file does not say
    removals: Removals = Removals()


def merge(known: Area, area: AreaFile) -> Area:
    """The area after the file was followed: a thing that it names is replaced, everything else stays."""
    named, gone = area.named, area.removals
    shared_numbers = dict(known.shared_numbers)
    for digits, shared in named.shared_numbers.items():
        shared_numbers[digits] = _merge_members(known.shared_numbers.get(digits), shared)
    for digits, shared in shared_numbers.items():
        left = tuple(member for member in shared.members if (digits, member.municipality) not in gone.members)
        shared_numbers[digits] = replace(shared, members=left)
    return replace(
        known,
        municipalities={**known.municipalities, **named.municipalities},
        shared_numbers=shared_numbers,
        direct_numbers={
            **{
                e164: direct
                for e164, direct in known.direct_numbers.items()
                if direct.municipality not in named.municipalities
            },
            **named.direct_numbers,
        },
        teams={code: team for code, team in {**known.teams, **named.teams}.items() if code not in gone.teams},
        operators={
            number: replace(operator, teams=tuple(code for code in operator.teams if code not in gone.teams))
            for number, operator in {**known.operators, **named.operators}.items()
            if number not in gone.operators
        },
        special_days={**known.special_days, **named.special_days},
        entries={code: entry for code, entry in {**known.entries, **named.entries}.items() if code not in gone.entries},
        callable_countries=known.callable_countries if area.callable_countries is None else area.callable_countries,
    )


def _merge_members(known: SharedNumber | None, named: SharedNumber) -> SharedNumber:
    members: dict[MunicipalityCode, Member] = {}
    for shared in (known, named):
        if shared is not None:
            members |= {member.municipality: member for member in shared.members}
    return replace(named, members=tuple(sorted(members.values(), key=lambda member: member.key)))
