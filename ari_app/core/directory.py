"""The directory (the "nummerplan" of AV §3): which entries an operator may use, and what a keyed number means in it.

An extension belongs to one entry in the whole area. It never begins with 0, so that it cannot be mistaken for a number
outside, and it is no public short number such as 112 or a 14-number. It equals an operator's number only if the entry
reaches that operator.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime

from ari_app.core.area import Area, DirectoryEntry, Municipality
from ari_app.core.calendar import OpenNow, local_date, open_state
from ari_app.core.destinations import Destination, NoDestination
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.numbers import E164
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.tariffs import Forbidden, NotCalled, callable_number, is_public_short_number

#: a keyed number with more digits is a number outside
LONGEST_EXTENSION = 6
#: what figures show in place of a number outside
OUTSIDE = "outside"
_EXTENSION = re.compile(rf"[1-9][0-9]{{1,{LONGEST_EXTENSION - 1}}}")


def is_visible(entry: DirectoryEntry, municipalities: Collection[MunicipalityCode]) -> bool:
    """May an operator of these municipalities use this entry? It is their own municipality's, or it is shared."""
    return entry.shared or entry.municipality in municipalities


def by_extension(area: Area, extension: str, municipalities: Collection[MunicipalityCode]) -> DirectoryEntry | None:
    """The entry with this extension, if an operator of these municipalities may use it."""
    entry = area.by_extension.get(extension)
    return entry if entry is not None and is_visible(entry, municipalities) else None


def resolve(
    area: Area, keyed: str, municipalities: Collection[MunicipalityCode], now: datetime
) -> Destination | NoDestination:
    """The destination that was keyed: the extension of an entry, an operator's number, or a number outside.

    A number outside must not cost extra (AV §8). The result names the deputies of the entry that are open now.
    """
    entry = by_extension(area, keyed, municipalities)
    if entry is not None:
        return _of_entry(area, entry, municipalities, now)
    operator = OperatorNumber(keyed)
    if operator in area.operators and _works_for(area, operator, municipalities):
        return Destination(party=operator, operator=operator)
    if len(keyed) <= LONGEST_EXTENSION and not keyed.startswith(("+", "00")):
        forbidden = callable_number(keyed, area.callable_countries)
        is_paid = isinstance(forbidden, Forbidden) and forbidden.reason is NotCalled.PAID
        return NoDestination(RefusalReason.PAID_SERVICE if is_paid else RefusalReason.UNKNOWN_DESTINATION)
    return _outside(area, keyed, OUTSIDE)


def is_open(area: Area, entry: DirectoryEntry, now: datetime) -> bool:
    """Is the entry valid and within its hours? Hours are limited by the municipality's closings and the legal days."""
    if not entry.exists_on(local_date(now)):
        return False
    if entry.hours is None:
        return True
    owner = area.municipalities.get(entry.municipality) or Municipality(entry.municipality, "")
    return isinstance(open_state(replace(owner, hours=entry.hours), area.special_days, now), OpenNow)


def deputies(
    area: Area, entry: DirectoryEntry, municipalities: Collection[MunicipalityCode] | None
) -> Iterator[DirectoryEntry]:
    """The deputy, the deputy's deputy and so on, as far as these municipalities (None: all) may use them.

    A circle of deputies ends where it closes.
    """
    seen = {entry.code}
    code = entry.deputy
    while code is not None and code not in seen and code in area.entries:
        seen.add(code)
        deputy = area.entries[code]
        if municipalities is None or is_visible(deputy, municipalities):
            yield deputy
        code = deputy.deputy


def _of_entry(
    area: Area, entry: DirectoryEntry, municipalities: Collection[MunicipalityCode], now: datetime
) -> Destination | NoDestination:
    instead = tuple(
        deputy.extension
        for deputy in deputies(area, entry, municipalities)
        if deputy.extension is not None and is_open(area, deputy, now)
    )
    if not is_open(area, entry, now):
        return NoDestination(RefusalReason.NOT_NOW, instead)
    party = entry.extension or entry.code
    if entry.pii_number is not None:
        outside = _outside(area, entry.pii_number, party)
        if isinstance(outside, NoDestination):
            return NoDestination(outside.reason, instead)
        return replace(outside, party=party, subject=entry.subject, deputies=instead)
    return Destination(
        party,
        endpoint=entry.endpoint,
        operator=entry.operator,
        team=entry.team,
        queue=entry.queue,
        subject=entry.subject,
        deputies=instead,
    )


def _outside(area: Area, number: str, party: str) -> Destination | NoDestination:
    allowed = callable_number(number, area.callable_countries)
    if isinstance(allowed, Forbidden):
        unknown = allowed.reason in (NotCalled.NOT_A_NUMBER, NotCalled.SHORT)
        return NoDestination(RefusalReason.UNKNOWN_DESTINATION if unknown else RefusalReason.PAID_SERVICE)
    return _ours(area, allowed) or Destination(party, pii_number=allowed, must_accept=True)


def _ours(area: Area, number: E164) -> Destination | None:
    """Where one of our own numbers leads. Dialled outside it would be a new call, with a new count of transfers."""
    direct = area.direct_numbers.get(number)
    if direct is None:
        owners = (town.code for town in area.municipalities.values() if number in town.geographic_numbers)
        return next((Destination(party=code, queue=code) for code in owners), None)
    return Destination(
        party=direct.operator or direct.team or direct.municipality,
        endpoint=direct.endpoint,
        operator=direct.operator,
        team=direct.team,
        queue=None if direct.operator or direct.team or direct.endpoint else direct.municipality,
    )


def _works_for(area: Area, operator: OperatorNumber, municipalities: Collection[MunicipalityCode]) -> bool:
    teams = (area.teams.get(code) for code in area.operators[operator].teams)
    return any(not set(team.serves).isdisjoint(municipalities) for team in teams if team is not None)


def extension_refusal(extension: str) -> str | None:
    """The fault of an extension by itself; None if it cannot be mistaken for another number."""
    if not _EXTENSION.fullmatch(extension):
        return 'must be 2 to 6 digits in quotes that do not begin with 0, such as "2010"'
    if is_public_short_number(extension):
        return f"{extension} is a public number: people who key it mean that number"
    return None


def clash(area: Area, entry: DirectoryEntry) -> str | None:
    """The other owner of the entry's extension, as a sentence; None when there is none."""
    if entry.extension is None:
        return None
    other = area.by_extension.get(entry.extension)
    if other is not None and other.code != entry.code:
        return f"extension {entry.extension} belongs to {other.code} of {other.municipality} already"
    number = OperatorNumber(entry.extension)
    if number in area.operators and entry.operator != number:
        return f"extension {entry.extension} is the number of an operator, whom this entry does not reach"
    return None
