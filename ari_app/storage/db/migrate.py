"""Bringing a database to the revision that this program needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from ari_app.storage.db.alchemy import create_migration_engine
from ari_app.storage.db.constraints import validate
from ari_app.storage.db.errors import translated
from ari_app.storage.db.indexes import make_late_indexes
from ari_app.storage.db.revision import migrations_directory
from ari_app.storage.db.roles import drop_policies, grant_rights, make_roles

#: one process at a time changes the schema; the others wait, and then find nothing to do
_LOCK = "SELECT pg_advisory_lock(hashtextextended('ari_app migrations', 0))"
#: before the indexes: whoever waits for it has a snapshot, for whose end an index would wait
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('ari_app migrations', 0))"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _run(url: str, work: Callable[[Connection], None]) -> None:
    engine = create_migration_engine(url)
    try:
        with translated():
            async with engine.connect() as connection:
                await connection.run_sync(work)
    finally:
        await engine.dispose()


async def upgrade_to_head(url: str, passwords: Mapping[str, str] | None = None) -> None:
    """Upgrade in one transaction, then validate the rules that it added, grant each role its rights, make late indexes.

    `passwords`: of the roles to make, or to give another password. Waits while another process does the same.
    Raises StoreUnavailable, RolesRefused.
    """

    def work(connection: Connection) -> None:
        with connection.begin():
            connection.exec_driver_sql(_LOCK)
            command.upgrade(_config(connection), "head")
        validate(connection)
        with connection.begin():
            make_roles(connection, passwords or {})
        grant_rights(connection)
        with connection.begin():
            connection.exec_driver_sql(_UNLOCK)
        make_late_indexes(connection)

    await _run(url, work)


async def downgrade_to_base(url: str) -> None:
    """Removes every table and what is in it. Raises StoreUnavailable."""

    def work(connection: Connection) -> None:
        with connection.begin():
            connection.exec_driver_sql(_LOCK)
            drop_policies(connection)
            command.downgrade(_config(connection), "base")

    await _run(url, work)
