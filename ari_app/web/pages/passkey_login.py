"""Logging in with a passkey: instead of name and password, or instead of the code after them.

The question to the browser is kept here, under its cookie, and answered once.
"""

from __future__ import annotations

import structlog
from aiohttp import web

from ari_app.core.passkeys import CHALLENGE_LASTS, RelyingParty
from ari_app.storage.accounts import passkeys
from ari_app.storage.accounts.passkeys import KnownPasskey
from ari_app.storage.accounts.tokens import new_token
from ari_app.web import security
from ari_app.web.cookies import drop_cookie, put_cookie
from ari_app.web.pages.answers import page, set_cookie
from ari_app.web.pages.kept import Kept, kept_in
from ari_app.web.pages.login import code_page, login_page
from ari_app.web.pages.login_steps import go_on, hidden_of, session_of
from ari_app.web.passkeys import PasskeyRefused, credential_of, question, used_passkey
from ari_app.web.site import Site

log = structlog.get_logger(__name__)

_COOKIE = "pas"


async def begin(site: Site, request: web.Request) -> web.Response:
    """A page that asks the browser for any passkey of ours."""
    party = _party(site)
    form = await security.read_form(request)
    next_path, kept = security.safe_next(form.get("verder", "/")), kept_in(form)
    token = new_token()
    asked = question(party, await passkeys.ask_for_passkey(site.pool, token, site.now()))
    response = page(site, "passkey_login", asked=asked, hidden=hidden_of(next_path, kept))
    put_cookie(site, response, _COOKIE, token, CHALLENGE_LASTS, "Strict")
    return response


async def finish(site: Site, request: web.Request) -> web.Response:
    """The passkey has to have seen its owner: that, and having it, are two factors."""
    party = _party(site)
    form = await security.read_form(request)
    next_path, kept = security.safe_next(form.get("verder", "/")), kept_in(form)
    token = request.cookies.get(site.cookie_named(_COOKIE))
    challenge = None if token is None else await passkeys.take_challenge(site.pool, token, site.now())
    if challenge is None:
        return login_page(site, next_path, status=401, fault="ended", kept=kept)
    answer = form.get("antwoord", "")
    try:
        known = await _known(site, answer, must_say_owner=True)
        count = used_passkey(party, answer, challenge, known.public_key, known.sign_count, knows_owner=True)
    except PasskeyRefused as refused:
        log.warning("login_refused", why="passkey", error=str(refused))
        return login_page(site, next_path, status=401, fault="passkey", kept=kept)
    fault = "locked" if known.of.is_locked else "known_elsewhere" if known.of.is_known_elsewhere else None
    if fault is not None:
        log.warning("login_refused", why=fault, account=known.of.actor.login)
        return login_page(site, next_path, status=403, fault=fault, kept=kept)
    cookie = await passkeys.use_passkey(site.pool, known, count, security.agent_of(request), site.now())
    if cookie is None:
        log.warning("login_refused", why="passkey", error="used")
        return login_page(site, next_path, status=401, fault="passkey", kept=kept)
    response = _let_in(site, known, cookie, next_path, kept)
    drop_cookie(site, response, _COOKIE, "Strict")
    return response


async def give(site: Site, request: web.Request) -> web.Response:
    """Instead of a code, of somebody whose password was right a moment ago: one of that account."""
    party = _party(site)
    form = await security.read_form(request)
    next_path, kept = security.safe_next(form.get("verder", "/")), kept_in(form)
    waiting = await session_of(site, request)
    if waiting is None or not waiting.waits_for_code:
        return login_page(site, next_path, status=401, fault="ended", kept=kept)
    challenge = await passkeys.take_challenge(site.pool, request.cookies[site.cookie], site.now())
    cookie, answer = None, form.get("antwoord", "")
    try:
        if challenge is None:
            raise PasskeyRefused("no question")
        known = await _known(site, answer, must_say_owner=False)
        if known.of.actor.account != waiting.actor.account:
            raise PasskeyRefused("another account")
        count = used_passkey(party, answer, challenge, known.public_key, known.sign_count, knows_owner=False)
        agent = security.agent_of(request)
        cookie = await passkeys.use_passkey(site.pool, known, count, agent, site.now(), waiting.session.id)
        if cookie is None:
            raise PasskeyRefused("used")
    except PasskeyRefused as refused:
        log.warning("login_refused", why="passkey", error=str(refused), account=waiting.actor.login)
        token = request.cookies[site.cookie]
        return await code_page(site, waiting.actor.account, token, next_path, kept, status=401, fault="passkey")
    return _let_in(site, known, cookie, next_path, kept)


async def _known(site: Site, answer: str, *, must_say_owner: bool) -> KnownPasskey:
    """The passkey that an answer says it is of. Raises PasskeyRefused."""
    credential, owner = credential_of(answer)
    known = await passkeys.known_passkey(site.pool, credential)
    if known is None:
        raise PasskeyRefused("unknown")
    if owner != known.of.actor.account.bytes and (owner is not None or must_say_owner):
        raise PasskeyRefused("owner")
    return known


def _let_in(site: Site, known: KnownPasskey, cookie: str, next_path: str, kept: Kept | None) -> web.Response:
    log.info("logged_in", account=known.of.actor.login)
    response = go_on(site, next_path, kept)
    set_cookie(site, response, cookie)
    return response


def _party(site: Site) -> RelyingParty:
    """Raises HTTPNotFound where browsers give no passkeys."""
    if site.options.passkeys is None:
        raise web.HTTPNotFound
    return site.options.passkeys
