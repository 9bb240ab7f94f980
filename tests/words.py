"""What a page, a log or a row says, and not what is only a part of something else on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence


def says(text: str, digits: str) -> bool:
    """Whether these digits stand there by themselves: the ids of rows are random, and have any three digits in them."""
    return re.search(rf"(?<![\w.:-]){re.escape(digits)}(?![\w.:-]*\w)", text) is not None


def strings(value: object) -> Iterator[str]:
    """Every text in a value as JSON has them, however deep; names of fields are none."""
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from strings(one)
        case Sequence():
            for one in value:
                yield from strings(one)
