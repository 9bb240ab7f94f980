"""Who holds the lock of the controller, and how a standby ends the connection of a holder that is frozen.

The holder's connection is ended by its own role, or by a superuser: copies of one node have the same DATABASE_URL.
"""

from __future__ import annotations

from time import monotonic

import asyncpg
import structlog

from ari_app.core.frozen import Sighting, Watch, watch
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.db.errors import RowRefused, translated
from ari_app.storage.db.nodes import SPILL

log = structlog.get_logger(__name__)

_HOLDS = """
l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended($1, 0)"""
_LOOK = f"""
SELECT l.pid, n.seen_at, extract(epoch FROM clock_timestamp() - n.seen_at)::float8 AS unseen
FROM pg_locks l LEFT JOIN node n ON n.name = $2 WHERE {_HOLDS}"""
_TOUCH = "UPDATE node SET seen_at = seen_at WHERE name = $1 AND seen_at = $2 RETURNING name"
#: A holder that lives asks for the lock again at once: this standby stands in the line for it before it is free.
_END_AND_TAKE = f"""
WITH ended AS MATERIALIZED (
    SELECT pg_terminate_backend(l.pid) AS is_told FROM pg_locks l JOIN node n ON n.name = $2
    WHERE {_HOLDS} AND l.pid = $3 AND n.seen_at = $4
)
SELECT pg_advisory_lock(hashtextextended($1, 0))::text FROM ended WHERE is_told"""

#: of the standby's own connection: a row that somebody has locked cannot be written by the holder either; see SPILL
_LIMITS = "SET lock_timeout = '500ms'; SET work_mem = '64kB'"


class Holder:
    """The holder of one lock as a standby sees it. The connection that is handed in is the standby's for the lock."""

    def __init__(self, key: str, node: str) -> None:
        self._key = key
        self._node = node
        self._watch: Watch | None = None
        self._last_refusal = ""

    def forget(self) -> None:
        """Postgres did not answer: the holder gets its time anew."""
        self._watch = None

    async def look(self, connection: asyncpg.Connection[asyncpg.Record], timeout: float) -> Sighting | None:
        """None: nobody holds it. Raises StoreUnavailable."""
        at = monotonic()
        with translated():
            row = await connection.fetchrow(_LOOK, self._key, self._node, timeout=timeout)
        return None if row is None else Sighting(at, row["pid"], row["seen_at"], row["unseen"])

    async def take_if_frozen(self, connection: asyncpg.Connection[asyncpg.Record], timeout: float) -> bool:
        """Look once more, and take the lock from a holder that is frozen; whether this connection has it now.

        Raises StoreUnavailable.
        """
        self._watch = watch(self._watch, await self.look(connection, timeout))
        if self._watch is None or not self._watch.is_frozen:
            return False
        sighting, self._watch = self._watch.last, None
        try:
            if await self._take(connection, sighting, timeout):
                log.warning("frozen_controller_ended", node=self._node, unseen_seconds=sighting.unseen_seconds)
                return True
        except (StoreUnavailable, RowRefused) as error:
            if self._last_refusal != str(error):
                log.warning("frozen_controller_kept", node=self._node, error=str(error))
            self._last_refusal = str(error)
            if isinstance(error, StoreUnavailable):
                raise
        return False

    async def _take(self, connection: asyncpg.Connection[asyncpg.Record], sighting: Sighting, timeout: float) -> bool:
        """First this standby writes the holder's row and commits, as the holder would have to.

        A row that nobody can write (locked, no room on the disk, the synchronous standby out of reach) says nothing
        about the holder, and whoever took over could not work either.
        """
        with translated():
            await connection.execute(_LIMITS, timeout=timeout)
            if await connection.fetchval(_TOUCH, self._node, sighting.seen_at, timeout=timeout) is None:
                return False  # it was seen just now
            await connection.execute(SPILL, timeout=timeout)
            holder = (sighting.backend, sighting.seen_at)
            taken = await connection.fetchval(_END_AND_TAKE, self._key, self._node, *holder, timeout=timeout)
            return taken is not None
