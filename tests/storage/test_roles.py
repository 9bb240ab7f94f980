"""Each role of the database may do what its process needs, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from ari_app.core.access import Scope
from ari_app.core.call import Fact, FactKind
from ari_app.core.ids import CallId, MunicipalityCode
from ari_app.core.operator_rules import step
from ari_app.core.operators import LogOut
from ari_app.core.queue_visits import VisitOutcome
from ari_app.storage import tables
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story, list_calls
from ari_app.storage.db.engine import Database, connect
from ari_app.storage.db.errors import RowRefused
from ari_app.storage.db.excess import APPEND_ONLY, rights_in_excess
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.db.roles import SERVE, SERVE_RIGHTS, WEB, WEB_RIGHTS, RolesRefused
from ari_app.storage.db.scopes import reading
from ari_app.storage.db.scram import scram_secret
from tests.roles import PASSWORDS, as_role
from tests.storage.values import ELDERLO, NINE, WIERDAM, new_call, new_leg, new_session, new_visit

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED, {"pii_from": "+31612345678"})
Calls = dict[MunicipalityCode | None, CallId]
BOTH: Scope = frozenset({WIERDAM, ELDERLO})


@pytest.fixture
async def web(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, WEB)) as web:
        yield web


@pytest.fixture
async def calls(ledger: PostgresLedger) -> Calls:
    """One of each municipality, and one that reached none."""
    stored: Calls = {}
    for municipality in (WIERDAM, ELDERLO, None):
        call = replace(new_call(), municipality=municipality)
        stored[municipality] = (await ledger.store(call, [ARRIVED], [new_leg(call)])).id
    return stored


def test_it_is_decided_for_every_table_who_may_do_what() -> None:
    assert set(tables.metadata.tables) <= set(SERVE_RIGHTS)
    assert set(WEB_RIGHTS) <= set(SERVE_RIGHTS)
    assert {table for table, rights in SERVE_RIGHTS.items() if rights == "SELECT, INSERT"} == set(APPEND_ONLY)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = DEFAULT", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"])
async def test_serve_changes_no_fact(database: Database, table: str, statement: str) -> None:
    column = tables.metadata.tables[table].columns.keys()[-1]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.pool.execute(statement.format(table, column))


@pytest.mark.parametrize(
    "statement",
    [
        "COPY call TO PROGRAM 'true'",
        "CREATE TABLE mine (n int)",
        "ALTER TABLE call ADD COLUMN mine int",
        "DELETE FROM call",
        "CREATE ROLE mine",
        "ALTER ROLE ari_app_web SUPERUSER",
        "SET ROLE ari_app",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
@pytest.mark.parametrize("role", [SERVE, WEB])
async def test_neither_role_reaches_beyond_its_rows(database_url: str, role: str, statement: str) -> None:
    connection = await connect(as_role(database_url, role), "test")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("scope", [frozenset({WIERDAM}), frozenset({ELDERLO}), BOTH, frozenset(), None])
@pytest.mark.parametrize("table", ["call", "call_leg", "call_fact"])
async def test_web_reads_only_rows_of_the_scope_whatever_it_asks(
    web: Database, calls: Calls, scope: Scope, table: str
) -> None:
    async with reading(web.pool, scope) as connection:
        rows = await connection.fetch(f"SELECT {'id' if table == 'call' else 'call_id'} AS call FROM {table}")
        seen = {row["call"] for row in rows}
    assert seen == {call for municipality, call in calls.items() if scope is None or municipality in scope}


async def test_web_sees_nothing_without_a_scope(web: Database, calls: Calls) -> None:
    async with reading(web.pool, BOTH) as connection:
        assert await connection.fetchval("SELECT count(*) FROM call") == 2
    for _ in range(20):  # also on the connection that had one
        assert await web.pool.fetchval("SELECT count(*) FROM call") == 0


async def test_a_query_that_forgets_the_scope_meets_the_second_wall(web: Database, calls: Calls) -> None:
    assert len(await list_calls(web.pool, frozenset({WIERDAM}))) == 1
    async with reading(web.pool, frozenset({WIERDAM})) as connection:
        assert await connection.fetch("SELECT FROM call WHERE municipality = $1", ELDERLO) == []
    story = await call_story(web.pool, frozenset({WIERDAM}), calls[WIERDAM])
    assert story is not None
    assert (len(story.facts), len(story.legs)) == (1, 1)


async def test_web_makes_no_account_gives_no_role_and_reads_no_pin(web: Database) -> None:
    await web.pool.execute("INSERT INTO audit_log (at, actor, action, detail) VALUES (now(), 'a', 'look', '{}')")
    for statement in (
        "SELECT * FROM audit_log",
        "SELECT pin_hash FROM operator",
        "SELECT * FROM pin_attempt",
        "INSERT INTO municipality (code, name) VALUES ('GM1', 'x')",
        "UPDATE call SET stage = 'ended'",
        "INSERT INTO account (id, login, name, created_at) VALUES (gen_random_uuid(), 'x', 'x', now())",
        "INSERT INTO account_role VALUES (gen_random_uuid(), 'administrator', '', '')",
        "INSERT INTO account_link (token_hash, account, expires_at) VALUES ('', gen_random_uuid(), now())",
        "UPDATE account SET locked_at = NULL",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await web.pool.execute(statement)


async def test_web_sees_the_stays_in_its_own_queues_only(web: Database, ledger: PostgresLedger) -> None:
    """Also those of a call that is another municipality's by now, and not those which that one had."""
    call = replace(new_call(), municipality=ELDERLO)
    here = replace(new_visit(replace(call, municipality=WIERDAM)), left_at=NINE, outcome=VisitOutcome.ANSWERED)
    await ledger.store(call, [ARRIVED], [], [], [here, new_visit(call)])
    for scope, expected in ((frozenset({WIERDAM}), [WIERDAM]), (frozenset({ELDERLO}), [ELDERLO]), (frozenset(), [])):
        async with reading(web.pool, scope) as connection:
            rows = await connection.fetch("SELECT municipality FROM queue_visit")
        assert [row["municipality"] for row in rows] == expected


async def test_web_sees_the_states_of_the_operators_of_its_municipalities_only(
    database_url: str, web: Database, ledger: PostgresLedger
) -> None:
    owner = await connect(database_url, "test")
    await owner.execute(
        """
        INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
        INSERT INTO team (code, name) VALUES ('a', 'A'), ('b', 'B');
        INSERT INTO team_municipality VALUES ('a', 'GM9901', 'own'), ('b', 'GM9902', 'own');
        INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', '');
        INSERT INTO operator_team VALUES ('101', 'a'), ('102', 'b');
        """
    )
    await owner.close()
    for number in ("101", "102"):
        session = new_session(number)
        await ledger.store_session(session)
        await ledger.store_session(step(session, LogOut(NINE + timedelta(seconds=5))))
    for scope, expected in ((frozenset({WIERDAM}), ["101"]), (frozenset({ELDERLO}), ["102"]), (frozenset(), [])):
        async with reading(web.pool, scope) as connection:
            rows = await connection.fetch("SELECT operator FROM operator_state")
        assert [row["operator"] for row in rows] == expected


async def test_other_roles_and_the_owner_see_everything(database_url: str, calls: Calls) -> None:
    """Reports of others read with roles of their own: row level security is for `web`."""
    owner = await connect(database_url, "test")
    await owner.execute("CREATE ROLE reports_of_others; GRANT SELECT ON call TO reports_of_others")
    try:
        await owner.execute("SET ROLE reports_of_others")
        assert await owner.fetchval("SELECT count(*) FROM call") == 3
    finally:
        await owner.execute("RESET ROLE; DROP OWNED BY reports_of_others; DROP ROLE reports_of_others")
        await owner.close()


async def test_rights_in_excess_are_named(database_url: str, database: Database, web: Database) -> None:
    assert await rights_in_excess(database.pool) == []
    assert await rights_in_excess(web.pool) == []
    async with Database(database_url) as owner:
        assert {"is a superuser", "owns tables", "may change facts"} <= set(await rights_in_excess(owner.pool))


async def test_migrating_again_changes_no_policy_and_brings_rights_back(database_url: str) -> None:
    owner = await connect(database_url, "test")
    policies = "SELECT oid FROM pg_policy ORDER BY oid"
    before = await owner.fetch(policies)
    for change in (
        f"REVOKE ALL ON call FROM {SERVE}",
        f"GRANT ALL ON call_fact TO {SERVE}",
        "DROP POLICY web ON transfer",
    ):
        await owner.execute(change)
    await upgrade_to_head(database_url)
    rights = "SELECT has_table_privilege($1, 'call', 'UPDATE'), has_table_privilege($1, 'call_fact', 'UPDATE')"
    (row,) = await owner.fetch(rights, SERVE)
    after = await owner.fetch(policies)
    await owner.close()
    assert tuple(row) == (True, False)
    assert len(after) == len(before)
    assert len({row["oid"] for row in before} - {row["oid"] for row in after}) == 3, "those of one table, made anew"


async def test_an_owner_who_may_not_make_roles_is_told_what_to_do(database_url: str) -> None:
    with pytest.raises((RolesRefused, RowRefused)):
        await upgrade_to_head(as_role(database_url, SERVE), PASSWORDS)


def test_postgres_is_told_no_password() -> None:
    one, other = scram_secret("geheim"), scram_secret("geheim")
    assert one.startswith("SCRAM-SHA-256$4096:")
    assert "geheim" not in one
    assert one != other
