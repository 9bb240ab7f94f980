"""An area written as a file, which `read_area` reads as the same area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import tomli_w

from ari_app.area_file.callback_shapes import contact_text, rules_text
from ari_app.area_file.hours import WEEKDAYS, span_text
from ari_app.area_file.retention_shapes import retention_text
from ari_app.area_file.survey_shapes import survey_text
from ari_app.area_file.values import ANY
from ari_app.core.area import (
    Area,
    DirectNumber,
    DirectoryEntry,
    Member,
    Municipality,
    Norms,
    OpeningSpan,
    SharedNumber,
    Team,
)
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import OperatorNumber
from ari_app.core.numbers import format_shared

_HEAD = """\
# The area as it was in the database. PINs are hashed: write pin = "…" instead of pin_hash to set another.
# Every key is explained in docs/area-file.md.

"""


def render_area(
    area: Area, pin_hashes: Mapping[OperatorNumber, str], special_days: Mapping[date, tuple[str, str]]
) -> str:
    """The file of an area. Calamities are not part of it, nor are the special days that are built in."""
    file: dict[str, Any] = {
        "municipality": [_municipality(town, area) for town in area.municipalities.values()],
        "shared_number": [_shared_number(shared) for shared in area.shared_numbers.values()],
        "team": [_team(team) for team in area.teams.values()],
        "operator": [
            {
                "number": operator.number,
                "name": operator.name,
                "teams": list(operator.teams),
                "pin_hash": pin_hashes[operator.number],
            }
            for operator in area.operators.values()
        ],
        "special_day": [{"day": day, "name": name, "source": source} for day, (name, source) in special_days.items()],
    }
    if area.callable_countries:
        file["outside"] = {"allow_countries": sorted(area.callable_countries)}
    file["directory_entry"] = [_directory_entry(entry) for entry in area.entries.values()]
    return _HEAD + tomli_w.dumps({section: entries for section, entries in file.items() if entries})


def _municipality(town: Municipality, area: Area) -> dict[str, Any]:
    norms = {name: seconds for name, seconds in asdict(town.norms).items() if seconds != getattr(Norms(), name)}
    return _without_defaults(
        code=town.code,
        name=town.name,
        spoken=town.spoken,
        aliases=list(town.aliases),
        valid_from=town.valid_from,
        valid_until=town.valid_until,
        geographic=list(town.geographic_numbers),
        open_on_days=sorted(town.open_on_days),
        open_on_legal_days=town.open_on_legal_days,
        hours=_hours(town.hours),
        norms=norms,
        callback=rules_text(town.callback),
        retention=retention_text(town.retention),
        survey=survey_text(town.survey),
        closing=[
            {"starts": _moment(shut.starts_at), "ends": _moment(shut.ends_at), "reason": shut.reason}
            for shut in town.closings
        ],
        direct=[_direct(number) for number in area.direct_numbers.values() if number.municipality == town.code],
    )


def _direct(number: DirectNumber) -> dict[str, Any]:
    return _without_defaults(
        number=number.e164,
        operator=number.operator,
        team=number.team,
        endpoint=number.endpoint,
        deputy_operator=number.deputy_operator,
        deputy_endpoint=number.deputy_endpoint,
    )


def _shared_number(shared: SharedNumber) -> dict[str, Any]:
    return {
        "number": format_shared(shared.digits),
        "default": shared.default or ANY,
        "choose_within_seconds": shared.choose_within_seconds,
        "member": [_member(member) for member in shared.members],
    }


def _member(member: Member) -> dict[str, Any]:
    return _without_defaults(
        municipality=member.municipality,
        key=member.key,
        technical_since=member.technical_since,
        operational_since=member.operational_since,
        consultation=[
            {"neighbour": said.neighbour, "on": said.on, "kind": said.kind, "by": said.author}
            for said in member.consultations
        ],
    )


def _team(team: Team) -> dict[str, Any]:
    return {
        "code": team.code,
        "name": team.name,
        "serves": list(team.serves),
        "helps": list(team.helps),
        "reach": team.reach.value,
        "ring_seconds": team.ring_seconds,
        "wrap_up_seconds": team.wrap_up_seconds,
        "whisper": team.whisper.value,
    } | _without_defaults(
        email=team.reminders.pii_email,
        reminder_phone=team.reminders.pii_phone,
        supervisor=contact_text(team.supervisor),
    )


def _directory_entry(entry: DirectoryEntry) -> dict[str, Any]:
    keys = _without_defaults(
        code=entry.code,
        kind=entry.kind.value,
        name=entry.name,
        municipality=entry.municipality,
        subject=entry.subject,
        extension=entry.extension,
        endpoint=entry.endpoint,
        number=entry.pii_number,
        operator=entry.operator,
        team=entry.team,
        queue=entry.queue,
        deputy=entry.deputy,
        keywords=list(entry.keywords),
        shared=entry.shared,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
    )
    # No hours at all is never, and hours that are not written are always.
    return keys if entry.hours is None else keys | {"hours": _hours(entry.hours)}


def _hours(hours: Mapping[int, tuple[OpeningSpan, ...]]) -> dict[str, list[str]]:
    return {WEEKDAYS[day]: [span_text(span) for span in spans] for day, spans in sorted(hours.items())}


def _without_defaults(**keys: Any) -> dict[str, Any]:
    """Without the keys that mean the same when they are left out."""
    return {key: value for key, value in keys.items() if value not in (None, "", [], {}, False)}


def _moment(instant: datetime) -> datetime:
    """Local time, with its offset, so that the hour that comes twice in October stays two hours."""
    return instant.astimezone(AMSTERDAM)
