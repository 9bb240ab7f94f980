"""Keeps the log of changes short, and makes it begin anew in another database than the one that numbered it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

#: a reader that was away for longer reads everything
KEPT_FOR = timedelta(days=1)
BATCH_ROWS = 5000

_LOCK = "SELECT origin = change_origin() AS is_ours FROM change_log FOR UPDATE"
# Numbers from another database say nothing here, and may be higher than those to come.
_BEGIN_ANEW = """
WITH gone AS (DELETE FROM change)
UPDATE change_log SET origin = change_origin(), kept_from = pg_snapshot_xmax(pg_current_snapshot())::text::bigint"""
# Not beyond a transaction that is still open: whatever it commits later has its number.
_KEPT_FROM = """
SELECT least(max(number) + 1, pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS kept_from FROM (
  SELECT number, changed_at FROM change ORDER BY number LIMIT $2) oldest
WHERE changed_at < $1 HAVING count(*) > 0"""
_FORGET = """
WITH gone AS (DELETE FROM change WHERE number < $1) UPDATE change_log SET kept_from = $1 WHERE kept_from < $1"""


async def keep_up(pool: Pool, now: datetime) -> None:
    """Remove what is older than `KEPT_FOR`, in small batches; any process may. Raises StoreUnavailable."""
    while await _forget_batch(pool, now - KEPT_FOR):
        pass


async def _forget_batch(pool: Pool, until: datetime) -> bool:
    """Whether there may be more."""
    with translated():
        async with transaction(pool) as connection:
            if not await connection.fetchval(_LOCK):
                await connection.execute(_BEGIN_ANEW)
                return False
            kept_from = await connection.fetchval(_KEPT_FROM, until, BATCH_ROWS)
            if kept_from is None:
                return False
            done = await connection.execute(_FORGET, kept_from)
            return done != "UPDATE 0"
