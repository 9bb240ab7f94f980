"""A page that is the phone in a talk, loaded anew, killed, cut off, on real Asterisk: sound is measured both ways."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from tests.acceptance.application import sample_area
from tests.acceptance.centre import Centre
from tests.acceptance.page_house import House, open_house
from tests.acceptance.page_phone import BINDS
from tests.acceptance.page_sound import LISTEN, hears_in_page, write_tone
from tests.acceptance.phone import Phone
from tests.patience import PATIENCE_SECONDS
from tests.web.chromium import Desk, before_pages

#: that no citizen hears nothing for longer than two seconds is measured beside these tests (tests.acceptance.silence)
pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = sample_area()
OPTIONS = {"ARI_APP_PHONE_RELAYS": BINDS}
WIERDAM, MUSIC = "0119990400", "music/wachtmuziek"
OPERATOR, CITIZEN = 1000, 700
IS_RECONNECTING = "SELECT line_until_at IS NOT NULL FROM operator_session WHERE operator = $1 AND logged_out_at IS NULL"


@pytest_asyncio.fixture(loop_scope="module")
async def house(centre: Centre, server_directory: Path) -> AsyncIterator[House]:
    async with open_house(centre, server_directory) as house:
        yield house


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
async def talk(house: House, tmp_path: Path) -> AsyncIterator[Talk]:
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
        await context.add_init_script(LISTEN)
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
    """The operator logs out on the page, and the citizen hangs up."""
    await made.page.click("#do-log-out")
    await made.citizen.hang_up()
    await made.house.centre.operator_is("101", "away")


async def test_given_a_talk_when_the_page_is_loaded_anew_then_the_caller_hears_music_and_then_the_operator_again(
    house: House, tmp_path: Path
) -> None:
    async with talk(house, tmp_path) as made:
        before = await made.session()
        legs = await house.centre.legs(made.citizen)
        await made.page.reload()
        back_at = monotonic()
        await made.is_connected_again(since=back_at)
        assert await made.session() == before
        assert len(await house.centre.legs(made.citizen)) == len(legs) + 1

        # Somewhere else for a while, and back.
        await made.page.goto("about:blank")
        await made.hears_music_within(2)
        await made.page.go_back()
        await made.is_connected_again(since=monotonic())
        assert await made.session() == before
        await ends(made)


async def test_given_a_talk_when_the_browser_is_killed_then_the_caller_hears_music_and_is_first_after_twenty_seconds(
    house: House, tmp_path: Path
) -> None:
    async with talk(house, tmp_path) as made:
        began = monotonic()
        await made.kill_page()
        await made.hears_music_within(2.5)
        await house.centre.operator_is("101", "away")
        assert 18 < monotonic() - began < 25
        await house.centre.call_is(made.citizen, "waiting")
        assert (await house.centre.call(made.citizen))["returned_at"] is not None
        await made.citizen.hears_something()
        await made.citizen.hang_up()


async def test_given_a_talk_when_serve_and_the_page_are_killed_then_the_next_serve_knows_whom_the_caller_waits_for(
    house: House, tmp_path: Path
) -> None:
    async with talk(house, tmp_path) as made:
        await made.page.goto("about:blank")
        await made.hears_music_within(2)
        await house.centre.application.kill()
        await house.centre.application.start()
        await made.citizen.hears_part_of(house.centre.sound(MUSIC))
        await made.page.go_back()
        await made.is_connected_again(since=monotonic())
        await ends(made)


async def test_given_a_talk_when_the_pages_are_restarted_or_killed_then_nobody_hears_of_it_and_the_page_is_the_phone(
    house: House, tmp_path: Path
) -> None:
    async with talk(house, tmp_path) as made:
        line = (await house.centre.session("101"))["channel_id"]
        for end in (house.pages.stop, house.pages.kill):
            await asyncio.to_thread(end)
            await made.desk.text_of(made.page, "#phone-state", "verbindt opnieuw")
            await made.citizen.hears_tone(OPERATOR)
            await hears_in_page(made.page, CITIZEN)
            house.pages.start()
            await made.desk.text_of(made.page, "#phone-state", "De telefoon staat aan")
            await made.is_heard_both_ways()
        assert (await house.centre.session("101"))["channel_id"] == line
        assert (await house.centre.call(made.citizen))["held_at"] is None
        await ends(made)


async def test_given_a_talk_when_its_login_is_ended_elsewhere_then_the_line_ends_and_the_caller_is_first(
    house: House, tmp_path: Path
) -> None:
    async with talk(house, tmp_path) as made:
        await house.serve.pool.execute("UPDATE web_session SET ended_at = now() WHERE ended_at IS NULL")
        await house.centre.operator_is("101", "away", within_seconds=10)
        await house.centre.call_is(made.citizen, "waiting")
        await made.citizen.hears_something()
        await made.citizen.hang_up()
