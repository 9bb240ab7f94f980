"""Calls as people read them. Every query takes a `Scope`; a call outside the scope does not exist for its reader."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ari_app.core.access import Scope
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, Stage
from ari_app.core.event_log.audit import RecordedChannel
from ari_app.core.ids import AsteriskId, CallId, MunicipalityCode, OperatorNumber, optional
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.script_commands import CallScript
from ari_app.core.transfer import Transfer
from ari_app.core.wrap_ups import CallWrapUp
from ari_app.storage.calls.durations import seconds, talked, waited
from ari_app.storage.calls.statements import CALL, LEG, TRANSFER, VISIT
from ari_app.storage.calls.wrap_ups import WRAP_UP
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import instant, without_pii
from ari_app.storage.db.scopes import reading, scope_codes
from ari_app.storage.scripts.choices import CALL_SCRIPT, OF_CALL

_OPERATOR = """
SELECT session.operator FROM call JOIN operator_session session ON session.id = call.operator_session
WHERE call.id = $1 AND call.ended_at IS NULL AND ($2::text[] IS NULL OR call.municipality = ANY ($2))"""

_MUNICIPALITY = "SELECT municipality FROM call WHERE id = $1 AND ($2::text[] IS NULL OR municipality = ANY ($2))"


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call in a list. `wait_seconds` and `talk_seconds` as those of `SelectedCall`."""

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
    visits: tuple[QueueVisit, ...] = ()  # in the queues of municipalities of the scope
    wrap_ups: tuple[CallWrapUp, ...] = ()
    scripts: tuple[CallScript, ...] = ()  # the answers that were chosen, in order


_LINES = f"""
SELECT call.id, call.arrived_at, call.dialled, call.municipality, municipality.name AS municipality_name, call.stage,
  call.end_reason, call.end_is_estimated, call.calamity, call.handled_by_fallback,
  {seconds(waited(now="now()", towns="$3"))} AS wait_seconds, {seconds(talked(now="now()"))} AS talk_seconds,
  (SELECT leg.party FROM call_leg leg WHERE leg.call_id = call.id AND leg.role = 'operator'
   AND leg.joined_at IS NOT NULL ORDER BY leg.joined_at DESC LIMIT 1) AS operator
FROM {{0}} LEFT JOIN municipality ON municipality.code = call.municipality
ORDER BY call.arrived_at DESC, call.id LIMIT $2"""
_NEWEST = """
(SELECT * FROM call WHERE arrived_at >= coalesce($1::timestamptz, '-infinity') {0}
 ORDER BY arrived_at DESC, id LIMIT $2) AS call"""
_CALLS = _LINES.format(_NEWEST.format(""))
# By municipality and moment, whatever Postgres guesses of how many of the newest calls are of this municipality: of a
# large one at a quiet hour it would go through those of everybody else. A town that is no constant leaves no guess.
_CALLS_OF_TOWNS = "WITH town AS MATERIALIZED (SELECT code FROM unnest($3::text[]) AS code)" + _LINES.format(
    f"town CROSS JOIN LATERAL {_NEWEST.format('AND municipality = town.code')}"
)
# One statement: each round trip waits for its turn on the server and here. Each table had one of its own.
_PARTS = {
    "facts": "SELECT at, kind, detail FROM call_fact WHERE call_id = chosen.id ORDER BY seq",
    "legs": f"SELECT {LEG.listed()} FROM call_leg WHERE call_id = chosen.id ORDER BY started_at, role, id",
    "transfers": f"SELECT {TRANSFER.listed()} FROM transfer WHERE call_id = chosen.id ORDER BY number",
    "wrap_ups": f"SELECT {WRAP_UP.listed()} FROM call_wrap_up WHERE call_id = chosen.id ORDER BY saved_at, operator",
    "scripts": OF_CALL,
    "visits": f"SELECT {VISIT.listed()} FROM queue_visit WHERE call_id = chosen.id "
    "AND ($3::text[] IS NULL OR municipality = ANY($3)) ORDER BY entered_at, left_at",
}
_LISTED_PARTS = ", ".join(
    f"(SELECT jsonb_agg(to_jsonb(part)) FROM ({part}) part) AS {name}" for name, part in _PARTS.items()
)
# Materialized: as for `_BEGINNING`.
_STORY = f"""
WITH found AS MATERIALIZED (SELECT {CALL.listed()} FROM call WHERE id BETWEEN $1 AND $2),
chosen AS MATERIALIZED (SELECT * FROM found WHERE $3::text[] IS NULL OR municipality = ANY($3)
  ORDER BY arrived_at DESC LIMIT 1)
SELECT chosen.*, {_LISTED_PARTS} FROM chosen"""
# Materialized: the planner cannot tell how few ids are in a range, and would walk through all calls, newest first.
_BEGINNING = """
WITH found AS MATERIALIZED (SELECT id, municipality, arrived_at FROM call WHERE id BETWEEN $1 AND $2)
SELECT id FROM found WHERE $3::text[] IS NULL OR municipality = ANY($3) ORDER BY arrived_at DESC LIMIT 1"""


async def list_calls(
    pool: Pool,
    scope: Scope,
    *,
    since: datetime | None = None,
    municipality: MunicipalityCode | None = None,
    limit: int = 100,
) -> list[CallLine]:
    """The newest first. Raises StoreUnavailable."""
    towns = scope_codes(scope)
    if municipality is not None:
        towns = [municipality] if towns is None or municipality in towns else []
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_CALLS if towns is None else _CALLS_OF_TOWNS, since, limit, towns)
    return [CallLine(**{**row, "stage": Stage(row["stage"]), "end_reason": _reason(row["end_reason"])}) for row in rows]


def _reason(text: str | None) -> EndReason | None:
    return None if text is None else EndReason(text)


async def call_story(
    pool: Pool, scope: Scope, call_id: CallId, *, with_personal_data: bool = False
) -> CallStory | None:
    """None when there is no such call in the scope. Raises StoreUnavailable."""
    return await _story(pool, scope, (call_id, call_id), with_personal_data=with_personal_data)


async def find_story(pool: Pool, scope: Scope, beginning: str, *, with_personal_data: bool = False) -> CallStory | None:
    """Of the newest call whose id begins so; None when there is none in the scope. Raises StoreUnavailable."""
    ids = _ids_that_begin(beginning)
    return None if ids is None else await _story(pool, scope, ids, with_personal_data=with_personal_data)


async def _story(pool: Pool, scope: Scope, ids: tuple[UUID, UUID], *, with_personal_data: bool) -> CallStory | None:
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchrow(_STORY, *ids, scope_codes(scope))
    if found is None:
        return None
    parts = {name: json.loads(found[name] or "[]") for name in _PARTS}
    story = CallStory(
        call=CALL.read(found),
        facts=tuple(Fact(instant(row["at"]), FactKind(row["kind"]), row["detail"]) for row in parts["facts"]),
        legs=tuple(LEG.read_json(row) for row in parts["legs"]),
        transfers=tuple(TRANSFER.read_json(row) for row in parts["transfers"]),
        visits=tuple(VISIT.read_json(row) for row in parts["visits"]),
        wrap_ups=tuple(WRAP_UP.read_json(row) for row in parts["wrap_ups"]),
        scripts=tuple(CALL_SCRIPT.read_json(row) for row in parts["scripts"]),
    )
    return story if with_personal_data else _without_personal_data(story)


async def find_call(pool: Pool, scope: Scope, beginning: str) -> CallId | None:
    """The newest call whose id begins so; None when there is none in the scope. Raises StoreUnavailable."""
    ids = _ids_that_begin(beginning)
    if ids is None:
        return None
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchval(_BEGINNING, *ids, scope_codes(scope))
    return None if found is None else CallId(found)


async def operator_of(pool: Pool, scope: Scope, call_id: CallId) -> OperatorNumber | None:
    """The operator who has this call, or is offered it; None when nobody has. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchval(_OPERATOR, call_id, scope_codes(scope))
    return None if found is None else OperatorNumber(found)


async def municipality_of(pool: Pool, scope: Scope, call_id: CallId) -> MunicipalityCode | None:
    """Of a call of the scope; None when there is no such call, or it has none yet. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            found = await connection.fetchval(_MUNICIPALITY, call_id, scope_codes(scope))
    return optional(MunicipalityCode, found)


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
    wrap_ups = tuple(replace(one, pii_note="") for one in story.wrap_ups)
    return replace(story, call=call, facts=facts, transfers=transfers, wrap_ups=wrap_ups)


_CHANNELS = """
SELECT leg.channel_id, 'leg' AS kind, leg.started_at, leg.answered_at, leg.ended_at, leg.end_is_estimated,
  CAST(leg.call_id AS text) AS call_id
FROM call_leg leg JOIN call ON call.id = leg.call_id
WHERE leg.owns_channel AND call.asterisk_id = $1 AND leg.started_at >= $2 AND leg.started_at < $3
UNION ALL
SELECT channel_id, 'line', started_at, answered_at, ended_at, end_is_estimated, NULL
FROM operator_line WHERE asterisk_id = $1 AND started_at >= $2 AND started_at < $3"""


async def recorded_channels(
    pool: Pool, asterisk_id: AsteriskId, since: datetime, until: datetime
) -> list[RecordedChannel]:
    """Every channel of one Asterisk that started in the period, as it is recorded. Raises StoreUnavailable."""
    with translated():
        rows = await pool.fetch(_CHANNELS, asterisk_id, since, until)
    return [RecordedChannel(**row) for row in rows]
