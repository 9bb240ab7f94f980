"""Whether an entry of the directory can be reached: now, its deputy instead, and in the check at night. Pure.

An entry that cannot be reached is never offered without saying so. `Sightings` holds what was seen of phones and
operators.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ari_app.core.area import Area, CheckResult, DirectoryEntry
from ari_app.core.calendar import OpenNow, local_date, open_state
from ari_app.core.directory import clash, deputies, is_open
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber
from ari_app.core.operators import OperatorState
from ari_app.core.presence import Presence
from ari_app.core.tariffs import Forbidden, callable_number


@dataclass(frozen=True, slots=True)
class Sightings:
    """Phones and operators at one moment. `phones` None: Asterisk did not answer. An operator not listed is away."""

    phones: Mapping[Endpoint, Presence] | None = None
    operators: Mapping[OperatorNumber, OperatorState] = field(default_factory=dict)


class Standing(StrEnum):
    """The state of an entry, as an operator sees it who wants to transfer a caller."""

    FREE = "free"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"  # a number outside, or Asterisk could not be asked
    CLOSED = "closed"
    NOT_VALID = "not_valid"  # before its first day, or after its last

    @property
    def is_dead(self) -> bool:
        return self in (Standing.UNREACHABLE, Standing.CLOSED, Standing.NOT_VALID)


def presence(area: Area, entry: DirectoryEntry, seen: Sightings) -> Presence:
    """The presence of the people or phone that the entry reaches: free as soon as one of them is."""
    if entry.endpoint is not None:
        return Presence.UNKNOWN if seen.phones is None else seen.phones.get(entry.endpoint, Presence.UNREACHABLE)
    if entry.pii_number is not None:
        return Presence.UNKNOWN
    states = {seen.operators.get(number, OperatorState.AWAY) for number in _people(area, entry)}
    if OperatorState.READY in states:
        return Presence.FREE
    return Presence.BUSY if states - {OperatorState.AWAY} else Presence.UNREACHABLE


def standing(area: Area, entry: DirectoryEntry, seen: Sightings, now: datetime) -> Standing:
    """The state of an entry now. An entry that leads to a queue is closed when that municipality is."""
    if not entry.exists_on(local_date(now)):
        return Standing.NOT_VALID
    queue = None if entry.queue is None else area.municipalities.get(entry.queue)
    queue_is_open = queue is None or isinstance(open_state(queue, area.special_days, now), OpenNow)
    if not queue_is_open or not is_open(area, entry, now):
        return Standing.CLOSED
    return Standing(presence(area, entry, seen))


def stand_in(
    area: Area,
    entry: DirectoryEntry,
    municipalities: Collection[MunicipalityCode] | None,
    seen: Sightings,
    now: datetime,
) -> DirectoryEntry | None:
    """The first deputy who can be reached and whom these municipalities (None: all) may use."""
    reachable = (
        deputy for deputy in deputies(area, entry, municipalities) if not standing(area, deputy, seen, now).is_dead
    )
    return next(reachable, None)


def check(area: Area, seen: Sightings, now: datetime) -> dict[EntryCode, CheckResult]:
    """The worst fault of each entry. For the night: closed offices and operators who are away are no fault.

    An entry with a number outside takes some 0.1 ms.
    """
    staffed = {team for operator in area.operators.values() for team in operator.teams}
    served = {code for team in area.teams.values() if team.code in staffed for code in team.serves}

    def own(entry: DirectoryEntry) -> CheckResult:
        today = local_date(now)
        queue = None if entry.queue is None else area.municipalities.get(entry.queue)
        if entry.valid_until is not None and entry.valid_until <= today:
            return CheckResult.EXPIRED
        if clash(area, entry) is not None:
            return CheckResult.EXTENSION_CLASHES
        if entry.pii_number is not None:
            is_refused = isinstance(callable_number(entry.pii_number, area.callable_countries), Forbidden)
            return CheckResult.NUMBER_REFUSED if is_refused else CheckResult.FINE
        if entry.endpoint is not None:
            is_dead = presence(area, entry, seen) is Presence.UNREACHABLE
            return CheckResult.UNREACHABLE if is_dead else CheckResult.FINE
        is_there = (
            entry.operator in area.operators
            or entry.team in staffed
            or (queue is not None and queue.exists_on(today) and entry.queue in served)
        )
        return CheckResult.FINE if is_there else CheckResult.TARGET_MISSING

    results = {code: own(entry) for code, entry in area.entries.items()}
    found: dict[EntryCode, CheckResult] = {}
    for code, entry in area.entries.items():
        result = results[code]
        if result is CheckResult.FINE and entry.deputy is not None:
            match results.get(entry.deputy):
                case None | CheckResult.EXPIRED:
                    result = CheckResult.DEPUTY_MISSING
                case CheckResult.FINE:
                    pass
                case _:
                    result = CheckResult.DEPUTY_UNREACHABLE
        found[code] = result
    return found


def _people(area: Area, entry: DirectoryEntry) -> Iterable[OperatorNumber]:
    if entry.operator is not None:
        return (entry.operator,)
    serving = {team.code for team in area.teams.values() if entry.queue in team.serves}
    teams = serving if entry.team is None else {entry.team}
    return (number for number, operator in area.operators.items() if not teams.isdisjoint(operator.teams))
