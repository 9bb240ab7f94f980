"""A book of requests in memory with the rules of the real one; `tests/storage/test_callbacks.py` holds both to them.

book = FakeCallbacks()
book.available = False              # every change and read: StoreUnavailable
book.absences.append(Absence(…))
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from ari_app.core.area import Area
from ari_app.core.callback_changes import (
    Change,
    asked_fact,
    assigned,
    closed_as_helped,
    closed_by_person,
    ended,
    given_back,
    joined,
    leased,
    picked_up,
    request_from,
    settled,
    talking,
    unseen_end,
)
from ari_app.core.callback_rules import owner_now, urgency
from ari_app.core.callbacks import (
    Absence,
    AttemptOutcome,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Created,
    NewRequest,
    RequestKind,
    RequestState,
)
from ari_app.core.ids import (
    AttemptId,
    CallId,
    MunicipalityCode,
    OperatorNumber,
    RequestId,
    TeamCode,
    new_attempt_id,
    new_request_id,
)
from ari_app.core.ledger import AttemptOpen, LeaseLost, NoSuchRequest, RequestClosed, StoreUnavailable
from ari_app.core.references import reference_of
from ari_app.core.reminders import town_of


@dataclass
class FakeCallbacks:
    requests: dict[RequestId, CallbackRequest] = field(default_factory=dict)
    tries: dict[AttemptId, CallbackAttempt] = field(default_factory=dict)
    told: dict[RequestId, list[CallbackFact]] = field(default_factory=dict)
    absences: list[Absence] = field(default_factory=list)
    available: bool = True

    def __post_init__(self) -> None:
        self._numbers = count(1)

    async def create_or_join(self, new: NewRequest, area: Area) -> Created:
        await self._arrive()
        town = town_of(area, new.municipality)
        request = request_from(new, new_request_id(), reference_of(next(self._numbers)), town, area.special_days)
        same = [
            one
            for one in self.requests.values()
            if (one.municipality, one.pii_number) == (new.municipality, new.pii_number)
        ]
        detail = asked_fact(new, CallbackFactKind.CREATED).detail
        for one in same if new.call_id is not None else ():
            for fact in self.told[one.id]:
                if fact.detail == detail and not self._closed_in(one.id, detail):
                    return Created(one, joined=fact.kind is CallbackFactKind.JOINED)
        before = next((one for one in same if one.is_open), None)
        if before is not None:
            return Created(self._keep(joined(before, new, request)), joined=True)
        return Created(self._keep((request, [asked_fact(new, CallbackFactKind.CREATED)])), joined=False)

    def _closed_in(self, request_id: RequestId, asked: Mapping[str, object]) -> bool:
        """Whether it was closed as helped in the very call in which it was asked for."""
        closed = (fact for fact in self.told[request_id] if fact.kind is CallbackFactKind.CLOSED)
        return any(fact.detail.get("call_id") == asked.get("call_id") for fact in closed)

    async def assign(
        self,
        request_id: RequestId,
        team: TeamCode | None,
        operator: OperatorNumber | None,
        area: Area,
        by: str,
        now: datetime,
    ) -> CallbackRequest:
        request = await self._open(request_id)
        town = town_of(area, request.municipality)
        return self._keep(assigned(request, team, operator, town, area.special_days, by, now))

    async def close_by_person(self, request_id: RequestId, pii_reason: str, by: str, now: datetime) -> CallbackRequest:
        return self._keep(closed_by_person(await self._open(request_id), pii_reason, by, now))

    async def close_as_helped(
        self, request_id: RequestId, by: OperatorNumber, talk_began_at: datetime, now: datetime, call_id: CallId
    ) -> CallbackRequest:
        return self._keep(closed_as_helped(await self._open(request_id), by, talk_began_at, now, call_id))

    async def open_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> tuple[CallbackRequest, ...]:
        found = await self.open_requests()
        return tuple(one for one in found if one.pii_number == pii_number and one.municipality in municipalities)

    async def open_requests(self, kinds: Collection[RequestKind] = tuple(RequestKind)) -> tuple[CallbackRequest, ...]:
        await self._arrive()
        found = (one for one in self.requests.values() if one.is_open and one.kind in kinds)
        return tuple(sorted(found, key=urgency))

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        await self._arrive()
        return self.requests.get(request_id)

    async def attempts(self, request_id: RequestId) -> tuple[CallbackAttempt, ...]:
        await self._arrive()
        return tuple(self._attempts(request_id))

    async def facts(self, request_id: RequestId) -> tuple[CallbackFact, ...]:
        await self._arrive()
        return tuple(self.told[request_id])

    async def claim_next(
        self,
        operator: OperatorNumber,
        teams: Collection[TeamCode],
        municipalities: Collection[MunicipalityCode],
        now: datetime,
        *,
        lease_until_at: datetime,
        lease_owner: str,
        kinds: Collection[RequestKind] = (RequestKind.PROMISE,),
    ) -> CallbackRequest | None:
        for request in await self.open_requests(kinds):
            owner = owner_now(request, self.absences, now)
            is_theirs = operator in (owner.operator, request.owner_operator) or (
                owner.operator is None and owner.team in teams
            )
            is_due = request.next_attempt_at is not None and request.next_attempt_at <= now
            if is_theirs and is_due and request.municipality in municipalities and not self._in_lease(request):
                return self._keep(leased(request, operator, lease_owner, lease_until_at, now))
        return None

    async def claim(
        self,
        request_id: RequestId,
        operator: OperatorNumber,
        now: datetime,
        *,
        lease_until_at: datetime,
        lease_owner: str,
    ) -> CallbackRequest | None:
        request = await self._open(request_id)
        if request.lease_owner == lease_owner:
            return self._keep((replace(request, lease_until_at=lease_until_at), []))
        if self._in_lease(request):
            return None
        return self._keep(leased(request, operator, lease_owner, lease_until_at, now))

    async def extend_lease(self, request_id: RequestId, lease_owner: str, lease_until_at: datetime) -> bool:
        await self._arrive()
        request = self.requests[request_id]
        if request.lease_owner == lease_owner:
            self._keep((replace(request, lease_until_at=lease_until_at), []))
        return request.lease_owner == lease_owner

    async def release(self, request_id: RequestId, lease_owner: str, now: datetime) -> CallbackRequest:
        request = await self._held(request_id, lease_owner)
        if any(one.is_open for one in self._attempts(request_id)):
            raise AttemptOpen(request.reference)
        return self._keep(given_back(request, CallbackFactKind.RELEASED, now))

    async def start_attempt(
        self, request_id: RequestId, lease_owner: str, operator: OperatorNumber, call_id: CallId | None, now: datetime
    ) -> CallbackAttempt:
        request = await self._held(request_id, lease_owner)
        before = self._attempts(request_id)
        for one in before:
            if call_id is not None and one.call_id == call_id:
                return one
            if one.is_open:
                raise AttemptOpen(request.reference)
        attempt = CallbackAttempt(new_attempt_id(), request_id, len(before) + 1, operator, now, call_id)
        self.tries[attempt.id] = attempt
        fact = CallbackFact(now, CallbackFactKind.ATTEMPT_STARTED, {"number": attempt.number, "operator": operator})
        self._keep((replace(request, first_attempt_at=request.first_attempt_at or now), [fact]))
        return attempt

    async def attempt_answered(self, attempt_id: AttemptId, at: datetime) -> None:
        attempt = await self._attempt(attempt_id)
        if attempt.answered_at is None and attempt.is_open:
            self.tries[attempt_id], fact = picked_up(attempt, at)
            self._keep((self.requests[attempt.request_id], [fact]))

    async def talk_began(self, attempt_id: AttemptId, at: datetime) -> None:
        attempt = await self._attempt(attempt_id)
        if attempt.reached_at is None and attempt.is_open:
            self.tries[attempt_id], fact = talking(attempt, at)
            self._keep((self.requests[attempt.request_id], [fact]))

    async def end_attempt(
        self,
        attempt_id: AttemptId,
        outcome: AttemptOutcome,
        area: Area,
        now: datetime,
        *,
        answered_at: datetime | None = None,
        reached_at: datetime | None = None,
    ) -> CallbackRequest:
        attempt = await self._attempt(attempt_id)
        request = self.requests[attempt.request_id]
        if attempt.outcome not in (None, AttemptOutcome.LOST) or attempt.outcome is outcome:
            return request
        known = replace(
            attempt,
            answered_at=attempt.answered_at or answered_at,
            reached_at=attempt.reached_at or reached_at,
        )
        if outcome is AttemptOutcome.REACHED:
            assert known.answered_at is not None, "a citizen who did not answer was not reached"
            assert known.reached_at is not None, "without a talk nobody was reached"
        return self._end(request, known, outcome, area, now)

    async def sweep_leases(self, area: Area, now: datetime) -> tuple[RequestId, ...]:
        await self._arrive()
        expired = [
            one for one in self.requests.values() if one.lease_until_at is not None and one.lease_until_at <= now
        ]
        for request in expired:
            freed, facts = given_back(request, CallbackFactKind.LEASE_EXPIRED, now)
            attempts = self._attempts(request.id)
            if attempts and attempts[-1].is_open:
                self._end(self._keep((request, facts)), attempts[-1], unseen_end(attempts[-1]), area, now)
            else:
                self._keep((freed, facts))
        return tuple(request.id for request in expired)

    def _end(
        self,
        request: CallbackRequest,
        attempt: CallbackAttempt,
        outcome: AttemptOutcome,
        area: Area,
        now: datetime,
    ) -> CallbackRequest:
        corrects = not attempt.is_open
        self.tries[attempt.id] = ended(attempt, outcome, now)
        told = CallbackFact(
            now, CallbackFactKind.ATTEMPT_ENDED, {"number": attempt.number, "outcome": outcome, "late": corrects}
        )
        if not request.is_open or (corrects and request.state is RequestState.IN_PROGRESS):
            return self._keep((request, [told]))
        town = town_of(area, request.municipality)
        attempts = self._attempts(request.id)
        if outcome is not AttemptOutcome.REACHED and attempts[-1].number > attempt.number:
            return self._keep((request, [told]))
        over = self.tries[attempt.id]
        changed, facts = settled(request, over, attempts, town, area.special_days, now)
        return self._keep((changed, [told, *facts]))

    def _keep(self, change: Change) -> CallbackRequest:
        request, facts = change
        stored = replace(request, last_seq=request.last_seq + len(facts))
        self.requests[request.id] = stored
        self.told.setdefault(request.id, []).extend(facts)
        return stored

    def _in_lease(self, request: CallbackRequest) -> bool:
        return any(
            one.lease_owner is not None and one.pii_number == request.pii_number for one in self.requests.values()
        )

    def _attempts(self, request_id: RequestId) -> list[CallbackAttempt]:
        found = (one for one in self.tries.values() if one.request_id == request_id)
        return sorted(found, key=lambda one: one.number)

    async def _attempt(self, attempt_id: AttemptId) -> CallbackAttempt:
        await self._arrive()
        if attempt_id not in self.tries:
            raise NoSuchRequest(f"there is no attempt {attempt_id}")
        return self.tries[attempt_id]

    async def _open(self, request_id: RequestId) -> CallbackRequest:
        await self._arrive()
        if request_id not in self.requests:
            raise NoSuchRequest(str(request_id))
        request = self.requests[request_id]
        if not request.is_open:
            raise RequestClosed(request.reference)
        return request

    async def _held(self, request_id: RequestId, lease_owner: str) -> CallbackRequest:
        request = await self._open(request_id)
        if request.lease_owner != lease_owner:
            raise LeaseLost(request.reference)
        return request

    async def _arrive(self) -> None:
        await asyncio.sleep(0)
        if not self.available:
            raise StoreUnavailable("the fake is switched off")
