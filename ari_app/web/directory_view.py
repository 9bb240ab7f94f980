"""What the desk shows of an entry of the directory: can it be reached now, and if not, what can be done? Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ari_app.core.area import Area, CheckResult, DirectoryEntry, EntryKind, Municipality, Reach
from ari_app.core.calendar import ClosedNow, local_date, open_state
from ari_app.core.destinations import Destination
from ari_app.core.directory import deputies, resolve
from ari_app.core.directory_check import Sightings, Standing, stand_in, standing
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.operators import OperatorState
from ari_app.core.presence import Presence
from ari_app.core.skills import team_for
from ari_app.web.call_words import day_and_hour, hour

#: shown of one search
MOST_FOUND = 12
#: the typed text is read up to here
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry. `to` is what a transfer is asked for with; `warm`: somebody there can be spoken with first.

    `why_not` is a sentence when it cannot be reached; then `instead` is who can, and a callback is offered.
    """

    entry: DirectoryEntry
    municipality: str
    standing: Standing
    opening: str
    to: str
    warm: bool
    why_not: str = ""
    instead: EntryLine | None = None
    note: str = ""

    @property
    def may_be_called_back(self) -> bool:
        return self.entry.kind in (EntryKind.PERSON, EntryKind.DEPARTMENT, EntryKind.GROUP)


_WORDS = {
    Standing.UNREACHABLE: "Er is nu niemand bereikbaar.",
    Standing.CLOSED: "Nu gesloten.",
    Standing.NOT_VALID: "Dit nummer geldt vandaag niet.",
}
STANDING_WORDS = {
    Standing.FREE: "vrij",
    Standing.BUSY: "in gesprek",
    Standing.UNREACHABLE: "niet bereikbaar",
    Standing.UNKNOWN: "niet bekend of er iemand is",
    Standing.CLOSED: "gesloten",
    Standing.NOT_VALID: "niet geldig",
}


def wanted_extensions(
    area: Area, entries: Collection[DirectoryEntry], towns: Collection[MunicipalityCode]
) -> frozenset[str]:
    """Of these entries and those who stand in for them."""
    everybody = [*entries, *(deputy for entry in entries for deputy in deputies(area, entry, towns))]
    return frozenset(entry.extension for entry in everybody if entry.extension is not None)


def sightings(
    area: Area, extensions: Collection[str], staff: Mapping[OperatorNumber, OperatorState], busy: Collection[str]
) -> Sightings:
    """A phone that has a caller of ours is busy; of another one nobody here can say whether it would be picked up."""
    phones: dict[Endpoint, Presence] = {}
    for extension in extensions:
        entry = area.by_extension.get(extension)
        if entry is not None and entry.endpoint is not None:
            phones[entry.endpoint] = Presence.BUSY if extension in busy else Presence.UNKNOWN
    return Sightings(phones, staff)


def line_of(
    area: Area,
    entry: DirectoryEntry,
    towns: Collection[MunicipalityCode],
    seen: Sightings,
    now: datetime,
    *,
    with_deputy: bool = True,
) -> EntryLine:
    state = standing(area, entry, seen, now)
    town = area.municipalities.get(entry.municipality)
    line = EntryLine(
        entry,
        "" if town is None else town.name,
        state,
        _opening(area, entry, now),
        entry.extension or entry.pii_number or entry.operator or "",
        _has_phone(area, entry),
    )
    if state is Standing.UNKNOWN and entry.last_check is CheckResult.UNREACHABLE and entry.last_checked_at is not None:
        line = replace(line, note=f"Bij de controle van {day_and_hour(entry.last_checked_at)} was deze telefoon uit.")
    if not state.is_dead:
        return line
    other = stand_in(area, entry, towns, seen, now) if with_deputy else None
    instead = None if other is None else line_of(area, other, towns, seen, now, with_deputy=False)
    return replace(line, why_not=_WORDS[state], instead=instead)


def typed_number(
    area: Area, text: str, towns: Collection[MunicipalityCode], now: datetime
) -> Destination | RefusalReason | None:
    """Where a typed number outside leads, or why nowhere; None for a text that is no number outside."""
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) < 3 or any(character.isalpha() for character in text):
        return None
    found = resolve(area, "".join(text.split()), towns, now)
    if isinstance(found, Destination):
        return found if found.pii_number is not None and text.strip() not in area.by_extension else None
    return found.reason if found.reason in (RefusalReason.PAID_SERVICE,) else None


def _has_phone(area: Area, entry: DirectoryEntry) -> bool:
    if entry.operator is not None:
        return team_for(area, entry.operator).reach is Reach.RING
    return entry.endpoint is not None or entry.pii_number is not None


def _opening(area: Area, entry: DirectoryEntry, now: datetime) -> str:
    owner = area.municipalities.get(entry.queue or entry.municipality) or Municipality(entry.municipality, "")
    if entry.hours is None and entry.queue is None:
        return ""
    hours = owner.hours if entry.hours is None else entry.hours
    found = open_state(replace(owner, hours=hours), area.special_days, now)
    if isinstance(found, ClosedNow):
        return "" if found.opens_at is None else f"open vanaf {day_and_hour(found.opens_at)}"
    if found.until is None:
        return "altijd open"
    is_today = local_date(found.until) == local_date(now)
    return f"open tot {hour(found.until) if is_today else day_and_hour(found.until)}"
