"""A promise to call back that no call leads to: a citizen came to the desk, wrote, or hung up a moment ago."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.ids import OperatorNumber, TeamCode

#: so long ago a citizen may have asked for it; what is older was promised to nobody by now
FIRST_CONTACT_DAYS = 31


@dataclass(frozen=True, slots=True)
class MakePromise:
    """Promise that somebody of the municipality is called back. `pii_number` may be in any notation.

    `first_contact_at` starts the deadline (AV §2); None: now. `entry`: a person or department of the directory.
    """

    pii_number: str = field(repr=False)
    subject: str = ""
    pii_note: str = field(default="", repr=False)
    team: TeamCode | None = None
    operator: OperatorNumber | None = None
    entry: str | None = None
    first_contact_at: datetime | None = None
