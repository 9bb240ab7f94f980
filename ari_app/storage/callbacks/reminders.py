"""Reminders that wait to be sent: taken by one sender at a time, and marked when they were sent.

Taking a reminder moves its `next_try_at`. A sender that dies leaves it to be taken again after that: late, but not
never. A reminder that was sent and could not be marked is sent a second time; its recipient can tell by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.reminders import Audience, Reminder, ReminderKind, ReminderOutcome, ReminderWay
from ari_app.storage.callbacks import statements
from ari_app.storage.db.connections import borrowed, transaction
from ari_app.storage.db.engine import STATEMENT_SECONDS
from ari_app.storage.db.errors import translated
from ari_app.storage.db.outbox import put_in_outbox


@dataclass(frozen=True, slots=True)
class TakenReminder:
    """A reminder that is this sender's for now. `tries_count` counts this try."""

    id: int
    way: ReminderWay
    reminder: Reminder
    tries_count: int

    @property
    def audience(self) -> Audience:
        return self.reminder.kind.audience


class ReminderQueue:
    """All raise StoreUnavailable."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    async def take(
        self, ways: Collection[ReminderWay], now: datetime, *, next_try_at: datetime, limit: int = 50
    ) -> list[TakenReminder]:
        """Those to be sent now, nobody else's until `next_try_at`."""
        rows = await self._fetch(statements.TAKE_REMINDERS, now, sorted(ways), next_try_at, limit)
        return sorted(map(_taken, rows), key=lambda taken: (taken.reminder.due_at, taken.id))

    async def finish(self, reminder_id: int, outcome: ReminderOutcome, now: datetime) -> None:
        await self._fetch(statements.FINISH_REMINDER, reminder_id, now, outcome)

    async def postpone(self, reminder_id: int, until: datetime, *, counts: bool = True) -> None:
        """`counts`: it was really tried."""
        await self._fetch(statements.POSTPONE_REMINDER, reminder_id, until, 0 if counts else 1)

    async def hand_to_outbox(self, reminder_id: int, kind: str, payload: Mapping[str, object], now: datetime) -> None:
        """The reminder is done, and its message waits in the outbox: both, or neither."""
        with translated():
            async with asyncio.timeout(STATEMENT_SECONDS), transaction(self._pool) as connection:
                sent = await connection.fetchval(statements.FINISH_REMINDER, reminder_id, now, ReminderOutcome.SENT)
                if sent is not None:
                    await put_in_outbox(connection, kind, payload, now)

    async def _fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        with translated():
            async with asyncio.timeout(STATEMENT_SECONDS), borrowed(self._pool) as connection:
                return await connection.fetch(statement, *parameters)


def _taken(row: asyncpg.Record) -> TakenReminder:
    def optional(kind: Any, value: Any) -> Any:
        return None if value is None else kind(value)

    reminder = Reminder(
        ReminderKind(row["kind"]),
        row["due_at"],
        row["day"],
        TeamCode(row["owner_team"]),
        optional(OperatorNumber, row["owner_operator"]),
        optional(RequestId, row["request_id"]),
        optional(MunicipalityCode, row["municipality"]),
    )
    return TakenReminder(row["id"], ReminderWay(row["way"]), reminder, row["tries_count"])
