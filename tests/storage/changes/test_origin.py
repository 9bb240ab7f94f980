"""Numbers belong to one database: in another server, on another timeline or after a crash they say nothing."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ari_app.core.call import Call, Fact, FactKind
from ari_app.core.ledger import StoreUnavailable
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db.engine import Database, dsn
from ari_app.storage.db.migrate import upgrade_to_head
from tests.roles import PASSWORDS
from tests.storage.test_restore import RESTORE
from tests.storage.values import NINE, WIERDAM, new_call

pytestmark = pytest.mark.postgres
_GROW_OLD = "DO $$BEGIN FOR n IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END$$"


@pytest.fixture
async def server(postgres_directory: Path) -> AsyncIterator[LocalPostgres]:
    """A server that is this test's alone, with a migrated database."""
    directory = postgres_directory / f"alone-{secrets.token_hex(4)}"
    server = LocalPostgres(directory, secrets.token_hex(16), durable=False)
    await asyncio.to_thread(server.start)
    await upgrade_to_head(server.url(), PASSWORDS)
    yield server
    await asyncio.to_thread(server.stop)
    shutil.rmtree(directory)


async def store(database: Database, call: Call | None = None) -> Call:
    ledger = PostgresLedger(database.pool)
    stored = await ledger.store(call or replace(new_call(), municipality=WIERDAM), [Fact(NINE, FactKind.ARRIVED)])
    await ledger.close()
    return stored


async def test_a_dump_restored_in_another_server_begins_a_new_log(
    database_url: str, postgres_server: LocalPostgres, server: LocalPostgres, tmp_path: Path
) -> None:
    """Its own transactions have lower numbers than those of the dump."""
    async with Database(database_url) as database:
        await keep_up(database.pool, datetime.now(UTC))
        await database.pool.execute(_GROW_OLD)
        position = (await changes_since(database.pool, None, None)).position
        call = await store(database)
    for program, url, words in (
        ("pg_dump", dsn(database_url), ["-Fc", "-f", str(tmp_path / "dump")]),
        ("pg_restore", dsn(server.url("restored")), [*RESTORE, str(tmp_path / "dump")]),
    ):
        if program == "pg_restore":
            server.sql("CREATE DATABASE restored")
        binary = str(postgres_server._binaries / program)
        await asyncio.to_thread(subprocess.run, [binary, "-d", url, *words], check=True, capture_output=True)
    await upgrade_to_head(server.url("restored"))
    async with Database(server.url("restored")) as restored:
        restored_number, upcoming = await restored.pool.fetchrow(
            "SELECT max(number), pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM change"
        )  # type: ignore[misc]
        assert upcoming < restored_number, "numbers that come are lower than those of before"
        for since in (position, None):
            assert (await changes_since(restored.pool, None, since)).start_anew
        await keep_up(restored.pool, datetime.now(UTC))
        page = await changes_since(restored.pool, None, position)
        assert page.start_anew
        await store(restored, call)
        page = await changes_since(restored.pool, None, page.position)
        assert [change.id for change in page.changes] == [str(call.id)]
        assert not page.start_anew


async def test_after_a_failover_readers_start_anew_and_a_standby_is_not_asked(server: LocalPostgres) -> None:
    async with Database(server.url()) as database:
        await store(database)
        position = (await changes_since(database.pool, None, None)).position
    await asyncio.to_thread(server.stop)
    (server.data_dir / "standby.signal").touch(mode=0o644)
    await asyncio.to_thread(server.start)
    async with Database(server.url()) as database:
        with pytest.raises(StoreUnavailable):
            await changes_since(database.pool, None, position)
        assert await database.pool.fetchval("SELECT pg_promote()")
        page = await changes_since(database.pool, None, position)
        assert page.start_anew, "commits may be lost, and their numbers given anew"
        await keep_up(database.pool, datetime.now(UTC))
        page = await changes_since(database.pool, None, page.position)
        assert (page.start_anew, page.changes) == (False, ())
        call = await store(database)
        page = await changes_since(database.pool, None, page.position)
        assert [change.id for change in page.changes] == [str(call.id)]


async def test_after_a_crash_readers_start_anew_and_after_a_restart_they_go_on(server: LocalPostgres) -> None:
    """A number of a transaction that was undone just before a crash may be given once more."""
    async with Database(server.url()) as database:
        position = (await changes_since(database.pool, None, None)).position
        await store(database)
    await asyncio.to_thread(server.restart)
    async with Database(server.url()) as database:
        page = await changes_since(database.pool, None, position)
        assert (page.start_anew, len(page.changes)) == (False, 1)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    async with Database(server.url()) as database:
        assert (await changes_since(database.pool, None, page.position)).start_anew
        await keep_up(database.pool, datetime.now(UTC))
        page = await changes_since(database.pool, None, None)
        call = await store(database)
        page = await changes_since(database.pool, None, page.position)
        assert [change.id for change in page.changes] == [str(call.id)]


async def test_the_origin_is_the_same_for_everybody(server: LocalPostgres) -> None:
    async with Database(server.url()) as database, database.pool.acquire() as connection:
        found = set()
        for setting in (
            "TimeZone = 'UTC'",
            "TimeZone = 'Asia/Tokyo'",
            "DateStyle = 'German'",
            "search_path = pg_catalog",
        ):
            await connection.execute(f"SET {setting}")
            found.add(await connection.fetchval("SELECT public.change_origin()"))
    assert len(found) == 1
