"""Who sent a request: a program with a token, or a browser with the cookie of a login."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import hdrs, web

from ari_app.core.access import Action, may
from ari_app.storage.accounts.service_tokens import find_token
from ari_app.storage.accounts.sessions import find_session
from ari_app.web import security
from ari_app.web.api.limits import PEOPLES_PER_MINUTE, STRANGERS_PER_MINUTE, Rates
from ari_app.web.api.problems import ApiProblem, forbidden
from ari_app.web.api.table import Caller, Operation
from ari_app.web.site import Site

_CHALLENGE: Mapping[str, str] = {hdrs.WWW_AUTHENTICATE: 'Bearer realm="ari_app"'}
#: ours have 43 characters
_LONGEST_TOKEN = 200


async def caller_of(site: Site, rates: Rates, request: web.Request) -> Caller:
    """A token goes before a cookie. Raises ApiProblem, StoreUnavailable."""
    said = request.headers.get(hdrs.AUTHORIZATION)
    found = await _program(site, said) if said is not None else await _person(site, request)
    if found is None:
        address = security.address_of(request, site.options.proxies)
        _take(rates, f"stranger:{address}", STRANGERS_PER_MINUTE)
        raise ApiProblem(
            401,
            "Stuur een geldig token mee (Authorization: Bearer …), of meld u aan op de pagina's.",
            "unauthenticated",
            headers=_CHALLENGE,
        )
    _take(rates, found.author, found.most_per_minute)
    changes = not security.is_safe(request.method)
    # A cookie goes along with whatever page sends the request.
    if found.session is not None and changes and not security.comes_from_us(request, site.options.url):
        raise forbidden("Met een aanmelding kan alleen een pagina van ons iets veranderen. Gebruik een token.")
    return found


def require_right(caller: Caller, operation: Operation) -> None:
    """Raises ApiProblem when the caller may do this for no municipality at all."""
    if not any(may(caller.actor, action) for action in needed(caller, operation)):
        raise forbidden()


def needed(caller: Caller, operation: Operation) -> tuple[Action, ...]:
    """One of these is enough."""
    return operation.actions[:1] if caller.is_program else operation.actions


async def _program(site: Site, said: str) -> Caller | None:
    kind, _, token = said.partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        return None
    found = await find_token(site.pool, token, site.now())
    return None if found is None else Caller(found.actor, found.most_per_minute, token=found.id)


async def _person(site: Site, request: web.Request) -> Caller | None:
    cookie = request.cookies.get(site.cookie)
    found = None if cookie is None else await find_session(site.pool, cookie, site.now())
    if found is None or found.waits_for_code:
        return None
    return Caller(found.actor, PEOPLES_PER_MINUTE, session=found.session.id)


def _take(rates: Rates, sender: str, per_minute: int) -> None:
    wait_seconds = rates.take(sender, per_minute)
    if wait_seconds is not None:
        raise ApiProblem(
            429,
            f"Hooguit {per_minute} verzoeken per minuut. Probeer het over {wait_seconds} s opnieuw.",
            "too_many_requests",
            headers={hdrs.RETRY_AFTER: str(wait_seconds)},
        )
