"""`python -m tests.pictures`: the pictures of README and docs, taken of the pages that run here with the sample area.

A PostgreSQL, `ari-app web` and Chromium of its own; calls are rows as the controller writes them, and nobody's numbers.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page

from ari_app.core.access import Role
from ari_app.core.accounts import RoleRow
from ari_app.local.area import SAMPLE
from ari_app.local.pages import LocalPages, PagesSettings
from ari_app.local.ports import Protocol, free_port
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db.engine import Database
from ari_app.storage.db.migrate import upgrade_to_head
from ari_app.storage.db.roles import SERVE, WEB
from tests import directories
from tests.acceptance.application import import_into
from tests.pictures.scene import a_morning
from tests.roles import PASSWORDS, as_role
from tests.web.chromium import Desk, before_pages

PICTURES = Path(__file__).resolve().parent.parent.parent / "docs" / "pictures"
QUALITY = 80
LARGEST_FILE = 100_000  # bytes


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: who is logged in, where they are, and what must be there before it is taken."""

    name: str
    login: str
    path: str
    until: str
    height: int = 900


SHOTS = (
    Shot("werkplek", "medewerker", "/", "#card .card__town", 1000),
    Shot("wandbord", "teamleider", "/wandbord/toon", "#board .tile", 1000),
    Shot("medewerkers", "teamleider", "/medewerkers", "#staff table", 900),
    Shot("probeer", "medewerker", "/probeer", "#state", 900),
    Shot("calamiteiten", "teamleider", "/calamiteiten", "#calamities p", 1000),
)


async def _take(desk: Desk, shot: Shot) -> int:
    """The size of the picture in bytes."""
    page = await desk.logged_in(shot.login)
    await page.set_viewport_size({"width": 1440, "height": shot.height})
    await page.goto(f"{desk.url}{shot.path}")
    await page.locator(shot.until).first.wait_for()
    await page.evaluate("document.fonts.ready.then(() => true)")
    picture = await _as_webp(page)
    (PICTURES / f"{shot.name}.webp").write_bytes(picture)
    await page.context.close()
    return len(picture)


async def _as_webp(page: Page) -> bytes:
    """Playwright itself makes PNG only, which is five times as large."""
    chromium = await page.context.new_cdp_session(page)
    made = await chromium.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(made["data"])


async def _all(directory: Path, server: LocalPostgres) -> int:
    url = server.url("postgres")
    await upgrade_to_head(url, PASSWORDS)
    await import_into(url, SAMPLE.read_text(encoding="utf-8"))
    port = free_port(Protocol.TCP, "127.0.0.1")
    # As in `make run`; nobody calls here.
    extra = {"ARI_APP_DESK_PHONE_URL": "ws://127.0.0.1:9/ws", "ARI_APP_TRIAL_PASSWORD": secrets.token_hex(16)}
    pages = LocalPages(PagesSettings(directory / "pages", as_role(url, WEB), port, extra=extra))
    too_large = 0
    async with Database(as_role(url, SERVE)) as serve, before_pages(pages, serve) as desk:
        await desk.account("medewerker", RoleRow(Role.OPERATOR), operator="101", name="Anna de Boer")
        await desk.account("teamleider", RoleRow(Role.SUPERVISOR), name="Bram Visser")
        await a_morning(serve)
        for shot in SHOTS:
            size = await _take(desk, shot)
            too_large += size > LARGEST_FILE
            sys.stdout.write(f"{shot.name}.webp: {size // 1000} kB\n")
    return too_large


def main() -> int:
    """1 when a picture is too large for a page that somebody loads."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        directories.own_directory(directories.on_disk()) as directory,
        directories.own_directory(directories.in_memory()) as of_database,
    ):
        server = LocalPostgres(of_database / "postgres", secrets.token_hex(16), durable=False)
        server.start()
        try:
            return int(asyncio.run(_all(directory, server)) > 0)
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
