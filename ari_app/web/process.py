"""`ari-app web` as a process: the database, the hub, and the port; stopped in the opposite order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web, web_response

from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.commands.asker import Answers
from ari_app.storage.db.engine import Database
from ari_app.storage.db.revision import require_head
from ari_app.web.app import PortTaken
from ari_app.web.area import WebArea
from ari_app.web.assets import Assets
from ari_app.web.background import run_together
from ari_app.web.desk_app import make_desk_app
from ari_app.web.garbage import keep_collections_short
from ari_app.web.live.hub import Hub
from ari_app.web.live.regions import Regions
from ari_app.web.oidc.client import Provider
from ari_app.web.relay import Relay
from ari_app.web.rendering import Renderer
from ari_app.web.security import SERVER
from ari_app.web.site import Site, SiteOptions
from ari_app.web.trial.site import Trial

log = structlog.get_logger(__name__)

#: so long may an answer take that is under way when the process is told to stop
STOP_SECONDS = 5.0


class CertificateRefused(Exception):
    """The certificate or its key cannot be used; the text names the settings."""


@dataclass(frozen=True, slots=True)
class WebOptions:
    """`database_url`: of the role `ari_app_web`. `certificate`: PEM file with its chain, and that of its key."""

    database_url: str = field(repr=False)
    bind: str
    port: int
    site: SiteOptions
    certificate: tuple[Path, Path] | None = None


async def serve_pages(options: WebOptions) -> None:
    """Serve until cancelled. Raises NotMigrated, PortTaken, CertificateRefused before anything is served, and TaskEnded
    when something that the pages cannot do without has ended.
    """
    # An answer to what is no HTTP at all never comes to our own headers.
    web_response.SERVER_SOFTWARE = SERVER  # type: ignore[attr-defined]
    context = _tls(options.certificate)
    await require_head(options.database_url)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(options.database_url))
        site = make_site(database, options.site)
        await stack.enter_async_context(site.answers)
        if not site.assets.are_there:
            log.warning("assets_missing", directory=str(site.assets.directory))
        runner = web.AppRunner(make_desk_app(site), access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        background = asyncio.create_task(run_together(background_tasks(site)), name="background")
        try:
            tcp = web.TCPSite(runner, options.bind, options.port, ssl_context=context)
            try:
                await tcp.start()
            except OSError as error:
                raise PortTaken(
                    f"cannot listen on {options.bind}:{options.port}: {error.strerror}; "
                    "set ARI_APP_DESK_PORT or ARI_APP_DESK_BIND"
                ) from error
            log.info("pages_served", port=int(runner.addresses[0][1]), url=options.site.url)
            await background  # ends by a mistake of ours, or with us
        finally:
            site.hub.close()
            if site.relay is not None:
                await site.relay.close()
            if site.trial is not None:
                await site.trial.close()
            await runner.cleanup()
            background.cancel()
            await asyncio.gather(background, return_exceptions=True)


def background_tasks(site: Site) -> dict[str, Coroutine[Any, Any, None]]:
    """What runs beside the pages, by name."""
    tasks = site.hub.tasks() | {
        "answers": site.answers.listening(),
        "garbage": keep_collections_short(lambda: site.hub.screen_count),
    }
    if site.relay is not None:
        tasks["phones"] = site.relay.watch()
    if site.trial is not None:
        tasks["trial"] = site.trial.run()
    return tasks


def _now() -> datetime:
    return datetime.now(UTC)


def make_site(database: Database, options: SiteOptions, now: Callable[[], datetime] = _now) -> Site:
    """Everything that the pages need, over one database."""
    assets = Assets()
    pages = Renderer(assets, options.theme)
    pool = database.pool  # a page waits for two seconds, and says then that the data is out of reach
    area = WebArea(database.background)
    hub = Hub(database.url, pool, Regions(pool, pages), area, now)
    provider = None if options.provider is None else Provider(options.provider, options.url, now)
    relay = None if options.phone is None else Relay(pool, options.phone, now)
    trial = None
    if options.trial is not None:
        trial = Trial(database.url, pool, options.trial, lambda: area.current)
    answers = Answers(database.url)
    return Site(pool, options, pages, assets, Passwords(), hub, answers, area, now, provider, relay, trial)


def _tls(certificate: tuple[Path, Path] | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(*certificate)
    except OSError as error:
        why = "not a certificate and its key, in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise CertificateRefused(f"ARI_APP_DESK_TLS_CERT, ARI_APP_DESK_TLS_KEY: {why}") from None
    return context
