"""`ari-app migrate`: the database as this program needs it."""

from __future__ import annotations

import click

from ari_app.commands import database_url, run
from ari_app.storage.db.migrate import current_and_head, upgrade_to_head


@click.command()
def migrate() -> None:
    """Bring the database to the revision this program needs."""
    url = database_url()

    async def work() -> str:
        await upgrade_to_head(url)
        return (await current_and_head(url))[1]

    click.echo(f"the database is at {run(work())}")
