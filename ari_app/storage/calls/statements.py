"""The SQL of the ledger. A row and its facts are one statement: one commit, one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any

from ari_app.core.call import Call, Leg
from ari_app.core.operator_states import OperatorStretch
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer
from ari_app.storage.db.nodes import gone
from ari_app.storage.db.notifications import NUMBER
from ari_app.storage.db.rows import RowShape

CALL = RowShape(Call, "call")
LEG = RowShape(Leg, "call_leg")
LINE = RowShape(OperatorLine, "operator_line")
SESSION = RowShape(OperatorSession, "operator_session")
TRANSFER = RowShape(Transfer, "transfer")
STRETCH = RowShape(OperatorStretch, "operator_state")
VISIT = RowShape(QueueVisit, "queue_visit")
ANSWER = RowShape(SurveyAnswer, "survey_answer")

_FACT_TYPES = ("int", "timestamptz", "text", "jsonb")


class Guard(Enum):
    """The condition under which a write of a call happens: how much of it is stored already."""

    NOTHING = "nothing"  # the call is new
    SEQ = "seq"  # everything up to the fact before this write
    SAME = "same"  # this write itself: only legs, transfers, visits and answers are written


@lru_cache(maxsize=128)
def store_call(guard: Guard, facts: int, legs: int, transfers: int = 0, visits: int = 0, answers: int = 0) -> str:
    """Store a call's row, `facts` new facts, changed parts of it; no row when the guard fails.

    Parameters: the columns of the call, with the new `last_seq`; with Guard.SEQ the `last_seq` that must be stored
    now; seq, at, kind, detail of each fact; the columns of each leg, transfer, visit and answer. With Guard.SAME only
    the call's id and `last_seq` before the legs.
    """
    match guard:
        case Guard.NOTHING:
            stored = f"INSERT INTO call ({CALL.listed()}) VALUES ({CALL.parameters(1)}) ON CONFLICT (id) DO NOTHING"
            after = len(CALL.columns) + 1
        case Guard.SEQ:
            changes = ", ".join(f"{name} = ${at}" for at, name in enumerate(CALL.columns, start=1) if name != "id")
            after = len(CALL.columns) + 2
            stored = f"UPDATE call SET {changes} WHERE id = $1 AND last_seq = ${after - 1}"
        case Guard.SAME:
            stored = "UPDATE call SET last_seq = $2 WHERE id = $1 AND last_seq = $2"
            after = 3
    parts = [f"stored AS ({stored} RETURNING id)"]
    if facts:
        rows = [_parameters(after + at * len(_FACT_TYPES), _FACT_TYPES) for at in range(facts)]
        after += facts * len(_FACT_TYPES)
        parts.append(
            "recorded AS (INSERT INTO call_fact (call_id, seq, at, kind, detail) SELECT stored.id, fact.* FROM stored, "
            f"(VALUES ({'), ('.join(rows)})) AS fact)"
        )
    parts_of_call = (
        ("joined", LEG, legs),
        ("handed", TRANSFER, transfers),
        ("queued", VISIT, visits),
        ("given", ANSWER, answers),
    )
    for name, shape, changed in parts_of_call:
        if changed:
            rows = [shape.parameters(after + at * len(shape.columns)) for at in range(changed)]
            after += changed * len(shape.columns)
            parts.append(
                f"{name} AS (INSERT INTO {shape.table} ({shape.listed()}) SELECT changed.* FROM stored, "
                f"(VALUES ({'), ('.join(rows)})) AS changed "
                f"ON CONFLICT (id) DO UPDATE SET {shape.overwritten(by='excluded', keys=('id', 'call_id'))})"
            )
    return f"WITH {', '.join(parts)} SELECT id, {NUMBER} FROM stored"


def _parameters(first: int, sql_types: Sequence[str]) -> str:
    return ", ".join(f"${first + at}::{sql_type}" for at, sql_type in enumerate(sql_types))


def _store_whole(shape: RowShape[Any], closed: str, after: str = "") -> str:
    """An upsert that never opens a closed row again, nor undoes a newer change; instead it returns no row.

    `after`: a FROM clause of one row, which is read first.
    """
    return (
        f"INSERT INTO {shape.table} AS old ({shape.listed()}) SELECT {shape.parameters(1)} {after} "
        f"ON CONFLICT (id) DO UPDATE SET {shape.overwritten(by='excluded', keys=('id',))} "
        f"WHERE (old.{closed} IS NULL OR excluded.{closed} IS NOT NULL) AND (old.version < excluded.version "
        f"OR ({shape.listed(prefix='old.')}) IS NOT DISTINCT FROM ({shape.listed(prefix='excluded.')})) "
        f"RETURNING id, {NUMBER}"
    )


STORE_LINE = _store_whole(LINE, "ended_at")
#: The state that is over becomes a stretch. It is read from the row as it was: a repeated write finds nothing to end,
#: and one that waited for another write of the row finds what that one stored.
STORE_SESSION = f"""
WITH before AS (SELECT * FROM operator_session WHERE id = $1 AND logged_out_at IS NULL FOR UPDATE),
stored AS ({_store_whole(SESSION, "logged_out_at", "FROM (SELECT count(*) FROM before) locked")}, state_since_at),
ended AS (INSERT INTO operator_state ({STRETCH.listed()})
  SELECT before.id, before.operator, before.teams, before.state, before.pause_reason, before.call_id,
    before.state_since_at, stored.state_since_at, ${len(SESSION.columns) + 1}::boolean
  FROM before, stored WHERE before.state_since_at < stored.state_since_at
  ON CONFLICT DO NOTHING)
SELECT id, number FROM stored"""
#: as `core.operator_rules` ends one, at the moment at which its node was seen last
END_SESSION_OF_GONE_NODE = f"""
WITH before AS (
  SELECT session.*, greatest(session.state_since_at, node.seen_at) AS over_at
  FROM operator_session session JOIN node ON node.name = session.asterisk_id
  WHERE operator = $1 AND logged_out_at IS NULL AND asterisk_id <> $2 AND {gone("session.asterisk_id")} FOR UPDATE),
ended AS (INSERT INTO operator_state ({STRETCH.listed()})
  SELECT id, operator, teams, state, pause_reason, call_id, state_since_at, over_at, true FROM before
  WHERE state_since_at < over_at ON CONFLICT DO NOTHING)
UPDATE operator_session SET state = 'away', state_since_at = before.over_at, logged_out_at = before.over_at,
  logout_reason = 'lost', call_id = NULL, held_at = NULL, wrap_up_until_at = NULL, pause_reason = NULL,
  line_lost_at = NULL, line_until_at = NULL,
  pause_pending = NULL, logout_pending = false, version = before.version + 1
FROM before WHERE operator_session.id = before.id
RETURNING operator_session.id"""

THE_CALL = f"SELECT {CALL.listed()} FROM call WHERE id = $1"
LOCK_CALL = f"{THE_CALL} FOR UPDATE"
FACTS = "SELECT at, kind, detail FROM call_fact WHERE call_id = $1 ORDER BY seq"

OPEN_CALLS = f"SELECT {CALL.listed()} FROM call WHERE asterisk_id = $1 AND ended_at IS NULL ORDER BY arrived_at, id"
OPEN_LEGS = (
    f"SELECT {LEG.listed(prefix='leg.')} FROM call_leg leg JOIN call ON call.id = leg.call_id "
    "WHERE leg.ended_at IS NULL AND call.asterisk_id = $1 ORDER BY leg.started_at, leg.id"
)
OPEN_TRANSFERS = (
    f"SELECT {TRANSFER.listed(prefix='transfer.')} FROM transfer JOIN call ON call.id = transfer.call_id "
    "WHERE transfer.ended_at IS NULL AND call.asterisk_id = $1 ORDER BY transfer.requested_at, transfer.id"
)
OPEN_VISITS = (
    f"SELECT {VISIT.listed(prefix='visit.')} FROM queue_visit visit JOIN call ON call.id = visit.call_id "
    "WHERE visit.outcome IS NULL AND call.asterisk_id = $1 ORDER BY visit.entered_at, visit.id"
)
ALLOWED_TRANSFERS = "SELECT count(*) AS allowed FROM transfer_allowance WHERE call_id = $1"
OPEN_LINES = (
    f"SELECT {LINE.listed()} FROM operator_line WHERE asterisk_id = $1 AND ended_at IS NULL ORDER BY started_at, id"
)
OPEN_SESSIONS = (
    f"SELECT {SESSION.listed()} FROM operator_session WHERE asterisk_id = $1 AND logged_out_at IS NULL "
    "ORDER BY logged_in_at, id"
)
OPEN_VERSIONS = """
SELECT id, last_seq AS version FROM call WHERE asterisk_id = $1 AND ended_at IS NULL
UNION ALL SELECT id, version FROM operator_line WHERE asterisk_id = $1 AND ended_at IS NULL
UNION ALL SELECT id, version FROM operator_session WHERE asterisk_id = $1 AND logged_out_at IS NULL"""
