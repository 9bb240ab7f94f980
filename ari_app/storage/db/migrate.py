"""Brings a database to the revision that this program needs, and refuses to work on any other.

The migrations are the directory `migrations/` beside the package, as in a checkout, or in the directory in which the
program was started.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import ari_app
from ari_app.storage.db.constraints import validate
from ari_app.storage.db.engine import create_engine, shown
from ari_app.storage.db.errors import MigrationsMissing, NotMigrated, translated

#: one process at a time changes the schema; the others wait, and then find nothing to do
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('ari_app migrations', 0))"


def migrations_directory() -> Path:
    """The directory `migrations/`. Raises MigrationsMissing."""
    places = [Path(ari_app.__file__).resolve().parent.parent / "migrations", Path.cwd() / "migrations"]
    for place in places:
        if (place / "env.py").is_file() and (place / "versions").is_dir():
            return place
    raise MigrationsMissing(
        "the migrations are not beside the program (" + ", ".join(map(str, places)) + "); "
        "start it in the directory that holds migrations/"
    )


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _run(url: str, work: Callable[[Connection], None]) -> None:
    engine = create_engine(url, pooled=False)
    try:
        with translated():
            async with engine.connect() as connection:
                await connection.run_sync(work)
    finally:
        await engine.dispose()


async def upgrade_to_head(url: str) -> None:
    """Upgrade in one transaction, then validate the rules that it added; waits while another process does the same.

    Raises StoreUnavailable.
    """

    def work(connection: Connection) -> None:
        with connection.begin():
            connection.exec_driver_sql(_LOCK)
            command.upgrade(_config(connection), "head")
        validate(connection)

    await _run(url, work)


async def downgrade_to_base(url: str) -> None:
    """Removes every table and what is in it. Raises StoreUnavailable."""

    def work(connection: Connection) -> None:
        with connection.begin():
            connection.exec_driver_sql(_LOCK)
            command.downgrade(_config(connection), "base")

    await _run(url, work)


async def current_and_head(url: str) -> tuple[str | None, str]:
    """The database's revision, None when it has none, and the one that this program needs. Raises StoreUnavailable."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise MigrationsMissing("there is no revision in migrations/versions")
    found: list[str | None] = []

    def work(connection: Connection) -> None:
        found.append(MigrationContext.configure(connection).get_current_revision())

    await _run(url, work)
    return found[0], head


async def require_head(url: str) -> None:
    """Raises NotMigrated when the database is at another revision, with the remedy in its text; StoreUnavailable."""
    current, head = await current_and_head(url)
    if current == head:
        return
    state = "is empty" if current is None else f"is at revision {current}"
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        advice = "it was written by a newer version of this program: install that version"
    else:
        advice = "run `ari-app migrate`"
    raise NotMigrated(f"the database {shown(url)} {state}, this program needs {head}: {advice}")
