"""Where alembic meets the database: on a connection handed over by `ari_app.storage.db.migrate`, or by DATABASE_URL.

`alembic -c migrations/alembic.ini upgrade head --sql` prints the SQL instead of running it.
"""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection

from ari_app.settings import DatabaseSettings, load
from ari_app.storage.db.alchemy import create_migration_engine
from ari_app.storage.db.constraints import validate
from ari_app.storage.db.indexes import make_late_indexes
from ari_app.storage.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


async def _run_by_url(url: str) -> None:
    engine = create_migration_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.run_sync(validate)
            await connection.run_sync(make_late_indexes)
    finally:
        await engine.dispose()


def main() -> None:
    handed_over = context.config.attributes.get("connection")
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", target_metadata=metadata)
        with context.begin_transaction():
            context.run_migrations()
    elif handed_over is not None:
        _run(handed_over)
    else:
        asyncio.run(_run_by_url(load(DatabaseSettings).database_url.reveal()))


main()
