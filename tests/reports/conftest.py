"""Databases for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database
from ari_app.storage.db.roles import SERVE, WEB
from tests.roles import as_role


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """As `serve` has it, which counts. The log of changes belongs to this database, as after its first minute."""
    async with Database(as_role(database_url, SERVE)) as database:
        await keep_up(database.pool, datetime.now(UTC))
        yield database


@pytest.fixture
async def web(database_url: str) -> AsyncIterator[Database]:
    """As `web` has it, which reads."""
    async with Database(as_role(database_url, WEB)) as web:
        yield web


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[PostgresLedger]:
    ledger = PostgresLedger(database.pool)
    yield ledger
    await ledger.close()
