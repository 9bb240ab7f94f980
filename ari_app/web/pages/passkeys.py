"""One's own passkeys: added after the password was given once more, named, and taken away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from uuid import UUID

import structlog
from aiohttp import web

from ari_app.core.accounts import LONGEST_PASSWORD
from ari_app.core.ids import PasskeyId
from ari_app.core.login_limits import OF_ACCOUNT
from ari_app.core.passkeys import MOST_PASSKEYS, Passkey, RelyingParty, read_name
from ari_app.storage.accounts import attempts, logins, passkeys
from ari_app.web import security
from ari_app.web.pages.answers import page_for, see_other
from ari_app.web.passkeys import PasskeyRefused, new_passkey, question_for_new
from ari_app.web.site import Visit

log = structlog.get_logger(__name__)


async def show(visit: Visit) -> web.Response:
    return await _shown(visit, done=visit.request.query.get("gedaan", ""))


async def begin(visit: Visit) -> web.Response:
    """Asks for the password once more: whoever finds an open page would stay in with a passkey of their own."""
    party, site, actor = _party(visit), visit.site, visit.actor
    form = await security.read_form(visit.request)
    password, name = form.get("huidig", "")[: LONGEST_PASSWORD + 1], form.get("naam", "")
    subject, began_at = attempts.password_subject(actor.login), site.now()
    wait = await attempts.begin_attempt(site.pool, {subject: OF_ACCOUNT}, began_at)
    if wait is not None:
        return await _shown(visit, status=429, name=name, wait=math.ceil(wait.total_seconds()))
    if not await site.passwords.fits(password, await logins.password_hash_of(site.pool, actor.account)):
        return await _shown(visit, status=400, name=name, fault="password")
    await attempts.attempt_was_good(site.pool, subject, began_at)
    read = read_name(name)
    if read is None:
        return await _shown(visit, status=400, name=name, fault="name")
    there = await passkeys.credentials_of(site.pool, actor.account)
    if len(there) >= MOST_PASSKEYS:
        return await _shown(visit, status=400, name=name, fault="most")
    challenge = await passkeys.ask_for_passkey(site.pool, visit.request.cookies[site.cookie], site.now())
    asked = question_for_new(party, actor, challenge, there)
    return page_for(visit, "passkey_new", asked=asked, called=read)


async def add(visit: Visit) -> web.Response:
    """What the browser made. Without an open question of a moment ago it counts for nothing."""
    party, site, actor = _party(visit), visit.site, visit.actor
    form = await security.read_form(visit.request)
    name = read_name(form.get("naam", ""))
    challenge = await passkeys.take_challenge(site.pool, visit.request.cookies[site.cookie], site.now())
    if name is None or challenge is None:
        return await _shown(visit, status=400, fault="ended")
    try:
        made = new_passkey(party, form.get("antwoord", ""), challenge)
    except PasskeyRefused as refused:
        log.warning("passkey_refused", why=str(refused), account=actor.login)
        return await _shown(visit, status=400, fault="refused")
    kept = (made.credential, made.public_key, made.sign_count)
    if not await passkeys.add_passkey(site.pool, actor, visit.session.id, *kept, name, site.now()):
        return await _shown(visit, status=400, fault="refused")
    return see_other("/account/passkeys?gedaan=erbij")


async def remove(visit: Visit) -> web.Response:
    try:
        passkey = PasskeyId(UUID(visit.request.match_info["passkey"]))
    except ValueError:
        raise web.HTTPNotFound from None
    if not await passkeys.remove_passkey(visit.site.pool, visit.actor, passkey, visit.site.now()):
        raise web.HTTPNotFound
    return see_other("/account/passkeys?gedaan=weg")


def _party(visit: Visit) -> RelyingParty:
    """Raises HTTPBadRequest where browsers give no passkeys, and for a login of the identity provider.

    Whom the provider lets in is the provider's to say: a passkey of ours would outlast that.
    """
    party = visit.site.options.passkeys
    if party is None or visit.session.issuer is not None:
        raise web.HTTPBadRequest
    return party


async def _shown(
    visit: Visit, *, status: int = 200, done: str = "", fault: str = "", name: str = "", wait: int = 0
) -> web.Response:
    site = visit.site
    found: Sequence[Passkey] = await passkeys.passkeys_of(site.pool, visit.actor.account)
    return page_for(
        visit,
        "passkeys",
        status=status,
        passkeys=found,
        is_on=site.options.passkeys is not None,
        may_add=site.options.passkeys is not None and visit.session.issuer is None,
        done=done,
        fault=fault,
        called=name,
        wait=wait,
    )
