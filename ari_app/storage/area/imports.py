"""One import at a time: a change is decided from the area as it is, and written before another can change it.

async with area_import(engine) as under_way:
    ...  # decide, from under_way.before, what is to be written
    await under_way.write(difference, before.area, new, pin_hashes)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ari_app.core.area import Area
from ari_app.core.area_difference import Difference
from ari_app.core.area_touched import touched
from ari_app.core.ids import OperatorNumber
from ari_app.storage.area.entries import LOCK
from ari_app.storage.area.marks import FileMark, Followed, find_mark, set_mark
from ari_app.storage.area.reader import read_all_special_days
from ari_app.storage.area.snapshot import AreaSnapshot, read_snapshot
from ari_app.storage.area.writer import write_difference
from ari_app.storage.changes.area import note_area_changed
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.errors import translated

_LOCK = sa.text(LOCK)


class AreaImport:
    """The transaction of an import, which holds the lock of all imports."""

    def __init__(self, conn: AsyncConnection, bare: Connection) -> None:
        self._conn = conn
        self._bare = bare  # the connection of asyncpg under it, in the same transaction

    async def changes_nothing(self, mark: FileMark) -> Followed | None:
        """The report of a file that was followed before, on an area that is still the same; None otherwise."""
        return await find_mark(self._conn, mark)

    async def before(self) -> AreaSnapshot:
        """The area as it is; the lock keeps it so until this import writes."""
        return await read_snapshot(self._bare)

    async def special_days(self) -> Mapping[date, str]:
        return await read_all_special_days(self._bare)

    async def write(
        self, difference: Difference, before: Area, new: Area, pin_hashes: Mapping[OperatorNumber, str]
    ) -> None:
        """Make the tables say what `new` says where they differ; `pin_hashes` has those of every changed operator."""
        await write_difference(self._conn, difference, new, pin_hashes)
        await note_area_changed(self._bare, touched(before, new, difference))

    async def set_mark(self, mark: FileMark, names: Sequence[str], warnings: Sequence[str], now: datetime) -> None:
        """Remember that the file changes nothing any more."""
        await set_mark(self._conn, mark, names, warnings, now)

    async def audit(self, at: datetime, actor: str, action: str, detail: Mapping[str, object]) -> None:
        await record_deed(self._bare, at, actor, action, detail)


@asynccontextmanager
async def area_import(engine: AsyncEngine) -> AsyncIterator[AreaImport]:
    """Begin when no other import is under way; commit at the end of the block, or nothing when the block raises.

    Raises StoreUnavailable.
    """
    with translated():
        async with engine.begin() as conn:
            await conn.execute(_LOCK)
            bare = (await conn.get_raw_connection()).driver_connection
            assert bare is not None
            yield AreaImport(conn, bare)
