"""A scope in the database: rows of other municipalities do not exist for their reader.

Two walls: each query has the scope as a parameter, and each reading connection names it, for the policies of the tables
that the role of `web` reads (`storage.db.roles`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.core.access import Scope
from ari_app.storage.db.engine import Connection, Pool

SCOPE_SETTING = "ari_app.scope"  # CBS codes, separated by commas; * for the whole group

_SET = f"SELECT set_config('{SCOPE_SETTING}', $1, true)"
# PostgreSQL plans a statement anew for the values of each execution when it believes that to be cheaper. With the
# policies of its tables, planning a desk took ten times as long as reading it.
_SET_AND_KEEP_PLANS = f"{_SET}, set_config('plan_cache_mode', 'force_generic_plan', true)"


async def set_scope(connection: Connection, scope: Scope) -> None:
    """Name the scope for the policies, until the end of the transaction that the connection is in."""
    await connection.execute(_SET, _named(scope))


@asynccontextmanager
async def reading(pool: Pool, scope: Scope, *, keeps_plans: bool = False) -> AsyncIterator[Connection]:
    """A transaction that sees one moment, and for the role of `web` only what is in the scope.

    `keeps_plans`: for what screens repeat all day, and what finds its rows by keys: each connection plans it once. Of a
    search whose best way depends on what is looked for, keep none.
    """
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_SET_AND_KEEP_PLANS if keeps_plans else _SET, _named(scope))
        yield connection


def _named(scope: Scope) -> str:
    return "*" if scope is None else ",".join(sorted(scope))


def scope_codes(scope: Scope) -> list[str] | None:
    """For SQL such as `($1::text[] IS NULL OR municipality = ANY($1))`: None is the whole group.

    A row without a municipality is read by the whole group only.
    """
    return None if scope is None else sorted(scope)
