"""A second factor that was taken away is set anew: by its owner, after the password, within some days."""

from __future__ import annotations

import structlog
from aiohttp import web

from ari_app.core.totp import is_secret, matching_step
from ari_app.storage.accounts.second_factor import SecondFactor, may_set_factor, set_factor
from ari_app.storage.accounts.tokens import new_recovery_codes
from ari_app.web import security
from ari_app.web.pages.answers import page, see_other, set_cookie
from ari_app.web.pages.kept import kept_in
from ari_app.web.pages.login import login_page
from ari_app.web.pages.login_steps import asks_for_code, factor_form, go_on, session_of
from ari_app.web.site import Site

log = structlog.get_logger(__name__)


async def show(site: Site, request: web.Request) -> web.Response:
    """Only somebody who gave a password just now has anything to do here."""
    found = await session_of(site, request)
    if (
        found is None
        or not found.waits_for_code
        or not await may_set_factor(site.pool, found.actor.account, site.now())
    ):
        return see_other("/inloggen")
    next_path = security.safe_next(request.query.get("verder", "/"))
    return factor_form(site, found.actor, next_path, None, needs_code=asks_for_code(site, request, found.actor))


async def give(site: Site, request: web.Request) -> web.Response:
    """The first code of the new app; none at all from somebody who needs none at this place."""
    form = await security.read_form(request)
    next_path, kept = security.safe_next(form.get("verder", "/")), kept_in(form)
    found = await session_of(site, request)
    if (
        found is None
        or not found.waits_for_code
        or not await may_set_factor(site.pool, found.actor.account, site.now())
    ):
        return login_page(site, next_path, status=401, fault="ended", kept=kept)
    secret, code = form.get("geheim", ""), "".join(form.get("code", "").split())
    if not is_secret(secret):
        raise web.HTTPBadRequest
    asks = asks_for_code(site, request, found.actor)
    step = matching_step(secret, code, site.now(), None)
    if step is None and (code or asks):
        return factor_form(site, found.actor, next_path, kept, needs_code=asks, secret=secret, code_is_wrong=True)
    factor = None if step is None else SecondFactor(secret, step, tuple(new_recovery_codes()))
    agent = security.agent_of(request)
    token = await set_factor(site.pool, found.session.id, found.actor, factor, agent, site.now())
    if token is None:
        return login_page(site, next_path, status=401, fault="ended", kept=kept)
    log.info("logged_in", account=found.actor.login)
    if factor is None:
        response = go_on(site, next_path, kept)
    else:
        codes = factor.recovery_codes
        response = page(site, "recovery_codes", actor=found.actor, codes=codes, onward=next_path, kept=kept)
    set_cookie(site, response, token)
    return response
