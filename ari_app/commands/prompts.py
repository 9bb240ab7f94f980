"""`ari-app prompts`: a municipality's own recordings in place of the spoken texts."""

from __future__ import annotations

from pathlib import Path

import click

from ari_app.commands import CANNOT, WRONG, fail, listed, settings, with_database
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import sound
from ari_app.prompts.errors import PromptError
from ari_app.prompts.listening import listen
from ari_app.prompts.recordings import import_recordings, own_recordings, remove_recordings
from ari_app.render.text import table
from ari_app.storage.area.snapshot import load_area


@click.group()
def prompts() -> None:
    """A municipality's own recordings (docs/prompts.md)."""


@prompts.command("import")
@click.argument("municipality")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
def prompts_import(municipality: str, directory: Path) -> None:
    """Use the WAV files of DIRECTORY instead of the spoken texts of the same names, for MUNICIPALITY."""
    known = with_database(lambda db: load_area(db.background)).municipalities
    if municipality not in known:
        fail(f"MUNICIPALITY: there is no municipality {municipality}; known are {listed(known)}", WRONG)
    try:
        report = import_recordings(settings().sounds_dir, MunicipalityCode(municipality), directory)
    except PromptError as error:
        fail(str(error), WRONG)
    click.echo(f"{len(report.imported)} imported, {len(report.unchanged)} unchanged")


@prompts.command("listen")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def prompts_listen(file: Path) -> None:
    """Write all names of the area into one WAV FILE, to hear which need `spoken` in the area file."""
    area = with_database(lambda db: load_area(db.background))
    if not area.municipalities:
        fail("there is no municipality; ari-app import FILE (docs/area-file.md)", WRONG)
    try:
        samples, heard = listen(area, settings().sounds_dir)
    except PromptError as error:
        fail(str(error), CANNOT)
    try:
        file.write_bytes(sound.as_wav(samples))  # in place: a device, such as /dev/null, stays one
    except OSError as error:
        fail(f"FILE: {file} cannot be written ({error.strerror}); choose another", WRONG)
    rows = ((f"{one.at_seconds:.1f} s", one.name, one.spoken or "(own recording)") for one in heard)
    click.echo(table(("AT", "NAME", "SPOKEN"), rows))


@prompts.command("list")
@click.argument("municipality")
def prompts_list(municipality: str) -> None:
    """The names of the prompts of which MUNICIPALITY has its own recording."""
    try:
        names = own_recordings(settings().sounds_dir, MunicipalityCode(municipality))
    except PromptError as error:
        fail(str(error), WRONG)
    for name in names:
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
