"""The audit log: every deed with its actor, written in the transaction of the deed itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from ari_app.storage.db.engine import Connection

# The municipalities are those of the moment: a call goes elsewhere, and an account loses a role. The first key of the
# detail that says what the deed was about decides; without any they are those of the actor's own account.
_OF_ACCOUNT = """
(SELECT CASE WHEN NOT bool_or(given.municipality = '' AND given.team = '')
    THEN array_agg(DISTINCT coalesce(served.municipality, given.municipality)) END
  FROM account JOIN account_role given ON given.account = account.id
  LEFT JOIN team_municipality served ON served.team = given.team
  WHERE account.login = {0})"""
_MUNICIPALITIES = f"""
CASE WHEN d ->> 'municipality' IS NOT NULL THEN ARRAY[d ->> 'municipality']
  WHEN jsonb_typeof(d -> 'municipalities') = 'array'
    THEN ARRAY(SELECT jsonb_array_elements_text(d -> 'municipalities'))
  WHEN d ? 'municipalities' THEN NULL
  WHEN d ->> 'call' IS NOT NULL OR d ->> 'call_id' IS NOT NULL THEN (SELECT ARRAY[call.municipality] FROM call
    WHERE call.id = coalesce(d ->> 'call', d ->> 'call_id')::uuid AND call.municipality IS NOT NULL)
  WHEN d ->> 'reference' IS NOT NULL THEN (SELECT ARRAY[request.municipality] FROM callback_request request
    WHERE request.reference = d ->> 'reference')
  WHEN d ->> 'role' IS NOT NULL THEN (SELECT CASE WHEN whose = '' THEN NULL ELSE coalesce(
      (SELECT array_agg(DISTINCT served.municipality) FROM team_municipality served WHERE served.team = whose),
      ARRAY[whose]) END FROM split_part(d ->> 'role', ':', 2) AS whose)
  WHEN d ->> 'account' IS NOT NULL THEN {_OF_ACCOUNT.format("d ->> 'account'")}
  WHEN d ->> 'operator' IS NOT NULL THEN (SELECT array_agg(DISTINCT skill.municipality) FROM operator_skill skill
    WHERE skill.operator = d ->> 'operator')
  WHEN d ->> 'team' IS NOT NULL THEN (SELECT array_agg(DISTINCT served.municipality) FROM team_municipality served
    WHERE served.team = d ->> 'team')
  WHEN d ->> 'board' IS NOT NULL THEN (SELECT board.municipalities FROM board_token board
    WHERE board.id = (d ->> 'board')::uuid)
  WHEN d ->> 'token' IS NOT NULL THEN (SELECT token.municipalities FROM service_token token
    WHERE token.name = d ->> 'token')
  ELSE {_OF_ACCOUNT.format("regexp_replace($2::text, '^account:', '')")} END"""
_RECORD = f"""
INSERT INTO audit_log (at, actor, action, detail, municipalities)
SELECT $1::timestamptz, $2::text, $3::text, d, {_MUNICIPALITIES} FROM (SELECT $4::jsonb AS d) deed"""


async def record_deed(conn: Connection, at: datetime, actor: str, action: str, detail: Mapping[str, object]) -> None:
    """Add a row. `action` is `subject.verb`, such as "area.import"; `detail` holds no personal data of citizens."""
    await conn.execute(_RECORD, at, actor, action, json.dumps(dict(detail), ensure_ascii=False))
