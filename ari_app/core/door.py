"""Hold at the door: what goes on while the store is away, and for how long. Pure.

A caller who is answered, hears a menu and waits with music takes nothing from anybody: their row may follow when the
store is back. Whoever else is touched, or promised anything, has to be in the store first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ari_app.core.call import Call, Stage

#: how long callers are held at the door while the store is away; afterwards the dialplan's fallback helps them
HOLD = timedelta(seconds=30)
#: how long after a try that failed the next one is made, by one call for all
RETRY = timedelta(milliseconds=500)
#: a failure so long after the last one begins another absence: the heartbeat is tried each second
FORGOTTEN = timedelta(seconds=5)

_AT_THE_DOOR = frozenset({Stage.ARRIVED, Stage.CHOOSING, Stage.ANNOUNCING, Stage.WAITING, Stage.LEAVING_CALLBACK})


@dataclass(frozen=True, slots=True)
class Absence:
    """The store does not answer. Where there is none of these it does, as far as anybody knows."""

    #: the first failure since the last write of a call that succeeded
    since: datetime
    failed_at: datetime  # the last one
    #: when the next try is due; None when the heartbeat was written since, and everybody may try
    retry_at: datetime | None
    #: a write of a call failed, and not only the heartbeat
    has_lost_writes: bool

    @property
    def is_known(self) -> bool:
        """Nobody in silence is kept waiting for a try."""
        return self.retry_at is not None

    def is_over(self, now: datetime) -> bool:
        """It lasts too long for anybody to be held."""
        return now - self.since >= HOLD and not self.is_forgotten(now)

    def is_forgotten(self, now: datetime) -> bool:
        """Nobody has found the store away lately."""
        return now - self.failed_at > FORGOTTEN


def after_failure(absence: Absence | None, now: datetime, *, of_call: bool) -> Absence:
    """After a write that failed, that of a call or of the heartbeat."""
    if absence is None or absence.is_forgotten(now):
        return Absence(now, now, now + RETRY, of_call)
    return replace(absence, failed_at=now, retry_at=now + RETRY, has_lost_writes=absence.has_lost_writes or of_call)


def after_heartbeat(absence: Absence | None) -> Absence | None:
    """After the heartbeat was written. It proves little where calls could not be: only that they may try again."""
    if absence is None or not absence.has_lost_writes:
        return None
    return replace(absence, retry_at=None)


def holds(away_since: datetime | None, now: datetime) -> bool:
    """Whether new callers are taken: the store is there, or was a short while ago. The dialplan has the others."""
    return away_since is None or now - away_since < HOLD


def may_follow(call: Call) -> bool:
    """Whether the row of this call may be written later: a new caller, to whom nothing was promised."""
    is_new = call.answered_at is None and call.callback_request is None and call.ending is None
    return is_new and call.stage in _AT_THE_DOOR and call.pii_callback_number is None


def with_music(call: Call, *, is_up: bool, is_waiting: bool = False) -> Call:
    """The call as it may be by now, after a gap: its row may be older than the music that its caller hears.

    Callers are held with music before their row is written; from a talk only to where callers wait (`is_waiting`).
    """
    may_hear_it = is_up and (call.stage is not Stage.TALKING or is_waiting) and call.callback_request is None
    return replace(call, has_music=call.has_music or may_hear_it)
