"""Databases and wires for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role
from tests.storage.link import Link


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """As `serve` has it: the tests of this room show that its rights suffice."""
    async with Database(as_role(database_url, SERVE)) as database:
        yield database


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[PostgresLedger]:
    ledger = PostgresLedger(database.pool)
    yield ledger
    await ledger.close()


@pytest.fixture
async def link(database_url: str) -> AsyncIterator[Link]:
    async with Link(database_url) as link:
        yield link
