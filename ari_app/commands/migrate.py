"""`ari-app migrate`: the database as this program needs it."""

from __future__ import annotations

import click

from ari_app.commands import WRONG, fail, run
from ari_app.settings import MigrateSettings, SettingsError, load
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.db.revision import known_revisions
from ari_app.storage.db.roles import SERVE, WEB


@click.command()
def migrate() -> None:
    """Bring the database to the revision this program needs, and its roles to their rights."""
    try:
        chosen = load(MigrateSettings)
    except SettingsError as error:
        fail(str(error), WRONG)
    passwords = {SERVE: chosen.serve_db_password, WEB: chosen.web_db_password}
    set_here = {role: password.reveal() for role, password in passwords.items() if password is not None}
    run(upgrade_to_head(chosen.database_url.reveal(), set_here))
    click.echo(f"the database is at {known_revisions()[-1]}")
