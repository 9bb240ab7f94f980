"""What changed since: nothing is missed whatever commits when, and nobody sees what is another municipality's."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace
from uuid import UUID

import pytest

from ari_app.core.access import Scope
from ari_app.core.call import Fact, FactKind
from ari_app.core.changes import ChangePage, Position
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.changes.follow import follow_changes
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.db.engine import Database, Pool
from ari_app.storage.db.feed import CallChanged, Feed, Resync
from ari_app.storage.db.roles import SERVE
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.changes.readers import Plain, ids, insert, now_at, serve, since
from tests.storage.link import Link
from tests.storage.values import NINE, new_call

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)


async def test_a_transaction_that_commits_late_is_not_missed_and_holds_nobody_up(
    database: Database, database_url: str
) -> None:
    start = await now_at(database)
    slow, quick = await serve(database_url), await serve(database_url)
    late = slow.transaction()
    await late.start()
    a = await insert(slow)
    b = await insert(quick)
    page = await since(database, start)
    assert ids(page) == [b], "a change that is committed is told at once"
    passed = page.position
    assert passed.number < page.changes[0].number
    assert ids(await since(database, passed)) == []
    await late.commit()
    page = await since(database, passed)
    assert ids(page) == [a]
    assert page.changes[0].number >= passed.number, "no number that was passed comes again"
    assert ids(await since(database, page.position)) == []
    assert ids(await since(database, start)) == [a, b], "a reader that only comes now hears both, in their order"
    await slow.close()
    await quick.close()


async def test_what_is_rolled_back_never_was(database: Database, database_url: str) -> None:
    start = await now_at(database)
    connection = await serve(database_url)
    undone = connection.transaction()
    await undone.start()
    await insert(connection)
    page = await since(database, start)
    await undone.rollback()
    page = await since(database, page.position)
    assert (ids(page), page.position.missing) == ([], frozenset())
    await connection.close()


@pytest.mark.parametrize("seed", range(3))
async def test_readers_miss_nothing_and_hear_nothing_twice_whoever_writes_meanwhile(
    database: Database, database_url: str, seed: int
) -> None:
    """Eight writers hold their transactions open for as long as they like; four readers read in pages of any size."""
    chance, start = random.Random(seed), await now_at(database)
    committed: list[str] = []
    is_over = asyncio.Event()

    async def write(chance: random.Random) -> None:
        connection = await serve(database_url)
        for _ in range(25):
            block = connection.transaction()
            await block.start()
            made = []
            for _ in range(chance.randint(1, 3)):
                made.append(await insert(connection))
                await connection.fetchval("SELECT pg_sleep($1)", chance.choice((0, 0, 0.001, 0.02)))
            if chance.random() < 0.2:
                await block.rollback()
            else:
                await block.commit()
                committed.extend(made)
        await connection.close()

    async def read(chance: random.Random) -> list[str]:
        position, heard, is_last = start, list[str](), False
        while True:
            page = await changes_since(database.background, None, position, most=chance.choice((1, 2, 5, 1000)))
            assert not page.start_anew
            numbers = [change.number for change in page.changes]
            assert numbers == sorted(numbers)
            assert all(number >= position.number and not position.has(number) for number in numbers)
            assert all(page.position.has(number) for number in numbers)
            assert page.position.number >= position.number
            heard += ids(page)
            position = Position.parse(str(page.position))
            if is_last and not page.has_more:
                return heard
            is_last = is_over.is_set()
            await asyncio.sleep(chance.choice((0, 0.005)))

    readers = [asyncio.create_task(read(random.Random(chance.random()))) for _ in range(4)]
    await asyncio.gather(*(write(random.Random(chance.random())) for _ in range(8)))
    is_over.set()
    for heard in await asyncio.gather(*readers):
        assert sorted(heard) == sorted(committed)


async def test_a_long_transaction_costs_its_readers_nothing(database: Database, database_url: str) -> None:
    """They do not read on and on what was committed since it began."""
    long = await serve(database_url)
    block = long.transaction()
    await block.start()
    first = await insert(long)
    position = await now_at(database)
    quick = await serve(database_url)
    for _ in range(20):
        made = await insert(quick)
        page = await since(database, position)
        assert ids(page) == [made]
        position = page.position
    await block.commit()
    assert ids(await since(database, position)) == [first]
    await long.close()
    await quick.close()


async def test_many_rows_of_one_transaction_are_one_page(database: Database, database_url: str) -> None:
    start = await now_at(database)
    connection = await serve(database_url)
    before = await insert(connection)
    async with connection.transaction():
        many = [await insert(connection) for _ in range(7)]
    last = await insert(connection)
    pages, position = [], start
    while True:
        page = await changes_since(database.pool, None, position, most=2)
        pages.append(ids(page))
        position = page.position
        if not page.has_more:
            break
    assert pages[0][0] == before
    assert sorted(pages[0][1:] + pages[1]) == sorted([*many, last][: len(pages[0][1:] + pages[1])])
    assert sorted(call for page in pages for call in page) == sorted([before, *many, last])
    assert all(len(set(many) & set(page)) in (0, 7) for page in pages), "a transaction is never cut in two"
    await connection.close()


async def test_a_notification_carries_the_number_of_its_change(
    database: Database, database_url: str, ledger: PostgresLedger
) -> None:
    start = await now_at(database)
    async with Feed(database_url) as feed:
        assert await anext(feed) == Resync()
        call = await ledger.store(new_call(), [ARRIVED])
        async with asyncio.timeout(PATIENCE_SECONDS):
            heard = await anext(feed)
        (change,) = (page := await since(database, start)).changes
        assert heard == CallChanged(call.id)
        assert isinstance(heard, CallChanged)
        assert heard.number == change.number
        assert page.position.has(heard.number)
        await ledger.store(call, [ARRIVED])
        call = await ledger.store(replace(call, last_seq=call.last_seq + 1), [ARRIVED])
        await ledger.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            heard = await anext(feed)
        (change,) = (await since(database, page.position)).changes
        assert isinstance(heard, CallChanged)
        assert heard.number == change.number, "of two changes that are told as one, the last"


async def test_a_follower_hears_each_change_once_and_soon(
    database: Database, database_url: str, ledger: PostgresLedger, owner: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def counted(pool: Pool, scope: Scope, position: Position | None) -> ChangePage:
        asked.append(position)
        return await changes_since(pool, scope, position)

    monkeypatch.setattr("ari_app.storage.changes.follow.changes_since", counted)
    start = await now_at(database)
    unannounced = await insert(owner)  # its writer died before it could notify
    async with aclosing(follow_changes(database_url, database.background, None, start)) as pages:
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert ids(await anext(pages)) == [unannounced]
            calls = [await ledger.store(new_call(), [ARRIVED]) for _ in range(5)]
            heard: list[str] = []
            while len(heard) < 5:
                heard += ids(await anext(pages))
    assert heard == [str(call.id) for call in calls]
    assert len(asked) <= 6, "notifications of changes that came with a page ask for no other"


async def test_a_follower_goes_on_after_postgres_was_away(
    link: Link, database: Database, ledger: PostgresLedger
) -> None:
    position = await now_at(database)
    async with (
        Database(link.url) as far,
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(follow_changes(link.url, far.background, None, position)) as pages,
    ):
        first = await ledger.store(new_call(), [ARRIVED])
        assert ids(await anext(pages)) == [str(first.id)]
        hearing = asyncio.create_task(anext(pages))
        link.cut()
        second = await ledger.store(new_call(), [ARRIVED])
        await ledger.close()
        link.mend()
        assert ids(await hearing) == [str(second.id)]


async def test_a_restarted_postgres_keeps_its_numbers(
    database: Database, database_url: str, ledger: PostgresLedger, postgres_server: LocalPostgres
) -> None:
    position = await now_at(database)
    call = await ledger.store(new_call(), [ARRIVED])
    await asyncio.to_thread(postgres_server.restart)
    async with Database(as_role(database_url, SERVE)) as again:
        assert ids(await since(again, position)) == [str(call.id)]


async def test_an_id_of_a_call_is_a_uuid(database: Database, ledger: PostgresLedger) -> None:
    start = await now_at(database)
    call = await ledger.store(new_call(), [ARRIVED])
    (change,) = (await since(database, start)).changes
    assert UUID(change.id) == call.id
