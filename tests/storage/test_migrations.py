"""The schema that the migrations make is the schema that the program means."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

import ari_app
from ari_app.core.call import Call, Leg
from ari_app.core.callbacks import CallbackAttempt, CallbackRequest
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operator_states import OperatorStretch
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.transfer import Transfer
from ari_app.storage import tables
from ari_app.storage.db import alchemy, migrate, revision
from ari_app.storage.db.alchemy import create_migration_engine
from ari_app.storage.db.engine import connect
from ari_app.storage.db.errors import MigrationsMissing, NotMigrated
from ari_app.storage.db.rows import RowShape

pytestmark = pytest.mark.postgres

CATALOGUE = """
SELECT 'column', c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default, c.identity_generation
FROM information_schema.columns c WHERE c.table_schema = 'public'
UNION ALL SELECT 'constraint', r.relname, k.conname, pg_get_constraintdef(k.oid), '', '', ''
FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid WHERE r.relnamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'view', viewname, definition, '', '', '', '' FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT 'function', proname, prosrc, '', '', '', '' FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, 'known_')
UNION ALL SELECT 'options', relname, reloptions::text, '', '', '', '' FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND reloptions IS NOT NULL"""


async def catalogue(url: str) -> set[tuple[str | None, ...]]:
    connection = await connect(url, "test")
    rows = await connection.fetch(CATALOGUE)
    await connection.close()
    return {tuple(row) for row in rows if row[1] != "alembic_version"}


async def test_up_down_and_up_again(empty_database_url: str) -> None:
    await migrate.upgrade_to_head(empty_database_url)
    first = await catalogue(empty_database_url)
    await migrate.downgrade_to_base(empty_database_url)
    assert await catalogue(empty_database_url) == set()
    assert await revision.current_revision(empty_database_url) is None
    await migrate.upgrade_to_head(empty_database_url)
    assert await catalogue(empty_database_url) == first
    assert await revision.current_revision(empty_database_url) == revision.known_revisions()[-1]


def test_the_names_of_the_files_are_the_revisions_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(revision.migrations_directory()))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    in_order = [script.revision for script in scripts.walk_revisions()][::-1]
    assert revision.known_revisions() == in_order
    assert scripts.get_current_head() == in_order[-1]


async def test_the_migrated_schema_is_the_metadata_to_the_last_constraint(
    database_url: str, empty_database_url: str
) -> None:
    engine = create_migration_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        for view in (tables.OPERATOR_SKILL_VIEW, *tables.CALLBACK_VIEWS, tables.AUDIT_VIEW):
            await connection.exec_driver_sql(view)
    await engine.dispose()
    assert await catalogue(database_url) == await catalogue(empty_database_url)


async def test_alembic_finds_nothing_to_generate(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return list(compare_metadata(context, tables.metadata))

    engine = create_migration_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_the_alembic_command_works_in_a_checkout(database_url: str) -> None:
    root = Path(ari_app.__file__).parent.parent
    result = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "check"],
        cwd=root,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "No new upgrade operations" in result.stdout


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (Call, tables.call),
        (Leg, tables.call_leg),
        (OperatorLine, tables.operator_line),
        (OperatorSession, tables.operator_session),
        (Transfer, tables.transfer),
        (QueueVisit, tables.queue_visit),
        (OperatorStretch, tables.operator_state),
        (CallbackRequest, tables.callback_request),
        (CallbackAttempt, tables.callback_attempt),
    ],
)
def test_a_row_has_the_fields_of_its_value_with_their_types(kind: type[Call], table: Table) -> None:
    shape = RowShape(kind, table.name)
    assert set(shape.columns) == {column.name for column in table.columns}
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for name, sql_type in shape.sql_types.items():
        long_name = sql_type.replace("timestamptz", "timestamp with time zone").upper()
        assert table.c[name].type.compile(dialect=dialect) == long_name, name


async def test_an_empty_database_is_refused_with_the_command_to_type(empty_database_url: str) -> None:
    with pytest.raises(NotMigrated, match=r"is empty, .*`ari-app migrate`") as refusal:
        await revision.require_head(empty_database_url)
    password = empty_database_url.partition("://")[2].partition(":")[2].partition("@")[0]
    assert password
    assert password not in str(refusal.value)


async def test_a_database_at_head_is_accepted(database_url: str) -> None:
    await revision.require_head(database_url)


async def test_a_database_of_a_newer_program_is_not_to_be_migrated(database_url: str) -> None:
    connection = await connect(database_url, "test")
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(NotMigrated, match="newer version") as refusal:
        await revision.require_head(database_url)
    assert "ari-app migrate" not in str(refusal.value)


async def test_two_programs_may_migrate_at_once(empty_database_url: str) -> None:
    await asyncio.gather(*(migrate.upgrade_to_head(empty_database_url) for _ in range(3)))
    await revision.require_head(empty_database_url)


async def test_a_failing_migration_leaves_nothing_behind(empty_database_url: str) -> None:
    connection = await connect(empty_database_url, "test")
    await connection.execute("CREATE TABLE team_municipality (in_the_way int)")
    with pytest.raises(Exception, match="42P07"):
        await migrate.upgrade_to_head(empty_database_url)
    names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert [row[0] for row in names] == ["team_municipality"]


async def test_no_postgres_is_told_as_such() -> None:
    with pytest.raises(StoreUnavailable):
        await revision.require_head("postgresql://nobody@127.0.0.1:1/none")


def test_missing_migrations_are_told_with_the_places_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ari_app, "__file__", str(tmp_path / "lib" / "ari_app" / "__init__.py"))
    with pytest.raises(MigrationsMissing, match=str(tmp_path)):
        revision.migrations_directory()
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "migrations" / "env.py").touch()
    assert revision.migrations_directory() == tmp_path / "migrations"


async def test_skills_follow_from_teams(database_url: str) -> None:
    connection = await connect(database_url, "test")
    await connection.execute(
        """
        INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam'), ('GM9902', 'Elderlo');
        INSERT INTO team (code, name) VALUES ('a', 'A'), ('b', 'B');
        INSERT INTO team_municipality VALUES ('a', 'GM9901', 'own'), ('a', 'GM9902', 'help'), ('b', 'GM9902', 'own');
        INSERT INTO operator VALUES ('101', 'Anna', ''), ('102', 'Bert', '');
        INSERT INTO operator_team VALUES ('101', 'a'), ('101', 'b'), ('102', 'a');
        """
    )
    rows = await connection.fetch("SELECT operator, municipality, subject, level FROM operator_skill ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [
        ("101", "GM9901", None, "own"),
        ("101", "GM9902", None, "own"),
        ("102", "GM9901", None, "own"),
        ("102", "GM9902", None, "help"),
    ]
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(
            """INSERT INTO shared_number VALUES ('140119');
            INSERT INTO shared_number_member (shared_number, municipality, menu_key)
            VALUES ('140119', 'GM9901', 1), ('140119', 'GM9902', 1)"""
        )
    await connection.close()


async def test_a_migration_waits_and_works_longer_than_any_other_statement_may(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await connect(empty_database_url, "test")
    (name,) = await other.fetchrow("SELECT quote_ident(current_database())")  # type: ignore[misc]
    for limit in ("statement_timeout", "lock_timeout"):
        await other.execute(f"ALTER DATABASE {name} SET {limit} = '50ms'")
    monkeypatch.setattr(alchemy, "BACKGROUND_SECONDS", 0.05)
    await other.execute(migrate._LOCK)
    upgrade = asyncio.create_task(migrate.upgrade_to_head(empty_database_url))
    async with asyncio.timeout(30):
        while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not upgrade.done(), upgrade
    await other.fetchval("SELECT pg_sleep(0.5)")
    await other.close()
    await upgrade
    assert await revision.current_revision(empty_database_url) == revision.known_revisions()[-1]
