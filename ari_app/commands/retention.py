"""`ari-app retention`: what is past its period goes."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from ari_app.commands import as_json, json_option, with_database
from ari_app.jobs.retention import Erased, erase_past, past_now
from ari_app.render.text import local
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database


@click.command()
@click.option("--dry-run", is_flag=True, help="only count; nothing is erased")
@json_option
def retention(dry_run: bool, json_wanted: bool) -> None:
    """Erase personal data past its period, as every night. Periods stand in the area file (docs/area-file.md).

    Calls go on meanwhile. It may be broken off; the next run goes on.
    """
    now = datetime.now(UTC)

    async def work(db: Database) -> list[Erased]:
        area = await load_area(db.background)
        return await (past_now if dry_run else erase_past)(db.background, area, now)

    found = with_database(work)
    if json_wanted:
        for one in found:
            click.echo(as_json(asdict(one)))
        return
    for one in found:
        verb = "would be erased" if dry_run else "erased"
        click.echo(
            f"{one.kind:<10} {one.municipality or '-':<8} {one.rows:>9,} {verb}, of before {local(one.until_at)}"
        )
    if not found:
        click.echo("nothing is past its period")
