"""Pages of calls go by an index, whatever is asked for: a year of calls is never read through."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
from asyncpg.connection import LoggedQuery

from ari_app.core.access import Scope
from ari_app.core.ids import CallId, OperatorNumber
from ari_app.storage.calls.selected import Selection, select_calls
from ari_app.storage.db.engine import Database, Pool, connect
from tests.storage.test_reads import OneConnection
from tests.storage.values import NINE, WIERDAM, after

pytestmark = pytest.mark.postgres

OWN: Scope = frozenset({WIERDAM})
ANNA = OperatorNumber("101")
A_YEAR = """
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, municipality,
  ended_at, end_reason)
SELECT gen_random_uuid(), 'node1', 'c' || n, '140119', 'ended', $1, $1::timestamptz - n * interval '1 minute', 1,
  CASE WHEN n % 50 = 0 THEN 'GM9901' ELSE 'GM9902' END, $1, 'caller_hung_up' FROM generate_series(1, 20000) n"""
THEIR_STATES = """
INSERT INTO operator_state (session_id, operator, teams, state, call_id, from_at, until_at)
SELECT gen_random_uuid(), CASE WHEN n % 50 = 0 THEN '101' ELSE '102' END, '{}', 'talking', id,
  arrived_at, arrived_at + interval '30 seconds' FROM (SELECT id, arrived_at, row_number() OVER () AS n
    FROM call) one"""
THEIR_STAYS = """
INSERT INTO queue_visit (id, call_id, municipality, reason, entered_at, left_at, outcome)
SELECT gen_random_uuid(), id, municipality, 'menu', arrived_at, arrived_at + interval '70 seconds', 'answered'
FROM call"""
THEIR_LEGS = """
INSERT INTO call_leg (id, call_id, channel_id, role, party, started_at, joined_at, left_at, ended_at, end_reason)
SELECT gen_random_uuid(), id, 'c', 'operator', '101', arrived_at, arrived_at, ended_at, ended_at, 'released'
FROM call"""
LAST = CallId(UUID(int=7))


async def test_each_question_has_its_index(an_area: Database, database_url: str) -> None:
    await an_area.background.execute(A_YEAR, NINE)
    for statement in (THEIR_STATES, THEIR_STAYS, THEIR_LEGS):
        await an_area.background.execute(statement)
    owner = await connect(database_url, "test")
    await owner.execute("ANALYZE call, call_leg, queue_visit, operator_state, operator_session")
    await owner.close()
    questions: list[tuple[Scope, Selection, str]] = [
        (None, Selection(), "ix_call_arrived_at"),
        (None, Selection(since=after(-90_000), until=after(-3600)), "ix_call_arrived_at"),
        (OWN, Selection(), "ix_call_municipality_arrived_at"),
        (OWN, Selection(before=(after(-7200), LAST)), "ix_call_municipality_arrived_at"),
        (OWN, Selection(is_open=True), "ix_call_open"),
        (OWN, Selection(operator=ANNA), "ix_operator_state_operator_from_at"),
        (OWN, Selection(operator=ANNA, is_open=True), "ix_call_open"),
        (OWN, Selection(waited_seconds=60), "ix_queue_visit_call_id"),
        (OWN, Selection(only=LAST), "pk_call"),
    ]
    logged: asyncio.Queue[LoggedQuery] = asyncio.Queue()
    async with an_area.background.acquire() as connection:
        for scope, wanted, index in questions:
            with connection.query_logger(logged.put_nowait):
                pool = cast(Pool, OneConnection(connection))
                await select_calls(pool, scope, wanted, NINE + timedelta(days=-13), limit=50)
                while "LEFT JOIN municipality" not in (query := await logged.get()).query:
                    pass
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {query.query}", *query.args))
            assert index in plan, f"{wanted}\n{plan}"
            for table in ("call ", "operator_state", "queue_visit", "call_leg"):
                assert f"Seq Scan on {table}" not in plan, f"{wanted}\n{plan}"
