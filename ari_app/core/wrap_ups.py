"""The wrap-up of a talk: what it was about and what came of it, as its operator says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.ids import CallId, OperatorNumber

LONGEST_NOTE = 4000
_CODE = re.compile(r"([a-z0-9][a-z0-9_.-]{0,63})?")


@dataclass(frozen=True, slots=True)
class WrapUp:
    """The command that stores it, during the talk or after; what is said last counts.

    `subject` and `result` are codes of the municipality's lists, and may be empty. Raises ValueError for a text that is
    no code, which may be personal, and for a note that is too long.
    """

    subject: str = ""
    result: str = ""
    pii_note: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, text in (("subject", self.subject), ("result", self.result)):
            if _CODE.fullmatch(text) is None:
                raise ValueError(f"{name}: a code has small letters, digits and .-_, and at most 64 of them")
        if len(self.pii_note) > LONGEST_NOTE:
            raise ValueError(f"a note has at most {LONGEST_NOTE} characters")


@dataclass(frozen=True, slots=True)
class CallWrapUp:
    """The row: one per call and operator who talked in it."""

    call_id: CallId
    operator: OperatorNumber
    subject: str
    result: str
    saved_at: datetime
    pii_note: str = field(default="", repr=False)
