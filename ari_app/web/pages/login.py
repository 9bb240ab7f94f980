"""Logging in: a name and a password, then a code, unless the account and the place need none.

The same words answer a wrong name and a wrong password, after the same time. Each try is counted before it is judged.
"""

from __future__ import annotations

import math

import structlog
from aiohttp import web

from ari_app.core.accounts import LONGEST_PASSWORD, read_login
from ari_app.core.ids import AccountId
from ari_app.core.login_limits import OF_ACCOUNT, OF_ADDRESS
from ari_app.storage.accounts import attempts, logins
from ari_app.storage.accounts.logins import Candidate
from ari_app.storage.accounts.passkeys import ask_for_passkey, credentials_of, has_codes
from ari_app.storage.accounts.provider_logouts import was_ended_by_provider
from ari_app.storage.accounts.second_factor import may_set_factor
from ari_app.web import security
from ari_app.web.pages.answers import page, see_other, set_cookie
from ari_app.web.pages.kept import Kept, kept_in
from ari_app.web.pages.login_steps import (
    address_subject,
    asks_for_code,
    factor_form,
    go_on,
    hidden_of,
    query_of,
    session_of,
)
from ari_app.web.passkeys import question
from ari_app.web.site import Site

log = structlog.get_logger(__name__)


def ask_to_log_in(site: Site, next_path: str, kept: Kept | None = None) -> web.Response:
    """The login page, for somebody who asked for another one."""
    if kept is not None:
        return _form(site, next_path, kept, status=401, fault="ended")
    where = "/inloggen" if next_path == "/" else f"/inloggen?{query_of(next_path)}"
    return see_other(where)


async def show(site: Site, request: web.Request) -> web.Response:
    next_path = security.safe_next(request.query.get("verder", "/"))
    found = await session_of(site, request)
    if found is not None and not found.waits_for_code:
        return see_other(next_path)
    token = request.cookies.get(site.cookie)
    if token is not None and await was_ended_by_provider(site.pool, token, site.now()):
        return _form(site, next_path, None, fault="ended_by_provider")
    return _form(site, next_path, None, fault="logged_out_here" if request.query.get("uit") == "hier" else "")


async def give_password(site: Site, request: web.Request) -> web.Response:
    form = await security.read_form(request)
    next_path, kept = security.safe_next(form.get("verder", "/")), kept_in(form)
    typed, password = form.get("naam", ""), form.get("wachtwoord", "")[: LONGEST_PASSWORD + 1]
    of_account, of_address = attempts.password_subject(typed), address_subject(site, request)
    began_at = site.now()
    wait = await attempts.begin_attempt(site.pool, {of_account: OF_ACCOUNT, of_address: OF_ADDRESS}, began_at)
    if wait is not None:
        log.warning("login_refused", why="wait", wait_seconds=math.ceil(wait.total_seconds()))
        return _form(site, next_path, kept, status=429, fault="wait", wait=math.ceil(wait.total_seconds()), typed=typed)
    login = read_login(typed)
    candidate = None if login is None else await logins.candidate(site.pool, login)
    fits = await site.passwords.fits(password, None if candidate is None else candidate.password_hash)
    if candidate is None or not fits:
        log.warning("login_refused", why="wrong")
        return _form(site, next_path, kept, status=401, fault="wrong", typed=typed)
    await attempts.attempt_was_good(site.pool, of_account, began_at, of_address)
    if candidate.is_locked:
        log.warning("login_refused", why="locked", account=candidate.actor.login)
        return _form(site, next_path, kept, status=403, fault="locked", typed=typed)
    if candidate.is_known_elsewhere:
        log.warning("login_refused", why="known_elsewhere", account=candidate.actor.login)
        return _form(site, next_path, kept, status=403, fault="known_elsewhere", typed=typed)
    return await _after_password(site, request, candidate, next_path, kept)


async def _after_password(
    site: Site, request: web.Request, candidate: Candidate, next_path: str, kept: Kept | None
) -> web.Response:
    actor, asks = candidate.actor, asks_for_code(site, request, candidate.actor)
    may_set = candidate.may_set_factor(site.now())
    # Where browsers give no passkeys, nobody is let in for having one: an administrator takes it away.
    can_give = candidate.has_codes or (candidate.has_second_factor and site.options.passkeys is not None)
    if asks and not can_give and not may_set:
        why, fault = ("passkeys_off",) * 2 if candidate.has_second_factor else ("no_second_factor", "no_code")
        log.warning("login_refused", why=why, account=actor.login)
        return _form(site, next_path, kept, status=403, fault=fault, typed=actor.login)
    agent = security.agent_of(request)
    token = await logins.log_in(site.pool, candidate, agent, site.now(), waits_for_code=asks or may_set)
    if token is None:
        log.warning("login_refused", why="changed", account=actor.login)
        return _form(site, next_path, kept, status=401, fault="wrong", typed=actor.login)
    if may_set:
        response = factor_form(site, actor, next_path, kept, needs_code=asks)
    elif asks:
        response = await code_page(site, actor.account, token, next_path, kept)
    else:
        response = go_on(site, next_path, kept)
        log.info("logged_in", account=actor.login)
    set_cookie(site, response, token)
    return response


async def show_code(site: Site, request: web.Request) -> web.Response:
    """Only somebody who gave a password just now has anything to do here."""
    found = await session_of(site, request)
    if found is None or not found.waits_for_code:
        return see_other("/inloggen")
    next_path = security.safe_next(request.query.get("verder", "/"))
    if await may_set_factor(site.pool, found.actor.account, site.now()):
        return see_other(f"/inloggen/nieuwe-code?{query_of(next_path)}")
    return await code_page(site, found.actor.account, request.cookies[site.cookie], next_path, None)


async def give_code(site: Site, request: web.Request) -> web.Response:
    form = await security.read_form(request)
    next_path, kept = security.safe_next(form.get("verder", "/")), kept_in(form)
    found = await session_of(site, request)
    if found is None or not found.waits_for_code:
        return _form(site, next_path, kept, status=401, fault="ended")
    account, waiting = found.actor.account, request.cookies[site.cookie]
    of_account, of_address = attempts.code_subject(found.actor.login), address_subject(site, request)
    began_at = site.now()
    wait = await attempts.begin_attempt(site.pool, {of_account: OF_ACCOUNT, of_address: OF_ADDRESS}, began_at)
    if wait is not None:
        seconds = math.ceil(wait.total_seconds())
        return await code_page(site, account, waiting, next_path, kept, status=429, fault="wait", wait=seconds)
    agent = security.agent_of(request)
    token = await logins.give_code(
        site.pool, found.session.id, found.actor, form.get("code", "")[:LONGEST_PASSWORD], agent, site.now()
    )
    if token is None:
        log.warning("login_refused", why="wrong_code", account=found.actor.login)
        return await code_page(site, account, waiting, next_path, kept, status=401, fault="wrong")
    await attempts.attempt_was_good(site.pool, of_account, began_at, of_address)
    log.info("logged_in", account=found.actor.login)
    response = go_on(site, next_path, kept)
    set_cookie(site, response, token)
    return response


def login_page(
    site: Site, next_path: str, *, status: int, fault: str, wait: int = 0, kept: Kept | None = None
) -> web.Response:
    """For somebody whose login came to nothing elsewhere."""
    return _form(site, next_path, kept, status=status, fault=fault, wait=wait)


def _form(
    site: Site,
    next_path: str,
    kept: Kept | None,
    *,
    status: int = 200,
    fault: str = "",
    wait: int = 0,
    typed: str = "",
) -> web.Response:
    hidden = hidden_of(next_path, kept)
    provider = None if site.provider is None else site.provider.options.name
    return page(
        site,
        "login",
        status=status,
        hidden=hidden,
        fault=fault,
        wait=wait,
        typed=typed,
        has_kept=bool(kept),
        provider=provider,
        onward=query_of(next_path),
        has_passkeys=site.options.passkeys is not None,
    )


async def code_page(
    site: Site,
    account: AccountId,
    token: str,
    next_path: str,
    kept: Kept | None,
    *,
    status: int = 200,
    fault: str = "",
    wait: int = 0,
) -> web.Response:
    """Asks for a code, or for a passkey, as the account has them. `token`: of the cookie of the login that waits."""
    party = site.options.passkeys
    allowed = [] if party is None else await credentials_of(site.pool, account)
    asked = None
    if party is not None and allowed:
        asked = question(party, await ask_for_passkey(site.pool, token, site.now()), allowed)
    return page(
        site,
        "code",
        status=status,
        hidden=hidden_of(next_path, kept),
        fault=fault,
        wait=wait,
        asked=asked,
        has_codes=not allowed or await has_codes(site.pool, account),
    )
