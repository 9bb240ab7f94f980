"""Messages for other systems: committed together with the change they are about, sent from here until they arrive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from ari_app.storage.db.connections import borrowed
from ari_app.storage.db.engine import STATEMENT_SECONDS, Connection
from ari_app.storage.db.errors import translated

_PUT = "INSERT INTO outbox (created_at, kind, payload, next_try_at) VALUES ($1, $2, $3, $1)"
_TAKE = """
UPDATE outbox SET next_try_at = $3, tries_count = tries_count + 1
WHERE id IN (SELECT id FROM outbox WHERE done_at IS NULL AND kind = $2 AND (next_try_at IS NULL OR next_try_at <= $1)
  ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING id, created_at, kind, payload, tries_count"""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """Recipients recognise a message that comes twice by its id. `tries_count` includes this try."""

    id: int
    created_at: datetime
    kind: str
    payload: Mapping[str, Any]
    tries_count: int


async def put_in_outbox(connection: Connection, kind: str, payload: Mapping[str, object], now: datetime) -> None:
    """Add a message, in the transaction of the change that it is about."""
    await connection.execute(_PUT, now, kind, json.dumps(dict(payload), ensure_ascii=False))


class Outbox:
    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def take(self, kind: str, now: datetime, *, next_try_at: datetime, limit: int = 50) -> list[OutboxMessage]:
        """Lease the messages that are due, in their order, until `next_try_at`. Raises StoreUnavailable."""
        rows = await self._fetch(_TAKE, now, kind, next_try_at, limit)
        found = (
            OutboxMessage(r["id"], r["created_at"], r["kind"], json.loads(r["payload"]), r["tries_count"]) for r in rows
        )
        return sorted(found, key=lambda message: message.id)

    async def done(self, message_id: int, now: datetime, *, gave_up_why: str | None = None) -> None:
        """The message arrived, or is given up for a reason. Raises StoreUnavailable."""
        await self._fetch(
            "UPDATE outbox SET done_at = $2, gave_up_why = $3 WHERE id = $1", message_id, now, gave_up_why
        )

    async def postpone(self, message_id: int, until: datetime) -> None:
        """Give up the lease; the message is due again then. Raises StoreUnavailable."""
        await self._fetch("UPDATE outbox SET next_try_at = $2 WHERE id = $1", message_id, until)

    async def _fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        with translated():
            async with asyncio.timeout(STATEMENT_SECONDS), borrowed(self._pool) as connection:
                return await connection.fetch(statement, *parameters)
