"""The port through which the job that finds due reminders has them spoken by phone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from ari_app.core.ids import OperatorNumber, RequestId, TeamCode
from ari_app.core.reminders import ReminderKind


@dataclass(frozen=True, slots=True)
class SpokenReminder:
    """A reminder to be spoken, to the phone of a team or of its supervisor."""

    id: int  # of its row, the same when the reminder is tried again
    kind: ReminderKind
    owner_team: TeamCode
    owner_operator: OperatorNumber | None
    requests: tuple[RequestId, ...]  # those that must be done first come first
    pii_phone: str = field(repr=False)  # E.164, or a phone of this Asterisk ("PJSIP/phone30")


class Spoken(Enum):
    HEARD = "heard"  # somebody picked up: it is sent
    NOT_HEARD = "not_heard"  # nobody picked up: to be tried again later
    NOT_NOW = "not_now"  # could not be tried: no trunk, Asterisk away, an overload


class ReminderCaller(Protocol):
    async def remind(self, reminder: SpokenReminder) -> Spoken:
        """Ring the phone, say what is due, let it be called with a key; returns when it was picked up, or not."""
        ...
