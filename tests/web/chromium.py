"""A real browser on real pages: `ari-app web` as its own process, Chromium, and axe-core to look over every page."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from ari_app.core.accounts import RoleRow
from ari_app.local import assets
from ari_app.local.pages import LocalPages
from ari_app.storage.accounts.passwords import Passwords
from ari_app.storage.accounts.store import add_account, set_password_hash
from ari_app.storage.db.engine import Database
from tests import machine
from tests.patience import PATIENCE_SECONDS
from tests.place import address
from tests.web.html import WrittenPages
from tests.web.people import PASSWORD, Clock, set_number

#: Chromium without windows: half of what a whole one costs
PROGRAM = "chromium-headless-shell"
#: root needs the first; the third is for pages that a test changed on their way, whose address the browser does not
#: know; the last for pages that need a name, such as `localhost`
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-features=LocalNetworkAccessChecks",
    f"--host-resolver-rules=MAP localhost {address(1)}",
]
#: WCAG 2.2 AA, and what axe thinks is good besides
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: a desk, the same at 200 %, and at 400 % or on a phone
WIDTHS = (1440, 640, 320)
PATIENCE_MS = PATIENCE_SECONDS * 1000


@dataclass
class Desk:
    """One process with pages, and a browser before it."""

    pages: LocalPages
    browser: Browser
    serve: Database
    axe: str
    written: WrittenPages

    @property
    def url(self) -> str:
        return self.pages.settings.url

    async def account(self, login: str, *roles: RoleRow, operator: str | None = None, name: str = "Anna") -> None:
        account = await add_account(self.serve.background, login, name, None, roles, "test", Clock()())
        await set_number(self.serve, account, operator)
        await set_password_hash(self.serve.background, account, await Passwords().hash(PASSWORD))

    async def page(self) -> Page:
        """A page of somebody who was never here."""
        context = await self.browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        return await context.new_page()

    async def logged_in(self, login: str) -> Page:
        page = await self.page()
        await self.log_in(page, login)
        return page

    async def log_in(self, page: Page, login: str) -> None:
        """In this very tab, which nobody is logged in to."""
        await page.goto(f"{self.url}/")
        await page.fill("#naam", login)
        await page.fill("#wachtwoord", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{self.url}/")

    async def look_over(self, page: Page, where: str) -> None:
        """At each width: nothing that axe objects to, and nothing that has to be scrolled sideways.

        How the page is written is looked over when the browser ends, both as we send it and as it is shown.
        """
        await page.evaluate(self.axe)
        self.written.add(await page.content(), f"{where}, as it is shown", by_browser=True)
        with suppress(PlaywrightError):  # a page that stays while nobody serves it was looked over before
            sent = await page.context.request.get(page.url)
            self.written.add(await sent.text(), f"{where}, as it is sent")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            found: dict[str, Any] = await page.evaluate(
                "tags => axe.run({runOnly: tags, resultTypes: ['violations']})", RULES
            )
            said = [
                f"{violation['id']}: {node['target']} {node['failureSummary']}"
                for violation in found["violations"]
                for node in violation["nodes"]
            ]
            assert said == [], f"{where} at {width} px"
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{where} at {width} px is {wide} px too wide"
        await page.set_viewport_size({"width": WIDTHS[0], "height": 900})

    async def text_of(self, page: Page, selector: str, words: str) -> None:
        """Wait until these words are there."""
        await page.locator(selector, has_text=words).first.wait_for()

    async def gone(self, page: Page, selector: str, words: str) -> None:
        """Wait until these words are there no more."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            # A function that is waited for in the page needs `unsafe-eval`, which our pages do not allow.
            while words in (await page.locator(selector).inner_text()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def script(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@asynccontextmanager
async def before_pages(pages: LocalPages, serve: Database, flags: Sequence[str] = ()) -> AsyncIterator[Desk]:
    """Chromium before an `ari-app web` that is started and stopped here, unless it runs already.

    `flags`: of Chromium, besides our own.
    """
    say = lambda line: None  # noqa: E731
    machine.tools(say)
    machine.pages(say)
    axe = script(machine.axe())
    is_ours = not pages.is_ready()
    if is_ours:
        is_ours = not pages.is_ready()
    if is_ours:
        pages.start()
    try:
        pages.wait_until_ready()
        # Playwright's own needs a library that a bare Debian has not.
        os.environ["PLAYWRIGHT_NODEJS_PATH"] = assets.node()[0]
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which(PROGRAM), args=[*FLAGS, *flags])
            with TemporaryDirectory() as directory:
                desk = Desk(pages, browser, serve, axe, WrittenPages(Path(directory)))
                yield desk
                await browser.close()
                findings = await desk.written.findings()
                assert not findings, "\n".join(findings)
    finally:
        if is_ours:
            pages.stop()
