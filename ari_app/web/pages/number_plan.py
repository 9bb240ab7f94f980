"""The number plan (AV §3) as a list: who is there now, what the check at night found, who was never transferred to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from ari_app.core.access import Action, Scope
from ari_app.core.area import Area, DirectoryEntry
from ari_app.core.calendar import local_date
from ari_app.core.directory import is_visible
from ari_app.core.ids import MunicipalityCode
from ari_app.storage.area.entry_use import EntryUse, entry_use
from ari_app.storage.operators.desk import staff_now
from ari_app.web import security
from ari_app.web.directory_view import LONGEST_SEARCH, line_of, sightings, wanted_extensions
from ari_app.web.number_plan import PlanLine, day_words, party_of, plan_line, was_unreachable
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.supervising import said
from ari_app.web.site import Visit

HERE = "/nummerplan"
ROWS_OF_PAGE = 50
MOST_PAGES = 1000
_DONE = {"weg": "Het nummer is uit het nummerplan gehaald.", "ingevoerd": "Het bestand is ingevoerd."}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `town` None: of all municipalities of the reader, and those that are shared."""

    town: MunicipalityCode | None = None
    unreachable: bool = False
    never: bool = False
    page: int = 1

    def address(self, page: int) -> str:
        asked = {
            "gemeente": self.town or "",
            "controle": "1" if self.unreachable else "",
            "nooit": "1" if self.never else "",
            "blad": str(page) if page > 1 else "",
        }
        return f"{HERE}?{urlencode({name: text for name, text in asked.items() if text})}".rstrip("?")


async def show_all(visit: Visit) -> web.Response:
    """A page of it, by name."""
    query, area = visit.request.query, await area_after(visit)
    wanted = Wanted(
        town_in(visit, query.get("gemeente", ""), Action.NUMBER_PLAN),
        query.get("controle") == "1",
        query.get("nooit") == "1",
        _page_number(query.get("blad", "")),
    )
    found = _entries(visit, area, wanted)
    use = None
    if wanted.never:
        use = await _use(visit, found)
        found = [entry for entry in found if party_of(entry) not in use.last]
    listed = found[(wanted.page - 1) * ROWS_OF_PAGE : wanted.page * ROWS_OF_PAGE]
    return await _page(visit, area, wanted, listed, len(found), use, "")


async def search(visit: Visit) -> web.Response:
    """The best matches of a text, which may be somebody's name or number and so stands in no address."""
    form = await security.read_form(visit.request)
    text = form.get("zoek", "").strip()[:LONGEST_SEARCH]
    area, towns = visit.site.area.current, towns_of(visit, Action.NUMBER_PLAN)
    found = await asyncio.to_thread(visit.site.area.index.search, text, towns, ROWS_OF_PAGE)
    return await _page(visit, area, Wanted(), [one.entry for one in found], len(found), None, text)


def towns_of(visit: Visit, action: Action) -> frozenset[MunicipalityCode]:
    """The municipalities for which the visitor may do it."""
    scope, known = visit.actor.scope_of(action), frozenset(visit.site.area.current.municipalities)
    return known if scope is None else scope & known


def town_in(visit: Visit, code: str, action: Action) -> MunicipalityCode | None:
    """One of the visitor's; None for none, and for one that is not theirs to know."""
    town = MunicipalityCode(code)
    return town if town in towns_of(visit, action) else None


def town_names(visit: Visit, action: Action) -> dict[MunicipalityCode, str]:
    known = visit.site.area.current.municipalities
    return dict(sorted(((code, known[code].name) for code in towns_of(visit, action)), key=lambda pair: pair[1]))


async def area_after(visit: Visit) -> Area:
    """As it is now for somebody who has just changed it: what is kept here may be half a second old."""
    area = visit.site.area
    return await area.read_now() if visit.request.query.get("antwoord") == "gedaan" else area.current


async def lines_of(
    visit: Visit, area: Area, entries: Sequence[DirectoryEntry], use: EntryUse | None = None
) -> tuple[list[PlanLine], EntryUse]:
    """With who is there now, and when somebody was transferred to each. Raises StoreUnavailable."""
    towns, now = towns_of(visit, Action.NUMBER_PLAN), visit.site.now()
    extensions = wanted_extensions(area, entries, towns)
    states, busy = await staff_now(visit.site.pool, extensions)
    seen = sightings(area, extensions, states, busy)
    known = await _use(visit, entries) if use is None else use
    return [plan_line(area, line_of(area, one, towns, seen, now), towns, known.last) for one in entries], known


def since_words(use: EntryUse) -> str:
    """The day with which the record begins; empty without one."""
    return "" if use.since is None else day_words(local_date(use.since))


async def _use(visit: Visit, entries: Collection[DirectoryEntry]) -> EntryUse:
    scope: Scope = visit.actor.scope_of(Action.NUMBER_PLAN)
    return await entry_use(visit.site.pool, scope, {party_of(entry) for entry in entries})


def _entries(visit: Visit, area: Area, wanted: Wanted) -> list[DirectoryEntry]:
    towns = towns_of(visit, Action.NUMBER_PLAN)
    found = [
        entry
        for entry in area.entries.values()
        if is_visible(entry, towns)
        and (wanted.town is None or entry.municipality == wanted.town)
        and (not wanted.unreachable or was_unreachable(entry))
    ]
    return sorted(found, key=lambda entry: (entry.name.casefold(), entry.code))


async def _page(
    visit: Visit,
    area: Area,
    wanted: Wanted,
    entries: Sequence[DirectoryEntry],
    count: int,
    use: EntryUse | None,
    text: str,
) -> web.Response:
    shown, known = await lines_of(visit, area, entries, use)
    has_more = not text and wanted.page * ROWS_OF_PAGE < count
    return page_for(
        visit,
        "number_plan",
        lines=shown,
        count=count,
        first=(wanted.page - 1) * ROWS_OF_PAGE + 1,
        since=since_words(known),
        checked_at=max((one.last_checked_at for one in area.entries.values() if one.last_checked_at), default=None),
        wanted=wanted,
        further=wanted.address(wanted.page + 1) if has_more else None,
        back=wanted.address(wanted.page - 1) if wanted.page > 1 else None,
        text=text,
        towns=town_names(visit, Action.NUMBER_PLAN),
        own=towns_of(visit, Action.EDIT_NUMBER_PLAN),
        said=_said(visit.request.query),
        now=visit.site.now(),
    )


def _said(query: Mapping[str, str]) -> str:
    return said(query.get("antwoord", ""), _DONE.get(query.get("wat", ""), ""))


def _page_number(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    return min(max(number, 1), MOST_PAGES)
