"""The rows of one transaction: what `callbacks.ports.CallbackRows` asks for, in SQL."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.core.callbacks import CallbackAttempt, CallbackFact, CallbackFactKind, CallbackRequest
from ari_app.core.ids import AttemptId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.reminders import Reminder, ReminderOutcome, ReminderWay
from ari_app.storage.callbacks import statements
from ari_app.storage.callbacks.statements import ATTEMPT, REQUEST
from ari_app.storage.db.engine import Connection


class PostgresRows:
    """Fulfils `CallbackRows`. `changed`: the requests of which listeners are notified after the commit, with the number
    of the change."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.changed: dict[RequestId, int | None] = {}

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        return await self._one_request(statements.LOCK_REQUEST, request_id)

    async def open_request_of(self, municipality: MunicipalityCode, pii_number: str) -> CallbackRequest | None:
        return await self._one_request(statements.LOCK_OPEN_REQUEST, municipality, pii_number)

    async def asked_before(
        self, municipality: MunicipalityCode, pii_number: str, asked: CallbackFact
    ) -> tuple[CallbackRequest, CallbackFactKind] | None:
        detail = _as_json(asked.detail)
        row = await self._connection.fetchrow(statements.LOCK_ASKED_BEFORE, municipality, pii_number, detail)
        return None if row is None else (REQUEST.read(row), CallbackFactKind(row["asked_kind"]))

    async def request_and_attempt(self, attempt_id: AttemptId) -> tuple[CallbackRequest, CallbackAttempt] | None:
        # The request is locked before its attempt is read, as in every other change.
        request = await self._one_request(statements.LOCK_REQUEST_OF_ATTEMPT, attempt_id)
        row = await self._connection.fetchrow(statements.THE_ATTEMPT, attempt_id)
        return None if request is None or row is None else (request, ATTEMPT.read(row))

    async def attempts(self, request_id: RequestId) -> Sequence[CallbackAttempt]:
        return [ATTEMPT.read(row) for row in await self._connection.fetch(statements.ATTEMPTS_OF, request_id)]

    async def next_due(
        self,
        operator: OperatorNumber,
        teams: Collection[TeamCode],
        municipalities: Collection[MunicipalityCode],
        resumes: Mapping[MunicipalityCode, datetime],
        now: datetime,
    ) -> CallbackRequest | None:
        return await self._one_request(
            statements.LOCK_NEXT_DUE,
            now,
            sorted(teams),
            operator,
            sorted(municipalities),
            list(resumes.keys()),
            list(resumes.values()),
        )

    async def expired_leases(self, now: datetime, limit: int) -> Sequence[CallbackRequest]:
        rows = await self._connection.fetch(statements.LOCK_EXPIRED_LEASES, now, limit)
        return [REQUEST.read(row) for row in rows]

    async def is_on_the_line(self, pii_number: str, now: datetime) -> bool:
        return bool(await self._connection.fetchval(statements.IS_ON_THE_LINE, pii_number, now))

    async def next_reference_number(self) -> int:
        return int(await self._connection.fetchval(statements.NEXT_REFERENCE_NUMBER))

    async def insert(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> CallbackRequest | None:
        stored = replace(request, last_seq=len(facts))
        number: int | None = await self._connection.fetchval(statements.INSERT_REQUEST, *REQUEST.values(stored))
        if number is None:
            return None
        self.changed[request.id] = number
        await self._insert_facts(request.id, 0, facts)
        return stored

    async def update(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> CallbackRequest:
        stored = replace(request, last_seq=request.last_seq + len(facts))
        self.changed[request.id] = await self._connection.fetchval(statements.UPDATE_REQUEST, *REQUEST.values(stored))
        await self._insert_facts(request.id, request.last_seq, facts)
        return stored

    async def write_attempt(self, attempt: CallbackAttempt) -> None:
        await self._connection.execute(statements.WRITE_ATTEMPT, *ATTEMPT.values(attempt))

    async def insert_reminder(self, reminder: Reminder, way: ReminderWay, now: datetime) -> int | None:
        row_id: int | None = await self._connection.fetchval(
            statements.INSERT_REMINDER,
            reminder.key,
            way,
            reminder.kind,
            reminder.kind.audience,
            reminder.due_at,
            reminder.day,
            reminder.owner_team,
            reminder.owner_operator,
            reminder.request_id,
            reminder.municipality,
            now,
        )
        return row_id

    async def finish_reminder(self, reminder_id: int, outcome: ReminderOutcome, now: datetime) -> None:
        await self._connection.execute(statements.FINISH_REMINDER, reminder_id, now, outcome)

    async def _one_request(self, statement: str, *parameters: object) -> CallbackRequest | None:
        row = await self._connection.fetchrow(statement, *parameters)
        return None if row is None else REQUEST.read(row)

    async def _insert_facts(self, request_id: RequestId, last_seq: int, facts: Sequence[CallbackFact]) -> None:
        rows = [
            (request_id, seq, fact.at, fact.kind, _as_json(fact.detail))
            for seq, fact in enumerate(facts, start=last_seq + 1)
        ]
        if rows:
            await self._connection.executemany(statements.INSERT_FACT, rows)


def _as_json(detail: Mapping[str, object]) -> str:
    return json.dumps(dict(detail), ensure_ascii=False)
