"""What every change of a request has in common: one transaction that holds its row, the facts of it, the news of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from ari_app.core.callbacks import CallbackAttempt, CallbackFact, CallbackRequest
from ari_app.core.ids import RequestId
from ari_app.core.ledger import NoSuchRequest, RequestClosed
from ari_app.storage import tables
from ari_app.storage.db.engine import STATEMENT_SECONDS
from ari_app.storage.db.engine import Connection as Connection
from ari_app.storage.db.errors import translated
from ari_app.storage.db.notifications import CALLBACK_CHANNEL, Notifier
from ari_app.storage.db.rows import RowShape

REQUEST = RowShape(CallbackRequest, tables.callback_request)
ATTEMPT = RowShape(CallbackAttempt, tables.callback_attempt)

SELECT_REQUEST = f"SELECT {REQUEST.listed()} FROM callback_request"
_UPDATE = f"UPDATE callback_request SET ({', '.join(REQUEST.columns)}) = ROW ({REQUEST.parameters(1)}) WHERE id = $1"
ATTEMPTS_OF = f"SELECT {ATTEMPT.listed()} FROM callback_attempt WHERE request_id = $1 ORDER BY number"
_TELL = "INSERT INTO callback_fact (request_id, seq, at, kind, detail) VALUES ($1, $2, $3, $4, $5)"


class CallbackStore:
    """Many tasks, and many programs, may use it at once."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], *, timeout_seconds: float = STATEMENT_SECONDS) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds
        self._notifier = Notifier(pool)
        self._not_yet_committed: dict[Connection, set[RequestId]] = {}

    async def close(self) -> None:
        """Send the last notifications; the pool stays open."""
        await self._notifier.close()

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        with translated():
            async with asyncio.timeout(self._timeout_seconds):
                return await self._pool.fetch(statement, *parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """All of the block or nothing, and its news after the commit; what goes wrong leaves it as an error of ours."""
        with translated():
            async with asyncio.timeout(self._timeout_seconds), self._pool.acquire() as connection:
                changed = self._not_yet_committed[connection] = set()
                try:
                    async with connection.transaction():
                        yield connection
                finally:
                    del self._not_yet_committed[connection]
        for request_id in changed:
            self._notifier.notify(CALLBACK_CHANNEL, str(request_id))

    async def write(
        self, connection: Connection, request: CallbackRequest, facts: Sequence[CallbackFact]
    ) -> CallbackRequest:
        """The changed row, which the transaction holds, and what happened; with its new `last_seq`."""
        stored = replace(request, last_seq=request.last_seq + len(facts))
        await connection.execute(_UPDATE, *REQUEST.values(stored))
        await write_facts(connection, request.id, request.last_seq, facts)
        self.tell(connection, request.id)
        return stored

    def tell(self, connection: Connection, request_id: RequestId) -> None:
        """That this row changed, once the transaction of this connection is committed."""
        self._not_yet_committed[connection].add(request_id)


async def open_request(connection: Connection, request_id: RequestId) -> CallbackRequest:
    """The row, held until the transaction ends. Raises NoSuchRequest, RequestClosed."""
    row = await connection.fetchrow(f"{SELECT_REQUEST} WHERE id = $1 FOR UPDATE", request_id)
    if row is None:
        raise NoSuchRequest(f"there is no request {request_id}")
    request = REQUEST.read(row)
    if not request.is_open:
        raise RequestClosed(f"{request.reference} is closed already")
    return request


async def attempts_of(connection: Connection, request_id: RequestId) -> list[CallbackAttempt]:
    return [ATTEMPT.read(row) for row in await connection.fetch(ATTEMPTS_OF, request_id)]


async def write_facts(
    connection: Connection, request_id: RequestId, last_seq: int, facts: Sequence[CallbackFact]
) -> None:
    rows = [
        (request_id, seq, fact.at, fact.kind, as_json(fact.detail))
        for seq, fact in enumerate(facts, start=last_seq + 1)
    ]
    if rows:
        await connection.executemany(_TELL, rows)


def as_json(detail: Mapping[str, object]) -> str:
    return json.dumps(dict(detail), ensure_ascii=False)
