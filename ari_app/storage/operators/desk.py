"""What the desk shows of an operator, and of the queues that they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.commands import What
from ari_app.core.forced_states import ForcedState, is_news
from ari_app.core.ids import AsteriskId, CallId, MunicipalityCode, OperatorNumber, optional
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.storage.db.connections import borrowed
from ari_app.storage.db.engine import STATEMENT_SECONDS, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes


@dataclass(frozen=True, slots=True)
class DeskState:
    """One operator, logged in or not. `municipality`: that of the call; None outside the scope, or without a call."""

    number: OperatorNumber
    name: str
    teams: tuple[str, ...]
    state: OperatorState
    state_since_at: datetime | None
    pause_reason: PauseReason | None
    pause_pending: PauseReason | None
    logout_pending: bool
    is_reconnecting: bool  # the page that is their phone lost its line, and is waited for
    node: AsteriskId | None
    call_id: CallId | None
    municipality: str | None
    forced: ForcedState | None  # what a supervisor asked for last, in this login or the one that is over

    def is_forced(self, now: datetime) -> bool:
        """Whether what a supervisor asked for is what is now, or what is to come."""
        pause = self.pause_reason or self.pause_pending
        return self.forced is not None and is_news(
            self.forced, self.state, pause, logout_pending=self.logout_pending, now=now
        )


@dataclass(frozen=True, slots=True)
class QueueLine:
    """The callers who wait for one municipality, those who are being offered included."""

    municipality: MunicipalityCode
    name: str
    waiting_count: int
    longest_since_at: datetime


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """When the controller of a node wrote that it lives, by the clock of Postgres."""

    name: AsteriskId
    seen_at: datetime
    is_away: bool


#: a controller beats each second; after so long without it a screen says that it is old
AWAY_SECONDS = 4

_STATES = """
SELECT operator.number, operator.name, session.state, session.state_since_at, session.pause_reason,
  session.pause_pending, coalesce(session.logout_pending, false) AS logout_pending,
  session.line_until_at IS NOT NULL AS is_reconnecting, session.asterisk_id AS node,
  session.call_id, (SELECT municipality.name FROM call JOIN municipality ON municipality.code = call.municipality
    WHERE call.id = session.call_id AND ($1::text[] IS NULL OR call.municipality = ANY ($1))) AS municipality,
  forced.*, coalesce((SELECT array_agg(team.name ORDER BY team.name) FROM operator_team member
    JOIN team ON team.code = member.team WHERE member.operator = operator.number), '{}') AS teams
FROM operator LEFT JOIN operator_session session
  ON session.operator = operator.number AND session.logged_out_at IS NULL
LEFT JOIN LATERAL (SELECT command.what AS forced_what, command.arguments ->> 'reason' AS forced_pause,
  command.arguments ->> 'forced_why' AS forced_why, command.asked_at AS forced_at
  FROM (SELECT past.command_id FROM operator_session past WHERE past.operator = operator.number
    ORDER BY past.logged_in_at DESC LIMIT 1) newest
  JOIN command ON command.id = newest.command_id AND command.arguments ->> 'forced_why' <> '') forced ON true
WHERE operator.number = ANY ($2::text[]) AND ($1::text[] IS NULL OR EXISTS (SELECT FROM operator_skill skill
  WHERE skill.operator = operator.number AND skill.municipality = ANY ($1)))"""
_QUEUES = """
SELECT municipality.code AS municipality, municipality.name, count(*) AS waiting_count,
  min(visit.entered_at) AS longest_since_at
FROM queue_visit visit JOIN municipality ON municipality.code = visit.municipality
WHERE visit.outcome IS NULL AND ($1::text[] IS NULL OR visit.municipality = ANY ($1))
GROUP BY municipality.code, municipality.name ORDER BY longest_since_at, municipality.code"""
_NODES = f"""
SELECT name, seen_at, seen_at < now() - interval '{AWAY_SECONDS} seconds' AS is_away FROM node"""


async def desk_states(
    pool: Pool, scope: Scope, operators: Collection[OperatorNumber]
) -> dict[OperatorNumber, DeskState]:
    """Those of the operators that have a skill for a municipality of the scope. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            rows = await connection.fetch(_STATES, scope_codes(scope), list(operators))
    return {state.number: state for state in map(_state, rows)}


def _state(row: Named) -> DeskState:
    values = dict(row.items())  # type: ignore[attr-defined]
    what, pause, why, at = (values.pop(f"forced_{name}") for name in ("what", "pause", "why", "at"))
    return DeskState(
        **{
            **values,
            "teams": tuple(row["teams"]),
            "state": OperatorState(row["state"] or OperatorState.AWAY),
            "pause_reason": optional(PauseReason, row["pause_reason"]),
            "pause_pending": optional(PauseReason, row["pause_pending"]),
            "forced": None if what is None else ForcedState(What(what), optional(PauseReason, pause), why, at),
        }
    )


async def queue_lines(pool: Pool, scope: Scope) -> list[QueueLine]:
    """The municipalities of the scope for which somebody waits, the longest wait first. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            return [QueueLine(**row) for row in await connection.fetch(_QUEUES, scope_codes(scope))]


async def nodes_seen(pool: Pool) -> list[NodeSeen]:
    """No answer for two seconds is an absence. Raises StoreUnavailable."""
    with translated():
        async with asyncio.timeout(STATEMENT_SECONDS), borrowed(pool) as connection:
            return [NodeSeen(**row) for row in await connection.fetch(_NODES)]


_STAFF = "SELECT operator, state FROM operator_session WHERE logged_out_at IS NULL"
_ON_THE_PHONE = """
SELECT DISTINCT leg.party FROM call_leg leg WHERE leg.ended_at IS NULL AND leg.role = 'colleague'
  AND leg.party = ANY ($1::text[])"""


async def staff_now(
    pool: Pool, extensions: Collection[str]
) -> tuple[dict[OperatorNumber, OperatorState], frozenset[str]]:
    """The state of every operator who is logged in, and those of the extensions that have a caller of ours now.

    Of the whole group: an entry that is shared says whether it is free, and not with whom it speaks.
    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, None) as connection:
            staff = await connection.fetch(_STAFF)
            busy = await connection.fetch(_ON_THE_PHONE, list(extensions)) if extensions else []
    states = {OperatorNumber(row["operator"]): OperatorState(row["state"]) for row in staff}
    return states, frozenset(row["party"] for row in busy)
