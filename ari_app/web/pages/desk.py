"""The start page: the operator's desk for those who have one, and for everybody else what they may do here."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action, may
from ari_app.web.call_words import said_words
from ari_app.web.live.screen import Region, Screen
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.call import RESULTS, subjects_for
from ari_app.web.pages.callbacks import PARTS_OF_DAY
from ari_app.web.pages.phone_login import LONGEST_PHONE, phone_words, phones_to_offer
from ari_app.web.site import Visit


async def show(visit: Visit) -> web.Response:
    if not may(visit.actor, Action.DESK):
        return page_for(visit, "home")
    screen = Screen(visit.session.id, visit.actor)
    query, site = visit.request.query, visit.site
    await site.hub.fill(screen)  # as it is now; the socket of the page brings everything that changes later
    deputy = site.area.entry_with(visit.actor, query.get("vervanger", ""))
    word = query.get("antwoord", "")
    area, towns = site.area.current, site.area.towns_of(visit.actor, Action.CALL)
    may_be_phone = site.relay is not None and visit.actor.operator is not None
    return page_for(
        visit,
        "desk",
        live=True,
        said=phone_words(word) or said_words(word, query.get("kenmerk", ""), deputy),
        regions={region.value: Markup(screen.shown(region)) for region in Region},
        call=screen.card_call or "",
        queues=sorted((area.municipalities[code].name, code) for code in towns if code in area.municipalities),
        subjects=await subjects_for(visit),
        results=RESULTS,
        parts_of_day=PARTS_OF_DAY,
        phones=await phones_to_offer(visit),
        longest_phone=LONGEST_PHONE,
        phone_script=site.assets.url("phone.js") if may_be_phone else None,
    )
