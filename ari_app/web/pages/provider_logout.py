"""Logging out at the identity provider: a browser goes there from here and back, and its server tells us of others."""

from __future__ import annotations

import hmac
from datetime import timedelta

import structlog
from aiohttp import web

from ari_app.storage.accounts.provider_logouts import end_logged_out
from ari_app.web import security
from ari_app.web.cookies import drop_cookie, put_cookie
from ari_app.web.oidc.client import ProviderAway
from ari_app.web.oidc.tokens import TokenRefused
from ari_app.web.pages.answers import page, see_other
from ari_app.web.pages.login import login_page
from ari_app.web.pages.provider_login import provider_of
from ari_app.web.site import Site

log = structlog.get_logger(__name__)

KEPT = timedelta(minutes=10)
_COOKIE = "oidc-uit"


async def go_to_provider(site: Site) -> web.Response:
    """After the login here has ended: a page that goes on to the provider by itself.

    Not a redirect: browsers ask `form-action` of our policy also of the address to which the answer to a form leads.
    """
    found = None if site.provider is None else await site.provider.logout()
    if found is None:
        return see_other("/inloggen?uit=hier")
    address, state = found
    response = page(site, "logged_out", address=address)
    put_cookie(site, response, _COOKIE, state, KEPT)
    return response


async def back(site: Site, request: web.Request) -> web.Response:
    """From the provider, after it logged out this very browser; to anybody else it says nothing."""
    provider_of(site)
    kept, said = request.cookies.get(site.cookie_named(_COOKIE), ""), request.query.get("state", "")
    if not kept or not hmac.compare_digest(kept.encode(), said.encode()):
        return see_other("/inloggen")
    response = login_page(site, "/", status=200, fault="logged_out")
    drop_cookie(site, response, _COOKIE)
    return response


async def heard(site: Site, request: web.Request) -> web.Response:
    """From the provider's server: somebody logged out there, so their logins by it end here (back-channel logout).

    Its token is all that speaks for it. Refused ones make nobody wait: a signature is not guessed.
    """
    provider = provider_of(site)
    token = (await security.read_form(request)).get("logout_token", "")
    try:
        said = await provider.heard_logout(token)
    except TokenRefused as refused:
        return _refused(400, str(refused))
    except ProviderAway as away:
        log.warning("provider_away", error=str(away))
        return _refused(503, "away")
    issuer = provider.options.issuer
    ended = await end_logged_out(site.pool, issuer, said.token_id, said.subject, said.sid, site.now())
    if ended is None:
        return _refused(400, "before")
    log.info("provider_logout", ended=ended)
    return web.Response()


def _refused(status: int, why: str) -> web.Response:
    log.warning("provider_logout_refused", why=why)
    return web.json_response({"error": "invalid_request"}, status=status)
