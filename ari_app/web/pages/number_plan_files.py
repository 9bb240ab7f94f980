"""Files of the number plan: as CSV for a spreadsheet, and back, with a look at what would change before it does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid5

from aiohttp import web

from ari_app.area_file.directory_changes import DirectoryChange, change_of
from ari_app.area_file.directory_csv import render_entries
from ari_app.area_file.errors import AreaRefused
from ari_app.core.access import Action
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.calendar import local_date
from ari_app.core.commands import AskedCommand
from ari_app.core.directory_commands import ChangeDirectory
from ari_app.core.ids import CommandId, EntryCode, MunicipalityCode, new_command_id
from ari_app.core.operator_commands import Accepted
from ari_app.storage.area.entry_exports import note_export
from ari_app.storage.commands.asker import ask
from ari_app.web import security
from ari_app.web.csv_file import BYTE_ORDER_MARK
from ari_app.web.number_plan import LABELS, differing, values_of
from ari_app.web.number_plan_mistakes import mistake_words
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import command_id_of
from ari_app.web.pages.number_plan import HERE, town_in, town_names, towns_of
from ari_app.web.pages.supervising import back_to, said, word_of
from ari_app.web.site import Visit
from ari_app.web.uploads import MEGABYTE, read_upload, text_of_file

LARGEST_FILE = 2 * MEGABYTE
#: the largest file may be longer as the text of a form
_LARGEST_FORM = 3 * LARGEST_FILE
MOST_SHOWN = 200
#: a file of thousands of lines is judged anew by whoever carries it out (`jobs.directory_commands`)
IMPORT_SECONDS = 35.0
#: each takes a core for seconds
_JUDGING = asyncio.Semaphore(1)
_NO_FILE = "Kies een bestand."
_TOO_LARGE = "Dit bestand is groter dan 2 MB. Verdeel het over meer bestanden."
_NO_TEXT = "Dit is geen tekst. Sla het bestand in Excel op als 'CSV UTF-8'."
_NO_TOWN = "Kies een gemeente."


@dataclass(frozen=True, slots=True)
class Changed:
    """One entry that the file changes: the columns in which it differs."""

    code: EntryCode
    name: str
    differs: list[tuple[str, str, str]]


async def export(visit: Visit) -> web.Response:
    """Without numbers: entries that are a number outside say so by an empty place."""
    towns = towns_of(visit, Action.NUMBER_PLAN)
    wanted = town_in(visit, visit.request.query.get("gemeente", ""), Action.NUMBER_PLAN)
    return await _file(visit, _of(visit.site.area.current, towns if wanted is None else {wanted}), with_numbers=False)


async def export_numbers(visit: Visit) -> web.Response:
    """With numbers, of municipalities whose editor the visitor is: the audit log says so first."""
    form = await security.read_form(visit.request)
    wanted = town_in(visit, form.get("gemeente", ""), Action.EDIT_NUMBER_PLAN)
    towns = towns_of(visit, Action.EDIT_NUMBER_PLAN) if wanted is None else {wanted}
    entries = _of(visit.site.area.current, towns)
    await note_export(visit.site.pool, entries, f"account:{visit.actor.login}", visit.site.now())
    return await _file(visit, entries, with_numbers=True)


async def show(visit: Visit) -> web.Response:
    """The form for a file."""
    return _page(visit)


async def look(visit: Visit) -> web.Response:
    """What a file would change, or each mistake at its line and column. Nothing is stored."""
    try:
        fields = await read_upload(visit.request, LARGEST_FILE + 10_000)
    except web.HTTPRequestEntityTooLarge:
        return _page(visit, faults={"bestand": _TOO_LARGE}, status=413)
    form = {name: content.decode("utf-8", "replace") for name, content in fields.items() if name != "bestand"}
    content = fields.get("bestand", b"")
    if len(content) > LARGEST_FILE:
        return _page(visit, form, {"bestand": _TOO_LARGE}, status=413)
    return await _looked(visit, form, text_of_file(content))


async def follow(visit: Visit) -> web.Response:
    """The file that was shown, if it still changes what was shown."""
    try:
        fields = await read_upload(visit.request, _LARGEST_FORM)
    except web.HTTPRequestEntityTooLarge:
        return _page(visit, faults={"bestand": _TOO_LARGE}, status=413)
    form = {name: content.decode("utf-8", "replace") for name, content in fields.items()}
    owner, text = _owner(visit, form), text_of_file(fields.get("tekst", b""))
    if owner is None or not text:
        return await _looked(visit, form, text)
    command = ChangeDirectory(text, form.get("gezien", ""), replacing=_replaces(form))
    base = command_id_of(form.get("id", ""))
    asked = AskedCommand(command, id=CommandId(uuid5(base, repr(command))), municipality=owner)
    site, scope = visit.site, visit.actor.scope_of(Action.EDIT_NUMBER_PLAN)
    answer = await ask(
        site.pool,
        asked,
        actor=f"account:{visit.actor.login}",
        scope=scope,
        answers=site.answers,
        expires_in=timedelta(seconds=IMPORT_SECONDS),
    )
    if isinstance(answer, Accepted):
        return back_to(HERE, answer, wat="ingevoerd")
    # Looked at anew: somebody else may have changed what it is about.
    return await _looked(visit, form, text, said(word_of(answer)), await site.area.read_now())


async def _looked(
    visit: Visit, form: Mapping[str, str], text: str | None, words: str = "", area: Area | None = None
) -> web.Response:
    owner = _owner(visit, form)
    faults = {} if owner is not None else {"gemeente": _NO_TOWN}
    if not text:
        faults["bestand"] = _NO_TEXT if text is None else _NO_FILE
    if owner is None or not text:
        return _page(visit, form, faults, status=400)
    known = visit.site.area.current if area is None else area
    command = ChangeDirectory(text, "", replacing=_replaces(form))
    try:
        async with _JUDGING:
            change = await asyncio.to_thread(change_of, known, owner, command, local_date(visit.site.now()))
    except AreaRefused as refused:
        mistakes = [(one.line, one.path, mistake_words(one)) for one in refused.mistakes]
        return _page(visit, form, mistakes=mistakes, status=400)
    status = 409 if words else 200
    return _page(visit, form, known=known, change=change, text=text, words=words, status=status)


def _page(
    visit: Visit,
    form: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    *,
    mistakes: list[tuple[int | None, str, str]] | None = None,
    known: Area | None = None,
    change: DirectoryChange | None = None,
    text: str = "",
    words: str = "",
    status: int = 200,
) -> web.Response:
    form, found = form or {}, mistakes or []
    towns = town_names(visit, Action.EDIT_NUMBER_PLAN)
    after = {} if change is None else {entry.code: entry for entry in change.written}
    before: Mapping[EntryCode, DirectoryEntry] = {} if known is None else known.entries
    return page_for(
        visit,
        "number_plan_import",
        status=status,
        towns=towns,
        town=form.get("gemeente", "") or (next(iter(towns)) if len(towns) == 1 else ""),
        replaces=_replaces(form),
        faults={name: (faults or {}).get(name, "") for name in ("gemeente", "bestand")},
        mistakes=found[:MOST_SHOWN],
        mistakes_count=len(found),
        change=change,
        added=[after[code] for code in change.added[:MOST_SHOWN]] if change else [],
        removed=[before[code] for code in change.removed[:MOST_SHOWN]] if change else [],
        changed=[_changed(before[code], after[code]) for code in change.changed[:MOST_SHOWN]] if change else [],
        text=text,
        said=words or ("Er is niets ingevoerd." if faults or found else ""),
        labels=LABELS,
        most_shown=MOST_SHOWN,
        id=new_command_id(),
    )


def _changed(before: DirectoryEntry, after: DirectoryEntry) -> Changed:
    return Changed(after.code, after.name, differing(values_of(before), values_of(after)))


def _owner(visit: Visit, form: Mapping[str, str]) -> MunicipalityCode | None:
    return town_in(visit, form.get("gemeente", ""), Action.EDIT_NUMBER_PLAN)


def _replaces(form: Mapping[str, str]) -> bool:
    return form.get("vervangen") == "1"


def _of(area: Area, towns: frozenset[MunicipalityCode] | set[MunicipalityCode]) -> list[DirectoryEntry]:
    return sorted(
        (entry for entry in area.entries.values() if entry.municipality in towns),
        key=lambda entry: (entry.municipality, entry.name.casefold(), entry.code),
    )


async def _file(visit: Visit, entries: list[DirectoryEntry], *, with_numbers: bool) -> web.Response:
    text = await asyncio.to_thread(render_entries, entries, with_numbers=with_numbers)
    name = f"nummerplan-{local_date(visit.site.now()).isoformat()}.csv"
    return web.Response(
        body=f"{BYTE_ORDER_MARK}{text}".encode(),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
