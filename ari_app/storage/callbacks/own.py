"""An operator's list of callbacks: their own, and those of their teams. Every query takes a Scope."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.callbacks import CallbackAttempt, CallbackFact, CallbackFactKind, CallbackRequest, RequestState
from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId
from ari_app.storage.callbacks.statements import ATTEMPT, ATTEMPTS_OF, IS_TEAMS, REQUEST
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named, json_detail, without_pii
from ari_app.storage.db.scopes import reading, scope_codes

#: a list that nobody reads to its end
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """An open request. `is_own`: it is for this operator alone now. `owner`: the name of the one person it is for now;
    without one it is for the whole team, as also when that person is late or away (`core.callback_rules.owner_now`).
    `next_attempt_at`: None when a person has to decide.
    """

    id: RequestId
    reference: str
    municipality: str
    subject: str
    deadline_at: datetime
    plan_by_at: datetime
    state: RequestState
    attempts_count: int
    next_attempt_at: datetime | None
    is_own: bool
    owner: str | None
    team: str


@dataclass(frozen=True, slots=True)
class OwnStory:
    """One request with what happened to it, in order. Facts are without what is personal of the citizen."""

    request: CallbackRequest
    facts: tuple[CallbackFact, ...]
    attempts: tuple[CallbackAttempt, ...]


_OWN = f"""
SELECT reader.number AS reader, own.* FROM unnest($2::text[]) AS reader (number) CROSS JOIN LATERAL (
  SELECT r.id, r.reference, town.name AS municipality, r.subject, r.deadline_at, r.plan_by_at, r.state,
    r.attempts_count, r.next_attempt_at, coalesce(r.owner_operator = reader.number, false) AND NOT r.is_teams AS is_own,
    (SELECT colleague.name FROM operator colleague WHERE colleague.number = r.owner_operator AND NOT r.is_teams)
      AS owner, coalesce(team.name, r.owner_team) AS team
  FROM (SELECT r.*, {IS_TEAMS.format(now="$3")} AS is_teams FROM callback_request r WHERE r.closed_at IS NULL) r
  JOIN municipality town ON town.code = r.municipality LEFT JOIN team ON team.code = r.owner_team
  WHERE ($1::text[] IS NULL OR r.municipality = ANY ($1))
    AND (r.owner_operator = reader.number
      OR r.owner_team IN (SELECT member.team FROM operator_team member WHERE member.operator = reader.number))
  ORDER BY is_own DESC, r.deadline_at, r.id LIMIT {MOST_LISTED}) own
ORDER BY reader, own.is_own DESC, own.deadline_at, own.id"""
_THE_REQUEST = f"""
SELECT {REQUEST.listed()} FROM callback_request request WHERE request.reference = $3
  AND ($1::text[] IS NULL OR request.municipality = ANY ($1))
  AND (request.owner_operator = $2
    OR request.owner_team IN (SELECT member.team FROM operator_team member WHERE member.operator = $2))"""
_FACTS = "SELECT at, kind, detail FROM callback_fact WHERE request_id = $1 ORDER BY seq"
_OPEN_OF_NUMBER = """
SELECT deadline_at FROM callback_request WHERE municipality = $2 AND pii_number = $3 AND closed_at IS NULL
  AND ($1::text[] IS NULL OR municipality = ANY ($1))"""


async def own_requests(
    pool: Pool, scope: Scope, operators: Collection[OperatorNumber], now: datetime
) -> dict[OperatorNumber, list[OwnRequest]]:
    """The open ones of each of these operators, their own first, then by deadline. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            rows = await connection.fetch(_OWN, scope_codes(scope), list(operators), now)
    found: dict[OperatorNumber, list[OwnRequest]] = {operator: [] for operator in operators}
    for row in rows:
        values = {**row, "state": RequestState(row["state"])}
        found[OperatorNumber(values.pop("reader"))].append(OwnRequest(**values))
    return found


async def own_story(pool: Pool, scope: Scope, operator: OperatorNumber, reference: str) -> OwnStory | None:
    """Of a request, open or closed, that is this operator's or one of their teams'. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchrow(_THE_REQUEST, scope_codes(scope), operator, reference)
            if found is None:
                return None
            return await story_of_row(connection, found)


async def story_of_row(connection: Connection, found: Named) -> OwnStory:
    """The request of this row, with its history."""
    facts = await connection.fetch(_FACTS, found["id"])
    attempts = await connection.fetch(ATTEMPTS_OF, found["id"])
    return OwnStory(
        REQUEST.read(found),
        tuple(
            CallbackFact(row["at"], CallbackFactKind(row["kind"]), without_pii(json_detail(row["detail"])))
            for row in facts
        ),
        tuple(ATTEMPT.read(row) for row in attempts),
    )


async def promised_until(pool: Pool, scope: Scope, municipality: MunicipalityCode, number: str) -> datetime | None:
    """The deadline of the promise that is open for this number, which another wish would join.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            found: datetime | None = await connection.fetchval(
                _OPEN_OF_NUMBER, scope_codes(scope), municipality, number
            )
    return found
