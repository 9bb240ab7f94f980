"""The open requests of a supervisor's municipalities, with what may go wrong. Numbers are masked unless asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from ari_app.core.access import Scope
from ari_app.core.area import CallbackRules
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.callback_risks import Prospect, Risk, risks
from ari_app.core.callbacks import RequestState
from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId, TeamCode, optional
from ari_app.storage.callbacks.own import OwnStory, story_of_row
from ari_app.storage.callbacks.statements import REQUEST
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes, set_scope
from ari_app.storage.operators.absences import IS_ABSENT

#: a page of them: what is further down is not due for long
MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class RequestAtRisk:
    """One open request. `pii_last_digits`: two of them."""

    id: RequestId
    reference: str
    municipality: MunicipalityCode
    town: str
    subject: str
    first_contact_at: datetime
    deadline_at: datetime
    state: RequestState
    attempts_count: int
    next_attempt_at: datetime | None
    team: TeamCode
    operator: OperatorNumber | None
    risks: tuple[Risk, ...]
    pii_last_digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """All that are open, not only those of the page."""

    open: int
    overdue: int
    at_risk: int


@dataclass(frozen=True, slots=True)
class OwnerOfRequests:
    """Somebody for whom open requests of the scope are, and how many."""

    number: OperatorNumber
    count: int
    is_absent: bool


_REMIND = CallbackRules().remind_before_minutes
_OPEN = f"""
SELECT request.id, request.reference, request.municipality, coalesce(town.name, request.municipality) AS town,
  request.subject, request.first_contact_at, request.deadline_at, request.plan_by_at, request.state,
  request.attempts_count, request.next_attempt_at, request.owner_team AS team, request.owner_operator AS operator,
  right(request.pii_number, 2) AS pii_last_digits, coalesce(rules.remind_before_minutes, {_REMIND}) AS remind_before,
  {IS_ABSENT.format(operator="request.owner_operator", now="$2")} AS owner_is_absent,
  EXISTS (SELECT FROM operator_session session JOIN operator_team member ON member.operator = session.operator
    WHERE session.logged_out_at IS NULL AND member.team = request.owner_team) AS team_is_there
FROM callback_request request LEFT JOIN municipality town ON town.code = request.municipality
LEFT JOIN callback_rules rules ON rules.municipality = request.municipality
WHERE request.closed_at IS NULL AND ($1::text[] IS NULL OR request.municipality = ANY ($1))
  AND ($3::text IS NULL OR request.owner_team = $3)
  AND ($4::timestamptz IS NULL OR (request.deadline_at, request.id) > ($4, $5::uuid))
  AND ($6::text IS NULL OR request.owner_operator = $6 OR request.owner_team = ANY ($7::text[]))
  AND ($9::text IS NULL OR request.owner_operator = $9)
ORDER BY request.deadline_at, request.id LIMIT $8"""
_OWNERS = f"""
SELECT request.owner_operator AS number, count(*)::int AS count,
  {IS_ABSENT.format(operator="request.owner_operator", now="$2")} AS is_absent
FROM callback_request request WHERE request.closed_at IS NULL AND request.owner_operator IS NOT NULL
  AND ($1::text[] IS NULL OR request.municipality = ANY ($1)) GROUP BY request.owner_operator"""
_THE_REQUEST = f"""
SELECT {REQUEST.listed()} FROM callback_request WHERE reference = $1
  AND ($2::text[] IS NULL OR municipality = ANY ($2))"""
_TOWNS = """
SELECT id, municipality FROM callback_request
WHERE id = ANY ($1::uuid[]) AND ($2::text[] IS NULL OR municipality = ANY ($2))"""


async def requests_at_risk(
    pool: Pool,
    scope: Scope,
    now: datetime,
    *,
    team: TeamCode | None = None,
    operator: OperatorNumber | None = None,
    only_risky: bool = False,
    most: int = MOST_LISTED,
) -> tuple[list[RequestAtRisk], RequestCounts]:
    """Those that are open, by deadline, a page of them; and how many there are of each kind, of all.

    Raises StoreUnavailable.
    """
    found = await open_requests(pool, scope, now, team=team, operator=operator)
    overdue = sum(Risk.OVERDUE in one.risks for one in found)
    counts = RequestCounts(len(found), overdue, sum(bool(one.risks) for one in found))
    listed = [one for one in found if one.risks or not only_risky]
    return listed[:most], counts


async def open_requests(
    pool: Pool,
    scope: Scope,
    now: datetime,
    *,
    team: TeamCode | None = None,
    operator: OperatorNumber | None = None,
    after: tuple[datetime, RequestId] | None = None,
    of: tuple[OperatorNumber, Collection[TeamCode]] | None = None,
    most: int | None = None,
) -> list[RequestAtRisk]:
    """Those that are open, by deadline, from the one behind `after`. `of`: somebody's own, and those of these teams.

    Raises StoreUnavailable.
    """
    tomorrow_at = instant_of(local_date(now) + timedelta(days=1), time(0))
    deadline_at, last = after or (None, None)
    whose, teams = of or (None, ())
    with translated():
        async with reading(pool, scope) as connection:
            asked = (scope_codes(scope), now, team, deadline_at, last, whose, list(teams), most, operator)
            rows = await connection.fetch(_OPEN, *asked)
    return [_read(row, now, tomorrow_at) for row in rows]


async def owners_of_requests(pool: Pool, scope: Scope, now: datetime) -> dict[OperatorNumber, OwnerOfRequests]:
    """Everybody who is named as the one to call for an open request of the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_OWNERS, scope_codes(scope), now)
    return {OperatorNumber(row["number"]): OwnerOfRequests(**row) for row in rows}


async def story_in_scope(pool: Pool, scope: Scope, reference: str) -> OwnStory | None:
    """A request of the scope, open or closed, without anything personal. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            story = await _story(connection, scope, reference)
    if story is None:
        return None
    return replace(story, request=replace(story.request, pii_number="", pii_note="", pii_close_reason=None))


async def story_with_number(pool: Pool, scope: Scope, reference: str, author: str, now: datetime) -> OwnStory | None:
    """As `story_in_scope`, with number and notes; that somebody looked at them is in the audit log first."""
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            story = await _story(connection, scope, reference)
            if story is not None:
                await record_deed(connection, now, author, "callback.number_shown", {"reference": reference})
    return story


async def towns_of_requests(pool: Pool, scope: Scope, requests: list[RequestId]) -> dict[RequestId, MunicipalityCode]:
    """The municipality of each of these requests that is in the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_TOWNS, requests, scope_codes(scope))
    return {RequestId(row["id"]): MunicipalityCode(row["municipality"]) for row in rows}


async def _story(connection: Connection, scope: Scope, reference: str) -> OwnStory | None:
    found = await connection.fetchrow(_THE_REQUEST, reference, scope_codes(scope))
    return None if found is None else await story_of_row(connection, found)


def _read(row: Named, now: datetime, tomorrow_at: datetime) -> RequestAtRisk:
    state = RequestState(row["state"])
    prospect = Prospect(
        row["deadline_at"],
        row["plan_by_at"],
        row["remind_before"],
        row["next_attempt_at"],
        is_being_called=state is RequestState.IN_PROGRESS,
        owner_is_absent=row["owner_is_absent"],
        team_is_there=row["team_is_there"],
    )
    return RequestAtRisk(
        RequestId(row["id"]),
        row["reference"],
        MunicipalityCode(row["municipality"]),
        row["town"],
        row["subject"],
        row["first_contact_at"],
        row["deadline_at"],
        state,
        row["attempts_count"],
        row["next_attempt_at"],
        TeamCode(row["team"]),
        optional(OperatorNumber, row["operator"]),
        risks(prospect, now, tomorrow_at),
        row["pii_last_digits"],
    )
