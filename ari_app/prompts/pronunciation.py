"""Names in free texts, spelled as the synthesizer must have them: "de brug in Wijchen" becomes "de brug in Wiechen"."""

from __future__ import annotations

import re
from collections.abc import Callable

from ari_app.core.area import Area

Pronounce = Callable[[str], str]


def as_written(text: str) -> str:
    """The text itself: no name has another spelling."""
    return text


def pronunciation_of(area: Area) -> Pronounce:
    """A function that replaces the names of municipalities by their `spoken` spelling, as whole words in any case."""
    spoken = {town.name.casefold(): town.spoken for town in area.municipalities.values() if town.spoken is not None}
    if not spoken:
        return as_written
    longest_first = sorted(spoken, key=len, reverse=True)
    names = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    return lambda text: names.sub(lambda found: spoken[found[0].casefold()], text)
