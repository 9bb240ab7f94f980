"""The states of one operator in a period: the stretches that are over, and the one that goes on."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.ids import OperatorNumber
from ari_app.core.operator_states import OperatorStretch, within
from ari_app.storage.calls.statements import STRETCH
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes

_STRETCHES = """
WITH found AS (
  SELECT session_id, operator, teams, state, pause_reason, call_id, from_at, until_at, end_is_estimated
  FROM operator_state WHERE operator = $2 AND from_at < $4 AND until_at > $3
  UNION ALL
  SELECT id, operator, teams, state, pause_reason, call_id, state_since_at, greatest(state_since_at, $5), false
  FROM operator_session WHERE operator = $2 AND logged_out_at IS NULL AND state_since_at < $4
)
SELECT session_id, operator, teams, state, pause_reason, from_at, until_at, end_is_estimated,
  (SELECT call.id FROM call WHERE call.id = found.call_id
   AND ($1::text[] IS NULL OR call.municipality = ANY($1))) AS call_id
FROM found
WHERE $1::text[] IS NULL OR EXISTS (SELECT FROM operator_skill skill
  WHERE skill.operator = found.operator AND skill.municipality = ANY($1))
ORDER BY from_at"""


async def operator_stretches(
    pool: Pool, scope: Scope, operator: OperatorNumber, begins_at: datetime, ends_at: datetime, now: datetime
) -> tuple[OperatorStretch, ...]:
    """The parts of this operator's stretches in the period, in their order; a state that goes on lasts until `now`.

    None of an operator without a skill for a municipality of the scope; a call outside the scope is not named.
    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_STRETCHES, scope_codes(scope), operator, begins_at, ends_at, now)
    return within(map(STRETCH.read, rows), begins_at, ends_at)
