"""What a supervisor did to an operator's state, for as long as the operator has to know it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.core.commands import What
from ari_app.core.operators import OperatorState, PauseReason

#: ready leads to a call at once, and then it is not news any more
READY_FOR = timedelta(minutes=15)
LOGGED_OUT_FOR = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class ForcedState:
    """The last command of a supervisor that an operator's session followed. `why`: in the supervisor's words."""

    what: What
    pause_reason: PauseReason | None
    why: str
    at: datetime


def is_news(
    forced: ForcedState,
    state: OperatorState,
    pause: PauseReason | None,
    *,
    logout_pending: bool,
    now: datetime,
) -> bool:
    """Whether it is what the operator sees now, or what is to come after their call. `pause`: the one or the other."""
    match forced.what:
        case What.PAUSE:
            return pause is not None and pause is forced.pause_reason
        case What.LOG_OUT:
            is_over = state is OperatorState.AWAY and now - forced.at <= LOGGED_OUT_FOR
            return logout_pending or is_over
        case What.READY:
            return state is not OperatorState.AWAY and pause is None and now - forced.at <= READY_FOR
    return False
