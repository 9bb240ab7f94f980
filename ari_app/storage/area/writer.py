"""The difference between two areas, written to the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.core.area import Area, DirectNumber, Member, Municipality
from ari_app.core.area_difference import Difference
from ari_app.core.ids import OperatorNumber
from ari_app.storage import tables as t
from ari_app.storage.area.callback_rules import contact_rows, rules_row
from ari_app.storage.area.entries import add_entries, clear_entries, insert_rows
from ari_app.storage.area.retention_rules import retention_row
from ari_app.storage.area.survey_rules import survey_row

#: what a municipality's entry has in tables of its own
_OF_TOWN = (
    t.direct_number,
    t.opening_hours,
    t.closing,
    t.open_day,
    t.callback_rules,
    t.retention_rules,
    t.survey_rules,
)


async def write_difference(
    conn: AsyncConnection, difference: Difference, new: Area, pin_hashes: Mapping[OperatorNumber, str]
) -> None:
    """As `AreaImport.write`. The parts of a changed thing are deleted and written anew: keys may change hands."""
    await _clear(conn, difference)
    towns = [new.municipalities[code] for code in sorted(difference.municipalities)]
    await _upsert(conn, t.municipality, ["code"], [_municipality_row(town) for town in towns])
    for table, rows in _municipality_parts(towns).items():
        await _insert(conn, table, rows)
    await _upsert(
        conn,
        t.shared_number,
        ["digits"],
        [
            {
                "digits": digits,
                "default_municipality": new.shared_numbers[digits].default,
                "choose_within_seconds": new.shared_numbers[digits].choose_within_seconds,
            }
            for digits in sorted(difference.shared_numbers)
        ],
    )
    members = [
        (digits, member)
        for digits, shared in new.shared_numbers.items()
        for member in shared.members
        if (digits, member.municipality) in difference.members
    ]
    await _insert(conn, t.shared_number_member, [_member_row(digits, member) for digits, member in members])
    await _insert(conn, t.member_consultation, _consultation_rows(members))
    await _write_people(conn, difference, new, pin_hashes)
    direct = (number for number in new.direct_numbers.values() if number.municipality in difference.municipalities)
    await _insert(conn, t.direct_number, [_direct_row(number) for number in direct])
    days = [{"day": day, "name": name, "source": source} for day, (name, source) in difference.special_days.items()]
    await _upsert(conn, t.special_day, ["day"], days)
    entries = [new.entries[code] for code in sorted(difference.entries)]
    await add_entries(await _driver(conn), entries)
    if difference.callable_countries:
        await conn.execute(sa.delete(t.callable_country))
        await _insert(conn, t.callable_country, [{"country": code} for code in sorted(new.callable_countries)])


async def _clear(conn: AsyncConnection, difference: Difference) -> None:
    """Delete what goes and what is written anew, in an order that foreign keys allow."""
    await clear_entries(await _driver(conn), difference.entries | difference.gone_entries)
    for table in _OF_TOWN:
        await _delete(conn, table, table.c.municipality.in_(difference.municipalities), difference.municipalities)
    member = t.shared_number_member.c
    gone = difference.members | difference.gone_members
    await _delete(
        conn, t.shared_number_member, sa.tuple_(member.shared_number, member.municipality).in_(sorted(gone)), gone
    )
    teams = difference.teams | difference.gone_teams
    for table in (t.team_municipality, t.team_contact):
        await _delete(conn, table, table.c.team.in_(teams), teams)
    operators = difference.operators | difference.gone_operators
    await _delete(conn, t.operator_team, t.operator_team.c.operator.in_(operators), operators)
    await _delete(conn, t.operator, t.operator.c.number.in_(difference.gone_operators), difference.gone_operators)
    await _delete(conn, t.team, t.team.c.code.in_(difference.gone_teams), difference.gone_teams)


async def _write_people(
    conn: AsyncConnection, difference: Difference, new: Area, pin_hashes: Mapping[OperatorNumber, str]
) -> None:
    teams = [new.teams[code] for code in sorted(difference.teams)]
    await _upsert(
        conn,
        t.team,
        ["code"],
        [
            {
                "code": team.code,
                "name": team.name,
                "reach": team.reach.value,
                "ring_seconds": team.ring_seconds,
                "wrap_up_seconds": team.wrap_up_seconds,
                "whisper": team.whisper.value,
            }
            for team in teams
        ],
    )
    levels = [(team.code, code, "own") for team in teams for code in team.serves]
    levels += [(team.code, code, "help") for team in teams for code in team.helps]
    await _insert(
        conn,
        t.team_municipality,
        [{"team": team, "municipality": code, "level": level} for team, code, level in levels],
    )
    await _insert(conn, t.team_contact, contact_rows(teams))
    operators = [new.operators[number] for number in sorted(difference.operators)]
    await _upsert(
        conn,
        t.operator,
        ["number"],
        [
            {"number": operator.number, "name": operator.name, "pin_hash": pin_hashes[operator.number]}
            for operator in operators
        ],
    )
    await _insert(
        conn,
        t.operator_team,
        [{"operator": operator.number, "team": code} for operator in operators for code in operator.teams],
    )


def _municipality_row(town: Municipality) -> dict[str, Any]:
    return {
        "code": town.code,
        "name": town.name,
        "spoken": town.spoken,
        "aliases": list(town.aliases),
        "valid_from": town.valid_from,
        "valid_until": town.valid_until,
        "answer_within_seconds": town.norms.answer_within_seconds,
        "overflow_after_seconds": town.norms.overflow_after_seconds,
        "max_wait_seconds": town.norms.max_wait_seconds,
        "position_every_seconds": town.norms.position_every_seconds,
        "nobody_grace_seconds": town.norms.nobody_grace_seconds,
        "transfer_ring_seconds": town.norms.transfer_ring_seconds,
        "open_on_legal_days": town.open_on_legal_days,
    }


def _municipality_parts(towns: Iterable[Municipality]) -> dict[sa.Table, list[dict[str, Any]]]:
    parts: dict[sa.Table, list[dict[str, Any]]] = {
        t.opening_hours: [],
        t.closing: [],
        t.open_day: [],
        t.direct_number: [],
        t.callback_rules: [],
        t.retention_rules: [],
        t.survey_rules: [],
    }
    for town in towns:
        of = {"municipality": town.code}
        for weekday, spans in town.hours.items():
            parts[t.opening_hours] += [of | {"weekday": weekday, "opens": s.opens, "closes": s.closes} for s in spans]
        parts[t.closing] += [
            of | {"starts_at": shut.starts_at, "ends_at": shut.ends_at, "reason": shut.reason} for shut in town.closings
        ]
        parts[t.callback_rules] += rules_row(town)
        parts[t.retention_rules] += retention_row(town)
        parts[t.survey_rules] += survey_row(town)
        parts[t.open_day] += [of | {"day": day} for day in sorted(town.open_on_days)]
        parts[t.direct_number] += [of | {"e164": e164, "kind": "geographic"} for e164 in town.geographic_numbers]
    return parts


def _direct_row(number: DirectNumber) -> dict[str, Any]:
    return {
        "e164": number.e164,
        "municipality": number.municipality,
        "kind": "direct",
        "operator": number.operator,
        "team": number.team,
        "endpoint": number.endpoint,
        "deputy_operator": number.deputy_operator,
        "deputy_endpoint": number.deputy_endpoint,
    }


def _member_row(digits: str, member: Member) -> dict[str, Any]:
    return {
        "shared_number": digits,
        "municipality": member.municipality,
        "menu_key": member.key,
        "technical_since": member.technical_since,
        "operational_since": member.operational_since,
    }


def _consultation_rows(members: Iterable[tuple[str, Member]]) -> list[dict[str, Any]]:
    return [
        {
            "shared_number": digits,
            "municipality": member.municipality,
            "neighbour": said.neighbour,
            "on_date": said.on,
            "kind": said.kind,
            "author": said.author,
        }
        for digits, member in members
        for said in member.consultations
    ]


async def _delete(
    conn: AsyncConnection, table: sa.Table, where: sa.ColumnElement[bool], keys: Iterable[object]
) -> None:
    if keys:
        await conn.execute(sa.delete(table).where(where))


async def _insert(conn: AsyncConnection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await insert_rows(await _driver(conn), table.name, rows)


async def _driver(conn: AsyncConnection) -> asyncpg.Connection[asyncpg.Record]:
    """The connection of asyncpg under it, in the same transaction."""
    driver = (await conn.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver


async def _upsert(
    conn: AsyncConnection, table: sa.Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    if not rows:
        return
    statement = insert(table)
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await conn.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changes), rows)
