"""Parties out of place: the sweep compares the members of bridges with what the rows say.

Somebody else may change what Asterisk has: another application, a command of its console, a phone that takes another's
place. Pure decisions; the owners of the parties put them back.
"""

from __future__ import annotations

from datetime import timedelta

from ari_app.core.call import Call, Leg, Stage
from ari_app.core.operators import OperatorSession
from ari_app.core.recovery import Snapshot, members, places
from ari_app.core.transfer import Transfer

#: how long parties may be on the way after their row was written
SETTLING = timedelta(seconds=2)
#: stages in which the caller, once there is music, belongs where callers wait
_ON_HOLD_IN = (Stage.WAITING, Stage.CONNECTING)


def is_misplaced(call: Call, legs: tuple[Leg, ...], transfer: Transfer | None, snapshot: Snapshot) -> bool:
    """Whether a party of this open call is there, and not in the bridge in which the row wants it.

    A call that was in its stage for less than SETTLING is not judged: its parties may be on the way. Nor is a caller
    for whom nothing was played yet, who belongs in no bridge.
    """
    is_placed_at_all = call.stage is Stage.TALKING or (call.stage in _ON_HOLD_IN and call.has_music)
    if not is_placed_at_all or snapshot.taken_at - call.stage_entered_at < SETTLING:
        return False
    sent_away = [c for leg in legs if (c := snapshot.channels.get(leg.channel_id)) is not None and not c.is_ours]
    if sent_away:
        return True
    together, on_hold = places(call, legs, snapshot, transfer)
    return not (
        together & snapshot.channels.keys() <= members(snapshot, call.bridge_id)
        and on_hold & snapshot.channels.keys() <= snapshot.waiting
    )


def is_line_misplaced(session: OperatorSession, snapshot: Snapshot) -> bool:
    """Whether the standing line of this session is there, and not in the session's bridge."""
    if session.channel_id is None or snapshot.taken_at - session.logged_in_at < SETTLING:
        return False
    return session.channel_id in snapshot.channels and session.channel_id not in members(snapshot, session.bridge_id)
