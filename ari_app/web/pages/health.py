"""Whether the pages work, for whoever watches over them. Nobody has to log in for that."""

from __future__ import annotations

from aiohttp import web

from ari_app.web.site import SITE


async def live(_: web.Request) -> web.Response:
    """200 for as long as the event loop turns."""
    return web.json_response({"alive": True})


async def ready(request: web.Request) -> web.Response:
    """200 while the database answers; 503 otherwise, when pages say that they are old."""
    hub = request.app[SITE].hub
    status = {"ready": hub.is_ready, "screens": hub.screen_count, "build": request.app[SITE].assets.build}
    return web.json_response(status, status=200 if hub.is_ready else 503)
