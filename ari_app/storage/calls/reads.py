"""Calls as people read them. Every query takes a `Scope`; a call outside the scope does not exist for its reader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.access import Scope
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, Stage
from ari_app.core.event_log.audit import RecordedChannel
from ari_app.core.ids import AsteriskId, CallId, MunicipalityCode, OperatorNumber
from ari_app.core.transfer import Transfer
from ari_app.storage.calls.statements import CALL, LEG, TRANSFER
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import without_pii
from ari_app.storage.db.scopes import in_scope, scope_parameters
from ari_app.storage.tables import call, call_fact, call_leg, transfer


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call in a list. `wait_seconds`: from the queue to a human, to the end, or to now; None: never queued.

    `talk_seconds`: from the human's answer to the end or to now.
    """

    id: CallId
    arrived_at: datetime
    dialled: str
    municipality: MunicipalityCode | None
    municipality_name: str | None
    stage: Stage
    end_reason: EndReason | None
    end_is_estimated: bool
    wait_seconds: float | None
    talk_seconds: float | None
    operator: OperatorNumber | None  # the last one that joined
    calamity: bool
    handled_by_fallback: bool


@dataclass(frozen=True, slots=True)
class CallStory:
    """Everything recorded of one call, in order. Without personal data unless that was asked for."""

    call: Call
    facts: tuple[Fact, ...]
    legs: tuple[Leg, ...]
    transfers: tuple[Transfer, ...] = ()


_CALLS = """
SELECT call.id, call.arrived_at, call.dialled, call.municipality, municipality.name AS municipality_name, call.stage,
  call.end_reason, call.end_is_estimated, call.calamity, call.handled_by_fallback,
  CASE WHEN call.queued_at <= coalesce(call.answered_at, call.ended_at, now())
    THEN extract(epoch FROM coalesce(call.answered_at, call.ended_at, now()) - call.queued_at)::float8 END
    AS wait_seconds,
  extract(epoch FROM coalesce(call.ended_at, now()) - call.answered_at)::float8 AS talk_seconds,
  (SELECT leg.party FROM call_leg leg WHERE leg.call_id = call.id AND leg.role = 'operator'
   AND leg.joined_at IS NOT NULL ORDER BY leg.joined_at DESC LIMIT 1) AS operator
FROM call LEFT JOIN municipality ON municipality.code = call.municipality
WHERE (:everything OR call.municipality = ANY(CAST(:scope AS text[])))
  AND (CAST(:since AS timestamptz) IS NULL OR call.arrived_at >= :since)
  AND (CAST(:municipality AS text) IS NULL OR call.municipality = :municipality)
ORDER BY call.arrived_at DESC, call.id LIMIT :most"""


# Materialized: the planner cannot tell how few ids are in a range, and would walk through all calls, newest first.
_BEGINNING = """
WITH found AS MATERIALIZED (SELECT id, municipality, arrived_at FROM call WHERE id BETWEEN :first AND :last)
SELECT id FROM found WHERE :everything OR municipality = ANY(CAST(:scope AS text[])) ORDER BY arrived_at DESC LIMIT 1"""


async def list_calls(
    engine: AsyncEngine,
    scope: Scope,
    *,
    since: datetime | None = None,
    municipality: MunicipalityCode | None = None,
    limit: int = 100,
) -> list[CallLine]:
    """The newest first. Raises StoreUnavailable."""
    asked = {"since": since, "municipality": municipality, "most": limit}
    rows = await _rows(engine, sa.text(_CALLS), {**scope_parameters(scope), **asked})
    return [CallLine(**{**row, "stage": Stage(row["stage"]), "end_reason": _reason(row["end_reason"])}) for row in rows]


def _reason(text: str | None) -> EndReason | None:
    return None if text is None else EndReason(text)


async def call_story(
    engine: AsyncEngine, scope: Scope, call_id: CallId, *, with_personal_data: bool = False
) -> CallStory | None:
    """None when there is no such call in the scope. Raises StoreUnavailable."""
    wanted = sa.select(call).where(call.c.id == call_id, in_scope(call.c.municipality, scope))
    with translated():
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            found = (await connection.execute(wanted)).mappings().one_or_none()
            if found is None:
                return None
            told = await connection.execute(
                sa.select(call_fact).where(call_fact.c.call_id == call_id).order_by(call_fact.c.seq)
            )
            took_part = await connection.execute(
                sa.select(call_leg)
                .where(call_leg.c.call_id == call_id)
                .order_by(call_leg.c.started_at, call_leg.c.role, call_leg.c.id)
            )
            handed = await connection.execute(
                sa.select(transfer).where(transfer.c.call_id == call_id).order_by(transfer.c.number)
            )
            story = CallStory(
                call=CALL.read(found),
                facts=tuple(Fact(row.at, FactKind(row.kind), row.detail) for row in told),
                legs=tuple(LEG.read(row) for row in took_part.mappings()),
                transfers=tuple(TRANSFER.read(row) for row in handed.mappings()),
            )
    return story if with_personal_data else _without_personal_data(story)


async def find_call(engine: AsyncEngine, scope: Scope, beginning: str) -> CallId | None:
    """The newest call whose id begins so; None when there is none in the scope. Raises StoreUnavailable."""
    ids = _ids_that_begin(beginning)
    if ids is None:
        return None
    rows = await _rows(engine, sa.text(_BEGINNING), {**scope_parameters(scope), "first": ids[0], "last": ids[1]})
    return CallId(rows[0]["id"]) if rows else None


def _ids_that_begin(beginning: str) -> tuple[UUID, UUID] | None:
    """The first and the last id that begin so, a range that the index finds; None when no id can begin so."""
    text = beginning.strip().lower()
    digits = text.replace("-", "")
    if not re.fullmatch("[0-9a-f]{1,32}", digits):
        return None
    first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    return (first, last) if text in (digits, str(first)[: len(text)]) else None


def _without_personal_data(story: CallStory) -> CallStory:
    facts = tuple(replace(fact, detail=without_pii(fact.detail)) for fact in story.facts)
    transfers = tuple(replace(one, pii_subject="", pii_to_number=None) for one in story.transfers)
    call = replace(story.call, pii_caller_number=None, pii_callback_number=None)
    return replace(story, call=call, facts=facts, transfers=transfers)


async def _rows(
    engine: AsyncEngine, query: sa.TextClause, parameters: Mapping[str, object]
) -> Sequence[Mapping[str, Any]]:
    with translated():
        async with engine.connect() as connection:
            found = await connection.execute(query, parameters)
            return [dict(row) for row in found.mappings()]


_CHANNELS = """
SELECT leg.channel_id, 'leg' AS kind, leg.started_at, leg.answered_at, leg.ended_at, leg.end_is_estimated,
  CAST(leg.call_id AS text) AS call_id
FROM call_leg leg JOIN call ON call.id = leg.call_id
WHERE leg.owns_channel AND call.asterisk_id = :node AND leg.started_at >= :since AND leg.started_at < :until
UNION ALL
SELECT channel_id, 'line', started_at, answered_at, ended_at, end_is_estimated, NULL
FROM operator_line WHERE asterisk_id = :node AND started_at >= :since AND started_at < :until"""


async def recorded_channels(
    engine: AsyncEngine, asterisk_id: AsteriskId, since: datetime, until: datetime
) -> list[RecordedChannel]:
    """Every channel of one Asterisk that started in the period, as it is recorded. Raises StoreUnavailable."""
    rows = await _rows(engine, sa.text(_CHANNELS), {"node": asterisk_id, "since": since, "until": until})
    return [RecordedChannel(**row) for row in rows]
