"""Wrap-ups of talks. Whoever talked with the caller may say what it was about, as often as they like."""

from __future__ import annotations

from ari_app.core.ids import CallId, OperatorNumber
from ari_app.core.wrap_ups import CallWrapUp, WrapUp
from ari_app.storage.db.engine import Connection
from ari_app.storage.db.rows import RowShape

WRAP_UP = RowShape(CallWrapUp, "call_wrap_up")

_SAVE = """
INSERT INTO call_wrap_up (call_id, operator, subject, result, saved_at, pii_note)
SELECT $1, $2, $3, $4, now(), $5 WHERE EXISTS (SELECT FROM call_leg leg
  WHERE leg.call_id = $1 AND leg.role = 'operator' AND leg.party = $2 AND leg.joined_at IS NOT NULL)
ON CONFLICT (call_id, operator) DO UPDATE SET subject = CASE WHEN excluded.subject = '' AND EXISTS (SELECT
    FROM call_script made WHERE made.call_id = $1 AND made.operator = $2) THEN call_wrap_up.subject
    ELSE excluded.subject END, result = excluded.result,
  saved_at = excluded.saved_at, pii_note = excluded.pii_note
RETURNING call_id"""


async def save_wrap_up_in(connection: Connection, call_id: CallId, operator: OperatorNumber, said: WrapUp) -> bool:
    """In a transaction of the caller; False when this operator did not talk in this call.

    The subject of a script that was chosen stays when this says none.
    """
    saved = await connection.fetchval(_SAVE, call_id, operator, said.subject, said.result, said.pii_note)
    return saved is not None
