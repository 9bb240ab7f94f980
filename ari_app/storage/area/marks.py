"""Files that were followed already, so that importing one again costs nothing.

A mark says: this text, on an area in this state, changes nothing. The text is kept as a hash that is as costly to guess
as that of a PIN, since a file may hold PINs; the state is a digest of the rows, whoever wrote them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.storage import tables as t
from ari_app.storage.operators.pin_hashes import hash_pin, pin_fits

KEPT_FOR = timedelta(days=400)

#: the tables that an import writes
_TABLES = (
    t.municipality,
    t.opening_hours,
    t.closing,
    t.open_day,
    t.callback_rules,
    t.retention_rules,
    t.survey_rules,
    t.shared_number,
    t.shared_number_member,
    t.member_consultation,
    t.team,
    t.team_municipality,
    t.team_contact,
    t.operator,
    t.operator_team,
    t.direct_number,
    t.special_day,
    t.directory_entry,
    t.directory_entry_hours,
    t.callable_country,
)
#: columns of theirs that something else writes
_NOT_IMPORTED = {"directory_entry": {"last_checked_at", "last_check"}}


@dataclass(frozen=True, slots=True)
class FileMark:
    """`key` may be known to everybody; `secret` stands for the whole text and is never stored as it is."""

    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Followed:
    """The report of a file that changes nothing."""

    names: tuple[str, ...]
    warnings: tuple[str, ...]


async def find_mark(conn: AsyncConnection, mark: FileMark) -> Followed | None:
    """None when this text was never followed, or the area is in another state since. Takes some 20 ms of CPU."""
    row = (await conn.execute(sa.select(t.followed_file).where(t.followed_file.c.key == mark.key))).one_or_none()
    if row is None or row.area_digest != await _digest(conn):
        return None
    if not await asyncio.to_thread(pin_fits, mark.secret, row.text_hash):
        return None
    return Followed(tuple(row.names), tuple(row.warnings))


async def set_mark(
    conn: AsyncConnection, mark: FileMark, names: Sequence[str], warnings: Sequence[str], now: datetime
) -> None:
    """After a file was followed; marks of more than a year ago are forgotten."""
    old = t.followed_file.c.followed_at < now - KEPT_FOR
    await conn.execute(sa.delete(t.followed_file).where(old))
    values = {
        "text_hash": await asyncio.to_thread(hash_pin, mark.secret),
        "area_digest": await _digest(conn),
        "names": list(names),
        "warnings": list(warnings),
        "followed_at": now,
    }
    statement = insert(t.followed_file).values(key=mark.key, **values)
    await conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


async def _digest(conn: AsyncConnection) -> str:
    """Of all rows that an import writes, in no order; some 100 ms for twenty thousand entries."""
    parts = " UNION ALL ".join(
        f"SELECT '{table.name}' AS name, count(*) AS rows,"
        f" coalesce(sum(hashtextextended(ROW({', '.join(_columns(table))})::text, 0)::numeric), 0) AS hash"
        f" FROM {table.name}"
        for table in _TABLES
    )
    whole = f"SELECT md5(string_agg(concat_ws(' ', name, rows, hash), ',' ORDER BY name)) FROM ({parts}) parts"
    return str((await conn.execute(sa.text(whole))).scalar_one())


def _columns(table: sa.Table) -> list[str]:
    left_out = _NOT_IMPORTED.get(table.name, set())
    return [column.name for column in table.columns if column.name not in left_out]
