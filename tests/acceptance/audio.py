"""The sound that a phone hears, as numbers: A-law decoding, pure tones, silence, and finding a recording in the sound.

Samples are float64 in -1..1 at 8000 per second.
"""

from __future__ import annotations

import wave
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float64]

RATE = 8000  # samples per second
PACKET_SECONDS = 0.02
TONE_WINDOW_SECONDS = 0.1
_ENOUGH = 0.8  # likeness of what is taken for the same
_NOTHING = 0.35  # likeness of one text to another
_NEARLY_ALL = 0.9
_PIECE_SAMPLES = RATE // 2  # long enough to be no other word
_CLICK = 0.06  # more than A-law's steps can add up to in a tone of the usual level
_SOFT_RMS = 0.0006
_AUDIBLE_RMS = 0.003  # about -50 dBFS; comfort noise and A-law's smallest step stay below it


def _alaw_table() -> Samples:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    mantissa, exponent = codes & 0x0F, (codes >> 4) & 0x07
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(codes & 0x80, magnitude, -magnitude) / 32768.0


_ALAW = _alaw_table()
_ALAW_SORTED = (np.sort(_ALAW), np.argsort(_ALAW).astype(np.uint8))


def decode_alaw(payload: bytes) -> Samples:
    return np.asarray(_ALAW[np.frombuffer(payload, dtype=np.uint8)], dtype=np.float64)


def encode_alaw(samples: Samples) -> bytes:
    """The nearest A-law code of each sample."""
    values, codes = _ALAW_SORTED
    right = np.clip(np.searchsorted(values, samples), 1, len(values) - 1)
    nearest = np.where(samples - values[right - 1] < values[right] - samples, right - 1, right)
    return bytes(codes[nearest])


def tone(frequency: float, seconds: float, level: float = 0.3) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE), dtype=np.float64)


def rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def is_audible(samples: Samples) -> bool:
    return rms(samples) > _AUDIBLE_RMS


def has_somebody(packets: Samples) -> npt.NDArray[np.bool_]:
    """Of each row of samples, whether it has any sound in it, if only a soft one."""
    return np.asarray(np.sqrt(np.mean(np.square(packets), axis=1)) > _SOFT_RMS, dtype=np.bool_)


def longest_silence_seconds(samples: Samples) -> float:
    """The longest time in which nothing can be heard, to a tenth of a second."""
    window = round(TONE_WINDOW_SECONDS * RATE)
    longest = now = 0
    for start in range(0, len(samples) - window + 1, window):
        now = 0 if is_audible(samples[start : start + window]) else now + 1
        longest = max(longest, now)
    return longest * TONE_WINDOW_SECONDS


def tone_share(samples: Samples, frequency: float, tolerance_hz: float = 25.0) -> float:
    """The part of the sound's power, 0 to 1, that lies within the tolerance of a frequency; 0 for silence."""
    if not is_audible(samples):
        return 0.0
    power = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    total = float(power[frequencies > 50].sum())
    return float(power[np.abs(frequencies - frequency) <= tolerance_hz].sum()) / total if total else 0.0


def has_tone(samples: Samples, frequency: float) -> bool:
    return tone_share(samples, frequency) > 0.6


def clicks(samples: Samples, frequency: float) -> list[float]:
    """Where a pure tone is broken, in seconds: a packet that is missing, a gap, another sound.

    A sample of a tone follows from the two before it, but for the steps of A-law. A packet that is missing is no break
    when it holds whole periods: choose a frequency that is no multiple of fifty.
    """
    follows = 2 * np.cos(2 * np.pi * frequency / RATE) * samples[1:-1] - samples[:-2]
    broken = (np.flatnonzero(np.abs(samples[2:] - follows) > _CLICK) + 2) / RATE
    return [float(at) for at in broken[np.diff(broken, prepend=-1.0) > PACKET_SECONDS]]


def tone_spans(samples: Samples, frequency: float) -> list[tuple[float, float]]:
    """When a tone sounds: (from, until) in seconds from the first sample, to a resolution of one packet."""
    window, step = int(TONE_WINDOW_SECONDS * RATE), int(PACKET_SECONDS * RATE)
    spans: list[tuple[float, float]] = []
    for start in range(0, len(samples) - window + 1, step):
        if has_tone(samples[start : start + window], frequency):
            from_seconds, until_seconds = start / RATE, (start + window) / RATE
            if spans and from_seconds <= spans[-1][1]:
                spans[-1] = (spans[-1][0], until_seconds)
            else:
                spans.append((from_seconds, until_seconds))
    return spans


def likeness(heard: Samples, recording: Samples) -> float:
    """The best normalised cross-correlation, 0 to 1, of a recording with any stretch of the sound that was heard."""
    return best_match(heard, recording)[0]


def best_match(heard: Samples, recording: Samples) -> tuple[float, float]:
    """The likeness of the stretch of sound that is most like a recording, and when that begins, in seconds.

    A tenth of a second of its beginning or end may be missing: what was not heard counts against it.
    """
    return _Searched(heard).best_match(_Sought(recording))


class _Sought:
    """A recording that is looked for, transformed once for each length of what was heard."""

    def __init__(self, recording: Samples) -> None:
        self.samples = recording
        self.is_audible = is_audible(recording)
        self.norm = float(np.linalg.norm(recording))
        self._spectrum: npt.NDArray[np.complex128] = np.empty(0, dtype=np.complex128)
        self._size = 0

    def spectrum(self, size: int) -> npt.NDArray[np.complex128]:
        if size != self._size:
            self._size, self._spectrum = size, np.conj(np.fft.rfft(self.samples, size))
        return self._spectrum


class _Searched:
    """A sound in which recordings are looked for, transformed only once."""

    def __init__(self, heard: Samples) -> None:
        self._pad = RATE // 10
        self._heard = heard

    @cached_property
    def _padded(self) -> Samples:
        return np.pad(self._heard, self._pad)

    @cached_property
    def _size(self) -> int:
        return _fast_size(len(self._padded))  # a recording that is wholly within goes round no corner

    @cached_property
    def _spectrum(self) -> npt.NDArray[np.complex128]:
        return np.fft.rfft(self._padded, self._size)

    @cached_property
    def _energy(self) -> Samples:
        return np.concatenate(([0.0], np.cumsum(np.square(self._padded))))

    def best_match(self, recording: _Sought) -> tuple[float, float]:
        count = len(recording.samples)
        if len(self._heard) + 2 * self._pad <= count or not recording.is_audible:
            return 0.0, 0.0
        product = np.fft.irfft(self._spectrum * recording.spectrum(self._size), self._size)
        matches = product[: len(self._padded) - count + 1]
        window = np.sqrt(np.maximum(self._energy[count:] - self._energy[:-count], 1e-9))
        place = int(np.argmax(matches / window))
        return float(matches[place] / window[place] / recording.norm), (place - self._pad) / RATE


def _fast_size(least: int) -> int:
    """A length that is transformed fast; others may be very slow."""
    power = 1 << max(4, (least - 1).bit_length())
    return min(size for size in (power, power * 3 // 4, power * 5 // 8) if size >= least)


class Repeated:
    """A sound that is repeated, such as music: is what was heard somewhere in it?"""

    def __init__(self, repeated: Samples) -> None:
        self._whole = _Searched(np.tile(repeated, 2))

    def has(self, sound: Samples) -> bool:
        return self._whole.best_match(_Sought(sound))[0] > _ENOUGH


def trim(samples: Samples) -> Samples:
    """Without the silence before and after."""
    loud = np.flatnonzero(np.abs(samples) > 4 * _AUDIBLE_RMS)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def share_heard(heard: Samples, recording: Samples) -> float:
    """The part of a recording, 0 to 1, that was heard, however many packets were lost or late in between."""
    pieces = [recording[at : at + _PIECE_SAMPLES] for at in range(0, len(recording), _PIECE_SAMPLES)]
    pieces = [piece for piece in pieces if is_audible(piece)]
    searched = _Searched(heard)
    found = sum(len(piece) for piece in pieces if searched.best_match(_Sought(piece))[0] > _ENOUGH)
    return found / max(1, sum(len(piece) for piece in pieces))


class RecordingFinder:
    """Asks of a growing sound whether a recording is in it.

    It is shown what is new, and before that as much of what it was shown already as it says: half as much again as the
    recording lasts, for packets that were late.
    """

    def __init__(self, recording: Samples) -> None:
        self._recording = _Sought(recording)
        self.overlap_packets = int(1.5 * len(recording) / RATE / PACKET_SECONDS) + 1

    def __call__(self, newest: Samples) -> bool:
        alike, _ = _Searched(newest).best_match(self._recording)
        if _NOTHING < alike <= _ENOUGH:  # a packet that was late moves all that comes after it
            return share_heard(newest, self._recording.samples) > _NEARLY_ALL
        return alike > _ENOUGH


def read_wav(path: Path) -> Samples:
    """A mono 16-bit WAV file of 8000 or 16000 samples per second."""
    with wave.open(str(path), "rb") as file:
        rate, raw = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(raw, dtype="<i2") / 32768.0
    return samples if rate == RATE else samples.reshape(-1, rate // RATE).mean(axis=1)


@lru_cache(maxsize=4)
def read_repeated(path: Path) -> Repeated:
    """A WAV file as `read_wav` reads it, kept; it must not change."""
    return Repeated(read_wav(path))


def write_wav(path: Path, samples: Samples) -> None:
    """Mono, 16 bits, 8000 samples per second."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
