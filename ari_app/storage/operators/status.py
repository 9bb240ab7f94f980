"""The operators of the area, and the state of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.ids import CallId, Endpoint, OperatorNumber, TeamCode
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes


@dataclass(frozen=True, slots=True)
class OperatorStatus:
    """One operator of the area, logged in or not. `call_id` is None as well when the call is outside the scope."""

    number: OperatorNumber
    name: str
    teams: tuple[TeamCode, ...]
    state: OperatorState
    state_since_at: datetime | None
    pause_reason: PauseReason | None
    endpoint: Endpoint | None
    call_id: CallId | None


_OPERATORS = """
SELECT operator.number, operator.name, session.state, session.state_since_at, session.pause_reason, session.endpoint,
  coalesce((SELECT array_agg(team ORDER BY team) FROM operator_team WHERE operator = operator.number), '{}') AS teams,
  (SELECT call.id FROM call WHERE call.id = session.call_id
   AND ($1::text[] IS NULL OR call.municipality = ANY($1))) AS call_id
FROM operator LEFT JOIN operator_session session
  ON session.operator = operator.number AND session.logged_out_at IS NULL
WHERE $1::text[] IS NULL OR EXISTS (SELECT FROM operator_skill skill
  WHERE skill.operator = operator.number AND skill.municipality = ANY($1))
ORDER BY operator.number"""


async def list_operators(pool: Pool, scope: Scope) -> list[OperatorStatus]:
    """The operators with a primary or secondary skill for a municipality of the scope, by number.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_OPERATORS, scope_codes(scope))
    return [
        OperatorStatus(
            **{
                **row,
                "teams": tuple(row["teams"]),
                "state": OperatorState(row["state"] or OperatorState.AWAY),
                "pause_reason": None if row["pause_reason"] is None else PauseReason(row["pause_reason"]),
            }
        )
        for row in rows
    ]
