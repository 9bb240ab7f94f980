"""The accessibility statement (Besluit digitale toegankelijkheid overheid), for everybody."""

from __future__ import annotations

from aiohttp import web

from ari_app.web.pages.answers import page
from ari_app.web.site import Site


async def show(site: Site, _: web.Request) -> web.Response:
    return page(site, "accessibility", contact=site.options.contact)
