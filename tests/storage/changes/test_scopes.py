"""Each reader is told the changes of its own municipalities, and every one of them."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest

from ari_app.core.call import Fact, FactKind
from ari_app.core.changes import ChangeKind
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.changes.reads import changes_in
from ari_app.storage.db.engine import Database
from ari_app.storage.db.scopes import reading
from tests.storage.changes.readers import Plain, ids, now_at, since
from tests.storage.values import ELDERLO, NINE, WIERDAM, new_call, new_session, new_visit

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)
_TEAMS = """
INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
INSERT INTO team (code, name) VALUES ('a', 'A'), ('b', 'B');
INSERT INTO team_municipality VALUES ('a', 'GM9901', 'own'), ('b', 'GM9902', 'own');
INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', '');
INSERT INTO operator_team VALUES ('101', 'a'), ('102', 'b')"""


async def test_every_write_of_a_call_is_a_change_of_it_once_per_page(
    database: Database, ledger: PostgresLedger
) -> None:
    start = await now_at(database)
    call = await ledger.store(replace(new_call(), municipality=WIERDAM), [ARRIVED])
    visit = new_visit(call)
    call = await ledger.store(call, [Fact(NINE, FactKind.QUEUED)], [], [], [visit])
    page = await since(database, start)
    assert [(change.kind, change.id, change.municipality) for change in page.changes] == [
        (ChangeKind.CALL, str(call.id), WIERDAM),
        (ChangeKind.VISIT, str(visit.id), WIERDAM),
    ]
    assert len({change.number for change in page.changes}) == 1, "one commit, one number"
    await ledger.store(call, [Fact(NINE, FactKind.OFFERED)], [], [], [visit])
    page = await since(database, page.position)
    assert [change.kind for change in page.changes] == [ChangeKind.CALL], "the stay is as it was"


async def test_an_upsert_that_changes_nothing_is_no_change(database: Database, ledger: PostgresLedger) -> None:
    session = new_session()
    await ledger.store_session(session)
    position = await now_at(database)
    await ledger.store_session(session)
    page = await since(database, position)
    assert ids(page) == []
    await ledger.store_session(replace(session, logout_pending=True, version=session.version + 1))
    (change,) = (await since(database, page.position)).changes
    assert (change.kind, change.id, change.operator) == (ChangeKind.SESSION, str(session.id), "101")


async def test_a_call_that_goes_to_another_municipality_is_told_to_the_one_it_leaves(
    database: Database, web: Database, ledger: PostgresLedger
) -> None:
    call = await ledger.store(replace(new_call(), municipality=WIERDAM), [ARRIVED])
    start = await now_at(web)
    call = await ledger.store(replace(call, municipality=ELDERLO), [ARRIVED])
    for town in (WIERDAM, ELDERLO):
        (change,) = (await since(web, start, frozenset({town}))).changes
        assert (change.id, change.municipality) == (str(call.id), town)
    assert len((await since(web, start)).changes) == 2


async def test_one_municipality_never_sees_anothers_changes_whatever_it_asks(
    database: Database, web: Database, owner: Plain, ledger: PostgresLedger
) -> None:
    await owner.execute(_TEAMS)
    start = await now_at(web, frozenset({WIERDAM}))
    for town, operator in ((WIERDAM, "101"), (ELDERLO, "102"), (None, "103")):
        call = replace(new_call(), municipality=town)
        await ledger.store(call, [ARRIVED], [], [], [new_visit(call)])
        await ledger.store_session(new_session(operator))
    hers = await since(web, start, frozenset({WIERDAM}))
    assert {(change.kind, change.municipality, change.operator) for change in hers.changes} == {
        (ChangeKind.CALL, WIERDAM, None),
        (ChangeKind.VISIT, WIERDAM, None),
        (ChangeKind.SESSION, None, "101"),
    }
    assert (await since(web, start, frozenset())).changes == ()
    assert len((await since(web, start)).changes) == 9
    async with reading(web.pool, frozenset({WIERDAM})) as connection:
        # A query that asks for more meets the wall: the position of another, and no scope at all.
        page = await changes_in(connection, None, start)
        rows = await connection.fetch("SELECT municipality, operator FROM change")
    assert set(ids(page)) == set(ids(hers))
    assert {tuple(row) for row in rows} == {(WIERDAM, None), (None, "101")}
    assert await web.pool.fetchval("SELECT count(*) FROM change") == 0, "without a scope there is nothing"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO change VALUES (1, 'call', 'x', 'GM9901', NULL, now())",
        "DELETE FROM change",
        "UPDATE change_log SET kept_from = 0",
        "CREATE TEMP TABLE forged (id int, municipality text); "
        "CREATE TRIGGER forged AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION note_change('call')",
    ],
)
async def test_web_writes_no_change(web: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await web.pool.execute(statement)


async def test_serve_rewrites_no_change(database: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.pool.execute("UPDATE change SET number = 1")


async def test_a_row_that_is_gone_is_a_change(database: Database, owner: Plain, ledger: PostgresLedger) -> None:
    call = replace(new_call(), municipality=WIERDAM)
    visit = new_visit(call)
    await ledger.store(call, [ARRIVED], [], [], [visit])
    start = await now_at(database)
    await owner.execute("DELETE FROM call WHERE id = $1", call.id)
    page = await since(database, start)
    assert {(change.kind, change.id) for change in page.changes} == {
        (ChangeKind.CALL, str(call.id)),
        (ChangeKind.VISIT, str(visit.id)),
    }
