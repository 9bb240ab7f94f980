"""Lists, stories and figures of callbacks. Every query takes a Scope."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from ari_app.core.access import Scope
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.callbacks import (
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    RequestKind,
    RequestReason,
    RequestState,
)
from ari_app.core.ids import MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.limits import Limit
from ari_app.storage.callbacks.statements import ATTEMPT, ATTEMPTS_OF, REQUEST
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import json_detail, without_pii
from ari_app.storage.db.scopes import reading, scope_codes


class Due(StrEnum):
    TODAY = "today"  # must be done today, or should have been before
    OVERDUE = "overdue"  # the deadline has passed


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One open request in a list; `pii_number` only when it was asked for."""

    reference: str
    municipality: MunicipalityCode
    municipality_name: str | None
    reason: RequestReason
    kind: RequestKind
    state: RequestState
    first_contact_at: datetime
    deadline_at: datetime
    plan_by_at: datetime
    owner_team: TeamCode
    owner_operator: OperatorNumber | None
    owner_entry: str | None
    subject: str
    attempts_count: int
    next_attempt_at: datetime | None
    escalated_at: datetime | None
    last_seq: int
    pii_number: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestStory:
    """One request with its facts and attempts, in order. Without personal data unless it was asked for."""

    request: CallbackRequest
    facts: tuple[CallbackFact, ...]
    attempts: tuple[CallbackAttempt, ...]
    on_time: bool | None
    definition: str


@dataclass(frozen=True, slots=True)
class LimitedRow:
    """How often one limit of a municipality kept its callers from asking for one more callback."""

    municipality: MunicipalityCode
    municipality_name: str | None
    limit_reached: Limit
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PromiseMonth:
    """One row of the view `callback_promise`, whose comment defines the figures."""

    municipality: MunicipalityCode
    municipality_name: str | None
    month: date
    due: int
    kept: int
    late: int
    unreached: int
    open_overdue: int
    tried_in_time: int
    share_kept: Decimal | None
    definition: str


_SHOWN = [name for name in RequestLine.__dataclass_fields__ if name not in ("municipality_name", "pii_number")]
_REQUESTS = f"""
SELECT {", ".join(f"request.{name}" for name in _SHOWN)}, municipality.name AS municipality_name,
  CASE WHEN $1 THEN request.pii_number END AS pii_number
FROM callback_request request LEFT JOIN municipality ON municipality.code = request.municipality
WHERE request.closed_at IS NULL AND ($2::text[] IS NULL OR request.municipality = ANY($2))
  AND ($3::timestamptz IS NULL OR request.plan_by_at < $3)
  AND ($4::timestamptz IS NULL OR request.deadline_at < $4)
  AND ($5::text IS NULL OR request.municipality = $5)
  AND ($6::text IS NULL OR request.owner_team = $6)
ORDER BY request.plan_by_at, request.deadline_at, request.id"""
_THE_REQUEST = f"""
SELECT {REQUEST.listed()} FROM callback_request
WHERE reference = $1 AND ($2::text[] IS NULL OR municipality = ANY($2))"""
_FACTS = "SELECT at, kind, detail FROM callback_fact WHERE request_id = $1 ORDER BY seq"
_PROOF = "SELECT on_time, definition FROM callback_proof WHERE request_id = $1"
_PROMISE = """
SELECT promise.*, municipality.name AS municipality_name
FROM callback_promise promise LEFT JOIN municipality ON municipality.code = promise.municipality
WHERE ($1::text[] IS NULL OR promise.municipality = ANY($1)) AND ($2::text IS NULL OR promise.municipality = $2)
ORDER BY promise.month DESC, promise.municipality"""
_LIMITED = """
SELECT call.municipality, municipality.name AS municipality_name, fact.detail->>'limit' AS limit_reached,
  count(*) AS count, max(fact.at) AS last_at
FROM call JOIN call_fact fact ON fact.call_id = call.id AND fact.kind = 'callback_limited'
LEFT JOIN municipality ON municipality.code = call.municipality
WHERE call.arrived_at >= $2 AND ($1::text[] IS NULL OR call.municipality = ANY($1))
GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 1, 3"""
_DEFINITION = "SELECT obj_description('callback_promise'::regclass)"


async def list_requests(
    pool: Pool,
    scope: Scope,
    now: datetime,
    *,
    due: Due | None = None,
    municipality: MunicipalityCode | None = None,
    team: TeamCode | None = None,
    with_personal_data: bool = False,
) -> list[RequestLine]:
    """Open requests; those that must be done first come first. Raises StoreUnavailable."""
    tomorrow = instant_of(local_date(now) + timedelta(days=1), time(0))
    before = tomorrow if due is Due.TODAY else None
    overdue_at = now if due is Due.OVERDUE else None
    asked = (with_personal_data, scope_codes(scope), before, overdue_at, municipality, team)
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_REQUESTS, *asked)
    return [
        RequestLine(
            **{
                **row,
                "reason": RequestReason(row["reason"]),
                "kind": RequestKind(row["kind"]),
                "state": RequestState(row["state"]),
            }
        )
        for row in rows
    ]


async def request_story(
    pool: Pool, scope: Scope, reference: str, *, with_personal_data: bool = False
) -> RequestStory | None:
    """The story of a request; None when there is no such request in the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchrow(_THE_REQUEST, reference, scope_codes(scope))
            if found is None:
                return None
            facts = await connection.fetch(_FACTS, found["id"])
            attempts = await connection.fetch(ATTEMPTS_OF, found["id"])
            (proof,) = await connection.fetch(_PROOF, found["id"])
    story = RequestStory(
        REQUEST.read(found),
        tuple(CallbackFact(row["at"], CallbackFactKind(row["kind"]), json_detail(row["detail"])) for row in facts),
        tuple(ATTEMPT.read(row) for row in attempts),
        proof["on_time"],
        proof["definition"],
    )
    return story if with_personal_data else _without_personal_data(story)


async def promise(pool: Pool, scope: Scope, *, municipality: MunicipalityCode | None = None) -> list[PromiseMonth]:
    """How the promise was kept, by municipality and month, the newest month first. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_PROMISE, scope_codes(scope), municipality)
    return [PromiseMonth(**row) for row in rows]


async def limited(pool: Pool, scope: Scope, since: datetime) -> list[LimitedRow]:
    """How often callers were promised no callback since then, the most frequent first. Raises StoreUnavailable."""
    with translated():
        rows = await pool.fetch(_LIMITED, scope_codes(scope), since)
    return [LimitedRow(**{**row, "limit_reached": Limit(row["limit_reached"])}) for row in rows]


async def promise_definition(pool: Pool) -> str:
    """The comment on the view: how each figure is defined. Raises StoreUnavailable."""
    with translated():
        return str(await pool.fetchval(_DEFINITION))


def _without_personal_data(story: RequestStory) -> RequestStory:
    bare = replace(story.request, pii_number="", pii_note="", pii_close_reason=None)
    facts = tuple(replace(fact, detail=without_pii(fact.detail)) for fact in story.facts)
    return replace(story, request=bare, facts=facts)
