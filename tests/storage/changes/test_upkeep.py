"""The log of changes is kept for a day, and says nothing about another database than its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.call import Fact, FactKind
from ari_app.storage.changes import upkeep
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.changes.upkeep import KEPT_FOR, keep_up
from ari_app.storage.db.engine import Database
from tests.storage.changes.readers import Plain, ids, insert, now_at, serve, since
from tests.storage.values import NINE

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)


async def test_after_a_day_a_change_is_forgotten_and_a_reader_that_was_away_starts_anew(
    database: Database, owner: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BATCH_ROWS", 3)
    start = await now_at(database)
    for _ in range(10):
        await insert(owner)
    between = (await since(database, start)).position
    await insert(owner)
    await owner.execute(
        "UPDATE change SET changed_at = changed_at - interval '1 hour' WHERE number < $1", between.number
    )
    now = datetime.now(UTC)
    await keep_up(database.pool, now)
    assert len((await since(database, start)).changes) == 11, "nothing is a day old"
    await keep_up(database.pool, now + KEPT_FOR - timedelta(minutes=30))
    assert await owner.fetchval("SELECT count(*) FROM change") == 1
    assert (await changes_since(database.pool, None, start)).start_anew
    assert len((await since(database, between)).changes) == 1
    await keep_up(database.pool, now + KEPT_FOR + timedelta(hours=1))
    assert await owner.fetchval("SELECT count(*) FROM change") == 0
    assert ids(await since(database, await now_at(database))) == []


async def test_a_change_of_an_open_transaction_is_not_forgotten_before_it_was_told(
    database: Database, database_url: str, owner: Plain
) -> None:
    slow = await serve(database_url)
    block = slow.transaction()
    await block.start()
    late = await insert(slow)
    start = await now_at(database)
    await insert(owner)
    position = (await since(database, start)).position
    await keep_up(database.pool, datetime.now(UTC) + 2 * KEPT_FOR)
    await block.commit()
    assert ids(await since(database, position)) == [late]
    await keep_up(database.pool, datetime.now(UTC) + 2 * KEPT_FOR)
    assert (await changes_since(database.pool, None, position)).start_anew
    await slow.close()


async def test_in_another_database_a_reader_starts_anew_and_goes_on_from_there(
    database: Database, owner: Plain, database_url: str
) -> None:
    """Numbers of a dump say nothing where it is restored; they may be far higher than those that come."""
    position = await now_at(database)
    await owner.execute("UPDATE change_log SET origin = 'ba9876543210'")
    await owner.execute("INSERT INTO change VALUES (1000000000, 'call', 'restored', 'GM9901', NULL, now())")
    for asked in (None, position):
        page = await changes_since(database.pool, None, asked)
        assert page.start_anew, "numbers of before and of now are in the log"
    await insert(owner)
    await keep_up(database.pool, datetime.now(UTC))
    assert (await changes_since(database.pool, None, page.position)).start_anew, "what was in it is not known"
    position = await now_at(database)
    made = await insert(owner)
    assert ids(await since(database, position)) == [made]


async def test_a_position_of_a_future_that_is_no_more_starts_anew(database: Database) -> None:
    position = await now_at(database)
    page = await changes_since(database.pool, None, replace(position, upcoming=position.upcoming + 1_000_000))
    assert page.start_anew
    assert page.position.upcoming < position.upcoming + 1_000_000
