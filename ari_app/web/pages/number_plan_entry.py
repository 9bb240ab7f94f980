"""One entry of the number plan: what is known of it, and for its editors the form that changes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid5

from aiohttp import web

from ari_app.area_file.directory_changes import change_of
from ari_app.area_file.directory_shapes import LONGEST_SUBJECT
from ari_app.area_file.errors import AreaRefused
from ari_app.core.access import Action, overlap
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.calendar import local_date
from ari_app.core.commands import AskedCommand
from ari_app.core.directory import is_visible
from ari_app.core.directory_commands import ChangeDirectory, DirectoryCommand, RemoveEntry, seen_of
from ari_app.core.ids import CommandId, EntryCode, MunicipalityCode, new_command_id
from ari_app.core.operator_commands import Accepted
from ari_app.storage.commands.asker import was_asked
from ari_app.web import security
from ari_app.web.number_plan import FIELDS, KINDS, LABELS, differing, table_of, typed_values, values_of
from ari_app.web.number_plan_mistakes import by_column
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import command_id_of
from ari_app.web.pages.number_plan import HERE, area_after, lines_of, since_words, town_in, town_names, towns_of
from ari_app.web.pages.supervising import ask_over, back_to, said, word_of
from ari_app.web.site import Visit

_SAVED = "Bewaard."
_NOTHING = "nothing"
_CLASH = "Iemand anders veranderde dit nummer, terwijl u bezig was. Er is niets bewaard. Hieronder staat wat er nu is."


async def show(visit: Visit) -> web.Response:
    """Of the address, with the form for those who may change it."""
    area = await area_after(visit)
    entry = _entry(visit, area)
    words = said(visit.request.query.get("antwoord", ""), _SAVED)
    return await _page(visit, area, entry, values_of(entry), said=words)


async def show_new(visit: Visit) -> web.Response:
    empty = typed_values({}) | {"municipality": next(iter(town_names(visit, Action.EDIT_NUMBER_PLAN)), "")}
    return await _page(visit, visit.site.area.current, None, empty)


async def add(visit: Visit) -> web.Response:
    """A new one, of a municipality of the visitor's."""
    form = await security.read_form(visit.request)
    values, area = typed_values(form), visit.site.area.current
    owner = town_in(visit, values["municipality"], Action.EDIT_NUMBER_PLAN)
    if owner is None:
        return await _page(visit, area, None, values, {"municipality": "Kies een gemeente."}, status=400)
    return await _save(visit, area, None, owner, values, form, _NOTHING)


async def change(visit: Visit) -> web.Response:
    """All that the form says, if nobody changed the entry since the form was made."""
    form, area = await security.read_form(visit.request), visit.site.area.current
    entry = _own_entry(visit, area)
    values = typed_values(form) | {"code": str(entry.code), "municipality": str(entry.municipality)}
    return await _save(visit, area, entry, entry.municipality, values, form, form.get("gezien", ""))


async def remove(visit: Visit) -> web.Response:
    """Not while it is somebody's deputy."""
    form, area = await security.read_form(visit.request), visit.site.area.current
    code = EntryCode(visit.request.match_info["entry"])
    command = RemoveEntry(code, form.get("gezien", ""))
    owner = town_in(visit, form.get("gemeente", ""), Action.EDIT_NUMBER_PLAN)
    asked = None if owner is None else _asked(owner, command, form)
    if asked is None or not await _was_asked(visit, asked):
        entry = _own_entry(visit, area)
        asked = _asked(entry.municipality, command, form)
        try:
            await asyncio.to_thread(change_of, area, entry.municipality, command, local_date(visit.site.now()))
        except AreaRefused as refused:
            words = by_column(refused.mistakes).get("code", "Dit nummer kan niet weg.")
            return await _page(visit, area, entry, values_of(entry), said=words, status=409)
    answer = await ask_over(visit, Action.EDIT_NUMBER_PLAN, asked)
    if isinstance(answer, Accepted):
        return back_to(HERE, answer, wat="weg")
    return back_to(_address(code), answer)


async def _save(
    visit: Visit,
    area: Area,
    entry: DirectoryEntry | None,
    owner: MunicipalityCode,
    values: Mapping[str, str],
    form: Mapping[str, str],
    seen: str,
) -> web.Response:
    """What is wrong is said at its field before anything is asked. `seen`: of the form, `_NOTHING` for a new entry."""
    code = EntryCode(values["code"])
    nothing = seen_of(Area(), [code])
    command = ChangeDirectory(table_of(values, area), nothing if seen == _NOTHING else seen, entry=code)
    asked = _asked(owner, command, form)
    if not await _was_asked(visit, asked):  # what was right then may be wrong by now: by what itself did
        if seen == _NOTHING and code in area.entries:
            taken = {"code": "Deze code bestaat al. Kies een andere."}
            return await _page(visit, area, None, values, taken, status=400)
        if command.pii_seen != seen_of(area, [code]):
            return await _clash(visit, code, values)
        try:
            await asyncio.to_thread(change_of, area, owner, command, local_date(visit.site.now()))
        except AreaRefused as refused:
            return await _page(visit, area, entry, values, by_column(refused.mistakes), status=400)
    answer = await ask_over(visit, Action.EDIT_NUMBER_PLAN, asked)
    if isinstance(answer, Accepted):
        return back_to(_address(code), answer)
    if command.pii_seen != seen_of(await visit.site.area.read_now(), [code]):
        return await _clash(visit, code, values)
    return await _page(visit, area, entry, values, said=said(word_of(answer)), status=409)


async def _clash(visit: Visit, code: EntryCode, values: Mapping[str, str]) -> web.Response:
    """Both are shown; whoever saves again has seen what the other wrote."""
    fresh = await visit.site.area.read_now()
    now = fresh.entries.get(code)
    if now is None:
        words = "Iemand anders haalde dit nummer weg, terwijl u bezig was. Er is niets bewaard."
        return await _page(visit, fresh, None, values, said=words, status=409)
    differs = differing(values_of(now), values)
    return await _page(visit, fresh, now, values, said=_CLASH, differs=differs, status=409)


async def _page(
    visit: Visit,
    area: Area,
    entry: DirectoryEntry | None,
    values: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    said: str = "",
    differs: list[tuple[str, str, str]] | None = None,
    status: int = 200,
) -> web.Response:
    """`entry` None: of a new one the form alone."""
    may_edit = entry is None or entry.municipality in towns_of(visit, Action.EDIT_NUMBER_PLAN)
    lines, use = await lines_of(visit, area, [] if entry is None else [entry])
    wrong = {} if faults is None else dict(faults)
    return page_for(
        visit,
        "number_plan_entry",
        status=status,
        one=lines[0] if lines else None,
        since=since_words(use),
        values=values,
        faults={column: wrong.get(column, "") for column in ("", *LABELS)},
        said=said or ("Er is niets bewaard. Kijk bij de velden wat er niet klopt." if wrong else ""),
        is_done=said == _SAVED,
        differs=differs or [],
        may_edit=may_edit,
        seen="" if entry is None else seen_of(area, [entry.code]),
        id=new_command_id(),
        fields=FIELDS,
        labels=LABELS,
        longest_subject=LONGEST_SUBJECT,
        **(_choices(visit, area, values) if may_edit else {}),
    )


def _choices(visit: Visit, area: Area, values: Mapping[str, str]) -> dict[str, Any]:
    """What the lists of the form offer: the visitor's own, and what the entry has already."""
    towns = towns_of(visit, Action.EDIT_NUMBER_PLAN)
    teams = {str(code): team.name for code, team in area.teams.items() if overlap(team.towns, towns)}
    queues = {str(code): area.municipalities[code].name for code in towns if code in area.municipalities}
    known = (("team", teams), ("queue", queues))
    for column, offered in known:
        if values[column]:
            offered.setdefault(values[column], values[column])
    return {
        "kinds": KINDS,
        "towns": town_names(visit, Action.EDIT_NUMBER_PLAN),
        "teams": dict(sorted(teams.items(), key=lambda pair: pair[1])),
        "queues": dict(sorted(queues.items(), key=lambda pair: pair[1])),
    }


def _entry(visit: Visit, area: Area) -> DirectoryEntry:
    """Of the address. Raises HTTPNotFound for one that is not there, or not the visitor's to see."""
    entry = area.entries.get(EntryCode(visit.request.match_info["entry"]))
    if entry is None or not is_visible(entry, towns_of(visit, Action.NUMBER_PLAN)):
        raise web.HTTPNotFound
    return entry


def _own_entry(visit: Visit, area: Area) -> DirectoryEntry:
    """Raises HTTPNotFound, and HTTPForbidden for a shared one of another municipality."""
    entry = _entry(visit, area)
    if entry.municipality not in towns_of(visit, Action.EDIT_NUMBER_PLAN):
        raise web.HTTPForbidden
    return entry


def _asked(owner: MunicipalityCode, command: DirectoryCommand, form: Mapping[str, str]) -> AskedCommand:
    """The same form sent twice is one command; with other words in it, it is another."""
    base = command_id_of(form.get("id", ""))
    return AskedCommand(command, id=CommandId(uuid5(base, repr(command))), municipality=owner)


async def _was_asked(visit: Visit, asked: AskedCommand) -> bool:
    scope = visit.actor.scope_of(Action.EDIT_NUMBER_PLAN)
    return await was_asked(visit.site.pool, scope, asked.id, f"account:{visit.actor.login}")


def _address(code: EntryCode) -> str:
    return f"{HERE}/nummer/{code}"
