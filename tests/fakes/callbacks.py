"""Rows of callbacks in memory; `tests/callbacks` holds this store and the one over Postgres to the same tests.

store = FakeCallbackStore(ledger)   # whose calls are on the line
store.available = False             # every transaction and read: StoreUnavailable
store.lose_answers = 1              # the next transaction is committed, its answer is lost
store.rows.absent.append(Absence(…))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from ari_app.core.call import Call, EndReason, Fact, FactKind, Stage
from ari_app.core.callback_limits import BY_CALLERS, AskedFor
from ari_app.core.callback_rules import owner_now
from ari_app.core.callbacks import (
    Absence,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    RequestKind,
)
from ari_app.core.ids import AsteriskId, AttemptId, CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.ledger import AlreadyTaken, StoreUnavailable
from ari_app.core.limits import Limit
from ari_app.core.reminders import Reminder, ReminderOutcome, ReminderWay
from tests.fakes.ledger import FakeLedger

_ON_THE_LINE = timedelta(hours=4)
_ASKED = (CallbackFactKind.CREATED, CallbackFactKind.JOINED)


def urgency(request: CallbackRequest) -> tuple[datetime, datetime, datetime, RequestId]:
    """Sort key: the request that must be done first comes first. The id only makes the order total."""
    return (request.plan_by_at, request.deadline_at, request.first_contact_at, request.id)


@dataclass
class FakeRows:
    """Fulfils `CallbackRows`."""

    ledger: FakeLedger
    requests: dict[RequestId, CallbackRequest] = field(default_factory=dict)
    tries: dict[AttemptId, CallbackAttempt] = field(default_factory=dict)
    history: dict[RequestId, tuple[CallbackFact, ...]] = field(default_factory=dict)
    reminders: dict[tuple[str, ReminderWay], ReminderOutcome | None] = field(default_factory=dict)
    absent: list[Absence] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        return self.requests.get(request_id)

    async def open_request_of(self, municipality: MunicipalityCode, pii_number: str) -> CallbackRequest | None:
        found = (one for one in self.open() if (one.municipality, one.pii_number) == (municipality, pii_number))
        return next(found, None)

    async def asked_before(
        self, municipality: MunicipalityCode, pii_number: str, asked: CallbackFact
    ) -> tuple[CallbackRequest, CallbackFactKind] | None:
        for request in self.requests.values():
            if (request.municipality, request.pii_number) != (municipality, pii_number):
                continue
            for fact in self.history[request.id]:
                is_same = fact.kind in _ASKED and fact.detail == asked.detail
                if is_same and not self._closed_in(request.id, asked.detail):
                    return request, fact.kind
        return None

    def _closed_in(self, request_id: RequestId, asked: Mapping[str, object]) -> bool:
        closed = (fact for fact in self.history[request_id] if fact.kind is CallbackFactKind.CLOSED)
        return any(fact.detail.get("call_id") == asked.get("call_id") for fact in closed)

    async def request_and_attempt(self, attempt_id: AttemptId) -> tuple[CallbackRequest, CallbackAttempt] | None:
        attempt = self.tries.get(attempt_id)
        return None if attempt is None else (self.requests[attempt.request_id], attempt)

    async def attempts(self, request_id: RequestId) -> Sequence[CallbackAttempt]:
        found = (one for one in self.tries.values() if one.request_id == request_id)
        return sorted(found, key=lambda one: one.number)

    async def next_due(
        self,
        operator: OperatorNumber,
        teams: Collection[TeamCode],
        municipalities: Collection[MunicipalityCode],
        resumes: Mapping[MunicipalityCode, datetime],
        now: datetime,
    ) -> CallbackRequest | None:
        for request in self.open():
            owner = owner_now(request, self.absent, now)
            is_team = owner.operator is None and owner.team in teams
            is_owned = is_team or operator in (owner.operator, request.owner_operator)
            is_due = request.next_attempt_at is not None and request.next_attempt_at <= now
            is_hurried = now < request.deadline_at <= resumes.get(request.municipality, now)
            may_be_called = request.municipality in municipalities or is_hurried
            is_promise = request.kind is RequestKind.PROMISE and may_be_called
            busy = self._is_leased(request.pii_number) or await self.is_on_the_line(request.pii_number, now)
            if is_owned and is_due and is_promise and not busy:
                return request
        return None

    async def expired_leases(self, now: datetime, limit: int) -> Sequence[CallbackRequest]:
        found = [one for one in self.open() if one.lease_until_at is not None and one.lease_until_at <= now]
        return found[:limit]

    async def is_on_the_line(self, pii_number: str, now: datetime) -> bool:
        calls = (call for call in self.ledger.calls.values() if call.is_open and call.pii_caller_number == pii_number)
        return any(call.arrived_at > now - _ON_THE_LINE for call in calls)

    async def next_reference_number(self) -> int:
        return next(self.numbers)

    async def insert(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> CallbackRequest | None:
        if await self.open_request_of(request.municipality, request.pii_number) is not None:
            return None
        return await self.update(request, facts)

    async def update(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> CallbackRequest:
        others = (one for one in self.open() if one.id != request.id and one.pii_number == request.pii_number)
        if request.lease_owner is not None and any(one.lease_owner is not None for one in others):
            raise AlreadyTaken("this number is in another lease")
        stored = replace(request, last_seq=request.last_seq + len(facts))
        self.requests[request.id] = stored
        self.history[request.id] = (*self.history.get(request.id, ()), *facts)
        return stored

    async def write_attempt(self, attempt: CallbackAttempt) -> None:
        self.tries[attempt.id] = attempt

    async def insert_reminder(self, reminder: Reminder, way: ReminderWay, now: datetime) -> int | None:
        if (reminder.key, way) in self.reminders:
            return None
        self.reminders[reminder.key, way] = None
        return len(self.reminders) - 1

    async def finish_reminder(self, reminder_id: int, outcome: ReminderOutcome, now: datetime) -> None:
        self.reminders[list(self.reminders)[reminder_id]] = outcome

    def open(self) -> list[CallbackRequest]:
        return sorted((one for one in self.requests.values() if one.is_open), key=urgency)

    def _is_leased(self, pii_number: str) -> bool:
        return any(one.lease_owner is not None and one.pii_number == pii_number for one in self.open())


class FakeCallbackStore:
    """Fulfils `CallbackStore`; transactions come one after the other."""

    def __init__(self, ledger: FakeLedger | None = None) -> None:
        self.rows = FakeRows(ledger or FakeLedger())
        self.available = True
        self.lose_answers = 0
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[FakeRows]:
        async with self._one_at_a_time:
            await self._arrive()
            rows = self.rows
            before = {name: dict(getattr(rows, name)) for name in ("requests", "tries", "history", "reminders")}
            try:
                yield rows
            except BaseException:
                for name, kept in before.items():
                    setattr(rows, name, kept)
                raise
        if self.lose_answers:
            self.lose_answers -= 1
            raise StoreUnavailable("the answer was lost")

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        await self._arrive()
        return self.rows.requests.get(request_id)

    async def open_requests(self, kinds: Collection[RequestKind] = tuple(RequestKind)) -> Sequence[CallbackRequest]:
        await self._arrive()
        return [one for one in self.rows.open() if one.kind in kinds]

    async def open_requests_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> Sequence[CallbackRequest]:
        await self._arrive()
        return [one for one in self.rows.open() if one.pii_number == pii_number and one.municipality in municipalities]

    async def open_requests_of_team(self, team: TeamCode) -> Sequence[CallbackRequest]:
        await self._arrive()
        return [one for one in self.rows.open() if one.owner_team == team]

    async def asked_for(
        self, municipality: MunicipalityCode, caller: str | None, number: str | None, call_id: CallId, since: datetime
    ) -> AskedFor:
        await self._arrive()
        this = self.rows.ledger.calls.get(call_id)
        calls = [one for one in self.rows.ledger.calls.values() if one.arrived_at >= since and one.id != call_id]
        theirs = [one for one in calls if caller is not None and one.pii_caller_number == caller]
        numbers = {(one.municipality, one.pii_callback_number) for one in theirs if one.pii_callback_number is not None}
        asking = [one for one in theirs if one.pii_callback_number is None and one.stage is Stage.LEAVING_CALLBACK]
        before = [one for one in asking if this is not None and (one.arrived_at, one.id) < (this.arrived_at, this.id)]
        made = [one for one in self.rows.requests.values() if one.created_at >= since and one.reason in BY_CALLERS]
        made = [one for one in made if one.call_id != call_id]
        return AskedFor(
            len(numbers) + len(before),
            sum(one.pii_number == number for one in made),
            sum(one.municipality == municipality for one in made),
        )

    async def extend_leases_of_calls(self, asterisk_id: AsteriskId, lease_until_at: datetime) -> None:
        await self._arrive()
        going_on = {
            call.id for call in self.rows.ledger.calls.values() if call.is_open and call.asterisk_id == asterisk_id
        }
        for attempt in self.rows.tries.values():
            request = self.rows.requests[attempt.request_id]
            if attempt.is_open and attempt.call_id in going_on and request.lease_owner is not None:
                self.rows.requests[request.id] = replace(request, lease_until_at=lease_until_at)

    async def abandoned_calls(self, municipalities: Collection[MunicipalityCode], since: datetime) -> Sequence[Call]:
        await self._arrive()
        calls = [one for one in self.rows.ledger.calls.values() if one.arrived_at >= since]
        left = [one for one in calls if one.end_reason is EndReason.ABANDONED_WAITING and one.callback_request is None]
        here = [one for one in left if one.municipality in municipalities and one.pii_caller_number is not None]
        wanted = [one for one in here if not self._helped_since(one, calls) and not self._promised_since(one)]
        told = self.rows.ledger.told
        return [one for one in wanted if all(fact.kind is not FactKind.CALLBACK_LIMITED for fact in told[one.id])]

    async def note_limit(self, call: Call, limit: Limit, now: datetime) -> None:
        await self._arrive()
        ledger = self.rows.ledger
        if ledger.calls[call.id].last_seq == call.last_seq:
            ledger.calls[call.id] = replace(ledger.calls[call.id], last_seq=call.last_seq + 1)
            ledger.told[call.id].append(Fact(now, FactKind.CALLBACK_LIMITED, {"limit": limit.value}))

    def _helped_since(self, call: Call, calls: Sequence[Call]) -> bool:
        later = (one for one in calls if one.arrived_at > call.arrived_at and one.municipality == call.municipality)
        same = (one for one in later if one.pii_caller_number == call.pii_caller_number)
        return any(one.answered_at is not None or one.is_open for one in same)

    def _promised_since(self, call: Call) -> bool:
        requests = (one for one in self.rows.requests.values() if one.municipality == call.municipality)
        return any(
            one.call_id == call.id
            or any(fact.kind in _ASKED and fact.at >= call.arrived_at for fact in self.rows.history[one.id])
            for one in requests
            if one.pii_number == call.pii_caller_number
        )

    async def absences(self, now: datetime) -> Sequence[Absence]:
        await self._arrive()
        return [one for one in self.rows.absent if one.until_at is None or one.until_at > now]

    async def known_reminders(self, keys: Iterable[str]) -> Collection[str]:
        await self._arrive()
        return {key for key, _ in self.rows.reminders} & set(keys)

    async def _arrive(self) -> None:
        await asyncio.sleep(0)
        if not self.available:
            raise StoreUnavailable("the fake is switched off")
