"""Databases and wires for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.storage.link import Link


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
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
