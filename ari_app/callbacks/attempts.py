"""Leases and attempts: one operator calls a number at a time, and each attempt ends with an outcome.

A lease names its owner until a moment; nobody else may call that number meanwhile, whatever it is about. A lease that
its owner does not extend is swept, and its attempt is `lost`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ari_app.callbacks.ports import CallbackRows
from ari_app.callbacks.requests import Requests, open_request
from ari_app.core.area import Area
from ari_app.core.callback_attempts import (
    after_attempt,
    attempt_of_call,
    ended,
    no_attempt_open,
    picked_up,
    started,
    talking,
    unseen_end,
)
from ari_app.core.callback_changes import given_back, leased, not_callable
from ari_app.core.callback_rules import LEASE, callable_towns, calling_resumes, town_of
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
)
from ari_app.core.ids import AsteriskId, AttemptId, CallId, OperatorNumber, RequestId, new_attempt_id
from ari_app.core.ledger import AlreadyTaken, LeaseLost, NoSuchRequest
from ari_app.core.skills import teams_of

#: how often another program may be faster before a claim gives up
_TRIES = 10
#: expired leases in one transaction
_BATCH = 10


class Attempts(Requests):
    """Claims, attempts and their outcomes. `lease_owner` extends the lease: a call, or an operator's session."""

    async def claim_next(self, operator: OperatorNumber, now: datetime, *, lease_owner: str) -> CallbackRequest | None:
        """The promise that this operator should keep first, leased; None when there is nothing to do now.

        Of every municipality whose citizens may be called now, since a request may be given to a team that does not
        answer for its municipality; outside the hours for calling only when its deadline comes before they resume.
        """
        area = self._area()
        teams = [team.code for team in teams_of(area, operator)]
        towns, resumes = callable_towns(area, now), calling_resumes(area, now)
        for _ in range(_TRIES):
            try:
                async with self._store.transaction() as rows:
                    while (request := await rows.next_due(operator, teams, towns, resumes, now)) is not None:
                        refused = not_callable(request, area, now)
                        if refused is None:
                            return await rows.update(*leased(request, operator, lease_owner, now + LEASE, now))
                        await rows.update(*refused)
                    return None
            except AlreadyTaken:
                continue  # another request of the same number was claimed at the same moment
        return None

    async def claim(
        self, request_id: RequestId, operator: OperatorNumber, now: datetime, *, lease_owner: str
    ) -> CallbackRequest | None:
        """This very request, leased; None when it, or its number, is being called already, or may not be called.

        Idempotent: the owner of the lease gets it again, longer. Raises NoSuchRequest, RequestClosed.
        """
        try:
            async with self._store.transaction() as rows:
                request = await open_request(rows, request_id)
                if request.lease_owner == lease_owner:
                    change, _ = leased(request, operator, lease_owner, now + LEASE, now)
                    return await rows.update(change, [])
                if request.lease_owner is not None or await rows.is_on_the_line(request.pii_number, now):
                    return None
                refused = not_callable(request, self._area(), now)
                if refused is not None:
                    await rows.update(*refused)
                    return None
                return await rows.update(*leased(request, operator, lease_owner, now + LEASE, now))
        except AlreadyTaken:
            return None

    async def release(self, request_id: RequestId, lease_owner: str, now: datetime) -> CallbackRequest:
        """As before the lease: nobody was called. Raises NoSuchRequest, RequestClosed, LeaseLost, AttemptOpen."""
        async with self._store.transaction() as rows:
            request = await _leased_to(rows, request_id, lease_owner)
            no_attempt_open(request, await rows.attempts(request_id))
            return await rows.update(*given_back(request, CallbackFactKind.RELEASED, now))

    async def extend_leases_of_calls(self, asterisk_id: AsteriskId, now: datetime) -> None:
        """The leases whose attempt has a call of this Asterisk that goes on."""
        await self._store.extend_leases_of_calls(asterisk_id, now + LEASE)

    async def start_attempt(
        self, request_id: RequestId, lease_owner: str, operator: OperatorNumber, call_id: CallId | None, now: datetime
    ) -> CallbackAttempt:
        """To be stored before anybody is dialled. Idempotent: the same call gets its own attempt again.

        Raises NoSuchRequest, RequestClosed, LeaseLost, AttemptOpen.
        """
        async with self._store.transaction() as rows:
            request = await _leased_to(rows, request_id, lease_owner)
            attempts = await rows.attempts(request_id)
            known = attempt_of_call(attempts, call_id)
            if known is not None:
                return known
            attempt, change = started(request, attempts, new_attempt_id(), operator, call_id, now)
            await rows.write_attempt(attempt)
            await rows.update(*change)
            return attempt

    async def attempt_answered(self, attempt_id: AttemptId, at: datetime) -> None:
        """The citizen's leg was answered. Idempotent, the first moment stays. Raises NoSuchRequest."""
        async with self._store.transaction() as rows:
            request, attempt = await _request_and_attempt(rows, attempt_id)
            await _go_on(rows, request, picked_up(attempt, at))

    async def talk_began(self, attempt_id: AttemptId, at: datetime) -> None:
        """Citizen and operator hear each other: the citizen was reached, even if this process dies now.

        Idempotent, the first moment stays. Raises NoSuchRequest.
        """
        async with self._store.transaction() as rows:
            request, attempt = await _request_and_attempt(rows, attempt_id)
            await _go_on(rows, request, talking(attempt, at))

    async def end_attempt(
        self,
        attempt_id: AttemptId,
        outcome: AttemptOutcome,
        now: datetime,
        *,
        answered_at: datetime | None = None,
        reached_at: datetime | None = None,
    ) -> CallbackRequest:
        """The outcome of an attempt, and what the request becomes by it; the lease ends. Idempotent, the first stays.

        The truth may come after the sweep took the attempt for lost; then it is corrected. `REACHED` needs both
        moments, of the citizen's answer and of the talk: the store refuses it without. Raises NoSuchRequest.
        """
        area = self._area()
        async with self._store.transaction() as rows:
            request, attempt = await _request_and_attempt(rows, attempt_id)
            over = ended(attempt, outcome, now, answered_at=answered_at, reached_at=reached_at)
            if over is None:
                return request
            return await _end(rows, request, over, area, now, is_correction=not attempt.is_open)

    async def sweep_leases(self, now: datetime) -> Sequence[RequestId]:
        """Take back the leases that expired; an attempt under one is lost, unless a talk had begun."""
        area = self._area()
        swept: list[RequestId] = []
        while True:
            async with self._store.transaction() as rows:
                expired = await rows.expired_leases(now, _BATCH)
                for request in expired:
                    await _sweep(rows, request, area, now)
            swept += [request.id for request in expired]
            if len(expired) < _BATCH:
                return swept


async def _leased_to(rows: CallbackRows, request_id: RequestId, lease_owner: str) -> CallbackRequest:
    request = await open_request(rows, request_id)
    if request.lease_owner != lease_owner:
        raise LeaseLost(f"{request.reference} is not leased to {lease_owner}")
    return request


async def _request_and_attempt(rows: CallbackRows, attempt_id: AttemptId) -> tuple[CallbackRequest, CallbackAttempt]:
    found = await rows.request_and_attempt(attempt_id)
    if found is None:
        raise NoSuchRequest(f"there is no attempt {attempt_id}")
    return found


async def _go_on(
    rows: CallbackRows, request: CallbackRequest, change: tuple[CallbackAttempt, CallbackFact] | None
) -> None:
    if change is not None:
        attempt, fact = change
        await rows.write_attempt(attempt)
        await rows.update(request, [fact])


async def _sweep(rows: CallbackRows, request: CallbackRequest, area: Area, now: datetime) -> None:
    freed, facts = given_back(request, CallbackFactKind.LEASE_EXPIRED, now)
    last = next(reversed(await rows.attempts(request.id)), None)
    over = None if last is None or not last.is_open else ended(last, unseen_end(last), now)
    if over is None:
        await rows.update(freed, facts)
    else:
        await _end(rows, await rows.update(request, facts), over, area, now)


async def _end(
    rows: CallbackRows,
    request: CallbackRequest,
    over: CallbackAttempt,
    area: Area,
    now: datetime,
    *,
    is_correction: bool = False,
) -> CallbackRequest:
    await rows.write_attempt(over)
    attempts = await rows.attempts(request.id)
    town = town_of(area, request.municipality)
    return await rows.update(
        *after_attempt(request, over, attempts, town, area.special_days, now, is_correction=is_correction)
    )
