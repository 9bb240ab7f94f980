"""Wallboards: for a supervisor who is logged in, and behind an address for a screen on the wall."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action, Verdict, decide, may
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.service_level import ABANDONED_DEFINITION, DEFINITION
from ari_app.storage.boards.tokens import (
    LONGEST_NAME,
    BoardRefused,
    BoardToken,
    add_board,
    board_id,
    end_board,
    find_board,
    list_boards,
)
from ari_app.web import security
from ari_app.web.board_views import choices, title_of, view_of
from ari_app.web.live import socket
from ari_app.web.live.endings import LOGGED_OUT
from ari_app.web.live.screen import Region, Screen
from ari_app.web.pages.answers import page, page_for, see_other
from ari_app.web.site import Site, Visit

#: an unattended screen asks again by itself
REFRESH = {"Refresh": "30", "Retry-After": "30"}
#: the address is a secret: no other site is told where somebody came from
NO_REFERRER = {"Referrer-Policy": "no-referrer"}


async def choose(visit: Visit) -> web.Response:
    return await _choice(visit)


async def show(visit: Visit) -> web.Response:
    """One board, for somebody who is logged in. Raises HTTPNotFound for one that is not theirs."""
    site = visit.site
    view = view_of(site.area.current, visit.actor, visit.request.query)
    if view is None:
        raise web.HTTPNotFound
    screen = Screen.of_board(visit.session.id, visit.actor, view)
    where = f"/live?{urlencode({**visit.request.query, 'blad': screen.page})}"
    return await _board(site, screen, title_of(site.area.current, view), where, back=True)


async def add_address(visit: Visit) -> web.Response:
    """The address is shown once: the database does not have it."""
    form = await security.read_form(visit.request)
    site = visit.site
    wanted = form.get("bord", "")
    found = [one.view for one in choices(site.area.current, visit.actor) if urlencode(one.query) == wanted]
    if not found or decide(visit.actor, Action.BOARD_ADDRESSES, found[0].scope) is not Verdict.ALLOWED:
        raise web.HTTPBadRequest
    try:
        token = await add_board(site.pool, form.get("naam", ""), found[0], f"account:{visit.actor.login}", site.now())
    except BoardRefused:
        fault = f"Geef het scherm een naam van hooguit {LONGEST_NAME} tekens."
        return await _choice(visit, status=400, fault=fault)
    return await _choice(visit, address=f"{site.options.url}/bord/{token}")


async def end_address(visit: Visit) -> web.Response:
    """Raises HTTPNotFound for one that is not the visitor's to know."""
    board = board_id(visit.request.match_info["board"])
    site, scope = visit.site, visit.actor.scope_of(Action.BOARD_ADDRESSES)
    author = f"account:{visit.actor.login}"
    if board is None or not await end_board(site.pool, scope, board, author, site.now()):
        raise web.HTTPNotFound
    return see_other("/wandbord")


async def show_address(site: Site, request: web.Request) -> web.Response:
    """For a screen on the wall, which nobody watches over: what goes wrong is tried again by itself."""
    try:
        found = await find_board(site.pool, request.match_info["token"], site.now())
        if found is None:
            return page(site, "board_gone", status=404)
        response = await _board(site, _screen(found), found.name, f"{request.path}/live", back=False)
    except StoreUnavailable:
        response = web.Response(text=site.pages.page("error", status=503), status=503, content_type="text/html")
        response.headers.update(REFRESH)
    response.headers.update(NO_REFERRER)
    return response


async def live_address(site: Site, request: web.Request) -> web.StreamResponse:
    """The socket of such a screen."""
    opened = socket.new_socket(request)
    found = await find_board(site.pool, request.match_info["token"], site.now())
    await opened.prepare(request)
    if found is None:
        await opened.close(code=LOGGED_OUT)
        return opened
    return await socket.show(site, opened, _screen(found))


def _screen(found: BoardToken) -> Screen:
    return Screen.of_address(found.id, found.view)


async def _board(site: Site, screen: Screen, title: str, where: str, *, back: bool) -> web.Response:
    await site.hub.fill(screen)
    regions = {region.value: Markup(screen.shown(region)) for region in (Region.HELLO, Region.LINE, Region.BOARD)}
    return page(
        site,
        "board",
        live=where,
        title=title,
        regions=regions,
        back=back,
        definition=DEFINITION,
        abandoned_definition=ABANDONED_DEFINITION,
    )


async def _choice(visit: Visit, *, status: int = 200, fault: str = "", address: str = "") -> web.Response:
    site, area = visit.site, visit.site.area.current
    may_give = may(visit.actor, Action.BOARD_ADDRESSES)
    given = await list_boards(site.pool, visit.actor.scope_of(Action.BOARD_ADDRESSES)) if may_give else []
    found = [(one.name, urlencode(one.query)) for one in choices(area, visit.actor)]
    addresses = [(one, title_of(area, one.view)) for one in given]
    return page_for(
        visit,
        "boards",
        status=status,
        choices=found,
        addresses=addresses,
        may_give=may_give,
        fault=fault,
        address=address,
    )
