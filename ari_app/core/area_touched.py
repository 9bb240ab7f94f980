"""The municipalities that notice an import: their own things changed, or things that they share."""

from __future__ import annotations

from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.area_difference import Difference
from ari_app.core.ids import EntryCode, MunicipalityCode, OperatorNumber, TeamCode


def touched(before: Area, new: Area, difference: Difference) -> frozenset[MunicipalityCode]:
    """Those whose screens may show something else now; a neighbour without a part in it is not among them.

    Special days, countries that may be called and shared entries of the directory are everybody's.
    """
    everybody = before.municipalities.keys() | new.municipalities.keys()
    entries = [entry for code in difference.entries | difference.gone_entries for entry in _entries(before, new, code)]
    if difference.special_days or difference.callable_countries or any(entry.shared for entry in entries):
        return frozenset(everybody)
    found = set(difference.municipalities)
    found |= {entry.municipality for entry in entries}
    found |= {code for _, code in difference.gone_members}
    for digits in difference.shared_numbers | {digits for digits, _ in difference.members | difference.gone_members}:
        for area in (before, new):
            if digits in area.shared_numbers:
                found |= {member.municipality for member in area.shared_numbers[digits].members}
    for team in difference.teams | difference.gone_teams:
        found |= _served(before, team) | _served(new, team)
    for number in difference.operators | difference.gone_operators:
        found |= _of_operator(before, number) | _of_operator(new, number)
    return frozenset(found)


def _entries(before: Area, new: Area, code: EntryCode) -> list[DirectoryEntry]:
    return [area.entries[code] for area in (before, new) if code in area.entries]


def _served(area: Area, code: TeamCode) -> set[MunicipalityCode]:
    team = area.teams.get(code)
    return set() if team is None else set(team.towns)


def _of_operator(area: Area, number: OperatorNumber) -> set[MunicipalityCode]:
    operator = area.operators.get(number)
    return set() if operator is None else {code for team in operator.teams for code in _served(area, team)}
