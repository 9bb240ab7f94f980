"""Errors of prompts.

PromptError
├── ToolMissing       espeak-ng or sox is not installed
├── ToolFailed        espeak-ng or sox refused its input
├── CannotWrite       the sounds directory cannot be written
├── DirectoryInUse    another process makes prompts there, or this one is to stop
├── BadCatalogue      the catalogue of texts contradicts itself
├── BadText           a text or a code cannot be turned into a sound file
└── RecordingRefused  a municipality's own recording cannot be used
"""

from __future__ import annotations

from pathlib import Path


class PromptError(Exception):
    """A prompt cannot be made or used; the message names it and the remedy."""


class ToolMissing(PromptError):
    """A program that makes sound is not installed."""


class ToolFailed(PromptError):
    """A program that makes sound refused its input."""


class CannotWrite(PromptError):
    """The sounds directory cannot be written."""


class DirectoryInUse(PromptError):
    """Another process makes prompts in this directory for too long, or making them was stopped."""


class BadCatalogue(PromptError):
    """The catalogue of texts contradicts itself."""


class BadText(PromptError):
    """A text or a code cannot be turned into a sound file."""


class RecordingRefused(PromptError):
    """A municipality's own recording cannot be used; `problems` holds one line per file."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def cannot_write(file: Path, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"cannot write {file}: {error.strerror or error}; "
        "give the user who runs this a directory with space that it may write (ARI_APP_SOUNDS_DIR)"
    )
