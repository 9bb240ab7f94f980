"""How many callbacks callers may ask for by themselves within an hour: against a flood of requests. Pure.

The limits hold for requests that no person of ours makes: with keys, or after giving up. An operator, or the command,
adds as many as are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ari_app.core.area import CallbackRules
from ari_app.core.callbacks import RequestReason
from ari_app.core.limits import Limit

WINDOW = timedelta(hours=1)
#: requests that callers make without a person of ours
BY_CALLERS = frozenset(
    {
        RequestReason.MENU,
        RequestReason.WAITING,
        RequestReason.CLOSED,
        RequestReason.CALAMITY,
        RequestReason.OVERLOAD,
        RequestReason.ABANDONED,
    }
)


@dataclass(frozen=True, slots=True)
class AskedFor:
    """The wishes of callers within the window, this request not counted."""

    by_caller: int = 0  # different numbers; 0 too for a caller who withholds theirs
    to_number: int = 0
    in_municipality: int = 0


def limit_reached(rules: CallbackRules, asked: AskedFor) -> Limit | None:
    """None while one more request is allowed."""
    if asked.by_caller >= rules.most_per_caller:
        return Limit.CALLER
    if asked.to_number >= rules.most_per_number:
        return Limit.NUMBER
    return Limit.HOUR if asked.in_municipality >= rules.most_per_hour else None
