"""The command of an operator who chose a script during a talk, or took the choice back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.ids import CallId, OperatorNumber, ScriptId


@dataclass(frozen=True, slots=True)
class ChooseScript:
    """The answer that was given: it sets the subject of the call. Without a script the last choice is taken back."""

    script: ScriptId | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class CallScript:
    """The row of one choice, which never changes; the last one of an operator counts. `script` None: taken back.

    `question`: of that version.
    """

    call_id: CallId
    operator: OperatorNumber
    at: datetime
    script: ScriptId | None
    version: int | None
    subject: str
    question: str
