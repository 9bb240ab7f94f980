"""One's own account: the places where it is logged in, the password, and logging out."""

from __future__ import annotations

import math
from uuid import UUID

from aiohttp import web

from ari_app.core.accounts import LONGEST_PASSWORD, PasswordFault, password_fault
from ari_app.core.ids import WebSessionId
from ari_app.core.login_limits import OF_ACCOUNT
from ari_app.storage.accounts import attempts, logins
from ari_app.storage.accounts.sessions import end_session as end
from ari_app.storage.accounts.sessions import sessions_of
from ari_app.web import security
from ari_app.web.pages.answers import forget_cookie, page_for, see_other
from ari_app.web.pages.provider_logout import go_to_provider
from ari_app.web.site import Visit


async def show(visit: Visit) -> web.Response:
    return await _shown(visit, done="wachtwoord" if visit.request.query.get("gedaan") == "wachtwoord" else "")


async def log_out(visit: Visit) -> web.Response:
    """Ends this login, and that at the identity provider; the phone of an operator stays as it is."""
    await end(
        visit.site.pool, visit.session.id, visit.actor.account, visit.actor.login, visit.actor.login, visit.site.now()
    )
    by_provider = visit.session.issuer is not None
    response = await go_to_provider(visit.site) if by_provider else see_other("/inloggen")
    forget_cookie(visit.site, response)
    return response


async def end_session(visit: Visit) -> web.Response:
    session = session_id(visit.request)
    actor = visit.actor
    if not await end(visit.site.pool, session, actor.account, actor.login, actor.login, visit.site.now()):
        raise web.HTTPNotFound
    return see_other("/account")


async def change_password(visit: Visit) -> web.Response:
    """Asks for the present password once more: an unlocked screen is no proof of who sits before it."""
    site, actor = visit.site, visit.actor
    form = await security.read_form(visit.request)
    old, new = form.get("huidig", "")[: LONGEST_PASSWORD + 1], form.get("nieuw", "")
    subject, began_at = attempts.password_subject(actor.login), site.now()
    wait = await attempts.begin_attempt(site.pool, {subject: OF_ACCOUNT}, began_at)
    if wait is not None:
        return await _shown(visit, status=429, wait=math.ceil(wait.total_seconds()))
    if not await site.passwords.fits(old, await logins.password_hash_of(site.pool, actor.account)):
        return await _shown(visit, status=400, old_is_wrong=True)
    await attempts.attempt_was_good(site.pool, subject, began_at)
    fault = password_fault(new, actor.login)
    if fault is not None:
        return await _shown(visit, status=400, fault=fault)
    password_hash = await site.passwords.hash(new)
    await logins.change_password(site.pool, actor, visit.session.id, password_hash, visit.site.now())
    return see_other("/account?gedaan=wachtwoord")


def session_id(request: web.Request) -> WebSessionId:
    """Of the address. Raises HTTPNotFound."""
    try:
        return WebSessionId(UUID(request.match_info["session"]))
    except ValueError:
        raise web.HTTPNotFound from None


async def _shown(
    visit: Visit,
    *,
    status: int = 200,
    done: str = "",
    fault: PasswordFault | None = None,
    old_is_wrong: bool = False,
    wait: int = 0,
) -> web.Response:
    sessions = await sessions_of(visit.site.pool, visit.actor.account, visit.site.now())
    return page_for(
        visit,
        "account",
        status=status,
        sessions=sessions,
        own=visit.session.id,
        done=done,
        fault=fault,
        old_is_wrong=old_is_wrong,
        wait=wait,
    )
