"""Make the sound files of the catalogue; a file is made again only when its text or voice changed.

`build` may run in any process at any time: there is one lock per sounds directory, and each file is replaced at once.
Files of other texts and municipalities stay: another version of the program may still play them.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import sound, tones
from ari_app.prompts.catalogue import TONE_PLACE, Catalogue, Voice, load, municipality_prompt, said_prompt, speakable
from ari_app.prompts.errors import BadText, DirectoryInUse, ToolFailed, ToolMissing
from ari_app.prompts.manifest import Making, locked, read_manifest, write_manifest
from ari_app.prompts.pronunciation import Pronounce, as_written

MUSIC_FILE = "wachtmuziek.wav"

_RECIPE_VERSION = 1  # raise when the same text and voice must be made again

Municipalities = Iterable[tuple[MunicipalityCode, str]]  # code, name as spoken
Progress = Callable[[int, int], None]  # prompts made, prompts to make


@dataclass(frozen=True, slots=True)
class BuildReport:
    built: tuple[str, ...]  # prompt names
    unchanged: int
    seconds: float
    failed: Mapping[str, str] = field(default_factory=dict)  # prompt name → why no sound could be made of it


@dataclass(frozen=True, slots=True)
class _Job:
    name: str
    digest: str
    make: Callable[[], sound.Samples[int]]


def build(
    sounds_dir: Path,
    municipalities: Municipalities = (),
    texts: Iterable[str] = (),
    *,
    pronounce: Pronounce = as_written,
    catalogue: Catalogue | None = None,
    progress: Progress | None = None,
    making: Making | None = None,
) -> BuildReport:
    """Make the prompts of the catalogue (by default the program's own), these municipalities and these free texts.

    Free texts are calamities; `pronounce` spells them as the synthesizer must have them. A text of which no sound can
    be made is reported, and harms no other. Blocks: call it in a thread from asyncio. Raises ToolMissing, CannotWrite,
    BadCatalogue, DirectoryInUse; the files made before are kept.
    """
    started = time.monotonic()
    jobs, failed = _jobs(catalogue or load(), municipalities, texts, pronounce)
    built: list[str] = []
    making = making or Making()
    with locked(sounds_dir, making):
        made = read_manifest(sounds_dir)
        due = [job for job in jobs if made.get(job.name) != job.digest or not _is_there(sounds_dir, job.name)]
        if due:
            sound.require_tools()
            try:
                for count, (job, error) in enumerate(_make_all(sounds_dir, due), 1):
                    if error is None:
                        made[job.name] = job.digest
                        built.append(job.name)
                    else:
                        failed[job.name] = str(error)
                    if progress is not None:
                        progress(count, len(due))
                    if making.stopped.is_set() and count < len(due):
                        raise DirectoryInUse("making the prompts was stopped")
            finally:
                write_manifest(sounds_dir, made)
    return BuildReport(tuple(built), len(jobs) - len(due), time.monotonic() - started, failed)


def require_speakable(text: str) -> None:
    """Check a free text before it is stored, by making its sound once. Blocks some 50 ms. Raises BadText, ToolFailed.

    Where the programs for that are not installed, only its characters are checked.
    """
    spoken = speakable(text)
    with suppress(ToolMissing):
        sound.speak(spoken, load().voice)


def build_music(directory: Path, making: Making | None = None) -> bool:
    """Put half a minute of soft music, which loops without a seam, into the directory; True if it was made now.

    Making it takes about a second. Raises CannotWrite, DirectoryInUse.
    """
    file = directory / MUSIC_FILE
    digest = _digest("music", tones.MUSIC_VERSION)
    with locked(directory, making):
        made = read_manifest(directory)
        if made.get(MUSIC_FILE) == digest and file.is_file():
            return False
        sound.write(file, tones.music())
        write_manifest(directory, {**made, MUSIC_FILE: digest})
    return True


def expected(municipalities: Municipalities = (), texts: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of all prompts that `build` should make from the same arguments."""
    jobs, failed = _jobs(load(), municipalities, texts)
    return (*(job.name for job in jobs), *failed)


def missing(sounds_dir: Path, names: Iterable[str]) -> tuple[str, ...]:
    """The prompt names that have no sound file."""
    return tuple(name for name in names if not _is_there(sounds_dir, name))


def _jobs(
    catalogue: Catalogue, municipalities: Municipalities, texts: Iterable[str], pronounce: Pronounce = as_written
) -> tuple[list[_Job], dict[str, str]]:
    """The prompts to make, and those that cannot be: name → why."""
    spoken = catalogue.prompts()
    failed: dict[str, str] = {}
    for code, municipality in municipalities:
        try:
            spoken |= catalogue.prompts_for(code, municipality)
        except BadText as error:
            failed |= {municipality_prompt(code, name): str(error) for name in catalogue.municipality_texts}
    for text in texts:
        try:
            spoken[said_prompt(text)] = speakable(pronounce(text))
        except BadText as error:
            failed[said_prompt(text)] = str(error)
    jobs = [_speech_job(name, text, catalogue.voice) for name, text in spoken.items()]
    for name, notes in tones.TONES.items():
        digest = _digest(notes, tones.TONE_LEVEL_DB)
        jobs.append(_Job(f"{TONE_PLACE}/{name}", digest, partial(tones.tone, name)))
    return jobs, failed


def _speech_job(name: str, text: str, voice: Voice) -> _Job:
    return _Job(name, _digest(text, asdict(voice)), partial(sound.speak, text, voice))


def _make_all(sounds_dir: Path, jobs: list[_Job]) -> Iterator[tuple[_Job, ToolFailed | None]]:
    """Each job when it is done, with the error of a text that has no sound. Raises ToolMissing, CannotWrite."""

    def make(job: _Job) -> tuple[_Job, ToolFailed | None]:
        try:
            samples = job.make()
        except ToolFailed as error:
            return job, error
        sound.write(_file(sounds_dir, job.name), samples)
        return job, None

    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="prompts") as pool:
        futures = [pool.submit(make, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _file(sounds_dir: Path, name: str) -> Path:
    return sounds_dir / f"{name}.wav"


def _is_there(sounds_dir: Path, name: str) -> bool:
    return _file(sounds_dir, name).is_file()


def _digest(*ingredients: object) -> str:
    return hashlib.sha256(json.dumps([_RECIPE_VERSION, *ingredients]).encode()).hexdigest()[:32]
