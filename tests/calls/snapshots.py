"""Snapshots that Asterisk would give of the fake switch and of the channels that came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ari_app.core.ids import ChannelId
from ari_app.core.recovery import LiveChannel, Snapshot
from tests.fakes.switch import WAITING, FakeSwitch


def snapshot_of(
    switch: FakeSwitch, arrivals: Mapping[ChannelId, LiveChannel], now: datetime, begun_at: datetime
) -> Snapshot:
    """All that is in Asterisk now; channels of strangers are there since `begun_at`."""
    channels = {c: _as_seen(c, switch, arrivals) for c in switch.channels}
    channels |= {c: LiveChannel(c, begun_at, True, None) for c in switch.strangers}
    bridges = {bridge_id: frozenset(members) for bridge_id, members in switch.bridges.items()}
    return Snapshot(now, channels, {**bridges, WAITING: frozenset(switch.waiting)})


def _as_seen(channel_id: ChannelId, switch: FakeSwitch, arrivals: Mapping[ChannelId, LiveChannel]) -> LiveChannel:
    arrived, created = arrivals.get(channel_id), switch.created.get(channel_id)
    if arrived is None:
        assert created is not None
        arrived = LiveChannel(channel_id, created[2], False, ("leg", str(created[1])))
    args = None if channel_id in switch.fallback else arrived.stasis_args
    return replace(arrived, is_up=channel_id in switch.up, stasis_args=args)
