"""What the page says of the sound in a talk: how well it arrives, how loud it is, and that a headset is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.application import sample_area
from tests.acceptance.centre import Centre
from tests.acceptance.page_house import House, open_house
from tests.acceptance.page_phone import BINDS
from tests.acceptance.page_sound import PLUG
from tests.acceptance.page_talk import ends, talk

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = sample_area()
OPTIONS = {"ARI_APP_PHONE_RELAYS": BINDS}
IS_MUTED = "() => window.spoken.muted"
#: the element that plays the other side, which is in no page
SPEAKER = """
(() => {
  const set = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject").set;
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    get() { return null; },
    set(stream) { if (stream) window.spoken = this; set.call(this, stream); },
  });
})()"""
QUALITY = (
    ({"received": 150, "lost": 0, "jitter": 0.005, "delay": 0.05}, "De verbinding is goed."),
    ({"received": 90, "lost": 10, "jitter": 0.005, "delay": 0.05}, "De verbinding hapert: 10% van het geluid"),
    ({"received": 150, "lost": 0, "jitter": 0.1, "delay": 0.05}, "Het geluid komt onregelmatig aan."),
    ({"received": 150, "lost": 0, "jitter": 0.005, "delay": 0.7}, "Het geluid komt laat aan."),
    ({"received": 0, "lost": 0, "jitter": 0.005, "delay": 0.05, "state": "failed"}, "Er komt geen geluid binnen."),
    ({"received": 150, "lost": 0, "jitter": 0.005, "delay": 0.05}, "De verbinding is goed."),
)


@pytest_asyncio.fixture(loop_scope="module")
async def house(centre: Centre, server_directory: Path) -> AsyncIterator[House]:
    async with open_house(centre, server_directory) as house:
        yield house


async def test_given_a_talk_then_the_page_says_how_well_it_is_heard_and_asks_before_it_sounds_elsewhere(
    house: House, tmp_path: Path
) -> None:
    async with talk(house, tmp_path, SPEAKER) as made:
        desk, page = made.desk, made.page
        await desk.text_of(page, "#phone-quality", "De verbinding is goed.")
        for figures, words in QUALITY:
            await page.evaluate("figures => { window.measured = figures; }", figures)
            await desk.text_of(page, "#phone-quality", words)
            if "goed" not in words:
                await desk.text_of(page, "#status", words)
        # Nobody to hear, as between two talks: nothing is wrong, and nothing is said.
        await page.evaluate("() => { window.measured = { received: 0, lost: 0, jitter: 0, delay: 0.05 }; }")
        await desk.gone(page, "#phone-quality", "De verbinding is goed.")
        assert await page.inner_text("#phone-quality") == ""
        await page.evaluate("figures => { window.measured = figures; }", QUALITY[0][0])
        await desk.text_of(page, "#phone-quality", "De verbinding is goed.")
        await desk.look_over(page, "the quality of a talk")
        await page.evaluate("() => { window.measured = null; }")

        # A menu on the other side hears the keys.
        await page.click("#phone summary >> text=Toetsen")
        for key in "14#":
            await page.click(f"#phone-keys [value='{key}']")
        await made.citizen.receives_keys("14#")

        # Louder and softer, and kept for the next time.
        await page.click("#phone summary >> text=Geluid")
        await page.focus("#phone-volume")
        for _ in range(4):
            await page.keyboard.press("ArrowLeft")
        assert await page.evaluate("() => Math.round(window.spoken.volume * 100)") == 80
        assert await page.evaluate("JSON.parse(localStorage.getItem('phone-devices'))['phone-volume']") == 80

        # The headset is pulled out: nothing is heard in the room, until somebody says so.
        headset, speaker = ["default", "headset"], ["default", "room"]
        await page.evaluate(PLUG, [headset, ["one", "headset"], ["two", "room"]])
        await page.click("#phone-here")
        await page.locator("#phone-lost").wait_for(state="hidden")
        assert await page.evaluate(IS_MUTED) is False
        await page.evaluate(PLUG, [speaker, ["two", "room"]])
        await desk.text_of(page, "#phone-lost", "Het apparaat waarop u de beller hoort, is weg")
        await desk.text_of(page, "#answer", "Uw headset is weg")
        assert await page.evaluate(IS_MUTED) is True
        await desk.look_over(page, "a headset that is gone")
        await page.evaluate(PLUG, [headset, ["one", "headset"], ["two", "room"]])
        await page.locator("#phone-lost").wait_for(state="hidden")
        assert await page.evaluate(IS_MUTED) is False
        await page.evaluate(PLUG, [speaker, ["two", "room"]])
        await page.click("#phone-here")
        await page.locator("#phone-lost").wait_for(state="hidden")
        assert await page.evaluate(IS_MUTED) is False
        await made.is_heard_both_ways()
        await ends(made)


#: what each line was made with
CONFIGURED = """
(() => {
  const made = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends made {
    constructor(how) { super(how); window.how = how; }
  };
})()"""


async def test_given_a_turn_server_that_nobody_reaches_then_the_page_is_told_of_it_and_talks_all_the_same(
    centre: Centre, server_directory: Path, tmp_path: Path
) -> None:
    turn = {"ARI_APP_DESK_TURN": "turn:127.0.0.1:9?transport=udp", "ARI_APP_DESK_TURN_SECRET": "between-us-0123456789"}
    async with open_house(centre, server_directory / "turn", turn) as house, talk(house, tmp_path, CONFIGURED) as made:
        (server,) = await made.page.evaluate("() => window.how.iceServers")
        endpoint = await centre.ask("SELECT endpoint FROM operator_session WHERE logged_out_at IS NULL")
        assert server["urls"] == ["turn:127.0.0.1:9?transport=udp"]
        assert server["username"].endswith(endpoint.replace("PJSIP/", ":"))
        assert "between-us" not in house.pages.log_file.read_text() + await made.page.content()
        await ends(made)
