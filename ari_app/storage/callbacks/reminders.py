"""Reminders as rows: each stored once by its key, taken by one sender at a time, and marked when it was sent.

Taking a reminder moves its `next_try_at`. A sender that dies leaves it to be taken again after that: late, but not
never. What was sent and could not be marked is sent a second time; its recipient can tell by its id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import asyncpg

from ari_app.core.callback_rules import Owner, owner_now
from ari_app.core.callbacks import Absence, CallbackFact, CallbackFactKind, CallbackRequest
from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.reminders import (
    Audience,
    Reminder,
    ReminderKind,
    ReminderOutcome,
    ReminderWay,
    is_due_by,
)
from ari_app.storage.callbacks.store import REQUEST, SELECT_REQUEST, CallbackStore, Connection
from ari_app.storage.db.outbox import put_in_outbox

_STORE = """
INSERT INTO callback_reminder (key, way, kind, audience, due_at, day, owner_team, owner_operator, request_id,
  municipality, created_at, next_try_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (key, way) DO NOTHING RETURNING id"""
_TAKE = """
UPDATE callback_reminder SET next_try_at = $3, tries_count = tries_count + 1
WHERE id IN (SELECT id FROM callback_reminder WHERE done_at IS NULL AND next_try_at <= $1 AND way = ANY($2::text[])
  ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING *"""
_DONE = "UPDATE callback_reminder SET done_at = $2, outcome = $3 WHERE id = $1 AND done_at IS NULL RETURNING id"
_OPEN_OF = f"{SELECT_REQUEST} WHERE closed_at IS NULL AND owner_team = $1 ORDER BY plan_by_at, deadline_at, id"
_THIS_OPEN = f"{SELECT_REQUEST} WHERE closed_at IS NULL AND id = $1"
_ABSENCES = "SELECT operator, from_at, until_at, reason FROM operator_absence WHERE until_at IS NULL OR until_at > $1"

#: with these, the request is marked as escalated
_ESCALATING = (ReminderKind.AT_DEADLINE, ReminderKind.NO_TIME_LEFT)


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


class Reminders(CallbackStore):
    async def absences(self, now: datetime) -> tuple[Absence, ...]:
        """Those that are not over. Raises StoreUnavailable."""
        rows = await self.fetch(_ABSENCES, now)
        return tuple(Absence(OperatorNumber(r["operator"]), r["from_at"], r["until_at"], r["reason"]) for r in rows)

    async def store_due(
        self, due: Iterable[Reminder], ways: Mapping[tuple[TeamCode, Audience], Collection[ReminderWay]], now: datetime
    ) -> list[Reminder]:
        """Keep those that are not known yet, each with the ways it goes; returns those that were new.

        The screen is always one: the fact and the news of it are its sending. Raises StoreUnavailable.
        """
        found = {reminder.key: reminder for reminder in due}
        known = await self.fetch("SELECT DISTINCT key FROM callback_reminder WHERE key = ANY($1)", list(found))
        for row in known:
            del found[row["key"]]
        new = []
        for reminder in found.values():
            others = ways.get((reminder.owner_team, reminder.kind.audience), ())
            if await self._store_ways(reminder, others, now):
                new.append(reminder)
        return new

    async def _store_ways(self, reminder: Reminder, others: Iterable[ReminderWay], now: datetime) -> bool:
        """Whether it is still to be told, and nobody was faster."""
        async with self.transaction() as connection:
            request = None
            if reminder.request_id is not None:
                # Held from the start: two reminders of one request would wait for each other for ever.
                row = await connection.fetchrow(f"{_THIS_OPEN} FOR UPDATE", reminder.request_id)
                if row is None:
                    return False
                request = REQUEST.read(row)
            shown = await self._store(connection, reminder, ReminderWay.SCREEN, now)
            if shown is None:
                return False
            await connection.execute(_DONE, shown, now, ReminderOutcome.SENT)
            if request is not None:
                await self._show(connection, request, reminder, now)
            for way in others:
                await self._store(connection, reminder, way, now)
            return True

    async def _store(self, connection: Connection, reminder: Reminder, way: ReminderWay, now: datetime) -> int | None:
        values = (
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
        row_id: int | None = await connection.fetchval(_STORE, *values)
        return row_id

    async def _show(self, connection: Connection, request: CallbackRequest, reminder: Reminder, now: datetime) -> None:
        facts = [
            CallbackFact(now, CallbackFactKind.REMINDED, {"kind": reminder.kind, "audience": reminder.kind.audience})
        ]
        if reminder.kind in _ESCALATING and request.escalated_at is None:
            request = replace(request, escalated_at=now)
            facts.append(CallbackFact(now, CallbackFactKind.ESCALATED, {"why": reminder.kind}))
        await self.write(connection, request, facts)

    async def take(
        self, ways: Collection[ReminderWay], now: datetime, *, next_try_at: datetime, limit: int = 50
    ) -> list[TakenReminder]:
        """Those to be sent now, nobody else's until `next_try_at`. Raises StoreUnavailable."""
        rows = await self.fetch(_TAKE, now, sorted(ways), next_try_at, limit)
        return sorted(map(_taken, rows), key=lambda taken: (taken.reminder.due_at, taken.id))

    async def done(self, reminder_id: int, outcome: ReminderOutcome, now: datetime) -> None:
        """Raises StoreUnavailable."""
        await self.fetch(_DONE, reminder_id, now, outcome)

    async def postpone(self, reminder_id: int, until: datetime, *, counts: bool = True) -> None:
        """`counts`: it was really tried. Raises StoreUnavailable."""
        statement = "UPDATE callback_reminder SET next_try_at = $2, tries_count = tries_count - $3 WHERE id = $1"
        await self.fetch(statement, reminder_id, until, 0 if counts else 1)

    async def hand_to_outbox(self, reminder_id: int, kind: str, payload: Mapping[str, object], now: datetime) -> None:
        """The reminder is done, and its message waits in the outbox: both, or neither. Raises StoreUnavailable."""
        async with self.transaction() as connection:
            if await connection.fetchval(_DONE, reminder_id, now, ReminderOutcome.SENT) is not None:
                await put_in_outbox(connection, kind, payload, now)

    async def what_it_is_about(self, reminder: Reminder, now: datetime) -> list[CallbackRequest]:
        """The open requests that this reminder tells of, at this moment. Raises StoreUnavailable."""
        if reminder.request_id is not None:
            return [REQUEST.read(row) for row in await self.fetch(_THIS_OPEN, reminder.request_id)]
        absences = await self.absences(now)
        requests = [REQUEST.read(row) for row in await self.fetch(_OPEN_OF, reminder.owner_team)]
        return due_of(requests, absences, Owner(reminder.owner_team, reminder.owner_operator), reminder.day, now)


def due_of(
    requests: Sequence[CallbackRequest], absences: Sequence[Absence], owner: Owner, day: date, now: datetime
) -> list[CallbackRequest]:
    """Those of one owner that must be done on this day, or should have been."""
    return [one for one in requests if is_due_by(one, day) and owner_now(one, absences, now) == owner]


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
