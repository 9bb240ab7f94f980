"""References as citizens may say them."""

from __future__ import annotations

from ari_app.core.references import _check_digit


def is_reference(text: str) -> bool:
    """Whether these digits can be a reference; a check digit that fits proves nothing."""
    return text.isascii() and text.isdigit() and len(text) in (7, 9) and _check_digit(text) == 0
