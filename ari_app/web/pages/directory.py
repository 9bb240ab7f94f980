"""The directory (nummerplan): search as you type, who is there now, and one click to transfer.

What is typed may be somebody's name or number, so it is sent in a form and never in an address.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.destinations import Destination
from ari_app.storage.operators.desk import staff_now
from ari_app.web import security
from ari_app.web.call_words import REFUSALS
from ari_app.web.directory_view import LONGEST_SEARCH, MOST_FOUND, line_of, sightings, typed_number, wanted_extensions
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.commands import card_of
from ari_app.web.site import Visit


async def search(visit: Visit) -> web.Response:
    """`deel`: a script asks for the results alone; else it is a page."""
    form = await security.read_form(visit.request)
    text = form.get("zoek", "").strip()[:LONGEST_SEARCH]
    values = await _found(visit, text)
    if form.get("deel"):
        html = visit.site.pages.fragment("directory", **values)
        return web.Response(text=html, content_type="text/html")
    return page_for(visit, "directory", **values)


async def _found(visit: Visit, text: str) -> dict[str, Any]:
    site, now = visit.site, visit.site.now()
    area, towns = site.area.current, site.area.towns_of(visit.actor, Action.DIRECTORY)
    found = await asyncio.to_thread(site.area.index.search, text, towns, MOST_FOUND)
    entries = [one.entry for one in found]
    extensions = wanted_extensions(area, entries, towns)
    states, busy = await staff_now(site.pool, extensions)
    seen = sightings(area, extensions, states, busy)
    card = await card_of(visit)
    can_transfer = card is not None and card.state == "talking" and card.open_transfer is None
    number = typed_number(area, text, towns, now)
    return {
        "text": text,
        "card": card if can_transfer else None,
        "lines": [line_of(area, entry, towns, seen, now) for entry in entries],
        "outside": text if isinstance(number, Destination) else None,
        "refused": None if number is None or isinstance(number, Destination) else REFUSALS[number],
    }
