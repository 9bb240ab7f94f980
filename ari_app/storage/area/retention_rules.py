"""The part of the area that is about retention: the periods of municipalities."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ari_app.core.area import Municipality
from ari_app.core.ids import MunicipalityCode
from ari_app.core.retention import Retention
from ari_app.storage.db.engine import Connection


async def read_retention(conn: Connection) -> dict[MunicipalityCode, Retention]:
    """The periods of municipalities that differ from the default."""
    rows = await conn.fetch("SELECT * FROM retention_rules")
    return {
        MunicipalityCode(row["municipality"]): Retention(
            **{name: value for name, value in row.items() if name != "municipality"}
        )
        for row in rows
    }


def retention_row(town: Municipality) -> list[dict[str, Any]]:
    ordinary = town.retention == Retention()
    return [] if ordinary else [{"municipality": town.code, **asdict(town.retention)}]
