"""A dump of any revision is restored as docs/deployment.md says, beside a database that is newer and in use."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Connection

from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.alchemy import create_migration_engine
from ari_app.storage.db.engine import connect, dsn
from ari_app.storage.db.migrate import _config, upgrade_to_head
from ari_app.storage.db.revision import known_revisions, require_head
from ari_app.storage.db.roles import SERVE
from tests.roles import as_role

pytestmark = pytest.mark.postgres

DOCUMENT = Path(__file__).parents[2] / "docs" / "deployment.md"
RESTORE = ["--no-owner", "--no-privileges", "--exit-on-error"]


def client(server: LocalPostgres, program: str, *arguments: str) -> None:
    binary = server._binaries / program
    subprocess.run([str(binary), *arguments], check=True, capture_output=True, timeout=120, env={**os.environ})


@pytest.fixture(scope="module")
def older_url(postgres_server: LocalPostgres) -> Iterator[str]:
    """The URL of one database that grows older with the tests: each upgrades it to the revision that it dumps."""
    postgres_server.start()
    name = f"older_{uuid4().hex}"
    postgres_server.sql(f'CREATE DATABASE "{name}"')
    yield postgres_server.url(name)
    postgres_server.sql(f'DROP DATABASE "{name}" WITH (FORCE)')


async def made(url: str, revision: str) -> None:
    """A database of this version, with something in it."""

    def upgrade(connection: Connection) -> None:
        with connection.begin():
            command.upgrade(_config(connection), revision)

    engine = create_migration_engine(url)
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()
    owner = await connect(url, "test")
    if not await owner.fetchval("SELECT count(*) FROM municipality"):
        await owner.execute("INSERT INTO municipality (code, name) VALUES ('GM9901', 'Oosterwende')")
        await owner.execute("INSERT INTO audit_log (at, actor, action, detail) VALUES (now(), 'a', 'kept', '{}')")
    await owner.close()


def test_the_document_says_what_is_tested() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"pg_restore -U ari_app -d restored {' '.join(RESTORE)}" in text
    assert "RENAME TO before_restore" in text
    assert "docker compose run --rm migrate" in text


@pytest.mark.parametrize("revision", known_revisions())
async def test_a_dump_of_each_revision_is_restored(
    postgres_server: LocalPostgres, database_url: str, older_url: str, tmp_path: Path, revision: str
) -> None:
    await made(older_url, revision)
    dump, restored, before = tmp_path / "dump", f"restored_{uuid4().hex}", f"before_{uuid4().hex}"
    await asyncio.to_thread(client, postgres_server, "pg_dump", "-Fc", "-f", str(dump), "-d", dsn(older_url))
    name = database_url.rpartition("/")[2].partition("?")[0]
    postgres_server.sql(f'CREATE DATABASE "{restored}"')
    target = dsn(postgres_server.url(restored))
    await asyncio.to_thread(client, postgres_server, "pg_restore", *RESTORE, "-d", target, str(dump))
    postgres_server.sql(f'ALTER DATABASE "{name}" RENAME TO "{before}"', database="postgres")
    postgres_server.sql(f'ALTER DATABASE "{restored}" RENAME TO "{name}"', database="postgres")
    try:
        await upgrade_to_head(database_url)
        await require_head(database_url)
        serve = await connect(as_role(database_url, SERVE), "test")
        assert await serve.fetchval("SELECT name FROM municipality WHERE code = 'GM9901'") == "Oosterwende"
        assert await serve.fetchval("SELECT action FROM audit_log") == "kept"
        await serve.close()
    finally:
        postgres_server.sql(f'DROP DATABASE "{before}" WITH (FORCE)', database="postgres")
