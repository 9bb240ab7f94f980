"""What the steps of a login share: who waits, what goes along to the next step, and the picture for an app of codes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import segno
from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Actor
from ari_app.core.accounts import needs_code
from ari_app.core.totp import SECRET_BYTES, provisioning_uri, written
from ari_app.storage.accounts import attempts
from ari_app.storage.accounts.sessions import LoggedIn, find_session
from ari_app.web import security
from ari_app.web.pages.answers import page, see_other
from ari_app.web.pages.kept import Kept
from ari_app.web.site import ISSUER, Site


@dataclass(frozen=True, slots=True)
class CodesApp:
    """What an app for codes needs: a secret, the same as people read it, and as a picture."""

    secret: str
    shown_secret: str
    picture: Markup


def app_of(secret: str, actor: Actor) -> CodesApp:
    picture = segno.make(provisioning_uri(secret, actor.login, ISSUER)).svg_inline(scale=4, border=2, omitsize=True)
    shown = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return CodesApp(secret, shown, Markup(picture))  # made by us, of numbers only


async def session_of(site: Site, request: web.Request) -> LoggedIn | None:
    """The login of the request's cookie, also one that waits."""
    token = request.cookies.get(site.cookie)
    return None if token is None else await find_session(site.pool, token, site.now())


def asks_for_code(site: Site, request: web.Request, actor: Actor) -> bool:
    """Whether this account needs a second factor at the place where this browser is."""
    options = site.options
    address = security.address_of(request, options.proxies)
    return needs_code(actor.roles, address, options.trusted, options.trusted_roles)


def address_subject(site: Site, request: web.Request) -> str:
    return attempts.address_subject(str(security.address_of(request, site.options.proxies)))


def go_on(site: Site, next_path: str, kept: Kept | None) -> web.Response:
    """To the page that was asked for; with a form that waited, first to its sender."""
    if kept is None:
        return see_other(next_path)
    return page(site, "kept", path=kept.path, fields=kept.fields)


def factor_form(
    site: Site,
    actor: Actor,
    next_path: str,
    kept: Kept | None,
    *,
    needs_code: bool,
    secret: str | None = None,
    code_is_wrong: bool = False,
) -> web.Response:
    """For somebody whose second factor was taken away: to set a new one. `secret`: the one that the app has by now."""
    return page(
        site,
        "new_factor",
        status=400 if code_is_wrong else 200,
        app=app_of(secret or written(secrets.token_bytes(SECRET_BYTES)), actor),
        hidden=hidden_of(next_path, kept),
        needs_code=needs_code,
        code_is_wrong=code_is_wrong,
    )


def hidden_of(next_path: str, kept: Kept | None) -> Mapping[str, str]:
    """The fields that go along from one step to the next."""
    return {"verder": next_path, **({} if kept is None else kept.hidden)}


def query_of(next_path: str) -> str:
    return urlencode({"verder": next_path})
