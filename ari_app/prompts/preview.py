"""A calamity as its callers will hear it, before it is on."""

from __future__ import annotations

from ari_app.prompts import sound
from ari_app.prompts.catalogue import load, speakable
from ari_app.prompts.pronunciation import Pronounce

_PAUSE_SECONDS = 0.3


def calamity_preview(text: str, pronounce: Pronounce) -> bytes:
    """A WAV file: that a message comes, and the message. `pronounce` spells names as the synthesizer must have them.

    Blocks some 100 ms. Raises BadText, ToolMissing, ToolFailed.
    """
    catalogue = load()
    spoken = speakable(pronounce(text))
    samples = sound.speak(catalogue.texts["mededeling"], catalogue.voice) + sound.silence(_PAUSE_SECONDS)
    return sound.as_wav(samples + sound.speak(spoken, catalogue.voice))
