"""The socket of a page. It takes nothing from the page: what a person does is sent as a form."""

from __future__ import annotations

import asyncio

from aiohttp import ClientConnectionResetError, WSMsgType, web

from ari_app.core.access import Action, may
from ari_app.storage.accounts.sessions import find_session
from ari_app.web.live.hub import LOGGED_OUT, RIGHTS_CHANGED
from ari_app.web.live.screen import Screen
from ari_app.web.site import Site

#: an empty message so often, for the page's own watchdog
HEARTBEAT_SECONDS = 10.0
LARGEST_MESSAGE = 1024


async def live(site: Site, request: web.Request) -> web.StreamResponse:
    """The socket is opened also to tell that the login has ended: to a page, a refusal looks like no network."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=LARGEST_MESSAGE, compress=False)
    if not socket.can_prepare(request).ok:
        raise web.HTTPUpgradeRequired(reason="only for the page itself")
    token = request.cookies.get(site.cookie)
    found = None if token is None else await find_session(site.pool, token, site.now())
    await socket.prepare(request)
    if found is None or found.waits_for_code:
        await socket.close(code=LOGGED_OUT)
        return socket
    if not may(found.actor, Action.DESK):
        await socket.close(code=RIGHTS_CHANGED)
        return socket
    screen = Screen(found.session.id, found.actor)
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
