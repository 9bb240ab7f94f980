"""The start page: the operator's desk for those who have one, and for everybody else what they may do here."""

from __future__ import annotations

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import NOBODYS, Action, may
from ari_app.web.live.screen import Region, Screen
from ari_app.web.pages.answers import page_for
from ari_app.web.site import Visit


async def show(visit: Visit) -> web.Response:
    if not may(visit.actor, Action.DESK):
        return page_for(visit, "home")
    regions = await _regions(visit)
    answer = visit.request.query.get("antwoord", "")
    said = visit.site.pages.answer(answer) if answer else ""
    shown = {region: Markup(html) for region, html in regions.items()}
    return page_for(visit, "desk", live=True, said=said, regions=shown)


async def _regions(visit: Visit) -> dict[str, str]:
    """As they are now; the socket of the page brings everything that changes later."""
    made, now = visit.site.hub.regions, visit.site.now()
    screen = Screen(visit.session.id, visit.actor)
    await made.show_operators(screen.scope(Region.OPERATOR), [screen], now)
    scope = screen.scope(Region.QUEUE)
    queue = "" if scope == NOBODYS else await made.queue(scope, now)
    return {
        "hello": made.hello(now),
        "line": made.line(None, is_store=False),
        "operator": screen.shown(Region.OPERATOR),
        "queue": queue,
    }
