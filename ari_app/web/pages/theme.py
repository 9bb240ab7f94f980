"""The house style of these pages, under an address that changes with it."""

from __future__ import annotations

from aiohttp import web

from ari_app.web.site import Site


async def show(site: Site, request: web.Request) -> web.Response:
    """Raises HTTPNotFound for another one than that of now."""
    theme = site.options.theme
    if theme is None or request.path != theme.path:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=theme.css, content_type="text/css", charset="utf-8", headers=headers)
