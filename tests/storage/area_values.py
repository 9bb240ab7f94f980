"""An area to import, a neighbour that joins it, and what the tables then hold."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import ari_app.sample
from ari_app.core.area import Area
from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.storage import tables as t

SAMPLE = (Path(ari_app.sample.__file__).parent / "area.toml").read_text(encoding="utf-8")
NOW = datetime(2026, 6, 1, 10, tzinfo=UTC)
EMPTY = Area(special_days=DESIGNATED_DAYS)

JOINS = """
[[municipality]]
code = "GM9905"
name = "Achterhove"
[[shared_number]]
number = "14 0119"
[[shared_number.member]]
municipality = "GM9905"
key = 5
"""


async def rows(engine: AsyncEngine, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    async with engine.connect() as conn:
        return list(await conn.execute(sa.select(table).order_by(*table.primary_key.columns)))


async def everything(engine: AsyncEngine) -> dict[str, list[sa.Row[tuple[object, ...]]]]:
    return {table.name: await rows(engine, table) for table in t.metadata.sorted_tables}
