"""A talk at a desk page that is the phone: Chromium with a microphone that hums, a citizen who hums as well."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from playwright.async_api import BrowserContext, Page

from tests.acceptance.page_house import House
from tests.acceptance.page_sound import LISTEN, MEASURE, OUTPUTS, hears_in_page, write_tone
from tests.acceptance.phone import Phone
from tests.patience import PATIENCE_SECONDS
from tests.web.chromium import Desk, before_pages

WIERDAM, MUSIC = "0119990400", "music/wachtmuziek"
OPERATOR, CITIZEN = 1000, 700
IS_RECONNECTING = "SELECT line_until_at IS NOT NULL FROM operator_session WHERE operator = $1 AND logged_out_at IS NULL"


@dataclass
class Talk:
    """Anna at her page, and a citizen, who hear each other."""

    house: House
    desk: Desk
    context: BrowserContext
    page: Page
    citizen: Phone

    async def is_heard_both_ways(self) -> None:
        await self.citizen.hears_tone(OPERATOR)
        await hears_in_page(self.page, CITIZEN)

    async def hears_music_within(self, seconds: float) -> None:
        """Of the citizen, from now on: the operator is on hold, and then there is music."""
        await self.house.centre.call_has(self.citizen, "held_at IS NOT NULL", True, within_seconds=seconds)
        assert await self.house.centre.ask(IS_RECONNECTING, "101") is True
        await self.citizen.hears_part_of(self.house.centre.sound(MUSIC))

    async def is_connected_again(self, since: float) -> None:
        """The new line has the place of the old one within three seconds; and they hear each other."""
        await self.house.centre.call_has(self.citizen, "held_at IS NULL", True)
        took = monotonic() - since
        await self.desk.text_of(self.page, "#phone-state", "De telefoon staat aan")
        await self.is_heard_both_ways()
        assert took < 3, f"{took:.1f} s"

    async def kill_page(self) -> None:
        """As the system does that runs out of memory: the page says nothing any more."""
        assert self.context.browser is not None
        session = await self.context.browser.new_browser_cdp_session()
        found = await session.send("SystemInfo.getProcessInfo")
        for process in found["processInfo"]:
            if process["type"] == "renderer":
                os.kill(process["id"], signal.SIGKILL)

    async def session(self) -> object:
        return (await self.house.centre.session("101"))["id"]


@asynccontextmanager
async def talk(house: House, tmp_path: Path, *scripts: str) -> AsyncIterator[Talk]:
    """`scripts`: what the page runs first, besides our own."""
    tone = tmp_path / "tone.wav"
    write_tone(tone, OPERATOR)
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={tone}",
    ]
    async with before_pages(house.pages, house.serve, flags) as desk:
        context = await desk.browser.new_context(viewport={"width": 1440, "height": 900}, permissions=["microphone"])
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        for script in (LISTEN, MEASURE, OUTPUTS, *scripts):
            await context.add_init_script(script)
        page = await context.new_page()
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await desk.log_in(page, "anna")
        await page.click("#phone-on")
        await house.centre.operator_is("101", "ready")
        citizen = await house.centre.citizen(WIERDAM, listens=True)
        await desk.text_of(page, "#card", "Wierdam")
        await citizen.speak_tone(CITIZEN)
        made = Talk(house, desk, context, page, citizen)
        await made.is_heard_both_ways()
        yield made
        await context.close()


async def ends(made: Talk) -> None:
    """The operator logs out on the page, and the citizen hangs up: with that the operator is away."""
    await made.page.click("#do-log-out")
    await made.citizen.hang_up()
    await made.house.centre.operator_is("101", "away")
