"""`ari-app import`, `export`, `calamity`, `prompts`: what an area consists of, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from ari_app.area_file.difference import ImportReport
from ari_app.area_file.errors import AreaRefused
from ari_app.commands import WRONG, Moment, author_option, fail, settings, with_database
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import PromptError, import_recordings, own_recordings, remove_recordings
from ari_app.render.text import local, table
from ari_app.storage.area.imports import (
    CalamityRefused,
    UnknownMunicipality,
    end_calamity,
    export_area,
    import_area,
    list_calamities,
    load_area,
    set_calamity,
)
from ari_app.storage.db.engine import Database

MOST_TOLD = 200  # lines of an import's report


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@author_option
def import_file(file: Path, author: str) -> None:
    """Follow an area file (docs/area-file.md): all of it, or nothing and every mistake named."""
    text = read_text(file)

    async def work(db: Database) -> ImportReport:
        return await import_area(db.engine, text, author, datetime.now(UTC))

    try:
        report = with_database(work)
    except AreaRefused as refused:
        fail(f"{file}: nothing was imported\n{refused}", WRONG)
    tell_import(report)


def read_text(file: Path) -> str:
    """The text of a file somebody wants to import; or the end, with what is wrong with it."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        fail(f"{file}: is not UTF-8 text (byte {error.start}); save it as UTF-8", WRONG)
    except OSError as error:
        fail(f"{file}: cannot be read ({error.strerror}); make it readable for you", WRONG)


def tell_import(report: ImportReport) -> None:
    """What an import did, by name; of very many, some."""
    for what, names in (("added", report.added), ("changed", report.changed), ("removed", report.removed)):
        for name in names[:MOST_TOLD]:
            click.echo(f"{what:<8} {name}")
        if len(names) > MOST_TOLD:
            click.echo(f"{what:<8} {len(names) - MOST_TOLD} more")
    click.echo(f"{len(report.unchanged)} unchanged")
    for warning in report.warnings:
        click.echo(f"note: {warning}", err=True)


@click.command("export")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="a file instead of the screen")
def export_file(output: Path | None) -> None:
    """The whole area as an area file, PINs hashed; `import` reads it back. A new file is for its owner only."""
    text = with_database(lambda db: export_area(db.engine))
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            # A PIN of a few digits is soon found from its hash.
            output.touch(mode=0o600)
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            fail(f"{output}: cannot be written ({error.strerror}); choose another file", WRONG)


# --- calamities ------------------------------------------------------------------------------------------------------


@click.group()
def calamity() -> None:
    """A text that every caller of a municipality hears first."""


@calamity.command("on")
@click.argument("municipality")
@click.argument("text")
@click.option("--from", "from_at", type=Moment(), help="begins then instead of now")
@click.option("--until", "until_at", type=Moment(), help="ends then; without it, until `calamity off`")
@click.option(
    "--then",
    type=click.Choice([kind.value for kind in AfterCalamity]),
    default="queue",
    show_default=True,
    help="after the text: the normal way, or the end of the call",
)
@author_option
def calamity_on(
    municipality: str, text: str, from_at: datetime | None, until_at: datetime | None, then: str, author: str
) -> None:
    """Let callers of MUNICIPALITY (its CBS code) hear TEXT first. In Dutch, short, level B1."""
    now = datetime.now(UTC)
    wanted = Calamity(MunicipalityCode(municipality), from_at or now, until_at, text, AfterCalamity(then), author)
    try:
        with_database(lambda db: set_calamity(db.engine, wanted, now))
    except (CalamityRefused, UnknownMunicipality) as refused:
        fail(str(refused), WRONG)
    click.echo(f"{municipality}: callers hear the text from {local(wanted.from_at)}")


@calamity.command("off")
@click.argument("municipality")
@author_option
def calamity_off(municipality: str, author: str) -> None:
    """No text for MUNICIPALITY any more, planned ones included."""
    code = MunicipalityCode(municipality)
    ended = with_database(lambda db: end_calamity(db.engine, code, author, datetime.now(UTC)))
    click.echo(f"{municipality}: {ended} ended" if ended else f"{municipality}: there was none")


@calamity.command("list")
def calamity_list() -> None:
    """Those that are on or planned."""
    found = with_database(lambda db: list_calamities(db.engine, datetime.now(UTC)))
    if not found:
        click.echo("no calamity is on or planned")
        return
    head = ("MUNICIPALITY", "FROM", "UNTIL", "THEN", "BY", "TEXT")
    rows = [
        (
            c.municipality,
            local(c.from_at),
            "-" if c.until_at is None else local(c.until_at),
            c.then.value,
            c.author,
            c.text,
        )
        for c in found
    ]
    click.echo(table(head, rows))


# --- recordings ------------------------------------------------------------------------------------------------------


@click.group()
def prompts() -> None:
    """A municipality's own recordings (docs/prompts.md)."""


@prompts.command("import")
@click.argument("municipality")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
def prompts_import(municipality: str, directory: Path) -> None:
    """Use the WAV files of DIRECTORY instead of the spoken texts of the same names, for MUNICIPALITY."""
    known = with_database(lambda db: load_area(db.engine)).municipalities
    if municipality not in known:
        fail(f"there is no municipality {municipality}; known are {', '.join(sorted(known)) or 'none'}", WRONG)
    try:
        report = import_recordings(settings().sounds_dir, MunicipalityCode(municipality), directory)
    except PromptError as error:
        fail(str(error), WRONG)
    click.echo(f"{len(report.imported)} imported, {len(report.unchanged)} unchanged")


@prompts.command("list")
@click.argument("municipality")
def prompts_list(municipality: str) -> None:
    """The names of which MUNICIPALITY has its own recording."""
    for name in own_recordings(settings().sounds_dir, MunicipalityCode(municipality)):
        click.echo(name)


@prompts.command("remove")
@click.argument("municipality")
@click.argument("names", nargs=-1)
def prompts_remove(municipality: str, names: tuple[str, ...]) -> None:
    """Back to the spoken texts: for NAMES, or for all."""
    try:
        removed = remove_recordings(settings().sounds_dir, MunicipalityCode(municipality), names or None)
    except PromptError as error:
        fail(str(error), WRONG)
    click.echo(f"{len(removed)} removed" if removed else "there was nothing to remove")
