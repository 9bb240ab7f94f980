"""The number plan: who may use which entry, and what an operator's keys mean in it (AV §3).

An extension belongs to one entry of the whole area. It never begins with 0, so that it cannot be taken for a number
outside, and is no public short number such as 112 or a 14-number. It is an operator's number only where that operator
is who it reaches.
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

#: a keyed number that is longer than any extension is somebody outside
LONGEST_EXTENSION = 6
#: what reports show instead of a number outside
OUTSIDE = "outside"
_EXTENSION = re.compile(rf"[1-9][0-9]{{1,{LONGEST_EXTENSION - 1}}}")


def is_visible(entry: DirectoryEntry, municipalities: Collection[MunicipalityCode]) -> bool:
    """May somebody who works for these municipalities use this entry? One never sees another's, unless it is shared."""
    return entry.shared or entry.municipality in municipalities


def by_extension(area: Area, extension: str, municipalities: Collection[MunicipalityCode]) -> DirectoryEntry | None:
    """The entry that this extension means for somebody of these municipalities."""
    entry = area.by_extension.get(extension)
    return entry if entry is not None and is_visible(entry, municipalities) else None


def resolve(
    area: Area, keyed: str, municipalities: Collection[MunicipalityCode], now: datetime
) -> Destination | NoDestination:
    """Where a caller goes who is handed over to what was keyed: an extension, an operator's number, or one outside.

    A number outside is checked for its tariff (AV §8); the deputy of an entry that is closed now is named.
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
    """Is somebody there at this moment? The owner's closings and legal days count for an entry that has hours."""
    if not entry.exists_on(local_date(now)):
        return False
    if entry.hours is None:
        return True
    owner = area.municipalities.get(entry.municipality) or Municipality(entry.municipality, "")
    return isinstance(open_state(replace(owner, hours=entry.hours), area.special_days, now), OpenNow)


def deputy_extension(
    area: Area, entry: DirectoryEntry, municipalities: Collection[MunicipalityCode], now: datetime
) -> str | None:
    """The extension of the first deputy in the chain who is there now; a chain that bites its tail ends."""
    for deputy in deputies(area, entry):
        if deputy.extension is not None and is_visible(deputy, municipalities) and is_open(area, deputy, now):
            return deputy.extension
    return None


def deputies(area: Area, entry: DirectoryEntry) -> Iterator[DirectoryEntry]:
    """The deputy, the deputy's deputy, and so on; nobody twice."""
    seen = {entry.code}
    code = entry.deputy
    while code is not None and code not in seen and code in area.entries:
        seen.add(code)
        yield area.entries[code]
        code = area.entries[code].deputy


def _of_entry(
    area: Area, entry: DirectoryEntry, municipalities: Collection[MunicipalityCode], now: datetime
) -> Destination | NoDestination:
    deputy = deputy_extension(area, entry, municipalities, now)
    if not is_open(area, entry, now):
        return NoDestination(RefusalReason.NOT_NOW, deputy)
    party = entry.extension or entry.code
    if entry.pii_number is not None:
        outside = _outside(area, entry.pii_number, party)
        if isinstance(outside, NoDestination):
            return NoDestination(outside.reason, deputy)
        return replace(outside, party=party, subject=entry.subject, deputy=deputy)
    return Destination(
        party,
        endpoint=entry.endpoint,
        operator=entry.operator,
        team=entry.team,
        queue=entry.queue,
        subject=entry.subject,
        deputy=deputy,
    )


def _outside(area: Area, number: str, party: str) -> Destination | NoDestination:
    allowed = callable_number(number, area.callable_countries)
    if isinstance(allowed, Forbidden):
        unknown = allowed.reason in (NotCalled.NOT_A_NUMBER, NotCalled.SHORT)
        return NoDestination(RefusalReason.UNKNOWN_DESTINATION if unknown else RefusalReason.PAID_SERVICE)
    return _ours(area, allowed) or Destination(party, pii_number=allowed, must_accept=True)


def _ours(area: Area, number: E164) -> Destination | None:
    """Where one of our own numbers leads: by way of the outside it would be a new call, whose transfers count anew."""
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


def target_count(entry: DirectoryEntry) -> int:
    """How many places an entry names; a right one names one."""
    places = (entry.endpoint, entry.operator, entry.team, entry.queue, entry.pii_number)
    return sum(place is not None for place in places)


def extension_refusal(extension: str) -> str | None:
    """What is wrong with an extension by itself; None when it can be keyed without being taken for something else."""
    if not _EXTENSION.fullmatch(extension):
        return 'must be 2 to 6 digits in quotes that do not begin with 0, such as "2010"'
    if is_public_short_number(extension):
        return f"{extension} is a public number: who keys it would mean that"
    return None


def clash(area: Area, entry: DirectoryEntry) -> str | None:
    """Whose the entry's extension is as well; None when it is nobody else's."""
    if entry.extension is None:
        return None
    other = area.by_extension.get(entry.extension)
    if other is not None and other.code != entry.code:
        return f"extension {entry.extension} belongs to {other.code} of {other.municipality} already"
    number = OperatorNumber(entry.extension)
    if number in area.operators and entry.operator != number:
        return f"extension {entry.extension} is the number of an operator, whom this entry does not reach"
    return None
