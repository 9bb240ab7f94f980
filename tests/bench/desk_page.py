"""One page of a desk in a real browser: what it takes over the wire, and when something is to be seen."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import dataclass

from ari_app.local import assets

PROGRAM = "chromium"
FLAGS = ["--no-sandbox", "--disable-gpu"]


@dataclass(frozen=True, slots=True)
class PageFigures:
    """`octets`: all that the page asks for, with gzip; `paint_ms`: until a browser that was never here paints."""

    octets: int
    paint_ms: float


async def measure_page(url: str, cookie: str) -> PageFigures | None:
    """None on a machine without Chromium and Playwright, which the bench does not ask for."""
    try:
        from playwright.async_api import Response, async_playwright
    except ImportError:
        return None
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    # Playwright's own needs a library that a bare Debian has not.
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = assets.node()[0]
    name, _, value = cookie.partition("=")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": name, "value": value, "url": url}])
        page = await context.new_page()
        answers: list[Response] = []

        def keep(answer: Response) -> None:  # a method that is built in is not taken
            answers.append(answer)

        page.on("response", keep)
        await page.goto(f"{url}/", wait_until="networkidle")
        octets = sum([len(gzip.compress(await answer.body())) for answer in answers if answer.status == 200])
        paint_ms = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        await browser.close()
    return PageFigures(octets, float(paint_ms))
