"""Sound as samples: made by espeak-ng or read by sox, brought to one level, written as WAV files for Asterisk.

All sound is 8 kHz, 16 bit, mono, as on a telephone. Samples are `array("h")`.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
import threading
import wave
from array import array
from collections.abc import Sequence
from operator import mul
from pathlib import Path

from ari_app.prompts.catalogue import Voice
from ari_app.prompts.errors import ToolFailed, ToolMissing, cannot_write

Samples = array  # of "h"

RATE = 8000  # samples per second
SPEECH_LEVEL_DB = -21.0  # of the parts with speech in them, against full scale
_PEAK_LIMIT_DB = -2.0
_FRAME = RATE // 50  # 20 ms
_FULL_SCALE_DB = 20 * math.log10(32768)
_QUIET_BELOW_LOUDEST_DB = 30.0  # a frame this much below the loudest is a pause
_ABOVE_NOISE_DB = 6.0  # speech is louder than the noise of the room by at least this
_QUIETEST_WORD_DB = 35.0  # below the level of the speech
_LOUDEST_NOISE_DB = 12.0  # below the level of the speech
_KEPT_FRAMES_BEFORE = 3
_KEPT_FRAMES_AFTER = 6
_LEAD_IN_SECONDS = 0.02
_AFTER_SENTENCE_SECONDS = 0.2
_AFTER_FRAGMENT_SECONDS = 0.08  # the next fragment of the same sentence follows
_TOOL_TIMEOUT_SECONDS = 60.0  # for one prompt; normally a few hundredths of a second
_EDGE_SILENCE = ("silence", "1", "0.01", "-55d")  # up to the first 10 ms louder than this
_TRIM = (*_EDGE_SILENCE, "reverse", *_EDGE_SILENCE, "reverse")
_HEADER_BYTES = 44  # of a WAV file
_RAW = ("-t", "s16", "-r", str(RATE), "-c", "1", "-")


def require_tools() -> None:
    """Raises ToolMissing, with the name of every program that is not installed."""
    absent = [tool for tool in ("espeak-ng", "sox") if shutil.which(tool) is None]
    if absent:
        raise ToolMissing(
            f"{' and '.join(absent)} not found: install {'them' if len(absent) > 1 else 'it'} "
            f"(Debian, Ubuntu: apt-get install {' '.join(absent)}) and try again"
        )


def speak(text: str, voice: Voice) -> Samples[int]:
    """The text as speech, without silence around it except the pause of its last punctuation mark.

    Raises ToolMissing, ToolFailed.
    """
    spoken = _run(
        ["espeak-ng", "-v", voice.language, "-s", str(voice.words_per_minute), "-p", str(voice.pitch)]
        + ["-g", str(voice.word_gap_ms // 10), "--stdin", "--stdout"],
        f"say {text!r}",
        text.encode(),
    )
    samples = _samples(_run(["sox", "-V1", "-D", "-t", "wav", "-", *_RAW, *_TRIM], f"convert {text!r}", spoken))
    if not samples:
        raise ToolFailed(f"espeak-ng made no sound of {text!r}: is its voice {voice.language!r} installed?")
    after = _AFTER_FRAGMENT_SECONDS if text.endswith(",") else _AFTER_SENTENCE_SECONDS
    return silence(_LEAD_IN_SECONDS) + levelled(samples) + silence(after)


def read(file: Path, longest_seconds: float) -> Samples[int]:
    """A WAV file of any rate, width and number of channels, cut off after `longest_seconds`.

    Raises ToolMissing, ToolFailed.
    """
    command = ["sox", "-V1", "-D", "-t", "wav", str(file.absolute()), *_RAW, "trim", "0", str(longest_seconds)]
    return _samples(_run(command, f"read {file.name}"))


def trimmed(samples: Samples[int]) -> Samples[int]:
    """The samples without the pauses at both ends, also in a noisy room; soft starts and ends of words are kept."""
    levels_db = [_power_db(samples[start : start + _FRAME]) for start in range(0, len(samples), _FRAME)]
    speech_db = speech_level_db(samples) + _FULL_SCALE_DB
    noise_db = sorted(levels_db)[len(levels_db) // 10]
    floor_db = min(max(noise_db + _ABOVE_NOISE_DB, speech_db - _QUIETEST_WORD_DB), speech_db - _LOUDEST_NOISE_DB)
    loud = [i for i, level_db in enumerate(levels_db) if level_db >= floor_db]
    if not loud:
        return samples
    return samples[max(0, loud[0] - _KEPT_FRAMES_BEFORE) * _FRAME : (loud[-1] + 1 + _KEPT_FRAMES_AFTER) * _FRAME]


def silence(seconds: float) -> Samples[int]:
    return array("h", bytes(2 * round(seconds * RATE)))


def speech_level_db(samples: Sequence[int]) -> float:
    """The level of the loud parts against full scale; -inf for digital silence."""
    powers = [_power(samples[start : start + _FRAME]) for start in range(0, len(samples), _FRAME)]
    loudest = max(powers, default=0.0)
    if loudest == 0.0:
        return -math.inf
    floor = loudest / 10 ** (_QUIET_BELOW_LOUDEST_DB / 10)
    active = [power for power in powers if power >= floor]
    return 10 * math.log10(sum(active) / len(active)) - _FULL_SCALE_DB


def levelled(samples: Samples[int], level_db: float = SPEECH_LEVEL_DB) -> Samples[int]:
    """The same sound with its loud parts at `level_db`, or softer if its peaks would be cut off."""
    present_db = speech_level_db(samples)
    if math.isinf(present_db):
        return samples
    peak_db = _db(max(abs(sample) for sample in samples)) - _FULL_SCALE_DB
    gain = 10 ** (min(level_db - present_db, _PEAK_LIMIT_DB - peak_db) / 20)
    return array("h", [int(sample * gain) for sample in samples])


def seconds_of(file: Path) -> float:
    """The length of a file that `write` made, by its size; 0 if there is none."""
    try:
        return max(0, file.stat().st_size - _HEADER_BYTES) / (2 * RATE)
    except OSError:
        return 0.0


def as_wav(samples: Samples[int]) -> bytes:
    """The content of a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return content.getvalue()


def write(file: Path, samples: Samples[int]) -> None:
    """Write the file atomically: a reader sees the old one or the new one. Raises CannotWrite."""
    # Not tempfile: it makes files that only their owner may read, and Asterisk is another user.
    part = file.with_name(f".{file.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(as_wav(samples))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(file, error) from error


def _power(frame: Sequence[int]) -> float:
    energy: int = sum(map(mul, frame, frame))
    return energy / len(frame)


def _power_db(frame: Sequence[int]) -> float:
    return _db(math.sqrt(_power(frame)))


def _db(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude else -math.inf


def _samples(raw: bytes) -> Samples[int]:
    samples = array("h")
    samples.frombytes(raw[: len(raw) // 2 * 2])
    return samples


def _run(command: list[str], purpose: str, data: bytes = b"") -> bytes:
    """Run a program and return its output. Raises ToolMissing, ToolFailed."""
    tool = command[0]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_TOOL_TIMEOUT_SECONDS, check=False)
    except FileNotFoundError as error:
        require_tools()
        raise ToolMissing(f"{tool} not found: install it and try again") from error
    except subprocess.TimeoutExpired as error:
        raise ToolFailed(f"{tool} could not {purpose} in {_TOOL_TIMEOUT_SECONDS:.0f} s: try again") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ToolFailed(f"{tool} could not {purpose}: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout
