"""The position up to which the channel event log of one Asterisk has been read."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.event_log.cel import LogPosition
from ari_app.core.ids import AsteriskId
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

_LOAD = """
SELECT file_identity, read_bytes FROM cel_position WHERE asterisk_id = $1 ORDER BY read_at DESC LIMIT 1"""
_FORGET_OLDER = "DELETE FROM cel_position WHERE asterisk_id = $1 AND file_identity <> $2"
_SAVE = """
INSERT INTO cel_position (asterisk_id, file_identity, read_bytes, read_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (asterisk_id, file_identity) DO UPDATE SET read_bytes = $3, read_at = $4"""


async def load_position(pool: Pool, asterisk_id: AsteriskId) -> LogPosition | None:
    """None when the log was never read. Raises StoreUnavailable."""
    with translated():
        row = await pool.fetchrow(_LOAD, asterisk_id)
    return None if row is None else LogPosition(row["file_identity"], row["read_bytes"])


async def save_position(pool: Pool, asterisk_id: AsteriskId, position: LogPosition, now: datetime) -> None:
    """Keep the position for a restart; positions in older files are forgotten. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await connection.execute(_FORGET_OLDER, asterisk_id, position.file_identity)
            await connection.execute(_SAVE, asterisk_id, position.file_identity, position.byte, now)
