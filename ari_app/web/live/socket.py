"""The socket of a page. It takes nothing from the page: what a person does is sent as a form."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import ClientConnectionResetError, WSMsgType, web

from ari_app.core.access import may
from ari_app.storage.accounts.sessions import LoggedIn, find_session
from ari_app.web.board_views import view_of
from ari_app.web.live.endings import LOGGED_OUT, RIGHTS_CHANGED
from ari_app.web.live.screen import PAGE_ACTIONS, Page, Screen
from ari_app.web.site import Site

#: an empty message so often, for the page's own watchdog
HEARTBEAT_SECONDS = 10.0
LARGEST_MESSAGE = 1024


def new_socket(request: web.Request) -> web.WebSocketResponse:
    """Raises HTTPUpgradeRequired for what asks for no socket."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_MESSAGE, compress=False)
    if not socket.can_prepare(request).ok:
        raise web.HTTPUpgradeRequired(reason="only for the page itself")
    return socket


async def live(site: Site, request: web.Request) -> web.StreamResponse:
    """The socket is opened also to tell that the login has ended: to a page, a refusal looks like no network."""
    socket = new_socket(request)
    token = request.cookies.get(site.cookie)
    found = None if token is None else await find_session(site.pool, token, site.now())
    if found is not None:
        await site.area.first_reading()  # which boards there are, it says
    await socket.prepare(request)
    if found is None or found.waits_for_code:
        await socket.close(code=LOGGED_OUT)
        return socket
    screen = _screen(site, request.query, found)
    if screen is None:
        await socket.close(code=RIGHTS_CHANGED)
        return socket
    return await show(site, socket, screen)


def _screen(site: Site, query: Mapping[str, str], found: LoggedIn) -> Screen | None:
    """The page that the socket is of; None: there is none, or it is not this visitor's."""
    try:
        page = Page(query.get("blad", Page.DESK))
    except ValueError:
        return None
    if not may(found.actor, PAGE_ACTIONS[page]):
        return None
    if page is not Page.BOARD:
        return Screen(found.session.id, found.actor, page)
    view = view_of(site.area.current, found.actor, query)
    return None if view is None else Screen.of_board(found.session.id, found.actor, view)


async def show(site: Site, socket: web.WebSocketResponse, screen: Screen) -> web.WebSocketResponse:
    """Send what is due to the screen until its page goes away."""
    site.hub.add(screen)
    writer = asyncio.create_task(_write(socket, screen), name="screen")
    try:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await socket.close(code=1008)
    finally:
        site.hub.remove(screen)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
    return socket


async def _write(socket: web.WebSocketResponse, screen: Screen) -> None:
    try:
        while True:
            frame = await screen.next_frame(HEARTBEAT_SECONDS)
            if screen.close_code is not None:
                await socket.close(code=screen.close_code)
                return
            await socket.send_str(frame)
    except (ClientConnectionResetError, ConnectionError):
        return  # the page has gone; its reader sees that too
