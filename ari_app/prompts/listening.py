"""All names of an area in one sound, for a person who hears whether they are pronounced well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ari_app.core.area import Area, Municipality
from ari_app.prompts import sound
from ari_app.prompts.catalogue import load, municipality_prompt, speakable
from ari_app.prompts.pronunciation import pronunciation_of
from ari_app.prompts.recordings import own_recording

_PAUSE_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class Heard:
    """One name: the second at which it begins, and the spelling that is spoken; None where it is a recording."""

    at_seconds: float
    name: str
    spoken: str | None


def listen(area: Area, sounds_dir: Path) -> tuple[sound.Samples[int], list[Heard]]:
    """The names of all municipalities and their aliases, in order, as callers and operators hear them.

    A municipality's own recording of its name is used where there is one. Blocks some 50 ms per name. Raises
    PromptError.
    """
    samples, heard = sound.silence(0.0), []
    for name, spoken, recording in _names(area, sounds_dir):
        heard.append(Heard(len(samples) / sound.RATE, name, None if recording else spoken))
        samples += sound.read(recording, 10.0) if recording else sound.speak(speakable(spoken), load().voice)
        samples += sound.silence(_PAUSE_SECONDS)
    return samples, heard


def _names(area: Area, sounds_dir: Path) -> Iterator[tuple[str, str, Path | None]]:
    """Name, spelling, and the file of a recording."""
    pronounce = pronunciation_of(area)
    for town in sorted(area.municipalities.values(), key=lambda town: town.name):
        yield town.name, town.spoken_name, _recording(town, sounds_dir)
        for alias in town.aliases:
            yield alias, pronounce(alias), None


def _recording(town: Municipality, sounds_dir: Path) -> Path | None:
    prompt = own_recording(municipality_prompt(town.code, "naam"), town.code)
    file = sounds_dir / f"{prompt}.wav"
    return file if file.is_file() else None
