"""Reads from the record what became of a command whose controller died before it answered (`core.command_traces`).

Beside the facts of a call, the row of a login and that of a line name the command that led to them.
"""

from __future__ import annotations

import json
from datetime import datetime

import asyncpg

from ari_app.core.call import Fact, FactKind
from ari_app.core.command_traces import answer_by_facts
from ari_app.core.operator_commands import ACCEPTED, Answer, Unanswered

# The call that a command made has an id of its own: it is looked for among those of that minute.
_CALLS = """
ARRAY(SELECT command.call_id UNION SELECT made.id FROM call made
  WHERE command.what IN ('next_callback', 'make_callback') AND made.callback_request IS NOT NULL
    AND made.arrived_at BETWEEN command.asked_at - interval '1 minute' AND command.asked_at + interval '1 minute')"""
#: columns of a row of `command`
TRACE = f"""
(SELECT jsonb_agg(jsonb_build_object('at', fact.at, 'kind', fact.kind, 'detail', fact.detail) ORDER BY fact.seq)
  FROM call_fact fact WHERE fact.call_id = ANY ({_CALLS})
    AND (fact.detail ->> 'command' = command.id::text OR fact.detail ->> 'withdrawn' = command.id::text)) AS facts,
(SELECT request.deadline_at FROM callback_request request JOIN call_fact fact
    ON fact.detail ->> 'reference' = request.reference
  WHERE fact.call_id = command.call_id AND fact.detail ->> 'command' = command.id::text LIMIT 1) AS deadline_at,
EXISTS (SELECT FROM operator_session session
  WHERE session.id = command.session_id AND session.command_id = command.id) AS is_in_session,
what = 'log_in' AND EXISTS (SELECT FROM operator_line line
  WHERE line.command_id = command.id AND line.operator = command.operator) AS is_in_line"""


def answer_by_record(row: asyncpg.Record) -> Answer:
    """The answer that its controller would have given, of a row with the columns of TRACE."""
    if row["is_in_session"] or row["is_in_line"]:
        return ACCEPTED
    try:
        facts = [
            Fact(datetime.fromisoformat(fact["at"]), FactKind(fact["kind"]), fact["detail"])
            for fact in json.loads(row["facts"] or "[]")
        ]
        return answer_by_facts(facts, row["deadline_at"])
    except (KeyError, ValueError):
        return Unanswered()  # facts of another version: nobody here can tell
