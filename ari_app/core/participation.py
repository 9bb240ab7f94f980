"""Who shares a 14-number: since when, who of their neighbours was consulted or informed (AV §6), and whether callers
from abroad have the same access (AV §4). Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.area import Area, Consultation, Member, Municipality, SharedNumber
from ari_app.core.calendar import local_date
from ari_app.core.contact import has_same_access
from ari_app.core.ids import MunicipalityCode


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody who is to be consulted; `said`: what is recorded of that, the oldest first."""

    name: str
    said: tuple[Consultation, ...] = ()


@dataclass(frozen=True, slots=True)
class FromAbroad:
    """A geographic number of a member; `is_same`: whoever dials it comes into the same queue by the same rules now."""

    number: str
    is_same: bool


@dataclass(frozen=True, slots=True)
class Participant:
    """One member of a shared number. `neighbours`: those of the area, and whoever else is in the record."""

    member: Member
    name: str
    neighbours: tuple[Neighbour, ...]
    abroad: tuple[FromAbroad, ...]

    @property
    def left_out(self) -> tuple[Neighbour, ...]:
        """Of whom nothing is recorded."""
        return tuple(one for one in self.neighbours if not one.said)


def participants(area: Area, shared: SharedNumber, now: datetime) -> tuple[Participant, ...]:
    """By their key."""
    return tuple(_participant(area, shared, member, now) for member in shared.members)


def neighbours_of(area: Area, shared: SharedNumber, code: MunicipalityCode, now: datetime) -> tuple[Municipality, ...]:
    """The municipalities of today that have a part in the area code of this number, by name: its other members, and
    those with a geographic number of that code.
    """
    today, prefix = local_date(now), f"+31{shared.digits.removeprefix('14').removeprefix('0')}"
    members = {member.municipality for member in shared.members}
    found = (
        town
        for town in area.municipalities.values()
        if town.code != code
        and town.exists_on(today)
        and (town.code in members or any(number.startswith(prefix) for number in town.geographic_numbers))
    )
    return tuple(sorted(found, key=lambda town: town.name))


def _participant(area: Area, shared: SharedNumber, member: Member, now: datetime) -> Participant:
    town = area.municipalities.get(member.municipality) or Municipality(member.municipality, member.municipality)
    left = sorted(member.consultations, key=lambda said: (said.on, said.kind))
    neighbours = []
    for other in neighbours_of(area, shared, member.municipality, now):
        names = {name.casefold() for name in (other.name, other.code, *other.aliases)}
        said = tuple(one for one in left if one.neighbour.casefold() in names)
        left = [one for one in left if one not in said]
        neighbours.append(Neighbour(other.name, said))
    others = sorted({one.neighbour for one in left})
    neighbours += [Neighbour(name, tuple(one for one in left if one.neighbour == name)) for name in others]
    return Participant(
        member,
        town.name,
        tuple(neighbours),
        tuple(
            FromAbroad(number, has_same_access(area, shared.digits, number, member.municipality, now))
            for number in town.geographic_numbers
        ),
    )
