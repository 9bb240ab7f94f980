"""The tables of the area, read as one value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable, Iterable
from datetime import date
from typing import TypeAlias, TypeVar

import asyncpg

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
from ari_app.core.retention import Retention
from ari_app.core.survey import SurveyRules
from ari_app.storage.area.callback_rules import read_callback_rules, read_contacts
from ari_app.storage.area.retention_rules import read_retention
from ari_app.storage.area.survey_rules import read_survey_rules
from ari_app.storage.db.engine import Connection

Row: TypeAlias = asyncpg.Record
_PIECE = 500  # rows, which take some ten milliseconds
_RECENT_CALAMITIES = """
SELECT * FROM calamity WHERE until_at IS NULL OR until_at > now() - interval '1 day' ORDER BY from_at, id"""
K = TypeVar("K", bound=Hashable)


async def read_area_rows(conn: Connection) -> Area:
    """The whole area; calamities that ended more than a day ago are left out.

    Several statements: the caller's transaction makes them one moment.
    """
    direct = await _rows(conn, "direct_number", "e164")
    calamities = await conn.fetch(_RECENT_CALAMITIES)
    return Area(
        municipalities=await _municipalities(conn, [row for row in direct if row["kind"] == "geographic"]),
        shared_numbers=await _shared_numbers(conn),
        direct_numbers={row["e164"]: _direct_number(row) for row in direct if row["kind"] == "direct"},
        teams=await _teams(conn),
        operators=await _operators(conn),
        special_days=await read_all_special_days(conn),
        calamities=tuple(map(calamity_of, calamities)),
        entries=await _entries(conn),
        callable_countries=frozenset(row["country"] for row in await _rows(conn, "callable_country")),
    )


async def read_all_special_days(conn: Connection) -> dict[date, str]:
    """With their names; the built-in ones are among them."""
    return {**DESIGNATED_DAYS, **{day: name for day, (name, _) in (await read_special_days(conn)).items()}}


async def read_special_days(conn: Connection) -> dict[date, tuple[str, str]]:
    """The days that were imported, with name and source; the built-in ones are not among them."""
    rows = await _rows(conn, "special_day", "day")
    return {row["day"]: (row["name"], row["source"]) for row in rows}


async def read_pin_hashes(conn: Connection) -> dict[OperatorNumber, str]:
    rows = await conn.fetch("SELECT number, pin_hash FROM operator")
    return {OperatorNumber(row["number"]): row["pin_hash"] for row in rows}


def calamity_of(row: Row) -> Calamity:
    return Calamity(
        municipality=MunicipalityCode(row["municipality"]),
        from_at=row["from_at"],
        until_at=row["until_at"],
        text=row["text"],
        then=AfterCalamity(row["then"]),
        author=row["author"],
    )


async def _rows(conn: Connection, table: str, *order: str) -> list[Row]:
    return await conn.fetch(_all_of(table, order))


async def _piece_by_piece(conn: Connection, table: str, *order: str) -> AsyncIterator[Row]:
    """The rows of a long table; other tasks have their turn after every piece."""
    rows = await conn.cursor(_all_of(table, order))
    while piece := await rows.fetch(_PIECE):
        for row in piece:
            yield row


def _all_of(table: str, order: Iterable[str]) -> str:
    columns = ", ".join(order)
    return f"SELECT * FROM {table}" + (f" ORDER BY {columns}" if columns else "")


def _grouped(rows: Iterable[Row], key: Callable[[Row], K]) -> defaultdict[K, list[Row]]:
    groups: defaultdict[K, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


async def _municipalities(conn: Connection, geographic: list[Row]) -> dict[MunicipalityCode, Municipality]:
    def code(row: Row) -> str:
        return str(row["municipality"])

    hours_rows = await _rows(conn, "opening_hours", "weekday", "opens")
    hours = _grouped(hours_rows, lambda row: (row["municipality"], row["weekday"]))
    closings = _grouped(await _rows(conn, "closing", "starts_at", "ends_at"), code)
    open_days = _grouped(await _rows(conn, "open_day"), code)
    numbers = _grouped(geographic, code)
    rules = await read_callback_rules(conn)
    periods = await read_retention(conn)
    surveys = await read_survey_rules(conn)
    found: dict[MunicipalityCode, Municipality] = {}
    for row in await _rows(conn, "municipality", "code"):
        found[MunicipalityCode(row["code"])] = Municipality(
            code=MunicipalityCode(row["code"]),
            name=row["name"],
            spoken=row["spoken"],
            aliases=tuple(row["aliases"]),
            hours={
                day: tuple(OpeningSpan(span["opens"], span["closes"]) for span in hours[row["code"], day])
                for day in range(7)
                if (row["code"], day) in hours
            },
            closings=tuple(
                Closing(shut["starts_at"], shut["ends_at"], shut["reason"]) for shut in closings[row["code"]]
            ),
            open_on_days=frozenset(open_day["day"] for open_day in open_days[row["code"]]),
            open_on_legal_days=row["open_on_legal_days"],
            norms=Norms(
                row["answer_within_seconds"],
                row["overflow_after_seconds"],
                row["max_wait_seconds"],
                row["position_every_seconds"],
                row["nobody_grace_seconds"],
                row["transfer_ring_seconds"],
            ),
            callback=rules.get(MunicipalityCode(row["code"]), CallbackRules()),
            retention=periods.get(MunicipalityCode(row["code"]), Retention()),
            survey=surveys.get(MunicipalityCode(row["code"]), SurveyRules()),
            geographic_numbers=tuple(number["e164"] for number in numbers[row["code"]]),
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
        )
    return found


async def _shared_numbers(conn: Connection) -> dict[str, SharedNumber]:
    consultations = _grouped(
        await _rows(conn, "member_consultation", "on_date", "neighbour", "kind"),
        lambda row: (row["shared_number"], row["municipality"]),
    )
    members = _grouped(await _rows(conn, "shared_number_member", "menu_key"), lambda row: str(row["shared_number"]))
    return {
        row["digits"]: SharedNumber(
            digits=row["digits"],
            members=tuple(
                Member(
                    municipality=MunicipalityCode(member["municipality"]),
                    key=member["menu_key"],
                    technical_since=member["technical_since"],
                    operational_since=member["operational_since"],
                    consultations=tuple(
                        Consultation(one["neighbour"], one["on_date"], one["author"], one["kind"])
                        for one in consultations[row["digits"], member["municipality"]]
                    ),
                )
                for member in members[row["digits"]]
            ),
            default=optional(MunicipalityCode, row["default_municipality"]),
            choose_within_seconds=row["choose_within_seconds"],
        )
        for row in await _rows(conn, "shared_number", "digits")
    }


def _direct_number(row: Row) -> DirectNumber:
    return DirectNumber(
        e164=row["e164"],
        municipality=MunicipalityCode(row["municipality"]),
        operator=optional(OperatorNumber, row["operator"]),
        team=optional(TeamCode, row["team"]),
        endpoint=optional(Endpoint, row["endpoint"]),
        deputy_operator=optional(OperatorNumber, row["deputy_operator"]),
        deputy_endpoint=optional(Endpoint, row["deputy_endpoint"]),
    )


async def _teams(conn: Connection) -> dict[TeamCode, Team]:
    levels = _grouped(await _rows(conn, "team_municipality", "municipality"), lambda row: (row["team"], row["level"]))
    contacts = await read_contacts(conn)
    return {
        TeamCode(row["code"]): Team(
            code=TeamCode(row["code"]),
            name=row["name"],
            serves=tuple(MunicipalityCode(served["municipality"]) for served in levels[row["code"], "own"]),
            helps=tuple(MunicipalityCode(helped["municipality"]) for helped in levels[row["code"], "help"]),
            reach=Reach(row["reach"]),
            ring_seconds=row["ring_seconds"],
            wrap_up_seconds=row["wrap_up_seconds"],
            whisper=Whisper(row["whisper"]),
            reminders=contacts.get((row["code"], Audience.OWNER), Contact()),
            supervisor=contacts.get((row["code"], Audience.SUPERVISOR), Contact()),
        )
        for row in await _rows(conn, "team", "code")
    }


async def _operators(conn: Connection) -> dict[OperatorNumber, Operator]:
    teams = _grouped(await _rows(conn, "operator_team", "team"), lambda row: str(row["operator"]))
    return {
        OperatorNumber(row["number"]): Operator(
            OperatorNumber(row["number"]), row["name"], tuple(TeamCode(team["team"]) for team in teams[row["number"]])
        )
        for row in await conn.fetch("SELECT number, name FROM operator ORDER BY number")
    }


async def _entries(conn: Connection) -> dict[EntryCode, DirectoryEntry]:
    """There may be twenty thousand of them: read piece by piece, so that calls go on meanwhile."""
    hours: defaultdict[str, dict[int, tuple[OpeningSpan, ...]]] = defaultdict(dict)
    async for row in _piece_by_piece(conn, "directory_entry_hours", "entry", "weekday", "opens"):
        days = hours[row["entry"]]
        days[row["weekday"]] = (*days.get(row["weekday"], ()), OpeningSpan(row["opens"], row["closes"]))
    found: dict[EntryCode, DirectoryEntry] = {}
    async for row in _piece_by_piece(conn, "directory_entry", "code"):
        found[row["code"]] = _entry(row, hours.get(row["code"], {}) if row["has_hours"] else None)
    return found


def _entry(row: Row, hours: dict[int, tuple[OpeningSpan, ...]] | None) -> DirectoryEntry:
    return DirectoryEntry(
        code=EntryCode(row["code"]),
        kind=EntryKind(row["kind"]),
        name=row["name"],
        municipality=MunicipalityCode(row["municipality"]),
        extension=row["extension"],
        endpoint=row["endpoint"],
        operator=row["operator"],
        team=row["team"],
        queue=row["queue"],
        pii_number=row["pii_number"],
        subject=row["subject"],
        keywords=tuple(row["keywords"]),
        hours=hours,
        deputy=row["deputy"],
        shared=row["shared"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        last_checked_at=row["last_checked_at"],
        last_check=optional(CheckResult, row["last_check"]),
    )
