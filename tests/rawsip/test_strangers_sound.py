"""Sound and keys that somebody else sends into a call: not heard, not counted; and its sound does not go there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.small_application import SmallApplication
from tests.place import address
from tests.rawsip import Media, sdp
from tests.rawsip.conftest import Joins, Party, another_asterisk, logged_in

pytestmark = pytest.mark.asterisk

STRANGER_HZ, OPERATOR_HZ = 610, 410


@pytest.fixture
async def stranger() -> AsyncIterator[Media]:
    async with Media.open(address(99)) as media:
        yield media


async def _attacks(stranger: Media, victim: Party) -> None:
    """Three seconds of sound with a key in it, as fast as sound is and then faster."""
    stranger.connect(sdp.target(victim.answer.body))
    await stranger.silence(1.0)
    await stranger.press("7")
    await stranger.silence(1.0)
    await stranger.speak_tone(STRANGER_HZ)
    for _ in range(500):
        stranger.packet(bytes([0xD5]) * 160)
    await stranger.press("9")


async def _plays(asterisk: LocalAsterisk, app: SmallApplication, party: Party) -> None:
    prompt = f"sound:{asterisk.sounds_dir}/nl/fallback-wait"
    await app.remote.order("POST", f"channels/{party.channel_id}/play/{party.call.tag}", media=prompt)


@pytest.mark.parametrize("account", ["", "phone01"], ids=["citizen", "operator"])
async def test_given_a_party_that_is_silent_when_a_stranger_sends_into_its_call_then_nothing_of_it_counts(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, stranger: Media, account: str
) -> None:
    party = await joins(account)
    await _attacks(stranger, party)
    await _plays(asterisk, small_application, party)
    assert await party.media.hears_something()
    assert stranger.position == 0, "not a packet of the call went there"
    await party.media.press("2")
    while not small_application.keys.get(party.channel_id):
        await small_application.next_event()
    assert small_application.keys[party.channel_id] == "2", "the party's own key, and no other"


@pytest.mark.parametrize("spoke_seconds", [0.1, 1.0])
async def test_given_a_party_that_has_spoken_when_a_stranger_takes_over_then_it_does_not_get_the_call(
    asterisk: LocalAsterisk, small_application: SmallApplication, joins: Joins, stranger: Media, spoke_seconds: float
) -> None:
    party = await joins()
    await party.media.silence(spoke_seconds)
    await _attacks(stranger, party)
    await _plays(asterisk, small_application, party)
    assert await party.media.hears_something()
    assert stranger.position == 0
    assert small_application.keys.get(party.channel_id) is None


async def test_given_a_talk_when_a_stranger_sends_into_it_then_nobody_hears_them(
    small_application: SmallApplication, joins: Joins, stranger: Media
) -> None:
    operator, citizen = await joins("phone01"), await joins()
    await small_application.connect(operator.channel_id, citizen.channel_id)
    await operator.media.speak_tone(OPERATOR_HZ)
    assert await citizen.media.hears_tone(OPERATOR_HZ)
    await _attacks(stranger, citizen)
    assert not await operator.media.hears_tone(STRANGER_HZ, 0.5)
    assert await citizen.media.hears_tone(OPERATOR_HZ)
    assert stranger.position == 0


async def test_given_a_party_that_moves_and_says_so_then_its_sound_and_keys_move_along(
    small_application: SmallApplication, joins: Joins
) -> None:
    operator, citizen = await joins("phone01"), await joins()
    await small_application.connect(operator.channel_id, citizen.channel_id)
    await operator.media.speak_tone(OPERATOR_HZ)
    assert await citizen.media.hears_tone(OPERATOR_HZ)
    async with Media.open(citizen.phone.address) as other:
        offer = sdp.offer(citizen.phone.address, sdp.audio(other.port))
        answer = await citizen.call.ask("INVITE", body=offer)
        other.connect(sdp.target(answer.body))
        assert await other.hears_tone(OPERATOR_HZ)
        await other.press("5")
        while not small_application.keys.get(citizen.channel_id):
            await small_application.next_event()
        assert small_application.keys[citizen.channel_id] == "5"


async def test_given_phones_behind_a_router_when_learning_is_switched_on_then_a_party_is_found_after_so_many_packets(
    asterisk: LocalAsterisk, server_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_APP_RTP_LEARN_PACKETS", "25")
    async with (
        another_asterisk(asterisk, server_directory / "learning") as own,
        SmallApplication(own) as app,
        logged_in(own, app) as party,
        Media.open(party.phone.address) as translated,
    ):
        translated.connect(sdp.target(party.answer.body))
        await translated.press("7")
        await translated.silence(1.0)
        await translated.press("5")
        await _plays(own, app, party)
        assert await translated.hears_something()
        assert app.keys[party.channel_id] == "5", "a key of a source that is not known yet does not count"
