"""`ari-app migrate`: the database as this program needs it."""

from __future__ import annotations

import click

from ari_app.commands import database_url, run
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.db.revision import known_revisions


@click.command()
def migrate() -> None:
    """Bring the database to the revision this program needs."""
    run(upgrade_to_head(database_url()))
    click.echo(f"the database is at {known_revisions()[-1]}")
