"""Texts that callers hear, looked over before they are on."""

from __future__ import annotations

import asyncio

from ari_app.prompts.build import require_speakable
from ari_app.prompts.errors import PromptError


async def is_speakable(text: str) -> bool:
    """Whether a text can be spoken, and has nothing that cannot be shown."""
    try:
        await asyncio.to_thread(require_speakable, text)
    except PromptError:
        return False
    return bool(text) and text.isprintable()
