"""Commands of supervisors about a whole municipality, today: a calamity, and closing early. They change rows only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.area import AfterCalamity


@dataclass(frozen=True, slots=True)
class SetCalamity:
    """Let every caller hear a text first (AV §1).

    `from_at` None, or over: from now on; `until_at` None: until it is ended.
    """

    text: str
    from_at: datetime | None = None
    until_at: datetime | None = None
    then: AfterCalamity = AfterCalamity.QUEUE


@dataclass(frozen=True, slots=True)
class EndCalamity:
    """End the calamity that began, or is planned, at this moment; without one all of the municipality."""

    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CloseEarly:
    """Close from a moment on (None, or over: from now on) until another one (None: the end of that day).

    Beside what the area file says.
    """

    until_at: datetime | None
    reason: str
    from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenAgain:
    """End every early closing, those that are still to come included."""


AreaCommand = SetCalamity | EndCalamity | CloseEarly | OpenAgain
