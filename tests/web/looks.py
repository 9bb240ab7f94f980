"""A page in a state, looked over by axe at each width, and by whoever wants to see it (`SHOTS=directory`)."""

from __future__ import annotations

import os

from playwright.async_api import Page

from tests.web.chromium import WIDTHS, Desk

SHOTS = os.environ.get("SHOTS")


async def looked_at(desk: Desk, page: Page, name: str) -> None:
    await desk.look_over(page, name)
    for width in WIDTHS if SHOTS else ():
        await page.set_viewport_size({"width": width, "height": 900})
        await page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
    await page.set_viewport_size({"width": WIDTHS[0], "height": 900})
