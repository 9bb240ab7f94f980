"""Prompts: one catalogue of Dutch texts, the sound made from it, and a municipality's own recordings.

`phrases` composes them and needs nothing else. The functions here block: call them in a thread from asyncio.
"""

from ari_app.prompts.build import BuildReport, build, build_music, expected, missing, require_speakable
from ari_app.prompts.errors import PromptError, RecordingRefused
from ari_app.prompts.recordings import ImportReport, import_recordings, own_recordings, remove_recordings

__all__ = [
    "BuildReport",
    "ImportReport",
    "PromptError",
    "RecordingRefused",
    "build",
    "build_music",
    "expected",
    "import_recordings",
    "missing",
    "own_recordings",
    "remove_recordings",
    "require_speakable",
]
