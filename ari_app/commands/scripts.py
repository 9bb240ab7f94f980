"""`ari-app scripts`: the answers that operators give, from files of other systems and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.script_files import read_scripts
from ari_app.area_file.script_synonyms import read_synonyms
from ari_app.area_file.script_writing import written_csv, written_vac
from ari_app.commands import WRONG, author_option, fail, listed, with_database, write_or_echo
from ari_app.commands.files import MOST_LINES, Progress, read_text
from ari_app.core.ids import MunicipalityCode, optional
from ari_app.core.script_imports import ImportAction, Planned
from ari_app.render.scripts import html_of
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.scripts.imports import add_synonyms, export_scripts, import_scripts

_DONE = {
    ImportAction.ADD: "added",
    ImportAction.CHANGE: "changed",
    ImportAction.KEEP: "kept",
    ImportAction.WITHDRAW: "withdrawn",
}

municipality_option = click.option(
    "--municipality", metavar="CODE", help="the municipality whose scripts these are; without it they are shared by all"
)


@click.group()
def scripts() -> None:
    """The answers that operators give: read from files of other systems, and written as one."""


@scripts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@municipality_option
@click.option("--dry-run", is_flag=True, help="say what would change, and change nothing")
@author_option
def import_file(file: Path, municipality: str | None, dry_run: bool, author: str) -> None:
    """VAC or kennisartikel objects (JSON), or CSV: all of it, or nothing and every mistake named."""
    text = read_text(file)
    code = optional(MunicipalityCode, municipality)
    notes: list[str] = []

    async def work(db: Database) -> list[Planned]:
        found = read_scripts(text, file.name, code, await load_area(db.background))
        notes.extend(found.notes)
        now, say = datetime.now(UTC), Progress(text)
        return await import_scripts(db.background, found.scripts, code, author, now, only_plan=dry_run, say=say)

    try:
        plan = with_database(work)
    except AreaRefused as refused:
        fail(f"{file}: nothing was imported\n{refused}", WRONG)
    for note in notes[:MOST_LINES]:
        click.echo(f"note: {note}", err=True)
    if len(notes) > MOST_LINES:
        click.echo(f"note: {len(notes) - MOST_LINES} more", err=True)
    for action, word in _DONE.items():
        names = [one.script.text.question for one in plan if one.action is action]
        for name in names[:MOST_LINES]:
            click.echo(f"{word:<9} {name}")
        if len(names) > MOST_LINES:
            click.echo(f"{word:<9} {len(names) - MOST_LINES} more")
    kept = sum(one.action is ImportAction.KEEP for one in plan)
    if kept:
        said = "what was changed here stays; what the source says now stands beside it, as a draft"
        click.echo(f"note: {kept} kept: {said}", err=True)
    unchanged = sum(one.action is ImportAction.SAME for one in plan)
    click.echo(f"{unchanged} unchanged{'; nothing was stored (--dry-run)' if dry_run else ''}")


@scripts.command("export")
@municipality_option
@click.option("--all", "everything", is_flag=True, help="those of all municipalities, and the shared ones")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="a file instead of the screen")
def export_file(municipality: str | None, everything: bool, form: str, output: Path | None) -> None:
    """What operators read, as CSV or as VAC objects; `scripts import` reads it back."""
    code = optional(MunicipalityCode, municipality)

    async def work(db: Database) -> str:
        area = await load_area(db.background)
        if code is not None and code not in area.municipalities:
            fail(f"there is no municipality {code}; there are {listed(area.municipalities)}", WRONG)
        found = await export_scripts(db.background, code, everything=everything)

        def department(entry: str) -> str:
            known = [one.name for one in area.entries.values() if one.code == entry]
            return known[0] if known else entry

        if form == "csv":
            return written_csv(found, department)
        return f"{json.dumps(written_vac(found, department, html_of), ensure_ascii=False, indent=1)}\n"

    write_or_echo(with_database(work), output, encoding="utf-8-sig" if form == "csv" and output else "utf-8")


@scripts.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@author_option
def synonyms(file: Path, author: str) -> None:
    """A CSV of words that people say: `woord;betekent;gemeente`; without a municipality it counts everywhere."""
    text = read_text(file).removeprefix("\ufeff")

    async def work(db: Database) -> int:
        known = (await load_area(db.background)).municipalities
        try:
            found = read_synonyms(text, known)
        except AreaRefused as refused:
            fail(f"{file}: nothing was imported\n{refused}", WRONG)
        return await add_synonyms(db.background, found, author, datetime.now(UTC))

    click.echo(f"{with_database(work)} synonyms")
