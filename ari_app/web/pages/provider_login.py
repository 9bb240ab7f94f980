"""Logging in by the identity provider: to it, and back from it with a code. Local accounts do without it.

What a login keeps between the two (state, nonce, PKCE's verifier, the page to go on to) is in a cookie of that browser
and nowhere else, so any copy of the pages may serve its end.
"""

from __future__ import annotations

import hmac
import math
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import structlog
from aiohttp import web

from ari_app.core.commands import AskedCommand
from ari_app.core.ids import new_account_id
from ari_app.core.login_limits import OF_ADDRESS
from ari_app.core.operator_commands import Accepted, Answer, RefusalReason, Refused
from ari_app.core.provider import ProviderPerson
from ari_app.core.provider_commands import FollowProvider
from ari_app.storage.accounts import attempts, logins
from ari_app.storage.accounts.subjects import ProviderAccount, account_of_subject
from ari_app.storage.commands.asker import ask
from ari_app.web import security
from ari_app.web.cookies import drop_cookie, put_cookie
from ari_app.web.oidc.client import Handshake, Provider, ProviderAway
from ari_app.web.oidc.tokens import TokenRefused
from ari_app.web.pages.answers import see_other, set_cookie
from ari_app.web.pages.login import login_page
from ari_app.web.site import Site

log = structlog.get_logger(__name__)

KEPT = timedelta(minutes=10)
_COOKIE = "oidc"
LONGEST_CODE = 4096


async def begin(site: Site, request: web.Request) -> web.Response:
    """To the provider, unless there is none, or it does not answer."""
    provider = provider_of(site)
    next_path = security.safe_next(request.query.get("verder", "/"))
    try:
        address, kept = await provider.begin(next_path)
    except ProviderAway as away:
        return _away(site, next_path, away)
    response = see_other(address)
    said = urlencode({"s": kept.state, "n": kept.nonce, "v": kept.verifier, "p": kept.next_path})
    put_cookie(site, response, _COOKIE, said, KEPT)
    return response


async def finish(site: Site, request: web.Request) -> web.Response:
    """Back from the provider: whoever comes with a code of this very login is logged in."""
    provider = provider_of(site)
    kept = _kept(request.cookies.get(site.cookie_named(_COOKIE), ""))
    response = await _finish(site, request, provider, kept)
    if kept is not None:
        drop_cookie(site, response, _COOKIE)
    return response


async def _finish(site: Site, request: web.Request, provider: Provider, kept: Handshake | None) -> web.Response:
    query = request.query
    if kept is None or not hmac.compare_digest(kept.state.encode(), query.get("state", "").encode()):
        return login_page(site, "/" if kept is None else kept.next_path, status=400, fault="ended")
    code = query.get("code", "")
    if "error" in query or not 0 < len(code) <= LONGEST_CODE:
        return _refused(site, kept.next_path, "denied")
    # A code costs a question to the provider, and anybody can make one up. It has a count of its own: a provider that
    # refuses everybody keeps nobody from logging in with a password.
    address = security.address_of(request, site.options.proxies)
    subject, began_at = attempts.provider_subject(str(address)), site.now()
    wait = await attempts.begin_attempt(site.pool, {subject: OF_ADDRESS}, began_at)
    if wait is not None:
        wait_seconds = math.ceil(wait.total_seconds())
        log.warning("login_refused", why="wait", wait_seconds=wait_seconds)
        return login_page(site, kept.next_path, status=429, fault="wait", wait=wait_seconds)
    try:
        person = await provider.finish(kept, code, query.get("iss"))
    except TokenRefused as refused:
        return _refused(site, kept.next_path, str(refused))
    except ProviderAway as away:
        await attempts.attempt_was_good(site.pool, subject, began_at)
        return _away(site, kept.next_path, away)
    await attempts.attempt_was_good(site.pool, subject, began_at)
    return await _let_in(site, request, person, kept.next_path)


async def _let_in(site: Site, request: web.Request, person: ProviderPerson, next_path: str) -> web.Response:
    found = await account_of_subject(site.pool, person.issuer, person.subject)
    if found is None and not person.roles:
        return _no_role(site, next_path)
    if found is not None and found.is_locked:
        log.warning("login_refused", why="locked", account=found.actor.login)
        return login_page(site, next_path, status=403, fault="locked")
    if found is None or _is_to_follow(found, frozenset(person.roles)):
        answer = await _follow(site, person, found)
        match answer:
            case Accepted():
                found = await account_of_subject(site.pool, person.issuer, person.subject)
            case Refused(reason) if reason is not RefusalReason.EXPIRED:
                return _refused(site, next_path, f"roles_{reason.value}")
            case _:
                log.warning("login_refused", why="no_controller")
                return login_page(site, next_path, status=503, fault="no_controller")
    if found is None or not found.actor.grants:
        return _no_role(site, next_path)
    if found.is_known_elsewhere:
        log.warning("login_refused", why="known_elsewhere", account=found.actor.login)
        return login_page(site, next_path, status=403, fault="subject_known_elsewhere")
    agent = security.agent_of(request)
    token = await logins.log_in_by_provider(
        site.pool, found.actor, person.issuer, person.subject, person.session, agent, site.now()
    )
    if token is None:
        return _refused(site, next_path, "changed")
    log.info("logged_in", account=found.actor.login)
    response = see_other(next_path)
    set_cookie(site, response, token)
    return response


def _is_to_follow(found: ProviderAccount, said: frozenset[str]) -> bool:
    """A role that was given here is not the provider's to give once more."""
    return bool(said - found.roles or found.provider_roles - said)


async def _follow(site: Site, person: ProviderPerson, found: ProviderAccount | None) -> Answer:
    """The role of the pages in the database gives no roles: a controller does."""
    account = new_account_id() if found is None else found.actor.account
    wanted = FollowProvider(person.issuer, person.subject, person.login, person.name, ",".join(person.roles))
    asked = AskedCommand(wanted, account=account)
    return await ask(site.pool, asked, actor=f"provider:{person.issuer}", scope=None, answers=site.answers)


def provider_of(site: Site) -> Provider:
    """Raises HTTPNotFound where there is none."""
    if site.provider is None:
        raise web.HTTPNotFound
    return site.provider


def _refused(site: Site, next_path: str, why: str) -> web.Response:
    log.warning("login_refused", why=f"provider_{why}")
    return login_page(site, next_path, status=403, fault="provider_refused")


def _no_role(site: Site, next_path: str) -> web.Response:
    log.warning("login_refused", why="no_role")
    return login_page(site, next_path, status=403, fault="no_role")


def _away(site: Site, next_path: str, away: ProviderAway) -> web.Response:
    log.warning("provider_away", error=str(away))
    return login_page(site, next_path, status=503, fault="provider_away")


def _kept(text: str) -> Handshake | None:
    said = {name: values[-1] for name, values in parse_qs(text, max_num_fields=8).items()} if text else {}
    if not all(said.get(name) for name in "snv"):
        return None
    return Handshake(said["s"], said["n"], said["v"], security.safe_next(said.get("p", "/")))
