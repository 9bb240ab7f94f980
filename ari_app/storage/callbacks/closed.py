"""Requests that are closed: when, how and by whom. Whoever asks for numbers and reasons is in the audit log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.callbacks import CloseKind
from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId, TeamCode
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import RowShape
from ari_app.storage.db.scopes import reading, scope_codes, set_scope


@dataclass(frozen=True, slots=True)
class ClosedRequest:
    """One request. `closed_by`: an account or a program (`account:…`, `service:…`), else an operator's number, or
    whoever typed it on the server. Which names of it a reader may know, is for the reader's room (`web.names`).

    `is_on_time`: there was a talk before the deadline (AV §2). `pii_last_digits`: two of them; empty once erased.
    """

    id: RequestId
    reference: str
    municipality: MunicipalityCode
    town: str
    subject: str
    first_contact_at: datetime
    deadline_at: datetime
    attempts_count: int
    team: TeamCode
    operator: OperatorNumber | None
    closed_at: datetime
    close_kind: CloseKind
    closed_by: str
    is_on_time: bool
    pii_last_digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClosedSelection:
    """`since` and `until` are of the closing; `before`: the last one of the page that was read before this one.

    `team`, `operator`: for whom it was. `of`: somebody's own, and those of these teams.
    """

    since: datetime | None = None
    until: datetime | None = None
    team: TeamCode | None = None
    operator: OperatorNumber | None = None
    how: CloseKind | None = None
    before: tuple[datetime, RequestId] | None = None
    of: tuple[OperatorNumber, Collection[TeamCode]] | None = None


@dataclass(frozen=True, slots=True)
class PersonalOfRequest:
    """Empty: it was erased. Without a reason: nobody had to give one."""

    pii_number: str = field(repr=False)
    pii_close_reason: str = field(repr=False)


_CLOSED = """
SELECT request.id, request.reference, request.municipality, coalesce(town.name, request.municipality) AS town,
  request.subject, request.first_contact_at, request.deadline_at, request.attempts_count, request.owner_team AS team,
  request.owner_operator AS operator, request.closed_at, request.close_kind, request.closed_by,
  coalesce(request.reached_at <= request.deadline_at, false) AS is_on_time,
  right(request.pii_number, 2) AS pii_last_digits
FROM callback_request request LEFT JOIN municipality town ON town.code = request.municipality
WHERE request.closed_at IS NOT NULL AND ($1::text[] IS NULL OR request.municipality = ANY ($1))
  AND request.closed_at >= coalesce($2::timestamptz, '-infinity')
  AND request.closed_at < coalesce($3::timestamptz, 'infinity')
  AND request.closed_at <= coalesce($4::timestamptz, 'infinity')
  AND ($4 IS NULL OR (request.closed_at, request.id) < ($4, $5::uuid))
  AND ($6::text IS NULL OR request.owner_team = $6) AND ($7::text IS NULL OR request.owner_operator = $7)
  AND ($8::text IS NULL OR request.close_kind = $8)
  AND ($9::text IS NULL OR request.owner_operator = $9 OR request.owner_team = ANY ($10::text[]))
ORDER BY request.closed_at DESC, request.id DESC LIMIT $11"""
_SHAPE = RowShape(ClosedRequest, "callback_request")
_PERSONAL = """
SELECT id, reference, municipality, pii_number, coalesce(pii_close_reason, '') AS pii_close_reason
FROM callback_request
WHERE id = ANY ($1::uuid[]) AND closed_at IS NOT NULL AND ($2::text[] IS NULL OR municipality = ANY ($2))"""


async def closed_requests(pool: Pool, scope: Scope, wanted: ClosedSelection, *, limit: int) -> list[ClosedRequest]:
    """The last one first. Raises StoreUnavailable."""
    at, last = wanted.before or (None, None)
    operator, teams = wanted.of or (None, ())
    asked = (scope_codes(scope), wanted.since, wanted.until, at, last, wanted.team, wanted.operator, wanted.how)
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_CLOSED, *asked, operator, list(teams), limit)
    return [_SHAPE.read(row) for row in rows]


async def personal_of_closed(
    pool: Pool, scope: Scope, requests: Sequence[RequestId], author: str, action: str, now: datetime
) -> dict[RequestId, PersonalOfRequest]:
    """Number and reason of each of these that is in the scope; the audit log names each of them.

    Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            rows = await connection.fetch(_PERSONAL, list(requests), scope_codes(scope))
            of_towns: dict[str, list[str]] = defaultdict(list)
            for row in rows:
                of_towns[row["municipality"]].append(row["reference"])
            for town, references in of_towns.items():  # each municipality reads of its own
                detail = {"municipality": town, "requests_count": len(references), "references": references}
                await record_deed(connection, now, author, action, detail)
    return {RequestId(row["id"]): PersonalOfRequest(row["pii_number"], row["pii_close_reason"]) for row in rows}
