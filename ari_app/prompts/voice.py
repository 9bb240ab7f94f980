"""The voice of a running application: media for prompt names, and sound for texts that have none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ari_app.core.area import Area
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts import sound
from ari_app.prompts.build import build, build_music
from ari_app.prompts.errors import DirectoryInUse, PromptError
from ari_app.prompts.manifest import Making
from ari_app.prompts.phrases.parts import RING_TONE
from ari_app.prompts.pronunciation import pronunciation_of
from ari_app.prompts.recordings import own_recording
from ari_app.prompts.spoken import forget, speak_for_now

#: a caller or operator on the line does not wait longer than this for a text to be made
SPEAK_SECONDS = 5.0
#: calls are not handled before: a process that is frozen while it makes prompts must not hold its standby up
LOCK_SECONDS = 5.0

log = structlog.get_logger(__name__)


class PromptVoice:
    """Media for prompt names. A municipality's own recordings are looked up at each use: a new one is heard at once."""

    def __init__(self, sounds_dir: Path, area: Callable[[], Area] = Area) -> None:
        self._sounds_dir = sounds_dir
        self._area = area

    def media(self, names: Sequence[str], municipality: str | None) -> tuple[str, ...]:
        return media_of(self._sounds_dir, None if municipality is None else MunicipalityCode(municipality), names)

    def seconds(self, names: Sequence[str], municipality: str | None) -> float:
        """How long these prompts take; looks at files as `media` does."""
        files = (item.removeprefix("sound:") for item in self.media(names, municipality) if item != RING_TONE)
        return sum(sound.seconds_of(Path(f"{file}.wav")) for file in files)

    async def say(self, text: str) -> tuple[str, ...]:
        """The prompt of a free text, made now if need be; empty if it cannot be spoken."""
        try:
            async with asyncio.timeout(SPEAK_SECONDS):
                spoken = pronunciation_of(self._area())(text)
                return (await asyncio.to_thread(speak_for_now, self._sounds_dir, spoken),)
        except (PromptError, TimeoutError) as error:
            log.warning("text_not_spoken", error=type(error).__name__)  # its message may contain the text
            return ()

    async def forget(self) -> None:
        """Remove free texts that were not used for a day."""
        try:
            await asyncio.to_thread(forget, self._sounds_dir, datetime.now(UTC))
        except PromptError as error:
            log.warning("speech_not_removed", error=str(error))


def media_of(sounds_dir: Path, municipality: MunicipalityCode | None, names: Iterable[str]) -> tuple[str, ...]:
    """ARI media of the names; where the municipality has its own recording of a text, that recording.

    Looks at the file system, a few microseconds per name. A text about a municipality uses that municipality's own
    recording. A name without any sound is left out: playing the rest helps the caller more than a failed playback.
    """
    media: list[str] = []
    for name in names:
        if name == RING_TONE:
            media.append(name)
            continue
        own = own_recording(name, municipality)
        path = next((p for p in (own, name) if p is not None and (sounds_dir / f"{p}.wav").is_file()), None)
        if path is not None:
            media.append(f"sound:{(sounds_dir / path).absolute()}")
    return tuple(media)


async def make_prompts(sounds_dir: Path, area: Area) -> bool:
    """Make the missing sound of the catalogue, and of every municipality and calamity of the area.

    Callers are connected without it too: a prompt without sound is left out. False: another process was busy with it
    for so long that it is to be tried again later. Cancelled, it stops within a fraction of a second.
    """
    names = [(m.code, m.spoken_name) for m in area.municipalities.values()]
    texts = [calamity.text for calamity in area.calamities]
    making = Making(LOCK_SECONDS)
    try:
        await asyncio.to_thread(build_music, sounds_dir / "music", making)
        pronounce = pronunciation_of(area)
        report = await asyncio.to_thread(build, sounds_dir, names, texts, pronounce=pronounce, making=making)
    except DirectoryInUse as error:
        log.warning("prompts_not_made", error=str(error))
        return False
    except PromptError as error:
        log.error("prompts_not_made", error=str(error))
        return True
    finally:
        making.stopped.set()  # after a cancellation its thread goes on
    if report.failed:
        name, why = next(iter(report.failed.items()))
        log.error("prompts_not_made", count=len(report.failed), first=name, error=why)
    return True
