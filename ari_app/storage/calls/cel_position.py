"""The position up to which the channel event log of one Asterisk has been read."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.event_log.cel import LogPosition
from ari_app.core.ids import AsteriskId
from ari_app.storage.db.errors import translated
from ari_app.storage.tables import cel_position


async def load_position(engine: AsyncEngine, asterisk_id: AsteriskId) -> LogPosition | None:
    """None when the log was never read. Raises StoreUnavailable."""
    wanted = (
        sa.select(cel_position.c.file_identity, cel_position.c.read_bytes)
        .where(cel_position.c.asterisk_id == asterisk_id)
        .order_by(cel_position.c.read_at.desc())
        .limit(1)
    )
    with translated():
        async with engine.connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
    return None if row is None else LogPosition(row.file_identity, row.read_bytes)


async def save_position(engine: AsyncEngine, asterisk_id: AsteriskId, position: LogPosition, now: datetime) -> None:
    """Keep the position for a restart; positions in older files are forgotten. Raises StoreUnavailable."""
    row = {
        "asterisk_id": asterisk_id,
        "file_identity": position.file_identity,
        "read_bytes": position.byte,
        "read_at": now,
    }
    here = cel_position.c.file_identity == position.file_identity
    with translated():
        async with engine.begin() as connection:
            await connection.execute(sa.delete(cel_position).where(cel_position.c.asterisk_id == asterisk_id, ~here))
            changes = {"read_bytes": position.byte, "read_at": now}
            keys = ["asterisk_id", "file_identity"]
            await connection.execute(
                insert(cel_position).values(row).on_conflict_do_update(index_elements=keys, set_=changes)
            )
