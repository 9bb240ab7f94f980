"""Parties out of place: the sweep compares the members of bridges with what the rows say.

Somebody else may change what Asterisk has: another application, a command of its console, a phone that takes another's
place. Pure decisions; the owners of the parties put them back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ari_app.core.call import Call, Leg, Stage
from ari_app.core.ids import BridgeId, ChannelId
from ari_app.core.operators import OperatorSession
from ari_app.core.recovery import TALK_PREFIX, WAITING_PREFIX, Snapshot, members, places
from ari_app.core.transfer import Transfer

#: how long parties may be on the way after their row was written
SETTLING = timedelta(seconds=2)
#: stages in which the caller, once there is music, belongs where callers wait
_ON_HOLD_IN = (Stage.WAITING, Stage.CONNECTING, Stage.SURVEY)


def misplaced(call: Call, legs: tuple[Leg, ...], transfer: Transfer | None, snapshot: Snapshot) -> frozenset[ChannelId]:
    """The parties of this open call that are there, and not in the bridge in which the row wants them.

    A call that was in its stage for less than SETTLING is not judged: its parties may be on the way. Nor is a caller
    for whom nothing was played yet, who belongs in no bridge.
    """
    is_placed_at_all = call.stage is Stage.TALKING or (call.stage in _ON_HOLD_IN and call.has_music)
    if not is_placed_at_all or snapshot.taken_at - call.stage_entered_at < SETTLING:
        return frozenset()
    parties = (leg.channel_id for leg in legs)
    sent_away = {c for c in parties if c in snapshot.channels and not snapshot.channels[c].is_ours}
    together, on_hold = places(call, legs, snapshot, transfer)
    elsewhere = (together - members(snapshot, call.bridge_id)) | (on_hold - snapshot.waiting)
    return frozenset(sent_away | (elsewhere & snapshot.channels.keys()))


def is_line_misplaced(session: OperatorSession, snapshot: Snapshot) -> bool:
    """Whether the standing line of this session is there, and not in the session's bridge."""
    if session.channel_id is None or snapshot.taken_at - session.logged_in_at < SETTLING:
        return False
    return session.channel_id in snapshot.channels and session.channel_id not in members(snapshot, session.bridge_id)


def strangers(
    calls: Iterable[tuple[Call, tuple[Leg, ...]]], sessions: Iterable[OperatorSession], snapshot: Snapshot
) -> set[tuple[BridgeId, ChannelId]]:
    """Who is in a bridge of ours and does not belong there, by the rows: each with that bridge.

    `calls`: the open ones with their open legs, of which each may be in the bridge of its talk, and where callers wait.
    A channel that the snapshot does not list came into being while it was taken, and is not judged.
    """
    belongs: dict[BridgeId, set[ChannelId]] = {}
    parties: set[ChannelId] = set()
    for call, legs in calls:
        channels = {call.channel_id, *(leg.channel_id for leg in legs)}
        parties |= channels
        if call.bridge_id is not None:
            belongs.setdefault(call.bridge_id, set()).update(channels)
    for session in sessions:
        if session.bridge_id is not None and session.channel_id is not None:
            belongs.setdefault(session.bridge_id, set()).add(session.channel_id)
    found: set[tuple[BridgeId, ChannelId]] = set()
    for bridge_id, inside in snapshot.bridges.items():
        if bridge_id.startswith(TALK_PREFIX):
            wanted = belongs.get(bridge_id, set())
        elif bridge_id.startswith(WAITING_PREFIX):
            wanted = parties
        else:
            continue
        found |= {(bridge_id, channel) for channel in (inside & snapshot.channels.keys()) - wanted}
    return found
