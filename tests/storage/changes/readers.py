"""Readers and writers for the tests of the log of changes."""

from __future__ import annotations

from typing import TypeAlias
from uuid import uuid4

import asyncpg

from ari_app.core.access import Scope
from ari_app.core.changes import ChangePage, Position
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.db.engine import Database, connect
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role
from tests.storage.values import WIERDAM

Plain: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_INSERT = """
INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq, municipality)
VALUES ($1::uuid, 'node1', $1::uuid::text, '140119', 'waiting', now(), now(), 1, $2)"""


async def serve(database_url: str) -> Plain:
    return await connect(as_role(database_url, SERVE), "test")


async def insert(connection: Plain, municipality: MunicipalityCode | None = WIERDAM) -> str:
    call = uuid4()
    await connection.execute(_INSERT, call, municipality)
    return str(call)


async def now_at(database: Database, scope: Scope = None) -> Position:
    page = await changes_since(database.pool, scope, None)
    assert (page.start_anew, page.changes, page.has_more) == (True, (), False)
    return page.position


async def since(database: Database, position: Position, scope: Scope = None) -> ChangePage:
    page = await changes_since(database.pool, scope, position)
    assert not page.start_anew
    return page


def ids(page: ChangePage) -> list[str]:
    return [change.id for change in page.changes]
