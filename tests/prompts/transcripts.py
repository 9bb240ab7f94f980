"""A phrase as the sentence that a listener hears."""

from __future__ import annotations

from collections.abc import Iterable

from ari_app.prompts.catalogue import load
from tests.prompts.conftest import MUNICIPALITIES


def spoken(phrase: Iterable[str]) -> str:
    """The texts in their order. Raises KeyError for an unknown name."""
    texts = load().prompts()
    for code, name in MUNICIPALITIES:
        texts |= load().prompts_for(code, name)
    return " ".join(texts[name] for name in phrase)
