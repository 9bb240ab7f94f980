"""Stretches of an operator's states: what each was, from when to when, and their sums over a day.

The row of a session has the state that goes on. When the session changes, the state that is over becomes a stretch,
from the moment at which it began to that at which the next begins; so stretches touch, from login to logout, and their
sum is the time logged in. Instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from ari_app.core.calendar import AMSTERDAM
from ari_app.core.ids import CallId, OperatorNumber, SessionId, TeamCode
from ari_app.core.operators import OperatorSession, OperatorState, PauseReason


@dataclass(frozen=True, slots=True)
class OperatorStretch:
    """The row of one state of one session. `teams`: the operator's, when the state began, the first one first.

    `end_is_estimated`: nobody saw when the state ended.
    """

    session_id: SessionId
    operator: OperatorNumber
    teams: tuple[TeamCode, ...]
    state: OperatorState
    pause_reason: PauseReason | None
    call_id: CallId | None
    from_at: datetime
    until_at: datetime
    end_is_estimated: bool = False

    @property
    def duration(self) -> timedelta:
        return self.until_at - self.from_at


@dataclass(frozen=True, slots=True)
class StateSum:
    """The time in one state; of pauses, for one reason."""

    state: OperatorState
    pause_reason: PauseReason | None
    duration: timedelta


def ended_stretch(
    before: OperatorSession | None, after: OperatorSession, *, is_estimated: bool = False
) -> OperatorStretch | None:
    """The stretch that ends when the row of a session changes; None where its state goes on, or lasted no time."""
    if before is None or not before.is_open or before.state_since_at >= after.state_since_at:
        return None
    return OperatorStretch(
        session_id=before.id,
        operator=before.operator,
        teams=before.teams,
        state=before.state,
        pause_reason=before.pause_reason,
        call_id=before.call_id,
        from_at=before.state_since_at,
        until_at=after.state_since_at,
        end_is_estimated=is_estimated,
    )


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """The beginning of this day in Amsterdam, and of the next one; there are 23 or 25 hours when the clock changes."""
    midnights = (datetime.combine(each, time(), AMSTERDAM) for each in (day, day + timedelta(days=1)))
    begins_at, ends_at = (midnight.astimezone(UTC) for midnight in midnights)
    return begins_at, ends_at


def within(stretches: Iterable[OperatorStretch], begins_at: datetime, ends_at: datetime) -> tuple[OperatorStretch, ...]:
    """The parts of the stretches that lie in this period, in their order."""
    parts = (
        replace(one, from_at=max(one.from_at, begins_at), until_at=min(one.until_at, ends_at)) for one in stretches
    )
    return tuple(sorted((one for one in parts if one.until_at > one.from_at), key=lambda one: one.from_at))


def sums(stretches: Iterable[OperatorStretch]) -> tuple[StateSum, ...]:
    """The time per state and reason of a pause, in the order of the states."""
    totals: dict[tuple[OperatorState, PauseReason | None], timedelta] = {}
    for one in stretches:
        key = (one.state, one.pause_reason)
        totals[key] = totals.get(key, timedelta()) + one.duration
    order = list(OperatorState)
    found = sorted(totals.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or ""))
    return tuple(StateSum(state, reason, duration) for (state, reason), duration in found)
