"""What a running application says: media for the names of prompts, and sound for what has none yet."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from ari_app.core.directory import Directory
from ari_app.core.ids import MunicipalityCode
from ari_app.prompts.build import build, build_music, say
from ari_app.prompts.errors import PromptError
from ari_app.prompts.phrases import resolve

log = structlog.get_logger(__name__)


class PromptVoice:
    """Media for prompt names; looks for a municipality's own recordings at each use, so a new one is heard at once."""

    def __init__(self, sounds_dir: Path) -> None:
        self._sounds_dir = sounds_dir

    def media(self, names: Sequence[str], municipality: str | None) -> tuple[str, ...]:
        return resolve(self._sounds_dir, None if municipality is None else MunicipalityCode(municipality), names)

    async def say(self, text: str) -> tuple[str, ...]:
        """The prompt of somebody's own words, made now if need be; none where it cannot be spoken."""
        try:
            return (await asyncio.to_thread(say, self._sounds_dir, text),)
        except PromptError as error:
            log.warning("text_not_spoken", error=type(error).__name__)
            return ()


async def make_prompts(sounds_dir: Path, directory: Directory) -> None:
    """Make sound of what has none yet, for every municipality and calamity text of the area.

    Without it callers are still connected: a prompt that has no sound is left out.
    """
    names = [(m.code, m.name) for m in directory.municipalities.values()]
    texts = [calamity.text for calamity in directory.calamities]
    try:
        await asyncio.to_thread(build_music, sounds_dir / "music")
        await asyncio.to_thread(build, sounds_dir, names, texts)
    except PromptError as error:
        log.error("prompts_not_made", error=str(error))
