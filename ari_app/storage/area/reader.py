"""The tables of the area, read as one value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from datetime import date
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.core.area import (
    AfterCalamity,
    Area,
    Calamity,
    CallbackRules,
    CheckResult,
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
from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.core.ids import Endpoint, EntryCode, MunicipalityCode, OperatorNumber, TeamCode, optional
from ari_app.core.reminders import Audience
from ari_app.storage import tables as t
from ari_app.storage.area.callback_rules import read_callback_rules, read_contacts

Row = sa.Row[Any]
_PIECE = 500  # rows, which take some ten milliseconds
K = TypeVar("K", bound=Hashable)


async def read_area_rows(conn: AsyncConnection) -> Area:
    """The whole area; calamities that ended more than a day ago are left out.

    Several statements: the caller's transaction makes them one moment.
    """
    direct = await _rows(conn, t.direct_number, t.direct_number.c.e164)
    recent = sa.or_(
        t.calamity.c.until_at.is_(None), t.calamity.c.until_at > sa.func.now() - sa.text("interval '1 day'")
    )
    return Area(
        municipalities=await _municipalities(conn, [row for row in direct if row.kind == "geographic"]),
        shared_numbers=await _shared_numbers(conn),
        direct_numbers={row.e164: _direct_number(row) for row in direct if row.kind == "direct"},
        teams=await _teams(conn),
        operators=await _operators(conn),
        special_days=await read_all_special_days(conn),
        calamities=await read_calamities(conn, recent),
        entries=await _entries(conn),
        callable_countries=frozenset(row.country for row in await _rows(conn, t.callable_country)),
    )


async def read_all_special_days(conn: AsyncConnection) -> dict[date, str]:
    """With their names; the built-in ones are among them."""
    return {**DESIGNATED_DAYS, **{day: name for day, (name, _) in (await read_special_days(conn)).items()}}


async def read_special_days(conn: AsyncConnection) -> dict[date, tuple[str, str]]:
    """The days that were imported, with name and source; the built-in ones are not among them."""
    rows = await _rows(conn, t.special_day, t.special_day.c.day)
    return {row.day: (row.name, row.source) for row in rows}


async def read_pin_hashes(conn: AsyncConnection) -> dict[OperatorNumber, str]:
    rows = await conn.execute(sa.select(t.operator.c.number, t.operator.c.pin_hash))
    return {OperatorNumber(row.number): row.pin_hash for row in rows}


async def read_calamities(conn: AsyncConnection, where: sa.ColumnElement[bool]) -> tuple[Calamity, ...]:
    """In the order in which they begin."""
    rows = await conn.execute(sa.select(t.calamity).where(where).order_by(t.calamity.c.from_at, t.calamity.c.id))
    return tuple(
        Calamity(
            municipality=MunicipalityCode(row.municipality),
            from_at=row.from_at,
            until_at=row.until_at,
            text=row.text,
            then=AfterCalamity(row.then),
            author=row.author,
        )
        for row in rows
    )


async def _rows(conn: AsyncConnection, table: sa.Table, *order: sa.ColumnElement[Any]) -> list[Row]:
    return list(await conn.execute(sa.select(table).order_by(*order)))


async def _piece_by_piece(conn: AsyncConnection, table: sa.Table, *order: sa.ColumnElement[Any]) -> AsyncIterator[Row]:
    """The rows of a long table; other tasks have their turn after every piece."""
    rows = await conn.stream(sa.select(table).order_by(*order).execution_options(yield_per=_PIECE))
    async for piece in rows.partitions():
        for row in piece:
            yield row


def _grouped(rows: Iterable[Row], key: Callable[[Row], K]) -> defaultdict[K, list[Row]]:
    groups: defaultdict[K, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


async def _municipalities(conn: AsyncConnection, geographic: list[Row]) -> dict[MunicipalityCode, Municipality]:
    def code(row: Row) -> str:
        return str(row.municipality)

    hours_rows = await _rows(conn, t.opening_hours, t.opening_hours.c.weekday, t.opening_hours.c.opens)
    hours = _grouped(hours_rows, lambda row: (row.municipality, row.weekday))
    closings = _grouped(await _rows(conn, t.closing, t.closing.c.starts_at, t.closing.c.ends_at), code)
    open_days = _grouped(await _rows(conn, t.open_day), code)
    numbers = _grouped(geographic, code)
    rules = await read_callback_rules(conn)
    found: dict[MunicipalityCode, Municipality] = {}
    for row in await _rows(conn, t.municipality, t.municipality.c.code):
        found[MunicipalityCode(row.code)] = Municipality(
            code=MunicipalityCode(row.code),
            name=row.name,
            spoken=row.spoken,
            aliases=tuple(row.aliases),
            hours={
                day: tuple(OpeningSpan(span.opens, span.closes) for span in hours[row.code, day])
                for day in range(7)
                if (row.code, day) in hours
            },
            closings=tuple(Closing(shut.starts_at, shut.ends_at, shut.reason) for shut in closings[row.code]),
            open_on_days=frozenset(day.day for day in open_days[row.code]),
            open_on_legal_days=row.open_on_legal_days,
            norms=Norms(
                row.answer_within_seconds,
                row.overflow_after_seconds,
                row.max_wait_seconds,
                row.position_every_seconds,
                row.nobody_grace_seconds,
                row.transfer_ring_seconds,
            ),
            callback=rules.get(MunicipalityCode(row.code), CallbackRules()),
            geographic_numbers=tuple(number.e164 for number in numbers[row.code]),
            valid_from=row.valid_from,
            valid_until=row.valid_until,
        )
    return found


async def _shared_numbers(conn: AsyncConnection) -> dict[str, SharedNumber]:
    said = t.member_consultation.c
    consultations = _grouped(
        await _rows(conn, t.member_consultation, said.on_date, said.neighbour, said.kind),
        lambda row: (row.shared_number, row.municipality),
    )
    members = _grouped(
        await _rows(conn, t.shared_number_member, t.shared_number_member.c.menu_key), lambda row: str(row.shared_number)
    )
    return {
        row.digits: SharedNumber(
            digits=row.digits,
            members=tuple(
                Member(
                    municipality=MunicipalityCode(member.municipality),
                    key=member.menu_key,
                    technical_since=member.technical_since,
                    operational_since=member.operational_since,
                    consultations=tuple(
                        Consultation(one.neighbour, one.on_date, one.author, one.kind)
                        for one in consultations[row.digits, member.municipality]
                    ),
                )
                for member in members[row.digits]
            ),
            default=optional(MunicipalityCode, row.default_municipality),
            choose_within_seconds=row.choose_within_seconds,
        )
        for row in await _rows(conn, t.shared_number, t.shared_number.c.digits)
    }


def _direct_number(row: Row) -> DirectNumber:
    return DirectNumber(
        e164=row.e164,
        municipality=MunicipalityCode(row.municipality),
        operator=optional(OperatorNumber, row.operator),
        team=optional(TeamCode, row.team),
        endpoint=optional(Endpoint, row.endpoint),
        deputy_operator=optional(OperatorNumber, row.deputy_operator),
        deputy_endpoint=optional(Endpoint, row.deputy_endpoint),
    )


async def _teams(conn: AsyncConnection) -> dict[TeamCode, Team]:
    levels = _grouped(
        await _rows(conn, t.team_municipality, t.team_municipality.c.municipality), lambda row: (row.team, row.level)
    )
    contacts = await read_contacts(conn)
    return {
        TeamCode(row.code): Team(
            code=TeamCode(row.code),
            name=row.name,
            serves=tuple(MunicipalityCode(served.municipality) for served in levels[row.code, "own"]),
            helps=tuple(MunicipalityCode(helped.municipality) for helped in levels[row.code, "help"]),
            reach=Reach(row.reach),
            ring_seconds=row.ring_seconds,
            wrap_up_seconds=row.wrap_up_seconds,
            whisper=Whisper(row.whisper),
            reminders=contacts.get((row.code, Audience.OWNER), Contact()),
            supervisor=contacts.get((row.code, Audience.SUPERVISOR), Contact()),
        )
        for row in await _rows(conn, t.team, t.team.c.code)
    }


async def _operators(conn: AsyncConnection) -> dict[OperatorNumber, Operator]:
    teams = _grouped(await _rows(conn, t.operator_team, t.operator_team.c.team), lambda row: str(row.operator))
    return {
        OperatorNumber(row.number): Operator(
            OperatorNumber(row.number), row.name, tuple(TeamCode(team.team) for team in teams[row.number])
        )
        for row in await _rows(conn, t.operator, t.operator.c.number)
    }


async def _entries(conn: AsyncConnection) -> dict[EntryCode, DirectoryEntry]:
    """There may be twenty thousand of them: read piece by piece, so that calls go on meanwhile."""
    open_at = t.directory_entry_hours.c
    hours: defaultdict[str, dict[int, tuple[OpeningSpan, ...]]] = defaultdict(dict)
    async for row in _piece_by_piece(conn, t.directory_entry_hours, open_at.entry, open_at.weekday, open_at.opens):
        days = hours[row.entry]
        days[row.weekday] = (*days.get(row.weekday, ()), OpeningSpan(row.opens, row.closes))
    found: dict[EntryCode, DirectoryEntry] = {}
    async for row in _piece_by_piece(conn, t.directory_entry, t.directory_entry.c.code):
        found[row.code] = _entry(row, hours.get(row.code, {}) if row.has_hours else None)
    return found


def _entry(row: Row, hours: dict[int, tuple[OpeningSpan, ...]] | None) -> DirectoryEntry:
    return DirectoryEntry(
        code=EntryCode(row.code),
        kind=EntryKind(row.kind),
        name=row.name,
        municipality=MunicipalityCode(row.municipality),
        extension=row.extension,
        endpoint=row.endpoint,
        operator=row.operator,
        team=row.team,
        queue=row.queue,
        pii_number=row.pii_number,
        subject=row.subject,
        keywords=tuple(row.keywords),
        hours=hours,
        deputy=row.deputy,
        shared=row.shared,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        last_checked_at=row.last_checked_at,
        last_check=optional(CheckResult, row.last_check),
    )
