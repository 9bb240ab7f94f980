"""Cookies of ours: each is for our own server alone, for all of its pages, and out of reach of scripts.

Over HTTPS the browser itself sees to it that no other host or path has set one (`__Host-`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from aiohttp import web

from ari_app.web.site import Site

#: Lax: it comes along when a link of others leads here, such as the way back from an identity provider
SameSite = Literal["Lax", "Strict"]


def put_cookie(
    site: Site, response: web.Response, word: str, value: str, lasts: timedelta, same_site: SameSite = "Lax"
) -> None:
    """`word`: what it is called among ours (`Site.cookie_named`)."""
    response.set_cookie(
        site.cookie_named(word),
        value,
        max_age=int(lasts.total_seconds()),
        path="/",
        httponly=True,
        secure=site.options.is_https,
        samesite=same_site,
    )


def drop_cookie(site: Site, response: web.Response, word: str, same_site: SameSite = "Lax") -> None:
    """With the attributes with which it was put: browsers ask for them."""
    response.del_cookie(
        site.cookie_named(word), path="/", httponly=True, secure=site.options.is_https, samesite=same_site
    )
