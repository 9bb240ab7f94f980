"""Entries without a mistake become values of the area."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ari_app.area_file.callback_shapes import contact
from ari_app.area_file.checks import Entries, Entry
from ari_app.area_file.directory_checks import countries
from ari_app.area_file.directory_shapes import DirectoryEntryShape
from ari_app.area_file.hours import WEEKDAYS
from ari_app.area_file.retention_shapes import retention
from ari_app.area_file.shapes import (
    HoursShape,
    MemberShape,
    MunicipalityShape,
    OperatorShape,
    SharedNumberShape,
    TeamShape,
)
from ari_app.area_file.survey_shapes import survey
from ari_app.area_file.values import ANY
from ari_app.core.area import (
    CHOOSE_WITHIN_SECONDS,
    Area,
    CallbackRules,
    Closing,
    Consultation,
    Contact,
    DirectNumber,
    DirectoryEntry,
    EntryKind,
    Member,
    Municipality,
    Norms,
    OpeningSpan,
    Operator,
    Reach,
    SharedNumber,
    Team,
    Whisper,
)
from ari_app.core.area_contents import AreaFile, KeyChange, Pin, PinHash, Removals
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode, optional
from ari_app.core.tariffs import Forbidden, callable_number


def build(entries: Entries, known: Area) -> AreaFile:
    """The contents of a file without mistakes. Lists whose order means nothing are sorted, as storage sorts them."""
    municipalities = [_municipality(entry.shape) for entry in entries.municipalities]
    operators = [entry.shape for entry in entries.operators]
    allowed = countries(entries, known)
    return AreaFile(
        named=Area(
            municipalities={municipality.code: municipality for municipality in municipalities},
            shared_numbers={
                entry.shape.number: _shared_number(entry.shape, entries, known) for entry in entries.shared_numbers
            },
            direct_numbers={
                direct.e164: direct for entry in entries.municipalities for direct in _direct_numbers(entry.shape)
            },
            teams={TeamCode(entry.shape.code): _team(entry.shape) for entry in entries.teams},
            operators={OperatorNumber(operator.number): _operator(operator) for operator in operators},
            special_days={entry.shape.day: entry.shape.name for entry in entries.special_days},
            entries={
                EntryCode(entry.shape.code): _directory_entry(entry.shape, allowed)
                for entry in entries.directory_entries
            },
        ),
        pins={OperatorNumber(operator.number): pin for operator in operators if (pin := _pin(operator)) is not None},
        key_changes={
            (digits, MunicipalityCode(entry.shape.municipality)): KeyChange(agreed.was_key, agreed.on, agreed.by)
            for digits, entry in entries.members
            if (agreed := entry.shape.key_change_agreed) is not None
        },
        special_day_sources={entry.shape.day: entry.shape.source for entry in entries.special_days},
        callable_countries=None if entries.outside is None else frozenset(entries.outside.allow_countries),
        removals=Removals(
            operators=frozenset(map(OperatorNumber, entries.remove.operators)),
            teams=frozenset(map(TeamCode, entries.remove.teams)),
            members=frozenset(
                (member.number, MunicipalityCode(member.municipality)) for member in entries.remove.members
            ),
            entries=frozenset(map(EntryCode, entries.remove.directory_entries)),
        ),
    )


def _municipality(shape: MunicipalityShape) -> Municipality:
    closings = (Closing(closing.starts, closing.ends, closing.reason) for closing in shape.closing)
    return Municipality(
        code=MunicipalityCode(shape.code),
        name=shape.name,
        spoken=shape.spoken,
        aliases=tuple(shape.aliases),
        hours=_hours(shape.hours),
        closings=tuple(sorted(closings, key=lambda closing: (closing.starts_at, closing.ends_at))),
        open_on_days=frozenset(shape.open_on_days),
        open_on_legal_days=shape.open_on_legal_days,
        norms=Norms(**shape.norms.model_dump()),
        callback=CallbackRules(**shape.callback.model_dump()),
        retention=retention(shape.retention),
        survey=survey(shape.survey),
        geographic_numbers=tuple(sorted(shape.geographic)),
        valid_from=shape.valid_from,
        valid_until=shape.valid_until,
    )


def _hours(shape: HoursShape) -> dict[int, tuple[OpeningSpan, ...]]:
    hours = {weekday: tuple(getattr(shape, name)) for weekday, name in enumerate(WEEKDAYS)}
    return {weekday: spans for weekday, spans in hours.items() if spans}


def _direct_numbers(shape: MunicipalityShape) -> Iterator[DirectNumber]:
    for direct in shape.direct:
        yield DirectNumber(
            e164=direct.number,
            municipality=MunicipalityCode(shape.code),
            operator=optional(OperatorNumber, direct.operator),
            team=optional(TeamCode, direct.team),
            endpoint=optional(Endpoint, direct.endpoint),
            deputy_operator=optional(OperatorNumber, direct.deputy_operator),
            deputy_endpoint=optional(Endpoint, direct.deputy_endpoint),
        )


def _shared_number(shape: SharedNumberShape, entries: Entries, known: Area) -> SharedNumber:
    before = known.shared_numbers.get(shape.number)
    if shape.default is None:
        default = None if before is None else before.default
    else:
        default = None if shape.default == ANY else MunicipalityCode(shape.default)
    members = (_member(entry) for digits, entry in entries.members if digits == shape.number)
    seconds = shape.choose_within_seconds
    if seconds is None:
        seconds = CHOOSE_WITHIN_SECONDS if before is None else before.choose_within_seconds
    return SharedNumber(shape.number, tuple(sorted(members, key=lambda member: member.key)), default, seconds)


def _member(entry: Entry[MemberShape]) -> Member:
    shape = entry.shape
    consultations = (Consultation(said.neighbour, said.on, said.by, said.kind) for said in shape.consultation)
    return Member(
        municipality=MunicipalityCode(shape.municipality),
        key=shape.key,
        technical_since=shape.technical_since,
        operational_since=shape.operational_since,
        consultations=tuple(sorted(consultations, key=lambda said: (said.on, said.neighbour, said.kind))),
    )


def _team(shape: TeamShape) -> Team:
    return Team(
        code=TeamCode(shape.code),
        name=shape.name,
        serves=tuple(map(MunicipalityCode, sorted(shape.serves))),
        helps=tuple(map(MunicipalityCode, sorted(shape.helps))),
        reach=Reach(shape.reach),
        ring_seconds=shape.ring_seconds,
        wrap_up_seconds=shape.wrap_up_seconds,
        whisper=Whisper(shape.whisper),
        reminders=Contact(shape.email, shape.reminder_phone),
        supervisor=contact(shape.supervisor),
    )


def _operator(shape: OperatorShape) -> Operator:
    return Operator(OperatorNumber(shape.number), shape.name, tuple(map(TeamCode, sorted(shape.teams))))


def _pin(shape: OperatorShape) -> Pin | None:
    if shape.pin is None and shape.pin_hash is None:
        return None
    return Pin(shape.pin, optional(PinHash, shape.pin_hash))


def _directory_entry(shape: DirectoryEntryShape, allowed: Collection[str]) -> DirectoryEntry:
    number = None if shape.number is None else callable_number(shape.number, allowed)
    assert not isinstance(number, Forbidden), "judged by entry_checks"
    return DirectoryEntry(
        code=EntryCode(shape.code),
        kind=EntryKind(shape.kind),
        name=shape.name,
        municipality=MunicipalityCode(shape.municipality),
        extension=shape.extension,
        endpoint=optional(Endpoint, shape.endpoint),
        operator=optional(OperatorNumber, shape.operator),
        team=optional(TeamCode, shape.team),
        queue=optional(MunicipalityCode, shape.queue),
        pii_number=number,
        subject=shape.subject or "",
        keywords=tuple(shape.keywords),
        hours=None if shape.hours is None else _hours(shape.hours),
        deputy=optional(EntryCode, shape.deputy),
        shared=shape.shared,
        valid_from=shape.valid_from,
        valid_until=shape.valid_until,
    )
