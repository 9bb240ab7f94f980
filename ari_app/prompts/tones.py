"""Tones for operators and music on hold, made of sines: our own work, so that no rights have to be paid."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from functools import cache

from ari_app.prompts.sound import RATE, Samples, levelled

TONE_LEVEL_DB = -24.0
MUSIC_LEVEL_DB = -30.0  # softer than speech: it may last long
MUSIC_VERSION = 1  # raise to have the music made again everywhere

#: name → (frequency in Hz, seconds) of each note
TONES: Mapping[str, tuple[tuple[float, float], ...]] = {
    "piep": ((880.0, 0.09), (1174.7, 0.12)),  # up: a caller comes
    "piep-einde": ((660.0, 0.09), (440.0, 0.14)),  # down: the caller has gone
}

_BAR_SECONDS = 4.0
_PAD_SECONDS = 5.5  # longer than a bar: chords flow into each other
_PLUCK_SECONDS = 1.8
_ECHO_SECONDS = 0.375
_ECHO_GAIN = 0.28
_KEY = 7  # semitones above the chords as written in F: in C little is lost below the band that a telephone carries
#: four notes each, as semitones from A4 (440 Hz)
_CHORDS = (
    (-16, -9, -5, 0),  # F major 7
    (-12, -9, -5, -2),  # A minor 7
    (-19, -12, -7, -4),  # D minor 7
    (-11, -7, -4, 0),  # B flat major 7
    (-16, -12, -9, -4),  # F
    (-14, -11, -7, -4),  # G minor 7
    (-9, -4, -2, 1),  # C suspended
    (-9, -5, -2, 1),  # C 7
)
#: which note of the chord is plucked at each eighth of a bar, and whether an octave higher; None is a rest
_PATTERN = ((0, 0), (1, 0), (2, 0), (3, 0), (2, 1), (3, 0), (1, 1), None)


def tone(name: str) -> Samples[int]:
    """One of `TONES`, with soft edges."""
    samples: list[float] = []
    for frequency, seconds in TONES[name]:
        count = round(seconds * RATE)
        step = math.tau * frequency / RATE
        samples += (math.sin(step * i) * math.sin(math.pi * i / count) ** 0.5 for i in range(count))
    return levelled(_to_samples(samples), TONE_LEVEL_DB)


def music() -> Samples[int]:
    """About half a minute of soft chords whose end flows into the beginning, so that a loop has no seam."""
    length = round(len(_CHORDS) * _BAR_SECONDS * RATE)
    mix = [0.0] * length
    for bar, chord in enumerate(_CHORDS):
        at = bar * _BAR_SECONDS
        for semitones in chord:
            _add(mix, at - 0.4, _pad(_hertz(semitones)), 0.5)
        for eighth, step in enumerate(_PATTERN):
            if step is not None:
                note, octave = step
                start = at + eighth * _BAR_SECONDS / len(_PATTERN)
                _add(mix, start, _pluck(_hertz(chord[note] + 12 * octave)), 0.55)
    delay = round(_ECHO_SECONDS * RATE)
    echoed = [mix[i] + _ECHO_GAIN * mix[i - delay] for i in range(length)]
    return levelled(_to_samples(echoed), MUSIC_LEVEL_DB)


def _hertz(semitones_from_a4: int) -> float:
    return 440.0 * 2 ** ((semitones_from_a4 + _KEY) / 12)


@cache
def _pad(frequency: float) -> tuple[float, ...]:
    """A slow swell and fall, two voices slightly apart for warmth."""
    count = round(_PAD_SECONDS * RATE)
    low, high = (math.tau * frequency * detune / RATE for detune in (0.9985, 1.0015))
    swell = math.pi / count
    return tuple((math.sin(low * i) + math.sin(high * i)) * math.sin(swell * i) ** 2 for i in range(count))


@cache
def _pluck(frequency: float) -> tuple[float, ...]:
    """A soft string: quick start, slow decay to nothing."""
    count = round(_PLUCK_SECONDS * RATE)
    attack = 0.008 * RATE
    step = math.tau * frequency / RATE
    return tuple(
        (math.sin(step * i) + 0.25 * math.sin(2 * step * i))
        * min(1.0, i / attack)
        * math.exp(-3.2 * i / RATE)
        * (1 - i / count)
        for i in range(count)
    )


def _add(mix: list[float], start_seconds: float, note: Iterable[float], gain: float) -> None:
    length = len(mix)
    at = round(start_seconds * RATE)
    for i, value in enumerate(note, at):
        mix[i % length] += gain * value


def _to_samples(values: list[float]) -> Samples[int]:
    peak = max(map(abs, values))
    return array("h", [int(value / peak * 30000) for value in values])
