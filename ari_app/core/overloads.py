"""The record of an overload: from the first step that was left out to the moment at which none was. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ari_app.core.admission import Level, Signal, Step
from ari_app.core.ids import AsteriskId, OverloadId, new_overload_id


@dataclass(frozen=True, slots=True)
class Overload:
    """The row of an overload, but for whether its end is an estimate: the end of one that its process saw never is.

    `step`: the highest that was reached; `signal`: what asked for it.
    """

    id: OverloadId
    asterisk_id: AsteriskId
    began_at: datetime
    step: Step
    signal: Signal
    turned_away: int = 0  # callers whom the application told so; those who heard busy before are calls of their own
    ended_at: datetime | None = None


def after_level(
    overload: Overload | None, level: Level, asterisk_id: AsteriskId, turned_away: int, now: datetime
) -> Overload | None:
    """The overload as of this level, its end included; None while everything is normal.

    `turned_away`: since the overload began.
    """
    if overload is None or overload.ended_at is not None:
        if level.step is Step.NORMAL or level.signal is None:
            return None
        return Overload(new_overload_id(), asterisk_id, level.since, level.step, level.signal, turned_away)
    if level.step is Step.NORMAL:
        return replace(overload, ended_at=max(now, overload.began_at), turned_away=turned_away)
    is_higher = level.step > overload.step and level.signal is not None
    step, signal = (level.step, level.signal) if is_higher else (overload.step, overload.signal)
    return replace(overload, step=step, signal=signal or overload.signal, turned_away=turned_away)
