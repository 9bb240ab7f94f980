"""A voice whose media are the names of the prompts."""

from __future__ import annotations

from collections.abc import Sequence


class NamedVoice:
    """Media are the names of the prompts, so that a test reads what was said.

    A test may put prompts without sound into `silent`, and free texts that cannot be spoken into `unspeakable`.
    """

    def __init__(self) -> None:
        self.silent: set[str] = set()
        self.unspeakable: set[str] = set()
        self.prompt_seconds = 0.0  # of each prompt

    def seconds(self, names: Sequence[str], municipality: str | None) -> float:
        return self.prompt_seconds * len(self.media(names, municipality))

    def media(self, names: Sequence[str], municipality: str | None) -> tuple[str, ...]:
        return tuple(name for name in names if name not in self.silent)

    async def say(self, text: str) -> tuple[str, ...]:
        return () if text in self.unspeakable else (f"said {text}",)
