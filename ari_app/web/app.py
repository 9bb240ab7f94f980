"""The web side of the application. So far: is the process alive, and is it the one that handles calls?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

Status = Mapping[str, str | int | bool | None]


class PortTaken(Exception):
    """The web port cannot be opened; the text names the setting."""


def make_app(status: Callable[[], Status]) -> web.Application:
    """`status` returns the state of the controller; its key "ready" decides over /health/ready."""
    app = web.Application()

    async def live(_: web.Request) -> web.Response:
        """200 for as long as the event loop turns."""
        return web.json_response({"alive": True})

    async def ready(_: web.Request) -> web.Response:
        """200 when calls are handled here, or when this is a standby that would; 503 otherwise."""
        now = status()
        return web.json_response(dict(now), status=200 if now["ready"] or now["standby"] else 503)

    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    return app


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """The app on its port for the time of the block; yields the port (for 0: the one that was chosen)."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise PortTaken(
                f"cannot listen on {host}:{port}: {error.strerror}; set ARI_APP_WEB_PORT or ARI_APP_WEB_BIND"
            ) from error
        address = runner.addresses[0]
        yield int(address[1])
    finally:
        await runner.cleanup()
