"""The ears of the acceptance tests: what they recognise, and what they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.acceptance import audio, dtmf

pytestmark = pytest.mark.pure

AT = 8100  # a sample in the middle of a sound
NOISE = np.random.default_rng(1).normal(0, 0.1, 3 * audio.RATE)


def test_alaw_keeps_a_sound_within_its_steps() -> None:
    tone = audio.tone(440, 0.5)
    again = audio.decode_alaw(audio.encode_alaw(tone))
    assert audio.rms(again - tone) < 0.02 * audio.rms(tone)


def test_alaw_codes_are_those_of_the_standard() -> None:
    # ITU-T G.711: the smallest positive value is 0xD5, the largest 0xAA, with the sign bit cleared for negative ones
    assert audio.encode_alaw(np.array([0.0001, 0.99, -0.0003, -0.99])) == bytes([0xD5, 0xAA, 0x55, 0x2A])


@pytest.mark.parametrize("frequency", [300, 440, 700, 900, 2000])
def test_a_tone_is_known_from_other_tones_and_from_noise(frequency: int) -> None:
    heard = audio.decode_alaw(audio.encode_alaw(audio.tone(frequency, 0.1)))
    assert audio.has_tone(heard, frequency)
    assert not audio.has_tone(heard, frequency + 100)
    assert not audio.has_tone(NOISE[: len(heard)], frequency)
    assert not audio.has_tone(np.zeros(len(heard)), frequency)


@pytest.mark.parametrize("level", [0.1, 0.3, 0.5])
def test_a_click_is_what_breaks_a_tone(level: float) -> None:
    tone = audio.decode_alaw(audio.encode_alaw(audio.tone(710, 2.0, level=0.3)))
    assert audio.clicks(tone, 710) == []
    packet = int(audio.PACKET_SECONDS * audio.RATE)
    without_one = np.concatenate([tone[:AT], tone[AT + packet :]])
    assert audio.clicks(without_one, 710) == [pytest.approx(AT / audio.RATE, abs=0.001)]
    silent_for_one = tone.copy()
    silent_for_one[AT : AT + packet] = 0
    assert len(audio.clicks(silent_for_one, 710)) in (1, 2)
    with_a_tick = tone.copy()
    with_a_tick[AT] += level
    assert len(audio.clicks(with_a_tick, 710)) == 1


def test_a_tone_is_heard_when_it_sounds() -> None:
    silence = np.zeros(audio.RATE)
    sound = np.concatenate([silence, audio.tone(440, 1.0), silence, audio.tone(440, 0.5)])
    spans = audio.tone_spans(sound, 440)
    assert len(spans) == 2
    assert spans[0] == pytest.approx((1.0, 2.0), abs=0.1)
    assert spans[1] == pytest.approx((3.0, 3.5), abs=0.1)


def test_a_recording_is_found_in_what_was_heard_and_another_is_not(tmp_path: Path) -> None:
    audio.write_wav(tmp_path / "prompt.wav", NOISE[: audio.RATE])
    prompt = audio.read_wav(tmp_path / "prompt.wav")
    heard = audio.decode_alaw(audio.encode_alaw(np.concatenate([np.zeros(5000), prompt, np.zeros(3000)])))
    likeness, seconds = audio.best_match(heard, prompt)
    assert likeness > 0.99
    assert seconds == pytest.approx(5000 / audio.RATE, abs=0.001)
    assert audio.likeness(heard, NOISE[audio.RATE : 2 * audio.RATE]) < 0.2
    assert audio.likeness(heard[:100], prompt) == 0.0


def test_a_recording_is_found_while_it_is_heard_and_not_before_nearly_all_of_it_was() -> None:
    prompt = NOISE[: audio.RATE]
    heard, packet = np.concatenate([np.zeros(4000), prompt, np.zeros(8000)]), 160
    finder = audio.RecordingFinder(prompt)
    overlap = finder.overlap_packets * packet
    found_at = next(
        end for end in range(packet, len(heard), packet) if finder(heard[max(0, end - packet - overlap) : end])
    )
    assert 4000 + 0.85 * len(prompt) <= found_at <= 4000 + len(prompt) + audio.RATE // 5


def test_keys_become_a_capture_with_every_key_and_its_end(tmp_path: Path) -> None:
    dtmf.write_capture(tmp_path / "keys.pcap", "12#")
    data = (tmp_path / "keys.pcap").read_bytes()
    events, place = [], 24
    while place < len(data):
        length = int.from_bytes(data[place + 8 : place + 12], "little")
        frame = data[place + 16 : place + 16 + length]
        events.append((frame[54], bool(frame[55] & 0x80)))
        place += 16 + length
    assert [key for key, _ in dict.fromkeys(events)] == [1, 1, 2, 2, 11, 11]
    assert sum(ended for _, ended in events) == 9
    assert dtmf.duration_ms("12#") == 540


def test_a_character_that_is_on_no_phone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="substring not found"):
        dtmf.write_capture(tmp_path / "keys.pcap", "1x")
