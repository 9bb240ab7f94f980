"""Lists, stories and figures of callbacks. Every query takes a Scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

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
from ari_app.storage import tables as t
from ari_app.storage.callbacks.statements import ATTEMPT, REQUEST
from ari_app.storage.db.errors import translated


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


async def list_requests(
    engine: AsyncEngine,
    scope: Scope,
    now: datetime,
    *,
    due: Due | None = None,
    municipality: MunicipalityCode | None = None,
    team: TeamCode | None = None,
    with_personal_data: bool = False,
) -> list[RequestLine]:
    """Open requests; those that must be done first come first. Raises StoreUnavailable."""
    request = t.callback_request.c
    names = [name for name in RequestLine.__dataclass_fields__ if name not in ("municipality_name", "pii_number")]
    wanted = (
        sa.select(
            *(request[name] for name in names),
            t.municipality.c.name.label("municipality_name"),
            (request.pii_number if with_personal_data else sa.null()).label("pii_number"),
        )
        .select_from(t.callback_request)
        .outerjoin(t.municipality, t.municipality.c.code == request.municipality)
        .where(request.closed_at.is_(None), *_seen(request, scope))
        .order_by(request.plan_by_at, request.deadline_at, request.id)
    )
    if due is Due.TODAY:
        wanted = wanted.where(request.plan_by_at < instant_of(local_date(now) + timedelta(days=1), time(0)))
    elif due is Due.OVERDUE:
        wanted = wanted.where(request.deadline_at < now)
    if municipality is not None:
        wanted = wanted.where(request.municipality == municipality)
    if team is not None:
        wanted = wanted.where(request.owner_team == team)
    return [
        RequestLine(
            **{
                **row,
                "reason": RequestReason(row["reason"]),
                "kind": RequestKind(row["kind"]),
                "state": RequestState(row["state"]),
            }
        )
        for row in await _rows(engine, wanted)
    ]


async def request_story(
    engine: AsyncEngine, scope: Scope, reference: str, *, with_personal_data: bool = False
) -> RequestStory | None:
    """The story of a request; None when there is no such request in the scope. Raises StoreUnavailable."""
    request = t.callback_request.c
    with translated():
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            wanted = sa.select(t.callback_request).where(request.reference == reference, *_seen(request, scope))
            found = (await connection.execute(wanted)).mappings().one_or_none()
            if found is None:
                return None
            facts = await connection.execute(
                sa.select(t.callback_fact)
                .where(t.callback_fact.c.request_id == found["id"])
                .order_by(t.callback_fact.c.seq)
            )
            attempts = await connection.execute(
                sa.select(t.callback_attempt)
                .where(t.callback_attempt.c.request_id == found["id"])
                .order_by(t.callback_attempt.c.number)
            )
            proof = (
                await connection.execute(
                    sa.text("SELECT on_time, definition FROM callback_proof WHERE request_id = :id"),
                    {"id": found["id"]},
                )
            ).one()
            story = RequestStory(
                REQUEST.read(found),
                tuple(CallbackFact(row.at, CallbackFactKind(row.kind), row.detail) for row in facts),
                tuple(ATTEMPT.read(row) for row in attempts.mappings()),
                proof.on_time,
                proof.definition,
            )
    return story if with_personal_data else _without_personal_data(story)


async def promise(
    engine: AsyncEngine, scope: Scope, *, municipality: MunicipalityCode | None = None
) -> list[PromiseMonth]:
    """How the promise was kept, by municipality and month, the newest month first. Raises StoreUnavailable."""
    view = t.callback_promise
    wanted = (
        sa.select(view, t.municipality.c.name.label("municipality_name"))
        .outerjoin(t.municipality, t.municipality.c.code == view.c.municipality)
        .where(*_seen(view.c, scope))
        .order_by(view.c.month.desc(), view.c.municipality)
    )
    if municipality is not None:
        wanted = wanted.where(view.c.municipality == municipality)
    return [PromiseMonth(**row) for row in await _rows(engine, wanted)]


async def promise_definition(engine: AsyncEngine) -> str:
    """The comment on the view: how each figure is defined. Raises StoreUnavailable."""
    wanted = sa.text("SELECT obj_description('callback_promise'::regclass) AS says")
    return str((await _rows(engine, wanted))[0]["says"])


def _seen(columns: Any, scope: Scope) -> list[sa.ColumnElement[bool]]:
    return [] if scope is None else [columns.municipality.in_(sorted(scope))]


def _without_personal_data(story: RequestStory) -> RequestStory:
    bare = replace(story.request, pii_number="", pii_note="", pii_close_reason=None)
    facts = tuple(
        replace(fact, detail={key: value for key, value in fact.detail.items() if not key.startswith("pii_")})
        for fact in story.facts
    )
    return replace(story, request=bare, facts=facts)


async def _rows(engine: AsyncEngine, query: sa.Executable) -> Sequence[dict[str, Any]]:
    with translated():
        async with engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]
