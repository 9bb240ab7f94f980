"""The script that an operator chose for a call: the choice, the subject of the wrap-up, and the count of uses."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import CallId, OperatorNumber, ScriptId
from ari_app.core.script_commands import CallScript, ChooseScript
from ari_app.core.scripts import subject_code
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import RowShape
from ari_app.storage.db.scopes import reading, scope_codes

CALL_SCRIPT = RowShape(CallScript, "call_script")
#: the rows of a call, for its story
OF_CALL = """
SELECT made.call_id, made.operator, made.at, made.script, made.version, made.subject, coalesce(said.question, '')
  AS question FROM call_script made LEFT JOIN script_version said ON said.script = made.script
  AND said.version = made.version WHERE made.call_id = chosen.id ORDER BY made.id"""

_TALKED = """
EXISTS (SELECT FROM call_leg leg WHERE leg.call_id = $1 AND leg.role = 'operator' AND leg.party = $2
  AND leg.joined_at IS NOT NULL)"""
# Only what was published, and is shared or of a municipality that the operator works for. A version that was replaced
# during the talk is what was read to the caller.
_FIND = f"""
SELECT version.subject, call.dialled, call.shared_number FROM call, script JOIN script_version version
  ON version.script = script.id AND version.version = $4
WHERE call.id = $1 AND script.id = $3 AND version.published_at IS NOT NULL AND (script.municipality IS NULL
  OR EXISTS (SELECT FROM operator_skill skill WHERE skill.operator = $2 AND skill.municipality = script.municipality))
  AND {_TALKED}"""
_CHOSEN = f"""
SELECT subject FROM call_script WHERE call_id = $1 AND operator = $2 AND script IS NOT NULL AND {_TALKED}
ORDER BY id DESC LIMIT 1"""
_ADD = "INSERT INTO call_script (call_id, operator, at, script, version, subject) VALUES ($1, $2, $3, $4, $5, $6)"
_SUBJECT = """
INSERT INTO call_wrap_up (call_id, operator, subject, result, saved_at, pii_note) VALUES ($1, $2, $3, '', now(), '')
ON CONFLICT (call_id, operator) DO UPDATE SET subject = excluded.subject, saved_at = excluded.saved_at"""
_NO_SUBJECT = """
UPDATE call_wrap_up SET subject = '', saved_at = now() WHERE call_id = $1 AND operator = $2 AND subject = $3"""
_COUNT = """
INSERT INTO script_use (number, day, script, uses) VALUES ($1, $2, $3, 1)
ON CONFLICT (number, day, script) DO UPDATE SET uses = script_use.uses + 1"""

_LAST = """
SELECT made.script, made.version FROM call_script made JOIN call ON call.id = made.call_id
WHERE made.call_id = $1 AND made.operator = $2 AND ($3::text[] IS NULL OR call.municipality = ANY ($3))
ORDER BY made.id DESC LIMIT 1"""


async def last_choice(
    pool: Pool, scope: Scope, call_id: CallId, operator: OperatorNumber
) -> tuple[ScriptId, int] | None:
    """The script that this operator chose for this call; None: none, or they took it back. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            row = await connection.fetchrow(_LAST, call_id, operator, scope_codes(scope))
    return None if row is None or row["script"] is None else (ScriptId(row["script"]), row["version"])


async def choose_script_in(
    connection: Connection, call_id: CallId, operator: OperatorNumber, said: ChooseScript, now: datetime
) -> bool:
    """In a transaction of the caller; False: this operator did not talk in this call, or may not read this script.

    A script without a subject leaves the call's subject as it is.
    """
    if said.script is None:
        subject = await connection.fetchval(_CHOSEN, call_id, operator)
        if subject is None:
            return False
        await connection.execute(_ADD, call_id, operator, now, None, None, "")
        await connection.execute(_NO_SUBJECT, call_id, operator, subject)
        return True
    row = await connection.fetchrow(_FIND, call_id, operator, said.script, said.version)
    if row is None:
        return False
    subject = subject_code(row["subject"])
    await connection.execute(_ADD, call_id, operator, now, said.script, said.version, subject)
    if subject:
        await connection.execute(_SUBJECT, call_id, operator, subject)
    day = now.astimezone(AMSTERDAM).date()
    await connection.execute(_COUNT, row["shared_number"] or row["dialled"], day, said.script)
    return True
