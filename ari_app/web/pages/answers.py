"""Answers that many pages give."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from markupsafe import Markup

from ari_app.core.access import Action
from ari_app.core.accounts import SESSION_IDLE
from ari_app.web.cookies import drop_cookie, put_cookie
from ari_app.web.notices import notices
from ari_app.web.site import LOGIN_COOKIE, Site, Visit


def page(site: Site, name: str, *, status: int = 200, **values: Any) -> web.Response:
    return web.Response(text=site.pages.page(name, **values), status=status, content_type="text/html")


def page_for(visit: Visit, name: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page with the name of its reader at the top, and the calamities that go on."""
    site = visit.site
    found = notices(site.area.current, visit.actor.scope_of(Action.NOTICES), site.now())
    shown = Markup(site.pages.fragment("calamities", notices=found))
    return page(site, name, status=status, actor=visit.actor, here=visit.request.path, notices=shown, **values)


def see_other(where: str) -> web.Response:
    """After something was done: going back, or loading anew, does not do it again."""
    return web.Response(status=303, headers={"Location": where})


def set_cookie(site: Site, response: web.Response, token: str) -> None:
    # Longer than a login lasts without a sign of life: a talk may be longer.
    put_cookie(site, response, LOGIN_COOKIE, token, SESSION_IDLE * 24)


def forget_cookie(site: Site, response: web.Response) -> None:
    drop_cookie(site, response, LOGIN_COOKIE)
