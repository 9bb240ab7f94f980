"""A one-time link: its owner chooses a password, connects an app for codes, and is logged in.

The same link does it for a new account and after `ari-app accounts reset`.
"""

from __future__ import annotations

import secrets

import structlog
from aiohttp import web

from ari_app.core.access import Actor
from ari_app.core.accounts import PasswordFault, password_fault
from ari_app.core.totp import SECRET_BYTES, is_secret, matching_step, written
from ari_app.storage.accounts.logins import candidate_of_link, use_link
from ari_app.storage.accounts.second_factor import SecondFactor
from ari_app.storage.accounts.tokens import new_recovery_codes
from ari_app.web import security
from ari_app.web.pages.answers import page, see_other, set_cookie
from ari_app.web.pages.login_steps import app_of
from ari_app.web.site import Site

log = structlog.get_logger(__name__)


async def show(site: Site, request: web.Request) -> web.Response:
    actor = await _owner(site, request)
    if actor is None:
        return page(site, "link_gone", status=404)
    return _form(site, actor, written(secrets.token_bytes(SECRET_BYTES)))


async def begin(site: Site, request: web.Request) -> web.Response:
    actor = await _owner(site, request)
    if actor is None:
        return page(site, "link_gone", status=404)
    form = await security.read_form(request)
    secret, password = form.get("geheim", ""), form.get("wachtwoord", "")
    if not is_secret(secret):
        raise web.HTTPBadRequest
    code = "".join(form.get("code", "").split())
    fault = password_fault(password, actor.login)
    step = matching_step(secret, code, site.now(), None) if code else None
    code_is_wrong = step is None if code or _needs_code(site, actor) else False
    if fault is not None or code_is_wrong:
        return _form(site, actor, secret, status=400, fault=fault, code_is_wrong=code_is_wrong)
    factor = None if step is None else SecondFactor(secret, step, tuple(new_recovery_codes()))
    password_hash = await site.passwords.hash(password)
    token = await use_link(
        site.pool, request.match_info["token"], actor, password_hash, factor, security.agent_of(request), site.now()
    )
    if token is None:
        return page(site, "link_gone", status=404)
    log.info("logged_in", account=actor.login)
    if factor is None:
        response = see_other("/")
    else:
        response = page(site, "recovery_codes", actor=actor, codes=factor.recovery_codes, onward="/", kept=None)
    set_cookie(site, response, token)
    return response


async def _owner(site: Site, request: web.Request) -> Actor | None:
    """The owner of the link. A wrong one counts for nothing: nobody guesses 256 bits, and any page of any site can make
    browsers ask for wrong ones, so that a whole town hall would have to wait.
    """
    found = await candidate_of_link(site.pool, request.match_info["token"], site.now())
    return None if found is None else found.actor


def _needs_code(site: Site, actor: Actor) -> bool:
    """Whether the app has to be connected now: without it this account could not log in everywhere it has to."""
    return not site.options.trusted or not actor.roles <= site.options.trusted_roles


def _form(
    site: Site,
    actor: Actor,
    secret: str,
    *,
    status: int = 200,
    fault: PasswordFault | None = None,
    code_is_wrong: bool = False,
) -> web.Response:
    return page(
        site,
        "start",
        status=status,
        owner=actor,
        app=app_of(secret, actor),
        needs_code=_needs_code(site, actor),
        fault=fault,
        code_is_wrong=code_is_wrong,
    )
