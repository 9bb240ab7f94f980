"""Logging in at the phone from the desk: the phone that somebody chooses rings, and picking it up is the login."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from aiohttp import hdrs, web

from ari_app.core.access import Action
from ari_app.core.login_phones import phone_called, phone_name
from ari_app.core.operator_commands import Accepted, Answer, RefusalReason, Refused
from ari_app.core.state_commands import LogIn
from ari_app.storage.operators.phones import phones_within
from ari_app.web import security
from ari_app.web.call_words import REFUSALS, UNSURE
from ari_app.web.pages.answers import see_other
from ari_app.web.pages.commands import OF_SCRIPT, ask_controller
from ari_app.web.site import Visit

LONGEST_PHONE = 80
_RINGS, _UNKNOWN, _UNSURE = "rings", "no_such_phone", "unsure_login"
#: what a login at the phone is answered with, by the word in the address to which a form without a script leads
_WORDS: Mapping[str, str] = {
    _RINGS: "Uw telefoon gaat over. Neem op, dan bent u aangemeld. Gaat hij niet over? Probeer het opnieuw.",
    _UNKNOWN: "Dit toestel kennen wij niet, of het is niet van uw gemeente. Kies een ander toestel, of bel 1400.",
    _UNSURE: UNSURE,
    "phone_away": "Dit toestel is niet verbonden. Zet het aan, of kies een ander toestel.",
    RefusalReason.LOGGED_IN.value: "U bent al aangemeld, of uw telefoon gaat al over.",
    RefusalReason.PHONE_BUSY.value: REFUSALS[RefusalReason.PHONE_BUSY],
    RefusalReason.PHONE_TAKEN.value: REFUSALS[RefusalReason.PHONE_TAKEN],
}


async def ring(visit: Visit) -> web.Response:
    """Only a phone that the operator used before, or one that the directory of their municipalities has."""
    form = await security.read_form(visit.request)
    actor, site = visit.actor, visit.site
    if actor.operator is None:
        raise web.HTTPBadRequest
    used = await phones_within(site.pool, actor.operator, actor.scope_of(Action.OWN_STATE))
    phone = phone_called(site.area.current, actor.operator, form.get("toestel", "")[:LONGEST_PHONE], used)
    if phone is None:
        return _said(visit, Refused(RefusalReason.UNKNOWN_DESTINATION))
    return _said(visit, await ask_controller(visit, Action.OWN_STATE, LogIn(phone), form.get("id", "")))


async def phones_to_offer(visit: Visit) -> list[str]:
    """The names of those used before; the one of the last time is the first. Raises StoreUnavailable."""
    actor = visit.actor
    if actor.operator is None:
        return []
    used = await phones_within(visit.site.pool, actor.operator, actor.scope_of(Action.OWN_STATE))
    return [phone_name(phone) for phone in used]


def phone_words(word: str) -> str:
    """Of the address to which a form without a script came back; nothing for any other word."""
    return _WORDS.get(word, "")


def _said(visit: Visit, answer: Answer) -> web.Response:
    match answer:
        case Accepted():
            word, kind, status = _RINGS, "done", 200
        case Refused(reason):
            word, kind, status = _word_of(reason), "refused", 409
        case _:
            word, kind, status = _UNSURE, "unsure", 202
    if visit.request.headers.get(hdrs.ACCEPT) == OF_SCRIPT:
        text = _WORDS.get(word) or REFUSALS[RefusalReason(word)]
        return web.Response(text=text, status=status, headers={"X-Answer": kind})
    return see_other(f"/?{urlencode({'antwoord': word})}")


def _word_of(reason: RefusalReason) -> str:
    """Words of the desk for a destination are about a caller who is transferred: here it is one's own phone."""
    of_phone = {RefusalReason.UNREACHABLE: "phone_away", RefusalReason.UNKNOWN_DESTINATION: _UNKNOWN}
    return of_phone.get(reason, reason.value)
