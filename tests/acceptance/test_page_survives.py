"""A page that is the phone in a talk, loaded anew, killed, cut off, on real Asterisk: sound is measured both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio

from tests.acceptance.application import sample_area
from tests.acceptance.centre import Centre
from tests.acceptance.page_house import House, open_house
from tests.acceptance.page_phone import BINDS
from tests.acceptance.page_sound import hears_in_page
from tests.acceptance.page_talk import CITIZEN, MUSIC, OPERATOR, ends, talk

#: that no citizen hears nothing for longer than two seconds is measured beside these tests (tests.acceptance.silence)
pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

AREA = sample_area()
OPTIONS = {"ARI_APP_PHONE_RELAYS": BINDS}


@pytest_asyncio.fixture(loop_scope="module")
async def house(centre: Centre, server_directory: Path) -> AsyncIterator[House]:
    async with open_house(centre, server_directory) as house:
        yield house


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
