"""Is there somebody: what a phone's registration and its calls say of whoever has it."""

from __future__ import annotations

from enum import StrEnum


class Presence(StrEnum):
    FREE = "free"
    BUSY = "busy"
    UNREACHABLE = "unreachable"  # no phone is registered there, or it does not answer
    UNKNOWN = "unknown"  # nobody can say: a number outside


def presence_of(is_registered: bool, call_count: int) -> Presence:
    """Of one phone."""
    if not is_registered:
        return Presence.UNREACHABLE
    return Presence.BUSY if call_count else Presence.FREE
