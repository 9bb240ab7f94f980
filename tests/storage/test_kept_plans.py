"""What screens repeat all day is planned once: with the policies of its tables, planning costs more than reading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest

from ari_app.core.ids import OperatorNumber
from ari_app.storage.callbacks.own import own_requests
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database, Pool
from ari_app.storage.db.roles import SERVE, WEB
from ari_app.storage.db.scopes import reading
from ari_app.storage.operators.card import call_cards
from ari_app.storage.operators.desk import desk_states, queue_lines
from ari_app.storage.operators.own_day import own_days
from tests.roles import as_role
from tests.storage.values import WIERDAM

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)
SCOPE = frozenset({WIERDAM})
ANNA = {OperatorNumber("101")}


async def changes(pool: Pool) -> object:
    new = await changes_since(pool, SCOPE, None)
    return await changes_since(pool, SCOPE, new.position)


READS: dict[str, Callable[[Pool], Awaitable[object]]] = {
    "states": lambda pool: desk_states(pool, SCOPE, ANNA),
    "queue": lambda pool: queue_lines(pool, SCOPE),
    "cards": lambda pool: call_cards(pool, SCOPE, ANNA, NOW),
    "days": lambda pool: own_days(pool, SCOPE, ANNA, NOW),
    "requests": lambda pool: own_requests(pool, SCOPE, ANNA, NOW),
    "changes": changes,
}
_PLANS = """
SELECT sum(generic_plans) AS kept, sum(custom_plans) AS anew FROM pg_prepared_statements
WHERE statement LIKE '%$1::text[]%' AND statement NOT LIKE '%pg_prepared_statements%'"""


@pytest.fixture
async def web(database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, SERVE)) as serve:
        await keep_up(serve.pool, NOW)  # a database that is a copy has no changes until then
    async with Database(as_role(database_url, WEB)) as web:
        yield web


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_it_is_planned_once_however_often_it_is_read(
    web: Database, read: Callable[[Pool], Awaitable[object]]
) -> None:
    for _ in range(3):
        await read(web.pool)
    async with web.pool.acquire() as connection:  # the one that came back last
        plans = await connection.fetchrow(_PLANS)
    assert plans is not None and (plans["kept"], plans["anew"]) == (3, 0)


async def test_whoever_reads_after_that_has_plans_of_their_own_again(web: Database) -> None:
    async with reading(web.pool, SCOPE, keeps_plans=True) as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    async with reading(web.pool, SCOPE) as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
        assert await connection.fetchval("SELECT current_setting('ari_app.scope')") == WIERDAM
