"""The row of a node: whose the name is, that its controller lives, and that a row can be written at all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from time import monotonic

from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.db.connections import borrowed, transaction
from ari_app.storage.db.engine import STATEMENT_SECONDS, Pool
from ari_app.storage.db.errors import StorageError, translated

#: a node that was not seen for so long is gone: its open rows hold up nobody, and its name is free
GONE_AFTER_SECONDS = 30
SPACE_SECONDS = 5.0
BEAT_SECONDS = 1.0
#: no answer for so long is an absence: the sooner it is known, the fewer callers wait for a try of their own
ANSWER_SECONDS = 1.0

_FRESH = f"seen_at >= now() - interval '{GONE_AFTER_SECONDS} seconds'"
_OTHER = f"SELECT extract(epoch FROM now() - seen_at) FROM node WHERE name = $1 AND installation <> $2 AND {_FRESH}"
_CLAIM = f"""
INSERT INTO node AS old (name, installation, seen_at) VALUES ($1, $2, now())
ON CONFLICT (name) DO UPDATE SET installation = $2, seen_at = now()
WHERE old.installation = $2 OR NOT old.{_FRESH}
RETURNING name"""
#: Sorts more than fits into `work_mem`: Postgres writes a megabyte beside its tables, and takes it away again.
SPILL = "SELECT count(*) FROM (SELECT repeat(md5(n::text), 10) FROM generate_series(1, 3000) n ORDER BY 1) AS spilled"


def gone(asterisk_id: str) -> str:
    """SQL: whether the node of a row is gone. One that has no row, as before there were any, is not."""
    return (
        f"EXISTS (SELECT FROM node WHERE node.name = {asterisk_id}"
        f" AND node.seen_at < now() - interval '{GONE_AFTER_SECONDS} seconds')"
    )


class NodeTaken(StorageError):
    """Another installation uses this node name; the text says what to do."""


class NodeRow:
    """The row of one node, for the process that controls it or stands by for it."""

    def __init__(self, pool: Pool, name: str, installation: str) -> None:
        self._pool = pool
        self._name = name
        self._installation = installation
        self._space_due = 0.0  # time.monotonic

    async def require_free(self) -> None:
        """For a standby, which writes nothing. Raises NodeTaken, StoreUnavailable."""
        with translated():
            seconds = await self._pool.fetchval(_OTHER, self._name, self._installation, timeout=STATEMENT_SECONDS)
        if seconds is not None:
            self._refuse(f"was seen {float(seconds):.0f} s ago")

    async def keep_seen(self) -> None:
        """Beat every second until cancelled, while a controller that just got the lock is not ready to do it itself.

        Absences of Postgres, and a name that is taken, are the controller's to notice.
        """
        while True:
            with suppress(StoreUnavailable, NodeTaken):
                await self.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Write that the controller lives; every few seconds test as well that there is room for more rows.

        Raises NodeTaken, StoreUnavailable.
        """
        with translated():
            async with asyncio.timeout(answer_seconds):
                async with borrowed(self._pool) as connection:
                    if await connection.fetchval(_CLAIM, self._name, self._installation) is None:
                        self._refuse("is at work")
                if monotonic() >= self._space_due:
                    async with transaction(self._pool) as connection:
                        await connection.execute("SET LOCAL work_mem = '64kB'")
                        await connection.execute(SPILL)
                    self._space_due = monotonic() + SPACE_SECONDS

    def _refuse(self, what: str) -> None:
        raise NodeTaken(
            f"another installation that calls itself {self._name} {what}: give this one a name of its own with "
            f"ARI_APP_NODE, in its Asterisk too. Is it the same one, with a new volume? It may start in "
            f"{GONE_AFTER_SECONDS} s"
        )
