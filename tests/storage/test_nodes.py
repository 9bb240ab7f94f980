"""A node's row: whose its name is, what becomes of the rows of a node that is gone, and whether rows can be written."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

import pytest

from ari_app.core.call import Fact, FactKind
from ari_app.core.ledger import AlreadyTaken, StaleRow, StoreUnavailable
from ari_app.core.operators import LogoutReason, OperatorState
from ari_app.storage.callbacks.statements import ABANDONED_CALLS, IS_ON_THE_LINE
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import STATEMENT_SECONDS, Database, connect
from ari_app.storage.db.nodes import GONE_AFTER_SECONDS, NodeRow, NodeTaken
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role
from tests.storage.values import NINE, NODE1, NODE2, WIERDAM, after, new_call, new_session

pytestmark = pytest.mark.postgres

HERE, THERE = "an installation", "another installation"
NUMBER = "+31612345678"
ARRIVED = Fact(NINE, FactKind.ARRIVED)


async def seen(database: Database, name: str, seconds_ago: float) -> None:
    """The node lives, or did so long ago."""
    await database.pool.execute(
        "INSERT INTO node VALUES ($1, 'x', now() - make_interval(secs => $2)) "
        "ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at",
        name,
        seconds_ago,
    )


async def test_a_name_is_refused_to_another_installation_while_its_own_is_at_work(database: Database) -> None:
    mine, others = NodeRow(database.pool, NODE1, HERE), NodeRow(database.pool, NODE1, THERE)
    for _ in range(2):
        await mine.beat()
        await mine.require_free()
        with pytest.raises(NodeTaken, match=r"calls itself node1 was seen \d s ago: .* ARI_APP_NODE"):
            await others.require_free()
        with pytest.raises(NodeTaken, match="calls itself node1 is at work"):
            await others.beat()
    await NodeRow(database.pool, NODE2, THERE).beat()


async def test_a_copy_of_the_same_installation_stands_by_and_takes_over(database: Database) -> None:
    await NodeRow(database.pool, NODE1, HERE).beat()
    copy = NodeRow(database.pool, NODE1, HERE)
    await copy.require_free()
    await copy.beat()


async def test_the_name_of_an_installation_that_is_gone_is_free(database: Database) -> None:
    mine, others = NodeRow(database.pool, NODE1, HERE), NodeRow(database.pool, NODE1, THERE)
    await mine.beat()
    await database.pool.execute("UPDATE node SET seen_at = now() - make_interval(secs => $1)", GONE_AFTER_SECONDS + 1.0)
    await others.require_free()
    await others.beat()
    with pytest.raises(NodeTaken):  # one that was frozen for so long stops
        await mine.beat()


async def test_a_standby_writes_nothing(database: Database) -> None:
    await NodeRow(database.pool, NODE1, HERE).require_free()
    assert await database.pool.fetchval("SELECT count(*) FROM node") == 0


async def test_a_heartbeat_that_is_not_answered_is_an_absence_after_a_second(
    database: Database, database_url: str
) -> None:
    """New callers wait for nothing then, and the connection on which it was asked is used for nothing else."""
    row = NodeRow(database.pool, NODE1, HERE)
    await row.beat()
    other = await connect(database_url, "test")
    async with other.transaction():
        await other.execute("SELECT FROM node FOR UPDATE")
        began_at = monotonic()
        with pytest.raises(StoreUnavailable):
            await row.beat()
        assert monotonic() - began_at < STATEMENT_SECONDS
    await row.beat()
    await other.close()


async def test_no_room_for_rows_is_an_absence_of_the_store(database: Database, database_url: str) -> None:
    """Postgres answers to every question while its disk is full: only writing tells. Here it may write no file."""
    await NodeRow(database.pool, NODE1, HERE).beat()
    name = database_url.rpartition("/")[2].partition("?")[0]
    owner = await connect(database_url, "test")
    await owner.execute(f'ALTER DATABASE "{name}" SET temp_file_limit = 0')
    async with Database(as_role(database_url, SERVE)) as full:
        assert await full.pool.fetchval("SELECT 1") == 1
        row = NodeRow(full.pool, NODE1, HERE)
        for _ in range(2):
            assert "53" in await _why_not(row)
    await owner.execute(f'ALTER DATABASE "{name}" RESET temp_file_limit')
    await owner.close()
    async with Database(as_role(database_url, SERVE)) as roomy:
        await NodeRow(roomy.pool, NODE1, HERE).beat()


async def _why_not(row: NodeRow) -> str:
    """Why the heartbeat is not written; on a busy machine it may first take too long."""
    while True:
        with pytest.raises(StoreUnavailable) as refused:
            await row.beat()
        if not isinstance(refused.value.__cause__, TimeoutError):
            return str(refused.value)


@pytest.mark.parametrize(("seconds_ago", "is_on_the_line"), [(None, True), (1, True), (29, True), (31, False)])
async def test_a_citizen_is_not_on_the_line_of_a_node_that_is_gone(
    database: Database, ledger: PostgresLedger, seconds_ago: float | None, is_on_the_line: bool
) -> None:
    await ledger.store(replace(new_call(), pii_caller_number=NUMBER), [ARRIVED])
    if seconds_ago is not None:
        await seen(database, NODE1, seconds_ago)
    assert await database.pool.fetchval(IS_ON_THE_LINE, NUMBER, after(60)) is is_on_the_line


@pytest.mark.parametrize(("seconds_ago", "is_found"), [(1, False), (31, True)])
async def test_who_gave_up_is_found_though_a_later_call_is_left_open_by_a_node_that_is_gone(
    database: Database, ledger: PostgresLedger, seconds_ago: float, is_found: bool
) -> None:
    first = replace(new_call(NODE2), municipality=WIERDAM, pii_caller_number=NUMBER)
    await ledger.store(first, [ARRIVED])
    await database.pool.execute(
        "UPDATE call SET stage = 'ended', ended_at = $1, end_reason = 'abandoned_waiting'", after(30)
    )
    await ledger.store(replace(first, id=new_call().id, arrived_at=after(60), asterisk_id=NODE1), [ARRIVED])
    await seen(database, NODE1, seconds_ago)
    found = await database.pool.fetch(ABANDONED_CALLS, [WIERDAM], NINE)
    assert [row["id"] for row in found] == ([first.id] if is_found else [])


async def test_an_operator_logs_in_elsewhere_once_the_node_is_gone(database: Database, ledger: PostgresLedger) -> None:
    there = replace(new_session("101", NODE1), state=OperatorState.READY)
    await ledger.store_session(there)
    here = new_session("101", NODE2)
    await seen(database, NODE1, 1)
    with pytest.raises(AlreadyTaken):
        await ledger.store_session(here)
    await seen(database, NODE1, 31)
    await ledger.store_session(here)
    assert [session.id for session in (await ledger.open_rows(NODE2)).sessions] == [here.id]
    assert (await ledger.open_rows(NODE1)).sessions == ()
    (row,) = await database.pool.fetch("SELECT * FROM operator_session WHERE id = $1", there.id)
    assert (row["state"], row["logout_reason"]) == (OperatorState.AWAY, LogoutReason.LOST)
    assert row["logged_out_at"] == await database.pool.fetchval(
        "SELECT greatest($1, seen_at) FROM node WHERE name = $2", there.logged_in_at, NODE1
    )
    (stretch,) = await database.pool.fetch("SELECT * FROM operator_state WHERE session_id = $1", there.id)
    assert (stretch["state"], stretch["from_at"], stretch["until_at"], stretch["end_is_estimated"]) == (
        OperatorState.READY,
        there.logged_in_at,
        row["logged_out_at"],
        True,
    )
    with pytest.raises(StaleRow):  # the node comes back, and its session is over
        await ledger.store_session(there)


async def test_a_session_of_the_own_node_is_never_ended_so(database: Database, ledger: PostgresLedger) -> None:
    await ledger.store_session(new_session("101", NODE1))
    await seen(database, NODE1, 31)
    with pytest.raises(AlreadyTaken):
        await ledger.store_session(new_session("101", NODE1))
