"""Requests to be called back, over Postgres: made, joined, assigned, called, closed.

Every change is one transaction that holds the request's row, and leaves a fact. News of it is told after the commit.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.core.area import Area
from ari_app.core.callback_changes import (
    asked_fact,
    assigned,
    closed_as_helped,
    closed_by_person,
    joined,
    request_from,
)
from ari_app.core.callbacks import (
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Created,
    NewRequest,
    RequestKind,
)
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, RequestId, TeamCode, new_request_id
from ari_app.core.references import reference_of
from ari_app.core.reminders import town_of
from ari_app.storage.callbacks.leases import CallbackLeases
from ari_app.storage.callbacks.store import (
    ATTEMPT,
    ATTEMPTS_OF,
    REQUEST,
    SELECT_REQUEST,
    Connection,
    as_json,
    open_request,
    write_facts,
)

_INSERT = (
    f"INSERT INTO callback_request ({REQUEST.listed()}) VALUES ({REQUEST.parameters(1)}) "
    "ON CONFLICT (municipality, pii_number) WHERE closed_at IS NULL DO NOTHING RETURNING id"
)
_ASKED_BEFORE = (
    f"SELECT {REQUEST.listed(prefix='r.')}, f.kind AS told FROM callback_request r "
    "JOIN callback_fact f ON f.request_id = r.id AND f.kind IN ('created', 'joined') "
    "WHERE r.municipality = $1 AND r.pii_number = $2 AND f.detail = $3::jsonb "
    # ... and was not closed again in this very call, as helped.
    "AND NOT EXISTS (SELECT FROM callback_fact c WHERE c.request_id = r.id AND c.kind = 'closed' "
    "AND c.detail->>'call_id' = f.detail->>'call_id') LIMIT 1"
)


class PostgresCallbacks(CallbackLeases):
    """The book of requests: made, joined, assigned, closed; claimed and tried as `CallbackLeases` says."""

    async def create_or_join(self, new: NewRequest, area: Area) -> Created:
        """A new request with its deadline; or the open one of this number and municipality, which knows of it now.

        The same call may ask again, after a crash: it finds its own request, and nothing is added.
        Raises StoreUnavailable, RowRefused.
        """
        municipality = town_of(area, new.municipality)
        async with self.transaction() as connection:
            before = None if new.call_id is None else await _asked_before(connection, new)
            if before is not None:
                return before
            while True:
                number = await connection.fetchval("SELECT nextval('callback_reference')")
                request = request_from(new, new_request_id(), reference_of(number), municipality, area.special_days)
                request = replace(request, last_seq=1)
                if await connection.fetch(_INSERT, *REQUEST.values(request)):
                    await write_facts(connection, request.id, 0, [asked_fact(new, CallbackFactKind.CREATED)])
                    self.tell(connection, request.id)
                    return Created(request, joined=False)
                where = " WHERE municipality = $1 AND pii_number = $2 AND closed_at IS NULL FOR UPDATE"
                row = await connection.fetchrow(SELECT_REQUEST + where, new.municipality, new.pii_number)
                if row is not None:  # else it was closed between the two statements
                    change = joined(REQUEST.read(row), new, request)
                    return Created(await self.write(connection, *change), joined=True)

    async def assign(
        self,
        request_id: RequestId,
        team: TeamCode | None,
        operator: OperatorNumber | None,
        area: Area,
        by: str,
        now: datetime,
    ) -> CallbackRequest:
        """Another owner; the deadline stays. With a team alone it is nobody's in particular.

        A request that waited for a decision is to be tried again from now on. Raises NoSuchRequest, RequestClosed.
        """
        async with self.transaction() as connection:
            request = await open_request(connection, request_id)
            town = town_of(area, request.municipality)
            change = assigned(request, team, operator, town, area.special_days, by, now)
            return await self.write(connection, *change)

    async def close_by_person(self, request_id: RequestId, pii_reason: str, by: str, now: datetime) -> CallbackRequest:
        """Somebody decides that nobody is to be called any more. Raises NoSuchRequest, RequestClosed, CloseRefused."""
        async with self.transaction() as connection:
            request = await open_request(connection, request_id)
            return await self.write(connection, *closed_by_person(request, pii_reason, by, now))

    async def close_as_helped(
        self, request_id: RequestId, by: OperatorNumber, talk_began_at: datetime, now: datetime, call_id: CallId
    ) -> CallbackRequest:
        """The citizen called again and was helped. Raises NoSuchRequest, RequestClosed, CloseRefused."""
        async with self.transaction() as connection:
            request = await open_request(connection, request_id)
            return await self.write(connection, *closed_as_helped(request, by, talk_began_at, now, call_id))

    async def change(self, request: CallbackRequest, facts: Sequence[CallbackFact]) -> bool:
        """Store the next version of an open row; False when it is another one by now. Raises StoreUnavailable."""
        async with self.transaction() as connection:
            row = await connection.fetchrow(f"{SELECT_REQUEST} WHERE id = $1 FOR UPDATE", request.id)
            if row is None or row["last_seq"] != request.last_seq:
                return False
            await self.write(connection, request, facts)
            return True

    async def open_of_number(
        self, pii_number: str, municipalities: Collection[MunicipalityCode]
    ) -> tuple[CallbackRequest, ...]:
        """What somebody is to be called back for, to be shown to an operator of these when they call again.

        Raises StoreUnavailable.
        """
        where = "WHERE pii_number = $1 AND municipality = ANY($2) AND closed_at IS NULL ORDER BY plan_by_at, id"
        rows = await self.fetch(f"{SELECT_REQUEST} {where}", pii_number, sorted(municipalities))
        return tuple(map(REQUEST.read, rows))

    async def open_requests(self, kinds: Collection[RequestKind] = tuple(RequestKind)) -> tuple[CallbackRequest, ...]:
        """All that are open, those first that must be done first. Raises StoreUnavailable."""
        query = f"{SELECT_REQUEST} WHERE closed_at IS NULL AND kind = ANY($1) ORDER BY plan_by_at, deadline_at, id"
        return tuple(map(REQUEST.read, await self.fetch(query, sorted(kinds))))

    async def request(self, request_id: RequestId) -> CallbackRequest | None:
        """Raises StoreUnavailable."""
        rows = await self.fetch(f"{SELECT_REQUEST} WHERE id = $1", request_id)
        return REQUEST.read(rows[0]) if rows else None

    async def attempts(self, request_id: RequestId) -> tuple[CallbackAttempt, ...]:
        """In their order. Raises StoreUnavailable."""
        return tuple(map(ATTEMPT.read, await self.fetch(ATTEMPTS_OF, request_id)))

    async def facts(self, request_id: RequestId) -> tuple[CallbackFact, ...]:
        """In the order in which they were told, personal data included. Raises StoreUnavailable."""
        query = "SELECT at, kind, detail FROM callback_fact WHERE request_id = $1 ORDER BY seq"
        rows = await self.fetch(query, request_id)
        return tuple(CallbackFact(r["at"], CallbackFactKind(r["kind"]), json.loads(r["detail"])) for r in rows)


async def _asked_before(connection: Connection, new: NewRequest) -> Created | None:
    """This very question of this very call; somebody asks it again who does not know whether it was stored."""
    row = await connection.fetchrow(
        _ASKED_BEFORE, new.municipality, new.pii_number, as_json(asked_fact(new, CallbackFactKind.CREATED).detail)
    )
    return None if row is None else Created(REQUEST.read(row), joined=row["told"] == CallbackFactKind.JOINED)
