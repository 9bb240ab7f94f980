"""What may keep a promise to call back from being kept, of a request that is open. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Risk(StrEnum):
    """In the order in which they matter."""

    OVERDUE = "overdue"
    DEADLINE_NEAR = "deadline_near"  # the reminder before the deadline is due
    DECISION = "decision"  # no attempt is planned any more: a person decides
    OWNER_ABSENT = "owner_absent"
    NOBODY_LOGGED_IN = "nobody_logged_in"  # of its team, on the day on which it must be called


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the risks of one request follow from. `plan_by_at`: the last moment at which it can be called in time."""

    deadline_at: datetime
    plan_by_at: datetime
    remind_before_minutes: int
    next_attempt_at: datetime | None
    is_being_called: bool
    owner_is_absent: bool
    team_is_there: bool


def risks(one: Prospect, now: datetime, tomorrow_at: datetime) -> tuple[Risk, ...]:
    """None at all: it goes as it should. `tomorrow_at`: midnight in the Netherlands."""
    near_at = one.plan_by_at - timedelta(minutes=one.remind_before_minutes)
    found = {
        Risk.OVERDUE: one.deadline_at <= now,
        Risk.DEADLINE_NEAR: near_at <= now < one.deadline_at,
        Risk.DECISION: one.next_attempt_at is None and not one.is_being_called,
        Risk.OWNER_ABSENT: one.owner_is_absent,
        Risk.NOBODY_LOGGED_IN: not one.team_is_there and one.plan_by_at < tomorrow_at,
    }
    return tuple(risk for risk, is_so in found.items() if is_so)
