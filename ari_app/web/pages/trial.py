"""The page on which somebody calls as a citizen, to try the system: only in the demonstration of `make run`."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web

from ari_app.core.area import Area
from ari_app.core.browser_phones import DOMAIN
from ari_app.core.trial import ACCOUNT, NumberKind, TrialNumber, numbers_of
from ari_app.web import security
from ari_app.web.live.socket import new_socket
from ari_app.web.pages.answers import page
from ari_app.web.site import Site
from ari_app.web.trial.site import COOKIE, Trial

PATH = "/probeer"
SCRIPT = "trial.js"
_TITLES = {
    NumberKind.SHARED: "14-nummers",
    NumberKind.GEOGRAPHIC: "Nummers van één gemeente, ook vanuit het buitenland",
    NumberKind.DIRECT: "Doorkiesnummers",
}
_NO_SCRIPT = "De onderdelen van deze pagina zijn niet gebouwd. Kijk in het logboek van ari-app web."


async def show(site: Site, request: web.Request) -> web.Response:
    """Raises HTTPNotFound where there is no demonstration, HTTPForbidden for whoever is not at this machine."""
    trial = _trial(site)
    await site.area.first_reading()
    trial.require(request)
    area = site.area.current
    groups = [(_TITLES[kind], list(_shown(area, kind))) for kind in NumberKind]
    script = site.assets.url(SCRIPT)
    answer = page(
        site, "trial", groups=[one for one in groups if one[1]], script=script, said="" if script else _NO_SCRIPT
    )
    if trial.visits.find(request.cookies.get(COOKIE)) is None:
        answer.set_cookie(COOKIE, trial.visits.begin(), path=PATH, httponly=True, samesite="Strict")
    return answer


async def give_account(site: Site, request: web.Request) -> web.Response:
    """With what the page calls. It opens nothing but calls to the numbers of the sample, from this machine."""
    trial = _trial(site)
    trial.visit_of(request)
    await security.read_form(request)
    return web.json_response({"name": ACCOUNT, "password": trial.options.password, "domain": DOMAIN})


async def sip(site: Site, request: web.Request) -> web.StreamResponse:
    return await _trial(site).relay(request)


async def live(site: Site, request: web.Request) -> web.StreamResponse:
    """What is said in the visitor's own calls, as it is said."""
    trial = _trial(site)
    socket = new_socket(request)
    visit = trial.visit_of(request)
    await socket.prepare(request)
    screen = visit.screen()
    writer = asyncio.create_task(_write(socket, screen), name="trial screen")
    try:
        async for message in socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await socket.close(code=1008)
    finally:
        visit.screens.discard(screen)
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
    return socket


async def _write(socket: web.WebSocketResponse, screen: asyncio.Queue[str]) -> None:
    try:
        while True:
            await socket.send_str(await screen.get())
    except ConnectionError:
        return  # the page has gone; its reader sees that too


def _trial(site: Site) -> Trial:
    if site.trial is None:
        raise web.HTTPNotFound
    return site.trial


def _shown(area: Area, kind: NumberKind) -> list[tuple[TrialNumber, str]]:
    """The numbers of a kind, and whom each reaches."""
    names = {code: town.name for code, town in area.municipalities.items()}
    return [
        (number, ", ".join(names.get(code, code) for code in number.municipalities))
        for number in numbers_of(area)
        if number.kind is kind
    ]
