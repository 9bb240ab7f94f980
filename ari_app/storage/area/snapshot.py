"""The area of one moment, read whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date

from ari_app.core.area import Area
from ari_app.core.ids import OperatorNumber
from ari_app.storage.area.early_closings import with_early_closings
from ari_app.storage.area.reader import read_area_rows, read_pin_hashes, read_special_days
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated


@dataclass(frozen=True, slots=True)
class AreaSnapshot:
    """The area, with what a file of it needs besides: hashes of PINs, and the special days that were imported."""

    area: Area
    pin_hashes: Mapping[OperatorNumber, str] = field(repr=False)
    special_days: Mapping[date, tuple[str, str]]  # name, source


async def load_area(pool: Pool) -> Area:
    """The area that decisions are made from, early closings included. Raises StoreUnavailable."""
    with translated():
        async with _one_moment(pool) as conn:
            return await with_early_closings(conn, await read_area_rows(conn))


async def load_snapshot(pool: Pool) -> AreaSnapshot:
    """The snapshot that an area file is written from. Raises StoreUnavailable."""
    with translated():
        async with _one_moment(pool) as conn:
            return await read_snapshot(conn)


async def read_snapshot(conn: Connection) -> AreaSnapshot:
    """Several statements: the caller's transaction makes them one moment."""
    return AreaSnapshot(await read_area_rows(conn), await read_pin_hashes(conn), await read_special_days(conn))


@asynccontextmanager
async def _one_moment(pool: Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        yield conn
