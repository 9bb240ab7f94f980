"""The rows of callbacks over Postgres: transactions for changes, single statements for the rest. Nothing is decided."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from ari_app.core.call import Call
from ari_app.core.callback_limits import BY_CALLERS, AskedFor
from ari_app.core.callbacks import Absence, CallbackRequest, RequestKind
from ari_app.core.ids import AsteriskId, CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.limits import Limit
from ari_app.storage.callbacks import statements
from ari_app.storage.callbacks.rows import PostgresRows
from ari_app.storage.callbacks.statements import REQUEST
from ari_app.storage.calls.statements import CALL
from ari_app.storage.db.connections import borrowed, transaction
from ari_app.storage.db.engine import STATEMENT_SECONDS
from ari_app.storage.db.errors import translated
from ari_app.storage.db.notifications import CALLBACK_CHANNEL, Notifier


class PostgresCallbackStore:
    """Fulfils `callbacks.ports.CallbackStore`. Close it: that sends the last notifications."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], *, timeout_seconds: float = STATEMENT_SECONDS) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds
        self._notifier = Notifier(pool)

    async def close(self) -> None:
        """Send the last notifications; the pool stays open."""
        await self._notifier.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresRows]:
        """Errors of Postgres leave it as ours, and listeners are notified after the commit."""
        with translated():
            async with asyncio.timeout(self._timeout_seconds), transaction(self._pool) as connection:
                rows = PostgresRows(connection)
                yield rows
        for request_id, number in rows.changed.items():
            self._notifier.notify(CALLBACK_CHANNEL, str(request_id), number)

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        found = await self._requests(statements.THE_REQUEST, request_id)
        return found[0] if found else None

    async def open_requests(self, kinds: Collection[RequestKind] = tuple(RequestKind)) -> Sequence[CallbackRequest]:
        return await self._requests(statements.OPEN_REQUESTS, sorted(kinds))

    async def open_requests_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> Sequence[CallbackRequest]:
        return await self._requests(statements.OPEN_REQUESTS_OF_NUMBER, pii_number, sorted(municipalities))

    async def open_requests_of_team(self, team: TeamCode) -> Sequence[CallbackRequest]:
        return await self._requests(statements.OPEN_REQUESTS_OF_TEAM, team)

    async def asked_for(
        self, municipality: MunicipalityCode, caller: str | None, number: str | None, call_id: CallId, since: datetime
    ) -> AskedFor:
        reasons = sorted(BY_CALLERS)
        (row,) = await self._fetch(statements.ASKED_FOR, municipality, caller, number, call_id, since, reasons)
        return AskedFor(row["by_caller"], row["to_number"], row["in_municipality"])

    async def extend_leases_of_calls(self, asterisk_id: AsteriskId, lease_until_at: datetime) -> None:
        await self._fetch(statements.EXTEND_LEASES_OF_CALLS, asterisk_id, lease_until_at)

    async def abandoned_calls(self, municipalities: Collection[MunicipalityCode], since: datetime) -> Sequence[Call]:
        return [CALL.read(row) for row in await self._fetch(statements.ABANDONED_CALLS, sorted(municipalities), since)]

    async def note_limit(self, call: Call, limit: Limit, now: datetime) -> None:
        await self._fetch(statements.NOTE_LIMIT, call.id, call.last_seq, now, limit.value)

    async def absences(self, now: datetime) -> Sequence[Absence]:
        rows = await self._fetch(statements.ABSENCES, now)
        return [
            Absence(OperatorNumber(row["operator"]), row["from_at"], row["until_at"], row["reason"]) for row in rows
        ]

    async def known_reminders(self, keys: Iterable[str]) -> Collection[str]:
        return {row["key"] for row in await self._fetch(statements.KNOWN_REMINDERS, list(keys))}

    async def _requests(self, statement: str, *parameters: object) -> list[CallbackRequest]:
        return [REQUEST.read(row) for row in await self._fetch(statement, *parameters)]

    async def _fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        with translated():
            async with asyncio.timeout(self._timeout_seconds), borrowed(self._pool) as connection:
                return await connection.fetch(statement, *parameters)
