"""Presence: whether a phone can be reached, by its registration and its calls."""

from __future__ import annotations

from enum import StrEnum


class Presence(StrEnum):
    FREE = "free"
    BUSY = "busy"
    UNREACHABLE = "unreachable"  # no phone is registered there, or it does not answer
    UNKNOWN = "unknown"  # a number outside: nobody can say


def presence_of(is_registered: bool, call_count: int) -> Presence:
    """Of the one phone at an endpoint; `call_count` counts its calls now."""
    if not is_registered:
        return Presence.UNREACHABLE
    return Presence.BUSY if call_count else Presence.FREE
