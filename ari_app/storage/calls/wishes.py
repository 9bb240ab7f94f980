"""The wish of an operator that a supervisor allows one transfer more."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.ids import CallId, OperatorNumber
from ari_app.storage.db.engine import Connection

_WISH = """
INSERT INTO transfer_wish (call_id, operator, asked_at)
SELECT call.id, session.operator, $3 FROM call JOIN operator_session session ON session.call_id = call.id
WHERE call.id = $1 AND call.ended_at IS NULL AND session.operator = $2 AND session.logged_out_at IS NULL
ON CONFLICT (call_id, operator) DO UPDATE SET asked_at = excluded.asked_at RETURNING call_id"""


async def wish_transfer_in(connection: Connection, call_id: CallId, operator: OperatorNumber, now: datetime) -> bool:
    """In a transaction of the caller, by the clock of allowances; False: the operator does not have this call now."""
    return await connection.fetchval(_WISH, call_id, operator, now) is not None
