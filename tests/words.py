"""What a page, a log or a row says, and not what is only a part of something else on it."""

from __future__ import annotations

import re


def says(text: str, digits: str) -> bool:
    """Whether these digits stand there by themselves: the ids of rows are random, and have any three digits in them."""
    return re.search(rf"(?<![\w.:-]){re.escape(digits)}(?![\w.:-]*\w)", text) is not None
