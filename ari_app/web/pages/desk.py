"""The start page: the operator's desk for those who have one, and for everybody else what they may do here."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import NOBODYS, Action, may
from ari_app.web.call_words import said_words
from ari_app.web.live.screen import Region, Screen
from ari_app.web.pages.answers import page_for
from ari_app.web.pages.call import RESULTS, subjects_of
from ari_app.web.pages.callbacks import PARTS_OF_DAY
from ari_app.web.site import Visit


async def show(visit: Visit) -> web.Response:
    if not may(visit.actor, Action.DESK):
        return page_for(visit, "home")
    screen = Screen(visit.session.id, visit.actor)
    regions = await _regions(visit, screen)
    query, site = visit.request.query, visit.site
    area, towns = site.area.current, site.area.towns_of(visit.actor, Action.CALL)
    return page_for(
        visit,
        "desk",
        live=True,
        said=said_words(query.get("antwoord", ""), query.get("kenmerk", "")),
        regions={region: Markup(html) for region, html in regions.items()},
        call=screen.card_call or "",
        queues=sorted((area.municipalities[code].name, code) for code in towns if code in area.municipalities),
        subjects=subjects_of(area, towns),
        results=RESULTS,
        parts_of_day=PARTS_OF_DAY,
    )


async def _regions(visit: Visit, screen: Screen) -> dict[str, str]:
    """As they are now; the socket of the page brings everything that changes later."""
    made, now = visit.site.hub.regions, visit.site.now()
    await made.show_operators(screen.scope(Region.OPERATOR), [screen], now)
    await made.show_cards(screen.scope(Region.CARD), [screen], now)
    await made.show_callbacks(screen.scope(Region.CALLBACKS), [screen], now)
    scope = screen.scope(Region.QUEUE)
    queue = "" if scope == NOBODYS else await made.queue(scope, now)
    return {
        "hello": made.hello(now),
        "line": made.line(None, is_store=False),
        "card": screen.shown(Region.CARD),
        "operator": screen.shown(Region.OPERATOR),
        "queue": queue,
        "callbacks": screen.shown(Region.CALLBACKS),
    }
