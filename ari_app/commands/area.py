"""`ari-app import`, `export`: the area as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_area
from ari_app.area_file.imports import import_area
from ari_app.commands import WRONG, author_option, fail, with_database, write_or_echo
from ari_app.commands.files import Progress, echo_report, read_text
from ari_app.core.area_difference import ImportReport
from ari_app.storage.db.engine import Database


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@author_option
def import_file(file: Path, author: str) -> None:
    """Follow an area file (docs/area-file.md): all of it, or nothing and every mistake named."""
    text = read_text(file)

    async def work(db: Database) -> ImportReport:
        return await import_area(db.engine, text, author, datetime.now(UTC), Progress(text))

    try:
        report = with_database(work)
    except AreaRefused as refused:
        fail(f"{file}: nothing was imported\n{refused}", WRONG)
    echo_report(report)


@click.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="a file instead of the screen")
def export_file(output: Path | None) -> None:
    """The whole area as an area file, PINs hashed; `import` reads it back. A new file is for its owner only."""
    # A PIN of a few digits is soon found from its hash.
    write_or_echo(with_database(lambda db: export_area(db.background)), output, private=True)
