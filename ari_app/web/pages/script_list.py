"""The scripts of an editor's municipalities, and what is to be done about them: remarks, endings, searches in vain."""

from __future__ import annotations

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.calendar import local_date
from ari_app.core.ids import MunicipalityCode
from ari_app.core.scripts import REMARKS, expires_soon
from ari_app.storage.scripts.notes import remark_is_done
from ari_app.storage.scripts.reads import FILTERS, MOST_SHOWN, list_scripts, read_work
from ari_app.web import security
from ari_app.web.names import Names
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.site import Visit

HERE = "/antwoorden"
LONGEST_TEXT = 100
FILTER_WORDS = {
    "": "Alle",
    "concept": "Concept",
    "nalezen": "Wacht op nalezen",
    "verloopt": "Verloopt binnen 30 dagen, of is verlopen",
    "anders": "Wijkt af van de bron",
    "ongebruikt": "In 90 dagen niet gebruikt",
}
assert set(FILTER_WORDS) == set(FILTERS)
STATE_WORDS = {"draft": "concept", "review": "wacht op nalezen", "published": "gepubliceerd"}
SOURCE_WORDS = {"own": "eigen redactie", "vac": "VAC", "kennisartikel": "kennisartikel", "csv": "bestand"}


async def show_all(visit: Visit) -> web.Response:
    """Raises HTTPBadRequest for a filter that is none."""
    site, scope = visit.site, visit.actor.scope_of(Action.EDIT_SCRIPTS)
    kind, text = visit.request.query.get("toon", ""), visit.request.query.get("tekst", "").strip()[:LONGEST_TEXT]
    if kind not in FILTERS:
        raise web.HTTPBadRequest
    today = local_date(site.now())
    found = await list_scripts(site.pool, scope, kind, text, today)
    return page_for(
        visit,
        "script_list",
        found=found,
        most=MOST_SHOWN,
        work=await read_work(site.pool, scope, f"account:{visit.actor.login}", today),
        soon={one.id for one in found.scripts if expires_soon(one, today)},
        towns=Names.of(site.area.current, scope).towns,
        may_share=scope is None,
        kinds=FILTER_WORDS,
        kind=kind,
        text=text,
        remarks=REMARKS,
        version_states=STATE_WORDS,
        sources=SOURCE_WORDS,
    )


async def end_remark(visit: Visit) -> web.Response:
    """It was dealt with. Raises HTTPNotFound for one that is not this editor's."""
    await security.read_form(visit.request)
    number = visit.request.match_info["remark"]
    if not (number.isascii() and number.isdigit() and len(number) < 16):
        raise web.HTTPNotFound
    scope, by = visit.actor.scope_of(Action.EDIT_SCRIPTS), f"account:{visit.actor.login}"
    if not await remark_is_done(visit.site.pool, scope, int(number), by, visit.site.now()):
        raise web.HTTPNotFound
    return see_other(HERE)


def town_of(visit: Visit, municipality: MunicipalityCode | None) -> str:
    known = None if municipality is None else visit.site.area.current.municipalities.get(municipality)
    return "Alle gemeenten" if municipality is None else municipality if known is None else known.name
