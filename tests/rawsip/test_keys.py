"""One press is one key, by whatever ways a phone sends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance import audio
from tests.acceptance.small_application import SmallApplication
from tests.rawsip.conftest import Joins, Party, another_asterisk, logged_in

pytestmark = pytest.mark.asterisk

LOGIN = "1100#7110#"  # keys that are pressed twice in a row are not one
BETWEEN_SECONDS = (0.06, 0.2)
Press = Callable[[Party, str], Awaitable[None]]


def _info(party: Party, key: str, kind: str = "dtmf-relay", milliseconds: int = 160) -> None:
    """Sent, and the answer not waited for: there may be none."""
    body = key if kind == "dtmf" else f"Signal={key}\r\nDuration={milliseconds}\r\n"
    party.call.send("INFO", body=body, kind=f"application/{kind}")


async def _before(party: Party, key: str) -> None:
    _info(party, key)
    await party.media.key_down(key)


async def _during(party: Party, key: str) -> None:
    pressing = asyncio.create_task(party.media.key_down(key))
    await asyncio.sleep(0.05)
    _info(party, key, "dtmf")
    await pressing


async def _after(party: Party, key: str) -> None:
    await party.media.key_down(key)
    _info(party, key, milliseconds=250)


async def _twice(party: Party, key: str) -> None:
    _info(party, key)
    await party.media.key_down(key)
    _info(party, key)


async def _and_heard(party: Party, key: str) -> None:
    """The tone of a push-button phone, in the sound, and then the event."""
    low, high = _FREQUENCIES[key]
    tone = (audio.tone(low, 0.1) + audio.tone(high, 0.1)) / 2
    await party.media.speak(np.asarray(tone), again_and_again=False)
    await asyncio.sleep(0.1)
    await party.media.key_down(key)


_FREQUENCIES = {
    "1": (697, 1209),
    "2": (697, 1336),
    "3": (697, 1477),
    "4": (770, 1209),
    "5": (770, 1336),
    "6": (770, 1477),
    "7": (852, 1209),
    "8": (852, 1336),
    "9": (852, 1477),
    "*": (941, 1209),
    "0": (941, 1336),
    "#": (941, 1477),
}


@pytest.mark.parametrize("between_seconds", BETWEEN_SECONDS)
@pytest.mark.parametrize("press", [_before, _during, _after, _twice, _and_heard])
async def test_given_a_phone_that_sends_each_key_by_two_ways_then_one_press_is_one_key(
    small_application: SmallApplication, joins: Joins, press: Press, between_seconds: float
) -> None:
    party = await joins("phone01")
    await party.media.silence(0.2)
    for key in LOGIN:
        await press(party, key)
        await asyncio.sleep(between_seconds)
    with suppress(TimeoutError):
        await small_application.next_event(0.5)  # what comes too late is too much as well
    while len(small_application.keys.get(party.channel_id, "")) < len(LOGIN):
        await small_application.next_event()
    assert small_application.keys[party.channel_id] == LOGIN


async def test_given_a_citizen_whose_carrier_sends_both_then_one_press_is_one_key(
    small_application: SmallApplication, joins: Joins
) -> None:
    party = await joins()
    for press in (_before, _after):
        await press(party, "2")
        await asyncio.sleep(0.3)
    while len(small_application.keys.get(party.channel_id, "")) < 2:
        await small_application.next_event()
    assert small_application.keys[party.channel_id] == "22"


async def test_given_phones_that_know_only_info_when_it_is_switched_on_then_their_keys_count(
    asterisk: LocalAsterisk, server_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_APP_SIP_INFO_KEYS", "yes")
    async with (
        another_asterisk(asterisk, server_directory / "info") as own,
        SmallApplication(own) as app,
        logged_in(own, app, keys=False) as party,
    ):
        for key in LOGIN:
            assert (await party.call.key_by_info(key)).status == 200
        while len(app.keys.get(party.channel_id, "")) < len(LOGIN):
            await app.next_event()
        assert app.keys[party.channel_id] == LOGIN
