"""Who calls whom: leases, so that nobody is called twice at once, and the attempts made under them.

A lease is a request's row that names its owner until a moment. A unique index lets one number be in one lease only,
whatever it is to be called for. A lease that its owner does not extend is swept; its attempt is `lost`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from ari_app.core.area import Area
from ari_app.core.callback_changes import ended, given_back, leased, picked_up, settled, talking, unseen_end
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    RequestKind,
    RequestState,
)
from ari_app.core.ids import (
    AsteriskId,
    AttemptId,
    CallId,
    MunicipalityCode,
    OperatorNumber,
    RequestId,
    TeamCode,
    new_attempt_id,
)
from ari_app.core.ledger import AlreadyTaken, AttemptOpen, LeaseLost, NoSuchRequest
from ari_app.core.reminders import town_of
from ari_app.storage.callbacks.store import (
    ATTEMPT,
    REQUEST,
    SELECT_REQUEST,
    CallbackStore,
    Connection,
    attempts_of,
    open_request,
)

#: somebody who is on the line with us already would only be found busy; a row that old is a dead node's
_ON_THE_LINE = """EXISTS (SELECT FROM call c WHERE c.ended_at IS NULL AND c.pii_caller_number = {number}
    AND c.arrived_at > {now}::timestamptz - interval '4 hours')"""
_IS_ON_THE_LINE = f"SELECT {_ON_THE_LINE.format(number='$1', now='$2')}"
_NEXT = f"""
SELECT {REQUEST.listed(prefix="r.")} FROM callback_request r
WHERE r.closed_at IS NULL AND r.lease_owner IS NULL AND r.next_attempt_at <= $1
  AND (r.owner_team = ANY($2::text[]) OR r.owner_operator = $3) AND r.municipality = ANY($4::text[])
  AND r.kind = ANY($5::text[])
  AND (r.owner_operator IS NULL OR r.owner_operator = $3 OR r.personal_until_at <= $1
    OR EXISTS (SELECT FROM operator_absence a WHERE a.operator = r.owner_operator
      AND a.from_at <= $1 AND (a.until_at IS NULL OR a.until_at > $1)))
  AND NOT EXISTS (SELECT FROM callback_request o WHERE o.pii_number = r.pii_number AND o.lease_owner IS NOT NULL)
  AND NOT {_ON_THE_LINE.format(number="r.pii_number", now="$1")}
ORDER BY r.plan_by_at, r.deadline_at, r.first_contact_at, r.id LIMIT 1 FOR UPDATE OF r SKIP LOCKED"""
#: expired leases in one transaction
_BATCH = 50
_EXPIRED = f"{SELECT_REQUEST} WHERE lease_until_at <= $1 ORDER BY id LIMIT {_BATCH} FOR UPDATE SKIP LOCKED"
_EXTEND = "UPDATE callback_request SET lease_until_at = $3 WHERE id = $1 AND lease_owner = $2 RETURNING id"
_EXTEND_CALLS = """
UPDATE callback_request r SET lease_until_at = $2 FROM callback_attempt a JOIN call c ON c.id = a.call_id
WHERE a.request_id = r.id AND a.ended_at IS NULL AND r.lease_owner IS NOT NULL
  AND c.ended_at IS NULL AND c.asterisk_id = $1 AND r.lease_until_at < $2"""
_STORE_ATTEMPT = (
    f"INSERT INTO callback_attempt ({ATTEMPT.listed()}) VALUES ({ATTEMPT.parameters(1)}) "
    f"ON CONFLICT (id) DO UPDATE SET {ATTEMPT.overwritten(by='excluded', keys=('id', 'request_id', 'number'))}"
)
_THE_ATTEMPT = f"SELECT {ATTEMPT.listed()} FROM callback_attempt WHERE id = $1"
#: somebody else was faster, again and again
_TRIES = 10


class CallbackLeases(CallbackStore):
    """Claims, attempts and their outcomes. `lease_owner` extends the lease: a call, or an operator's session."""

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
        """The request that this operator should do first, leased; None when there is nothing to do now.

        `municipalities` are those in which citizens may be called at this moment. Raises StoreUnavailable.
        """
        wanted = (now, sorted(teams), operator, sorted(municipalities), sorted(kinds))
        for _ in range(_TRIES):
            try:
                async with self.transaction() as connection:
                    row = await connection.fetchrow(_NEXT, *wanted)
                    if row is None:
                        return None
                    change = leased(REQUEST.read(row), operator, lease_owner, lease_until_at, now)
                    return await self.write(connection, *change)
            except AlreadyTaken:
                continue  # another request of the same number was claimed at the same moment
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
        """This very request, leased; None when it, or its number, is being called already.

        An owner who has it gets it again. Raises NoSuchRequest, RequestClosed, StoreUnavailable.
        """
        try:
            async with self.transaction() as connection:
                request = await open_request(connection, request_id)
                if request.lease_owner == lease_owner:
                    await connection.execute(_EXTEND, request_id, lease_owner, lease_until_at)
                    return replace(request, lease_until_at=lease_until_at)
                if request.lease_owner is not None:
                    return None
                if await connection.fetchval(_IS_ON_THE_LINE, request.pii_number, now):
                    return None
                return await self.write(connection, *leased(request, operator, lease_owner, lease_until_at, now))
        except AlreadyTaken:
            return None

    async def extend_lease(self, request_id: RequestId, lease_owner: str, lease_until_at: datetime) -> bool:
        """False when it is not this lease owner's any more. Raises StoreUnavailable."""
        return bool(await self.fetch(_EXTEND, request_id, lease_owner, lease_until_at))

    async def extend_leases_of_calls(self, asterisk_id: AsteriskId, lease_until_at: datetime) -> None:
        """Those whose attempt has a call of this Asterisk that goes on. Raises StoreUnavailable."""
        await self.fetch(_EXTEND_CALLS, asterisk_id, lease_until_at)

    async def release(self, request_id: RequestId, lease_owner: str, now: datetime) -> CallbackRequest:
        """Back as it was: nobody was called. Raises NoSuchRequest, RequestClosed, LeaseLost, AttemptOpen."""
        async with self.transaction() as connection:
            request = await _held(connection, request_id, lease_owner)
            if any(attempt.is_open for attempt in await attempts_of(connection, request_id)):
                raise AttemptOpen(f"{request.reference} has an attempt that is not over")
            return await self.write(connection, *given_back(request, CallbackFactKind.RELEASED, now))

    async def start_attempt(
        self, request_id: RequestId, lease_owner: str, operator: OperatorNumber, call_id: CallId | None, now: datetime
    ) -> CallbackAttempt:
        """To be stored before anybody is dialled. The same call may ask again, and gets its attempt.

        Raises NoSuchRequest, RequestClosed, LeaseLost, AttemptOpen, StoreUnavailable.
        """
        async with self.transaction() as connection:
            request = await _held(connection, request_id, lease_owner)
            attempts = await attempts_of(connection, request_id)
            for attempt in attempts:
                if call_id is not None and attempt.call_id == call_id:
                    return attempt
                if attempt.is_open:
                    raise AttemptOpen(f"{request.reference} has an attempt that is not over")
            attempt = CallbackAttempt(new_attempt_id(), request_id, len(attempts) + 1, operator, now, call_id)
            await connection.execute(_STORE_ATTEMPT, *ATTEMPT.values(attempt))
            fact = CallbackFact(
                now,
                CallbackFactKind.ATTEMPT_STARTED,
                {"number": attempt.number, "operator": operator, "call_id": _text(call_id)},
            )
            await self.write(connection, replace(request, first_attempt_at=request.first_attempt_at or now), [fact])
            return attempt

    async def attempt_answered(self, attempt_id: AttemptId, at: datetime) -> None:
        """The citizen's leg was answered; told twice, the first stays. Raises NoSuchRequest, StoreUnavailable."""
        async with self.transaction() as connection:
            request, attempt = await _request_and_attempt(connection, attempt_id)
            if attempt.answered_at is None and attempt.is_open:
                await self._progress(connection, request, *picked_up(attempt, at))

    async def talk_began(self, attempt_id: AttemptId, at: datetime) -> None:
        """Citizen and operator hear each other; whatever becomes of this process, the citizen was reached.

        Told twice, the first stays. Raises NoSuchRequest, StoreUnavailable.
        """
        async with self.transaction() as connection:
            request, attempt = await _request_and_attempt(connection, attempt_id)
            if attempt.reached_at is None and attempt.is_open:
                await self._progress(connection, request, *talking(attempt, at))

    async def _progress(
        self, connection: Connection, request: CallbackRequest, attempt: CallbackAttempt, fact: CallbackFact
    ) -> None:
        await connection.execute(_STORE_ATTEMPT, *ATTEMPT.values(attempt))
        await self.write(connection, request, [fact])

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
        """What came of it, and what the request becomes by that; the lease ends. Told twice, the first stays.

        The truth may come after the sweep took the attempt for lost; then it is corrected. `reached` needs both
        moments, of the citizen's answer and of the talk. Raises NoSuchRequest, RowRefused, StoreUnavailable.
        """
        async with self.transaction() as connection:
            request, attempt = await _request_and_attempt(connection, attempt_id)
            if attempt.outcome not in (None, AttemptOutcome.LOST) or attempt.outcome is outcome:
                return request
            known = replace(
                attempt,
                answered_at=attempt.answered_at or answered_at,
                reached_at=attempt.reached_at or reached_at,
            )
            was_lost = attempt.outcome is AttemptOutcome.LOST
            over = ended(known, outcome, now)
            return await self._end(connection, request, over, area, now, corrects=was_lost)

    async def sweep_leases(self, area: Area, now: datetime) -> tuple[RequestId, ...]:
        """Give back what its owner did not extend; an attempt under it is lost, unless a talk had begun.

        Raises StoreUnavailable.
        """
        swept: list[RequestId] = []
        while True:
            async with self.transaction() as connection:
                rows = await connection.fetch(_EXPIRED, now)
                for row in rows:
                    await self._sweep(connection, REQUEST.read(row), area, now)
                    swept.append(row["id"])
            if len(rows) < _BATCH:
                return tuple(swept)

    async def _sweep(self, connection: Connection, request: CallbackRequest, area: Area, now: datetime) -> None:
        freed, facts = given_back(request, CallbackFactKind.LEASE_EXPIRED, now)
        attempts = await attempts_of(connection, request.id)
        if attempts and attempts[-1].is_open:
            request = await self.write(connection, request, facts)
            over = ended(attempts[-1], unseen_end(attempts[-1]), now)
            await self._end(connection, request, over, area, now)
        else:
            await self.write(connection, freed, facts)

    async def _end(
        self,
        connection: Connection,
        request: CallbackRequest,
        over: CallbackAttempt,
        area: Area,
        now: datetime,
        *,
        corrects: bool = False,
    ) -> CallbackRequest:
        await connection.execute(_STORE_ATTEMPT, *ATTEMPT.values(over))
        told = CallbackFact(
            now, CallbackFactKind.ATTEMPT_ENDED, {"number": over.number, "outcome": over.outcome, "late": corrects}
        )
        somebody_else_has_it = corrects and request.state is RequestState.IN_PROGRESS
        if not request.is_open or somebody_else_has_it:
            return await self.write(connection, request, [told])
        attempts = await attempts_of(connection, request.id)
        if over.outcome is not AttemptOutcome.REACHED and attempts[-1].number > over.number:
            return await self.write(connection, request, [told])  # a later attempt says what is next
        town = town_of(area, request.municipality)
        changed, facts = settled(request, over, attempts, town, area.special_days, now)
        return await self.write(connection, changed, [told, *facts])


async def _held(connection: Connection, request_id: RequestId, lease_owner: str) -> CallbackRequest:
    request = await open_request(connection, request_id)
    if request.lease_owner != lease_owner:
        raise LeaseLost(f"{request.reference} is not held by {lease_owner}")
    return request


async def _request_and_attempt(
    connection: Connection, attempt_id: AttemptId
) -> tuple[CallbackRequest, CallbackAttempt]:
    """The request's row is held before its attempt is read, as in every other change."""
    where = "WHERE id = (SELECT request_id FROM callback_attempt WHERE id = $1) FOR UPDATE"
    row = await connection.fetchrow(f"{SELECT_REQUEST} {where}", attempt_id)
    if row is None:
        raise NoSuchRequest(f"there is no attempt {attempt_id}")
    attempt = await connection.fetchrow(_THE_ATTEMPT, attempt_id)
    assert attempt is not None
    return REQUEST.read(row), ATTEMPT.read(attempt)


def _text(call_id: CallId | None) -> str | None:
    return None if call_id is None else str(call_id)
