"""The revision of a database and the one that this program needs, without alembic: a start waits for the answer.

The migrations are the directory `migrations/` beside the package: in a checkout it is there; an image copies it beside
`ari_app` or starts the program in the directory that holds it. A file is named after its revision, `0007_….py`, and
revisions are a line without branches; a test compares this with what alembic reads.
"""

from __future__ import annotations

from pathlib import Path

import asyncpg

import ari_app
from ari_app.storage.db.engine import STATEMENT_SECONDS, bare_connect, shown
from ari_app.storage.db.errors import MigrationsMissing, NotMigrated, translated


def migrations_directory() -> Path:
    """Raises MigrationsMissing."""
    places = [Path(ari_app.__file__).resolve().parent.parent / "migrations", Path.cwd() / "migrations"]
    for place in places:
        if (place / "env.py").is_file() and (place / "versions").is_dir():
            return place
    raise MigrationsMissing(
        "the migrations are not beside the program (" + ", ".join(map(str, places)) + "); "
        "start it in the directory that holds migrations/"
    )


def known_revisions() -> list[str]:
    """In their order; the last is the one that this program needs. Raises MigrationsMissing."""
    found = sorted(file.name.partition("_")[0] for file in (migrations_directory() / "versions").glob("[0-9]*_*.py"))
    if not found:
        raise MigrationsMissing("there is no revision in migrations/versions")
    return found


async def current_revision(url: str) -> str | None:
    """None for an empty database. Raises StoreUnavailable."""
    with translated():
        connection = await bare_connect(url, "ari_app", command_timeout=STATEMENT_SECONDS)
        try:
            found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
            return found
        except asyncpg.UndefinedTableError:
            return None
        finally:
            connection.terminate()


async def require_head(url: str) -> None:
    """Raises NotMigrated, whose text says what to type; StoreUnavailable when Postgres cannot be reached."""
    known = known_revisions()
    current, head = await current_revision(url), known[-1]
    if current == head:
        return
    state = "is empty" if current is None else f"is at revision {current}"
    if current is not None and current not in known:
        advice = "it was written by a newer version of this program: install that version"
    else:
        advice = "run `ari-app migrate`"
    raise NotMigrated(f"the database {shown(url)} {state}, this program needs {head}: {advice}")
