"""A snapshot of Asterisk's channels and bridges, for `core.recovery.plan`."""

from __future__ import annotations

import re
from datetime import datetime

from ari_app.ari.client import AriClient
from ari_app.ari.snapshots import ChannelSnapshot
from ari_app.core.ids import BridgeId, ChannelId
from ari_app.core.recovery import LiveChannel, Snapshot

#: the ids that `core.ids.new_channel_id` makes: channels that we created
_MADE_BY_US = re.compile(r"^[a-z]+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9a-f]{8}$")


async def take_snapshot(ari: AriClient, application: str, now: datetime) -> Snapshot:
    """Take it, channels first: a channel in a bridge but not in the list was created in between, and is not judged.

    Raises AriError.
    """
    channels = await ari.channels.list()
    bridges = await ari.bridges.list()
    return Snapshot(
        taken_at=now,
        channels={ChannelId(channel.id): live_channel(channel, application) for channel in channels},
        bridges={BridgeId(b.id): frozenset(map(ChannelId, b.channel_ids)) for b in bridges if b.creator == "Stasis"},
    )


def live_channel(channel: ChannelSnapshot, application: str) -> LiveChannel:
    """A channel of ARI as the core sees it."""
    return LiveChannel(
        id=ChannelId(channel.id),
        created_at=channel.created_at,
        is_up=channel.is_up,
        stasis_args=_stasis_args(channel, application),
        caller_number=channel.pii_caller_number,
        name=channel.name,
    )


def _stasis_args(channel: ChannelSnapshot, application: str) -> tuple[str, ...] | None:
    if _MADE_BY_US.match(channel.id):
        return ("leg",)
    name, _, args = channel.app_data.partition(",")
    if not channel.is_in_stasis or name != application:
        return None
    return tuple(args.split(","))
