"""Commands are kept for a week after their answer, and then removed: what came of them is in the record."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

KEPT_FOR = timedelta(days=7)
BATCH_ROWS = 1000

_FORGET = """
DELETE FROM command WHERE id IN (
  SELECT id FROM command WHERE asked_at < $1 AND answered_at IS NOT NULL ORDER BY asked_at LIMIT $2
  FOR UPDATE SKIP LOCKED)"""


async def forget_commands(pool: Pool, now: datetime) -> int:
    """Returns how many went; any process may. Raises StoreUnavailable."""
    gone = 0
    with translated():
        while True:
            batch = int((await pool.execute(_FORGET, now - KEPT_FOR, BATCH_ROWS)).rpartition(" ")[2])
            gone += batch
            if batch < BATCH_ROWS:
                return gone
