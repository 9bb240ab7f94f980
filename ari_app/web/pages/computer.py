"""The computer as the operator's phone: its account at Asterisk, and the socket over which it speaks."""

from __future__ import annotations

from aiohttp import web

from ari_app.core.access import Action
from ari_app.core.browser_phones import DIALS, DOMAIN, digest_of, new_name, new_password
from ari_app.core.operator_commands import Accepted, RefusalReason, Refused
from ari_app.core.state_commands import OpenPhone
from ari_app.web import security
from ari_app.web.pages.commands import ask_controller
from ari_app.web.site import Site, Visit

_AWAY = "De telefonie antwoordt nu niet. Probeer het over een minuut opnieuw, of bel 1400 met een telefoon."
_NO_OPERATOR = "Uw account hoort niet bij een medewerker. Vraag uw beheerder om een medewerkernummer."


async def open_phone(visit: Visit) -> web.Response:
    """Let this login's page be a phone. Its password is in this answer, and nowhere else."""
    await security.read_form(visit.request)
    relay = visit.site.relay
    if relay is None:
        raise web.HTTPNotFound
    if visit.actor.operator is None:
        return web.Response(text=_NO_OPERATOR, status=409)
    name, password = new_name(), new_password()
    wanted = OpenPhone(visit.session.id, name, relay.options.node, digest_of(name, password))
    match await ask_controller(visit, Action.OWN_STATE, wanted, ""):
        case Accepted():
            turn = relay.options.turn
            ice = () if turn is None else turn.for_page(name, visit.site.now())
            said = {"name": name, "password": password, "domain": DOMAIN, "dials": DIALS, "iceServers": list(ice)}
            return web.json_response(said)
        case Refused(RefusalReason.UNKNOWN_DESTINATION):
            return web.Response(text=_NO_OPERATOR, status=409)
        case _:
            return web.Response(text=_AWAY, status=503)


async def sip(site: Site, request: web.Request) -> web.StreamResponse:
    """The socket of a phone in a page; for nobody where no phone is in pages."""
    if site.relay is None:
        raise web.HTTPNotFound
    return await site.relay.serve(request, site.cookie)
