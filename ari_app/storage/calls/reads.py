"""What people ask of the record. Every question says whose eyes it is for.

A `Scope` is the municipalities whose calls may be seen; None is the whole group. A call that never reached a
municipality (its caller left in the menu) belongs to the group only. What is outside the scope does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.access import Scope
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, Stage
from ari_app.core.event_log.audit import RecordedChannel
from ari_app.core.ids import AsteriskId, CallId, Endpoint, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.transfer import Transfer
from ari_app.storage.calls.statements import CALL, LEG, TRANSFER
from ari_app.storage.db.errors import translated
from ari_app.storage.tables import call, call_fact, call_leg, transfer


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call in a list. `wait_seconds`: from the queue to a human, to the end, or to now; None when never queued.

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
    operator: OperatorNumber | None  # the last who joined
    calamity: bool
    handled_by_fallback: bool


@dataclass(frozen=True, slots=True)
class CallStory:
    """All that is known of one call, in order. Without personal data unless it was asked for."""

    call: Call
    facts: tuple[Fact, ...]
    legs: tuple[Leg, ...]
    transfers: tuple[Transfer, ...] = ()


@dataclass(frozen=True, slots=True)
class OperatorStatus:
    """One operator of the area, logged in or not. `call_id` is None as well when the call is not ours to see."""

    number: OperatorNumber
    name: str
    teams: tuple[TeamCode, ...]
    state: OperatorState
    state_since_at: datetime | None
    pause_reason: PauseReason | None
    endpoint: Endpoint | None
    call_id: CallId | None


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

_OPERATORS = """
SELECT operator.number, operator.name, session.state, session.state_since_at, session.pause_reason, session.endpoint,
  coalesce((SELECT array_agg(team ORDER BY team) FROM operator_team WHERE operator = operator.number), '{}') AS teams,
  (SELECT call.id FROM call WHERE call.id = session.call_id
   AND (:everything OR call.municipality = ANY(CAST(:scope AS text[])))) AS call_id
FROM operator LEFT JOIN operator_session session
  ON session.operator = operator.number AND session.logged_out_at IS NULL
WHERE :everything OR EXISTS (SELECT FROM operator_skill skill
  WHERE skill.operator = operator.number AND skill.municipality = ANY(CAST(:scope AS text[])))
ORDER BY operator.number"""


async def list_calls(
    engine: AsyncEngine,
    scope: Scope,
    *,
    since: datetime | None = None,
    municipality: MunicipalityCode | None = None,
    limit: int = 100,
) -> list[CallLine]:
    """The newest first. Raises StoreUnavailable."""
    rows = await _rows(
        engine, sa.text(_CALLS), {**_seen(scope), "since": since, "municipality": municipality, "most": limit}
    )
    return [
        CallLine(**{**row, "stage": Stage(row["stage"]), "end_reason": _optional(EndReason, row["end_reason"])})
        for row in rows
    ]


async def call_story(
    engine: AsyncEngine, scope: Scope, call_id: CallId, *, with_personal_data: bool = False
) -> CallStory | None:
    """None when there is no such call in the scope. Raises StoreUnavailable."""
    wanted = sa.select(call).where(call.c.id == call_id)
    if scope is not None:
        wanted = wanted.where(call.c.municipality.in_(scope))
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
    wanted = sa.select(call.c.id).where(sa.cast(call.c.id, sa.Text).startswith(beginning.lower(), autoescape=True))
    if scope is not None:
        wanted = wanted.where(call.c.municipality.in_(scope))
    with translated():
        async with engine.connect() as connection:
            found = (await connection.execute(wanted.order_by(call.c.arrived_at.desc()).limit(1))).scalar()
    return None if found is None else CallId(found)


async def list_operators(engine: AsyncEngine, scope: Scope) -> list[OperatorStatus]:
    """Those who answer for, or help, a municipality of the scope; by number. Raises StoreUnavailable."""
    rows = await _rows(engine, sa.text(_OPERATORS), _seen(scope))
    return [
        OperatorStatus(
            **{
                **row,
                "teams": tuple(row["teams"]),
                "state": OperatorState(row["state"] or OperatorState.AWAY),
                "pause_reason": _optional(PauseReason, row["pause_reason"]),
            }
        )
        for row in rows
    ]


def _seen(scope: Scope) -> dict[str, Any]:
    return {"everything": scope is None, "scope": sorted(scope or ())}


def _optional(kind: Any, value: str | None) -> Any:
    return None if value is None else kind(value)


def _without_personal_data(story: CallStory) -> CallStory:
    facts = tuple(
        replace(fact, detail={key: value for key, value in fact.detail.items() if not key.startswith("pii_")})
        for fact in story.facts
    )
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
    """What the record says of every channel of one Asterisk that started in the period. Raises StoreUnavailable."""
    rows = await _rows(engine, sa.text(_CHANNELS), {"node": asterisk_id, "since": since, "until": until})
    return [RecordedChannel(**row) for row in rows]
