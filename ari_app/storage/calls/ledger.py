"""The ledger in Postgres: each write of a call is one statement, committed when it returns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from ari_app.core.call import Call, Fact, FactKind, Leg
from ari_app.core.call_changes import at_seq
from ari_app.core.ids import AsteriskId, CallId, Endpoint, OperatorNumber, optional
from ari_app.core.ledger import AlreadyTaken, OpenRows, PinVerdict, StaleRow
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer
from ari_app.storage.accounts.phones import OPERATOR_AT
from ari_app.storage.calls import statements
from ari_app.storage.calls.statements import ANSWER, CALL, LEG, LINE, SESSION, TRANSFER, VISIT, Guard, store_call
from ari_app.storage.db.connections import borrowed
from ari_app.storage.db.engine import STATEMENT_SECONDS
from ari_app.storage.db.errors import translated
from ari_app.storage.db.notifications import CALL_CHANNEL, OPERATOR_CHANNEL, Notifier
from ari_app.storage.operators import pins

#: for reading all open rows after a gap
_SURVEY_SECONDS = 10.0

#: errors that say that a connection broke; the server may still be there
_BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)

Rows = list[asyncpg.Record]


class PostgresLedger:
    """The `Ledger` of the calls. Many tasks may use it at once; each call has one writer."""

    def __init__(
        self,
        pool: asyncpg.Pool[asyncpg.Record],
        *,
        timeout_seconds: float = STATEMENT_SECONDS,
        may_write: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`may_write` is awaited before each statement."""
        self._pool = pool
        self._may_write = may_write
        self._timeout_seconds = timeout_seconds
        self._notifier = Notifier(pool)

    async def close(self) -> None:
        """Send the last notifications; the pool stays open."""
        await self._notifier.close()

    async def store(
        self,
        call: Call,
        facts: Sequence[Fact],
        legs: Sequence[Leg] = (),
        transfers: Sequence[Transfer] = (),
        visits: Sequence[QueueVisit] = (),
        answers: Sequence[SurveyAnswer] = (),
    ) -> Call:
        """One commit: the call's row, new facts, changed legs, transfers, visits and answers.

        Returns the call with its new `last_seq`. A visit that ends stands before the one that begins.

        A new call has at least one fact. Idempotent: after StoreUnavailable the same call and facts are stored again,
        with legs, transfers, visits and answers as they are by then; if the first write was committed, only
        those are added. Raises StaleRow, StoreUnavailable.
        """
        is_new = call.last_seq == 0
        if is_new and not facts:
            raise ValueError("a new call has at least one fact")
        changed = {leg.id: leg for leg in legs}
        handed = {transfer.id: transfer for transfer in transfers}
        queued = {visit.id: visit for visit in visits}
        given = {answer.id: answer for answer in answers}
        rows: tuple[Leg | Transfer | QueueVisit | SurveyAnswer, ...] = (*legs, *transfers, *visits, *answers)
        if any(row.call_id != call.id for row in rows):
            raise ValueError("legs, transfers, visits and answers are stored with their own call")
        stored = at_seq(call, call.last_seq + len(facts))
        parameters: list[Any] = [*CALL.values(stored)]
        if not is_new:
            parameters.append(call.last_seq)
        for seq, fact in enumerate(facts, start=call.last_seq + 1):
            parameters += (seq, fact.at, fact.kind, _as_json(fact.detail))
        joined = [value for leg in changed.values() for value in LEG.values(leg)]
        joined += [value for transfer in handed.values() for value in TRANSFER.values(transfer)]
        joined += [value for visit in queued.values() for value in VISIT.values(visit)]
        joined += [value for answer in given.values() for value in ANSWER.values(answer)]
        guard, counts = Guard.NOTHING if is_new else Guard.SEQ, (len(changed), len(handed), len(queued), len(given))
        statement = store_call(guard, len(facts), *counts)
        if written := await self._fetch(statement, *parameters, *joined):
            self._notifier.notify(CALL_CHANNEL, str(call.id), written[0]["number"])
            return stored
        if await self._has(stored, call.last_seq, facts):
            statement = store_call(Guard.SAME, 0, *counts)
            if not joined:
                self._notifier.notify(CALL_CHANNEL, str(call.id))
                return stored
            if written := await self._fetch(statement, stored.id, stored.last_seq, *joined):
                self._notifier.notify(CALL_CHANNEL, str(call.id), written[0]["number"])
                return stored
        raise StaleRow(f"call {call.id} is not at fact {call.last_seq} any more")

    async def store_line(self, line: OperatorLine) -> None:
        """Raises StaleRow when the stored line is newer, or has ended and this one has not; StoreUnavailable."""
        stored = await self._fetch(statements.STORE_LINE, *LINE.values(line))
        if not stored:
            raise StaleRow(f"operator line {line.id} is newer, or has ended")
        self._notifier.notify(OPERATOR_CHANNEL, f"line {line.id}", stored[0]["number"])

    async def store_session(self, session: OperatorSession, is_estimated: bool = False) -> None:
        """Store the row, and as a stretch the state that is over with it; `is_estimated`: nobody saw when it ended.

        A session of the operator at a node that is gone ends by that.

        Raises AlreadyTaken when this operator is logged in elsewhere; StaleRow when the stored session is newer, or
        over and this one is not; StoreUnavailable.
        """
        values = (*SESSION.values(session), is_estimated)
        try:
            stored = await self._fetch(statements.STORE_SESSION, *values)
        except AlreadyTaken:
            if not await self._fetch(statements.END_SESSION_OF_GONE_NODE, session.operator, session.asterisk_id):
                raise
            stored = await self._fetch(statements.STORE_SESSION, *values)
        if not stored:
            raise StaleRow(f"operator session {session.id} is newer, or over")
        self._notifier.notify(OPERATOR_CHANNEL, f"session {session.id}", stored[0]["number"])

    async def open_rows(self, asterisk_id: AsteriskId) -> OpenRows:
        """The open rows of one moment. Raises StoreUnavailable."""
        with translated():
            async with (
                asyncio.timeout(_SURVEY_SECONDS),
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                return OpenRows(
                    calls=tuple(map(CALL.read, await connection.fetch(statements.OPEN_CALLS, asterisk_id))),
                    legs=tuple(map(LEG.read, await connection.fetch(statements.OPEN_LEGS, asterisk_id))),
                    lines=tuple(map(LINE.read, await connection.fetch(statements.OPEN_LINES, asterisk_id))),
                    sessions=tuple(map(SESSION.read, await connection.fetch(statements.OPEN_SESSIONS, asterisk_id))),
                    transfers=tuple(map(TRANSFER.read, await connection.fetch(statements.OPEN_TRANSFERS, asterisk_id))),
                    visits=tuple(map(VISIT.read, await connection.fetch(statements.OPEN_VISITS, asterisk_id))),
                )

    async def open_versions(self, asterisk_id: AsteriskId) -> Mapping[UUID, int]:
        """How often each open call, line and session of one moment was written. Raises StoreUnavailable."""
        rows = await self._fetch(statements.OPEN_VERSIONS, asterisk_id)
        return {row["id"]: row["version"] for row in rows}

    async def call(self, call_id: CallId) -> Call | None:
        """The row of a call, also of one that is over. Raises StoreUnavailable."""
        rows = await self._fetch(statements.THE_CALL, call_id)
        return CALL.read(rows[0]) if rows else None

    async def allowed_transfers(self, call_id: CallId) -> int:
        """How many transfers beyond AV §2 a supervisor allowed for this call. Raises StoreUnavailable."""
        (row,) = await self._fetch(statements.ALLOWED_TRANSFERS, call_id)
        return int(row["allowed"])

    async def facts(self, call_id: CallId) -> tuple[Fact, ...]:
        """By their number; none for a call that is not stored. Raises StoreUnavailable."""
        return tuple(_fact(row) for row in await self._fetch(statements.FACTS, call_id))

    async def check_pin(self, operator: str, pin: str, endpoint: Endpoint, now: datetime) -> PinVerdict:
        """After wrong PINs number and phone have to wait (core.pin_limits). Raises StoreUnavailable."""
        return await pins.check_pin(self._fetch, operator, pin, endpoint, now)

    async def operator_at_page(self, name: str, now: datetime) -> OperatorNumber | None:
        """Raises StoreUnavailable."""
        rows = await self._fetch(OPERATOR_AT, name, now)
        return optional(OperatorNumber, rows[0]["operator"]) if rows else None

    async def _has(self, stored: Call, after_seq: int, facts: Sequence[Fact]) -> bool:
        """Whether this very write was committed before, and is retried because its answer was lost.

        The row is locked to read it: the answer that rests on it waits for the standby, as the first commit did.
        """
        rows = await self._fetch(statements.LOCK_CALL, stored.id)
        if not rows or CALL.read(rows[0]) != stored:
            return False
        recorded = (await self.facts(stored.id))[after_seq:]
        return recorded == tuple(replace(fact, detail=dict(fact.detail)) for fact in facts)

    async def _fetch(self, statement: str, *parameters: Any) -> Rows:
        """Run one statement, and once more when its connection breaks: that alone says nothing about Postgres."""
        if self._may_write is not None:
            await self._may_write()
        with translated():
            async with asyncio.timeout(self._timeout_seconds):
                try:
                    return await self._fetch_once(statement, parameters)
                except _BROKEN as error:
                    if isinstance(error, ConnectionRefusedError | asyncpg.exceptions.DataError):
                        raise
                    return await self._fetch_once(statement, parameters)

    async def _fetch_once(self, statement: str, parameters: Sequence[Any]) -> Rows:
        async with borrowed(self._pool) as connection:
            return await connection.fetch(statement, *parameters)


def _as_json(detail: Mapping[str, object]) -> str:
    return json.dumps(dict(detail), ensure_ascii=False) if detail else "{}"


def _fact(row: asyncpg.Record) -> Fact:
    return Fact(at=row["at"], kind=FactKind(row["kind"]), detail=json.loads(row["detail"]))
