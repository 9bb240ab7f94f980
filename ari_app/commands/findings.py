"""What `ari-app check` finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is empty when it is as it should be."""

    what: str
    is_fine: bool
    detail: str
    remedy: str = ""
