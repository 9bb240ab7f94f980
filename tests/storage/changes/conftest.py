"""The log of changes as its readers find it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database, connect
from ari_app.storage.db.roles import WEB
from tests.roles import as_role
from tests.storage.changes.readers import Plain


@pytest.fixture
async def database(database: Database) -> Database:
    """The database of a test is a copy of another one, so its log begins anew, as `serve` does in its first minute."""
    await keep_up(database.pool, datetime.now(UTC))
    return database


@pytest.fixture
async def web(database: Database, database_url: str) -> AsyncIterator[Database]:
    async with Database(as_role(database_url, WEB)) as web:
        yield web


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Plain]:
    connection = await connect(database_url, "test")
    yield connection
    await connection.close()
