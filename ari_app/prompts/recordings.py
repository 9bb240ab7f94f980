"""A municipality's own recordings, which replace texts of the catalogue by name.

A recording is a WAV file named after the text, of any rate, width and number of channels. It is trimmed, brought to the
level of the other prompts, and kept beside the catalogue's sound, which is heard again after removal.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import sound
from ari_app.prompts.catalogue import (
    MUNICIPALITY_PLACE,
    RECORDINGS_PLACE,
    TEXT_PLACE,
    Catalogue,
    checked_code,
    load,
)
from ari_app.prompts.errors import RecordingRefused, ToolFailed, cannot_write
from ari_app.prompts.manifest import locked, read_manifest, write_manifest

SHORTEST_SECONDS = 0.2
LONGEST_SECONDS = 120.0
LARGEST_BYTES = 200_000_000  # the longest recording at 192 kHz, 32 bit, stereo
SILENT_BELOW_DB = -50.0  # the level of the loud parts, against full scale
_NOTHING_BELOW_DB = -80.0  # the noise of the recorder alone

_RECIPE_VERSION = 1  # raise when the same file must be converted again
_OTHER_AUDIO = frozenset({".aac", ".aif", ".aiff", ".amr", ".flac", ".gsm", ".m4a", ".mp3", ".ogg", ".opus", ".wma"})


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Names of texts: `imported` are new or changed."""

    imported: tuple[str, ...]
    unchanged: tuple[str, ...]


def import_recordings(sounds_dir: Path, code: MunicipalityCode, directory: Path) -> ImportReport:
    """Import every WAV file of the directory, or none if one of them cannot be used.

    Earlier recordings that are not in the directory stay. Blocks. Raises RecordingRefused with a line and a remedy for
    each bad file, BadText for an impossible code, ToolMissing, CannotWrite.
    """
    home = _home(sounds_dir, code)
    files = _wav_files(directory)
    sound.require_tools()
    with locked(home):
        taken = read_manifest(home)
        digests = {file: _digest(file) for file in files}
        due = [
            file for file in files if taken.get(file.stem) != digests[file] or not (home / f"{file.stem}.wav").is_file()
        ]
        for file, samples in _converted(due):
            sound.write(home / f"{file.stem}.wav", samples)
            taken[file.stem] = digests[file]
        if due:
            write_manifest(home, taken)
    unchanged = tuple(file.stem for file in files if file not in due)
    return ImportReport(tuple(file.stem for file in due), unchanged)


def own_recordings(sounds_dir: Path, code: MunicipalityCode) -> tuple[str, ...]:
    """The names of the texts that a municipality has recorded, sorted. Raises BadText."""
    return tuple(sorted(file.stem for file in _home(sounds_dir, code).glob("[!.]*.wav")))


def remove_recordings(sounds_dir: Path, code: MunicipalityCode, names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Remove these recordings, or all, and return their names. Raises BadText, CannotWrite."""
    present = own_recordings(sounds_dir, code)
    removed = present if names is None else tuple(sorted(set(present) & set(names)))
    if not removed:
        return ()
    home = _home(sounds_dir, code)
    with locked(home):
        taken = read_manifest(home)
        for name in removed:
            file = home / f"{name}.wav"
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                raise cannot_write(file, error) from error
            taken.pop(name, None)
        write_manifest(home, taken)
    return removed


def own_recording(prompt: str, municipality: MunicipalityCode | None) -> str | None:
    """The prompt name of the recording that replaces this prompt, whether it exists or not; None for other sound.

    A text with a municipality's name is replaced by that municipality, any other text by `municipality`.
    """
    match prompt.split("/"):
        case [place, code, key] if place == MUNICIPALITY_PLACE:
            return f"{RECORDINGS_PLACE}/{code}/{key}"
        case [place, key] if place == TEXT_PLACE and municipality is not None:
            return f"{RECORDINGS_PLACE}/{municipality}/{key}"
        case _:
            return None


def _home(sounds_dir: Path, code: MunicipalityCode) -> Path:
    return sounds_dir / RECORDINGS_PLACE / checked_code(code)


def _wav_files(directory: Path) -> list[Path]:
    """The WAV files of a directory, sorted. Raises RecordingRefused with a line for every file that cannot be used."""
    try:
        entries = sorted(entry for entry in directory.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise RecordingRefused((f"{directory}: cannot be read ({error.strerror}): name a directory",)) from error
    catalogue = load()
    files = [entry for entry in entries if entry.suffix.lower() == ".wav"]
    problems = [
        f"{entry.name}: not a WAV file: save the recording as WAV"
        for entry in entries
        if entry.suffix.lower() in _OTHER_AUDIO
    ]
    problems += [problem for file in files if (problem := _name_problem(file, catalogue)) is not None]
    seen: dict[str, Path] = {}
    for file in files:
        if (other := seen.setdefault(file.stem, file)) is not file:
            problems.append(f"{file.name}: {other.name} is there too: remove one of them")
    if not files and not problems:
        problems.append(f"{directory}: no WAV file in it: put recordings there, named after the texts they replace")
    if problems:
        raise RecordingRefused(tuple(problems))
    return files


def _name_problem(file: Path, catalogue: Catalogue) -> str | None:
    known = [*catalogue.texts, *catalogue.municipality_texts]
    if file.stem in known:
        return None
    close = difflib.get_close_matches(file.stem.lower(), known, n=1)
    remedy = f"rename it to {close[0]}.wav" if close else "use a name from the catalogue (docs/prompts.md)"
    return f"{file.name}: there is no text {file.stem!r}: {remedy}"


def _converted(files: list[Path]) -> list[tuple[Path, sound.Samples[int]]]:
    """Every file with its samples. Raises RecordingRefused if one of them cannot be used."""
    converted: list[tuple[Path, sound.Samples[int]]] = []
    problems: list[str] = []
    for file in files:
        try:
            samples = sound.read(file, LONGEST_SECONDS + 1)
        except ToolFailed:
            problems.append(f"{file.name}: no sound can be read from it: record it again, or save it as WAV (PCM)")
            continue
        problem = _sound_problem(file, samples)
        if problem is not None:
            problems.append(problem)
            continue
        converted.append((file, sound.levelled(sound.trimmed(samples))))
    if problems:
        raise RecordingRefused(tuple(problems))
    return converted


def _sound_problem(file: Path, samples: sound.Samples[int]) -> str | None:
    seconds = len(samples) / sound.RATE
    if seconds < SHORTEST_SECONDS:
        return f"{file.name}: {seconds:.2f} s is too short: record at least {SHORTEST_SECONDS} s"
    if seconds > LONGEST_SECONDS:
        return f"{file.name}: longer than {LONGEST_SECONDS:.0f} s: record a shorter text"
    level_db = sound.speech_level_db(samples)
    if level_db < SILENT_BELOW_DB:
        heard = "silent" if level_db < _NOTHING_BELOW_DB else f"too soft ({level_db:.0f} dB)"
        return f"{file.name}: {heard}: record it again, closer to the microphone"
    return None


def _digest(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_BYTES:
            too_large = f"{file.name}: larger than {LARGEST_BYTES:,} bytes: save it at a lower rate, or shorter"
            raise RecordingRefused((too_large,))
        with file.open("rb") as opened:
            return f"{_RECIPE_VERSION}-{hashlib.file_digest(opened, 'sha256').hexdigest()}"
    except OSError as error:
        raise RecordingRefused((f"{file.name}: cannot be read ({error.strerror}): make it readable",)) from error
