"""`ari-app directory`: the phone book of the area, with the presence of each entry."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import click

from ari_app.area_file.errors import AreaRefused
from ari_app.area_file.exports import export_entries
from ari_app.area_file.imports import import_entries
from ari_app.ari.client import AriClient
from ari_app.ari.errors import AriError
from ari_app.commands import (
    CANNOT,
    WRONG,
    as_json,
    author_option,
    fail,
    json_option,
    listed,
    settings,
    with_database,
    write_or_echo,
)
from ari_app.commands.files import Progress, echo_report, read_text
from ari_app.core.area import Area, CheckResult, DirectoryEntry
from ari_app.core.area_difference import ImportReport
from ari_app.core.directory import deputies, is_visible
from ari_app.core.directory_check import Sightings
from ari_app.core.directory_search import DirectoryIndex
from ari_app.core.ids import EntryCode, MunicipalityCode
from ari_app.core.operators import OperatorState
from ari_app.jobs.directory_check import check_directory, seen_phones
from ari_app.render.directory import EntryNow, entries_table, entry_now, entry_object, entry_text, found_table
from ari_app.settings import Settings, SettingsError, load
from ari_app.storage.area.snapshot import load_area
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.status import list_operators

municipality_option = click.option(
    "--municipality", metavar="CODE", help="what this municipality may use; without it, the whole area"
)
pii_option = click.option("--pii", is_flag=True, help="with numbers outside")


@click.group()
def directory() -> None:
    """The directory: whom a caller can be transferred to."""


@directory.command()
@click.argument("text")
@municipality_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="how many at most")
@json_option
@pii_option
def search(text: str, municipality: str | None, limit: int, json_wanted: bool, pii: bool) -> None:
    """Entries by any part of name, subject, keyword, extension or number; typing errors are forgiven."""

    async def work(db: Database) -> list[EntryNow]:
        area = await load_area(db.background)
        found = DirectoryIndex(area.entries.values()).search(text, _scope(area, municipality), limit)
        seen = await _sightings(db, [one.entry for one in found])
        return [entry_now(area, one.entry, seen, datetime.now(UTC)) for one in found]

    found = with_database(work)
    if json_wanted:
        for one in found:
            click.echo(as_json(entry_object(one, with_pii=pii)))
        return
    click.echo(found_table(found, with_pii=pii) if found else "nobody; try a part of the name, or another word")


@directory.command("list")
@municipality_option
@click.option("--unreachable", is_flag=True, help="only those of whom the last check found something wrong")
@json_option
@pii_option
def list_entries(municipality: str | None, unreachable: bool, json_wanted: bool, pii: bool) -> None:
    """All entries, with what the last check found."""

    async def work(db: Database) -> list[DirectoryEntry]:
        area = await load_area(db.background)
        scope = _scope(area, municipality)
        return [one for one in area.entries.values() if scope is None or is_visible(one, scope)]

    found = [one for one in with_database(work) if not unreachable or one.last_check not in (None, CheckResult.FINE)]
    if json_wanted:
        for one in found:
            click.echo(as_json(_plain(one, with_pii=pii)))
        return
    click.echo(entries_table(found, with_pii=pii) if found else "no entries")


@directory.command()
@click.argument("code")
@click.option("--json", "json_wanted", is_flag=True, help="one JSON object")
@pii_option
def show(code: str, json_wanted: bool, pii: bool) -> None:
    """One entry, by its code or its extension, with its deputies."""

    async def work(db: Database) -> list[EntryNow]:
        area = await load_area(db.background)
        entry = area.entries.get(EntryCode(code)) or area.by_extension.get(code)
        if entry is None:
            fail(f"there is no entry with code or extension {code}; `ari-app directory search` finds one", WRONG)
        chain = [entry, *deputies(area, entry, None)]
        seen = await _sightings(db, chain)
        return [entry_now(area, one, seen, datetime.now(UTC)) for one in chain]

    first, *others = with_database(work)
    if json_wanted:
        click.echo(as_json(entry_object(first, with_pii=pii)))
    else:
        click.echo(entry_text(first, others, with_pii=pii))


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--municipality", metavar="CODE", help="all lines are of this municipality, and no other is touched")
@click.option("--replace", is_flag=True, help="its entries that are not in the file go")
@author_option
def import_csv(file: Path, municipality: str | None, replace: bool, author: str) -> None:
    """Follow a CSV file (docs/area-file.md): all of it, or nothing and every mistake named."""
    text = read_text(file)
    code = None if municipality is None else MunicipalityCode(municipality)

    async def work(db: Database) -> ImportReport:
        return await import_entries(
            db.engine, text, author, datetime.now(UTC), code, replacing=replace, say=Progress(text)
        )

    try:
        report = with_database(work)
    except AreaRefused as refused:
        fail(f"{file}: nothing was imported\n{refused}", WRONG)
    echo_report(report)


@directory.command("export")
@click.option("--municipality", metavar="CODE", help="only this municipality's own entries")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="a file instead of the screen")
def export_csv(municipality: str | None, output: Path | None) -> None:
    """The directory as CSV, numbers included; `directory import` reads it back. A new file is for its owner only."""
    code = None if municipality is None else MunicipalityCode(municipality)
    text = with_database(lambda db: export_entries(db.background, code))
    # Excel takes a file without the mark at its beginning for one of another alphabet.
    write_or_echo(text, output, encoding="utf-8-sig", private=True)


@directory.command()
@json_option
@pii_option
def check(json_wanted: bool, pii: bool) -> None:
    """Check which entries cannot be reached, as every night. Exit code 1 when there are any."""
    chosen = settings()

    async def work(db: Database) -> list[DirectoryEntry]:
        area = await load_area(db.background)
        try:
            async with AriClient(chosen.ari_url, chosen.ari_user, chosen.ari_password.reveal()) as ari:
                phones = await seen_phones(ari)
        except AriError as error:
            fail(f"Asterisk cannot be asked who is there: {error}; `ari-app check` tells more")
        results = await check_directory(db, area, phones, datetime.now(UTC))
        again = (await load_area(db.background)).entries
        return [again[code] for code, found in results.items() if found is not CheckResult.FINE and code in again]

    wrong = with_database(work)
    if json_wanted:
        for one in wrong:
            click.echo(as_json(_plain(one, with_pii=pii)))
    else:
        click.echo(entries_table(wrong, with_pii=pii) if wrong else "everybody can be reached")
    sys.exit(CANNOT if wrong else 0)


def _scope(area: Area, municipality: str | None) -> Collection[MunicipalityCode] | None:
    if municipality is None:
        return None
    code = MunicipalityCode(municipality)
    if code not in area.municipalities:
        fail(f"--municipality: there is no municipality {code}; known are {listed(area.municipalities)}", WRONG)
    return frozenset({code})


async def _sightings(db: Database, entries: Collection[DirectoryEntry]) -> Sightings:
    """Presence now; without Asterisk the presence of a phone is unknown, and the reason is printed."""
    people = {
        one.number: one.state for one in await list_operators(db.background, None) if one.state != OperatorState.AWAY
    }
    if not any(one.endpoint for one in entries):
        return Sightings({}, people)
    try:
        chosen = load(Settings)
        async with (
            asyncio.timeout(10),
            AriClient(chosen.ari_url, chosen.ari_user, chosen.ari_password.reveal()) as ari,
        ):
            return Sightings(await seen_phones(ari), people)
    except SettingsError as error:
        click.echo(f"note: Asterisk is not asked who is there: {error}", err=True)
    except (AriError, TimeoutError) as error:
        click.echo(f"note: Asterisk cannot be asked who is there: {error}", err=True)
    return Sightings(None, people)


def _plain(entry: DirectoryEntry, *, with_pii: bool) -> dict[str, object]:
    """The fields that a list shows, for a program."""
    fields: dict[str, object] = {
        "code": entry.code,
        "kind": entry.kind.value,
        "name": entry.name,
        "municipality": entry.municipality,
        "shared": entry.shared,
        "extension": entry.extension,
        "last_checked_at": entry.last_checked_at,
        "last_check": None if entry.last_check is None else entry.last_check.value,
    }
    return fields | {"pii_number": entry.pii_number} if with_pii else fields
