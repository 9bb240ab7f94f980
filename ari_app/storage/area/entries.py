"""The directory as rows: what an import of the area and an editor's change of it write.

Without SQLAlchemy: `serve` carries such changes out, and does not load it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg

from ari_app.core.area import DirectoryEntry
from ari_app.core.ids import EntryCode
from ari_app.storage.db.engine import Connection

#: one import at a time, whoever makes it: released by the end of the transaction
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ari_app area import', 0))"
_WAIT = "SELECT set_config('lock_timeout', $1, true)"
_CLEAR = "DELETE FROM directory_entry WHERE code = ANY ($1::text[])"

Driver: TypeAlias = "Connection | asyncpg.Connection[asyncpg.Record]"


async def lock_imports(connection: Connection, wait_seconds: float) -> None:
    """In a transaction of the caller. Raises an error that means StoreUnavailable while another import goes on."""
    await connection.execute(_WAIT, f"{wait_seconds * 1000:.0f}")
    await connection.execute(LOCK)


async def write_entries(connection: Driver, entries: Sequence[DirectoryEntry], gone: Collection[EntryCode]) -> None:
    """Write these anew and take the others out, in a transaction of the caller: extensions may change hands."""
    await clear_entries(connection, {entry.code for entry in entries} | set(gone))
    await add_entries(connection, entries)


async def clear_entries(connection: Driver, codes: Collection[EntryCode]) -> None:
    """Before anything that entries refer to goes."""
    if codes:
        await connection.execute(_CLEAR, sorted(codes))


async def add_entries(connection: Driver, entries: Sequence[DirectoryEntry]) -> None:
    await insert_rows(connection, "directory_entry", [_entry_row(entry) for entry in entries])
    await insert_rows(connection, "directory_entry_hours", _entry_hours(entries))


async def insert_rows(connection: Driver, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Pipelined by asyncpg itself, in a fraction of SQLAlchemy's time. COPY may not write tables with policies."""
    if rows:
        columns = list(rows[0])
        records = [tuple(row[name] for name in columns) for row in rows]
        listed = ", ".join(f'"{name}"' for name in columns)
        numbered = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
        await connection.executemany(f"INSERT INTO {table} ({listed}) VALUES ({numbered})", records)


def _entry_row(entry: DirectoryEntry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "kind": entry.kind.value,
        "name": entry.name,
        "municipality": entry.municipality,
        "subject": entry.subject,
        "extension": entry.extension,
        "endpoint": entry.endpoint,
        "pii_number": entry.pii_number,
        "operator": entry.operator,
        "team": entry.team,
        "queue": entry.queue,
        "deputy": entry.deputy,
        "keywords": list(entry.keywords),
        "shared": entry.shared,
        "has_hours": entry.hours is not None,
        "valid_from": entry.valid_from,
        "valid_until": entry.valid_until,
    }


def _entry_hours(entries: Iterable[DirectoryEntry]) -> list[dict[str, Any]]:
    return [
        {"entry": entry.code, "weekday": weekday, "opens": span.opens, "closes": span.closes}
        for entry in entries
        for weekday, spans in (entry.hours or {}).items()
        for span in spans
    ]
