"""The tools of the acceptance tests, tried on the dialplan alone, or with an application of a few lines."""

from __future__ import annotations

import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.silence import BREATHS_SECONDS, MOST_SECONDS, UNSURE_SECONDS
from tests.acceptance.small_application import SmallApplication
from tests.acceptance.wiretap import Wiretap

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_given_no_application_when_a_citizen_calls_then_the_fallback_connects_them_with_a_phone(
    phones: PhoneNetwork,
) -> None:
    citizen = await phones.citizen("140119", number="+31201234567")
    await citizen.answered()
    await citizen.hears_something()
    desk, other = await phones.incoming("phone01"), await phones.incoming("phone02")

    await desk.pick_up()
    await other.ended()
    await desk.speak_tone(900)
    await citizen.hears_tone(900)
    await citizen.speak_tone(700)
    await desk.hears_tone(700)
    await citizen.does_not_hear_tone(700, for_seconds=0.5)
    await desk.fall_silent()
    await citizen.press("12#")
    await desk.receives_keys("12#")

    await desk.hang_up()
    ending = await citizen.ended()
    assert ending.was_answered
    assert ending.cause == 16


async def test_given_a_prompt_when_it_is_played_then_the_phone_recognises_it(
    phones: PhoneNetwork, asterisk: LocalAsterisk
) -> None:
    sounds = asterisk.settings.sounds_dir / "nl"
    operator = await phones.desk("phone03", "1400")
    await operator.listen()
    await operator.answered()

    await operator.hears_recording(sounds / "storing-bel-later.wav")

    with pytest.raises(AssertionError, match="did not hear number-unknown"):
        await operator.hears_recording(sounds / "number-unknown.wav", since=0, within_seconds=0.1)


async def test_given_a_citizen_who_rings_off_early_when_phones_ring_then_they_stop(phones: PhoneNetwork) -> None:
    citizen = await phones.citizen("140119", withheld=True)
    desk = await phones.incoming("phone01")

    ending = await citizen.hang_up()

    assert (await desk.ended()).was_answered is False
    assert ending.was_answered


async def test_given_a_phone_that_declines_when_another_picks_up_then_that_one_is_connected(
    phones: PhoneNetwork,
) -> None:
    citizen = await phones.citizen("140119")
    declining, willing = await phones.incoming("phone01"), await phones.incoming("phone02")

    await declining.decline()
    assert (await declining.ended()).cause == 17
    await willing.pick_up()
    await citizen.speak_tone(500)
    await willing.hears_tone(500)

    await citizen.hang_up()
    await willing.ended()


async def test_given_nobody_speaks_when_asked_for_a_tone_then_the_failure_says_what_was_heard(
    phones: PhoneNetwork,
) -> None:
    citizen = await phones.citizen("140119")
    await citizen.answered()

    with pytest.raises(AssertionError, match="did not hear 440 Hz within 0.3 s; heard"):
        await citizen.hears_tone(440, within_seconds=0.3)
    await citizen.hang_up()


async def test_given_a_line_on_which_nothing_is_played_then_that_is_silence_on_the_wire(
    phones: PhoneNetwork, small_application: SmallApplication, wiretap: Wiretap
) -> None:
    wiretap.forget()
    citizen = await phones.citizen("140119", number="+31201234501", listens=True)
    channel_id = await small_application.arrival()
    await small_application.answer(channel_id)
    await citizen.answered()
    await citizen.hears_silence(2.2)
    (found,) = wiretap.taken().silences(MOST_SECONDS)
    assert (found.line.phone, found.line.dialled, found.is_ringing_pause) == ("+31201234501", "140119", False)
    await citizen.hang_up()
    await small_application.all_gone()


async def test_given_two_who_say_nothing_when_they_are_connected_then_each_hears_the_other_breathe_and_keys_are_whole(
    phones: PhoneNetwork, small_application: SmallApplication, wiretap: Wiretap
) -> None:
    wiretap.forget()
    wiretap.breathes = True
    people, channels = [], []
    for number in ("+31201234502", "+31201234503"):
        people.append(await phones.citizen("140119", number=number, listens=True))
        channels.append(await small_application.arrival())
        await small_application.answer(channels[-1])
        await people[-1].answered()
    await small_application.connect(*channels)
    wiretap.forget_sound()
    for keys in ("1234567890", "*#11"):
        await people[0].press(keys)
        await people[0].hears_silence(2.5)
    assert small_application.keys[channels[0]] == "1234567890*#11"
    longest = MOST_SECONDS + BREATHS_SECONDS + UNSURE_SECONDS  # as the rule judges a talk
    assert list(wiretap.taken().silences(longest)) == []

    wiretap.forget_sound()
    await small_application.destroy_bridges()
    await people[1].hears_silence(longest + 0.5)
    assert {found.line.phone for found in wiretap.taken().silences(longest)} == {"+31201234502", "+31201234503"}
    wiretap.breathes = False
    for person in people:
        await person.hang_up()
    await small_application.all_gone()
