"""The channels about whose end or answer nobody was told, while no process listened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ari_app.core.ids import ChannelId
from ari_app.core.recovery import CloseCall, CloseLine, CloseSession, Order, ResumeCall, ResumeLine


def unseen_channels(orders: Collection[Order]) -> dict[ChannelId, datetime]:
    """The channels whose end or answer was not seen, and since when each of them was there."""
    gone: dict[ChannelId, datetime] = {}
    for order in orders:
        match order:
            case ResumeCall(call=call, legs=legs, missing=missing, up=up):
                answered = {leg.channel_id for leg in legs if leg.answered_at is None}.intersection(up)
                gone |= dict.fromkeys((*missing, *answered), call.arrived_at)
            case CloseCall(call=call, legs=legs):
                gone |= {call.channel_id: call.arrived_at, **{leg.channel_id: leg.started_at for leg in legs}}
            case CloseSession(session=session) if session.channel_id is not None:
                gone[session.channel_id] = session.logged_in_at
            case ResumeLine(line=line, is_up=True) if line.answered_at is None:
                gone[line.channel_id] = line.started_at
            case CloseLine(line=line):
                gone[line.channel_id] = line.started_at
    return gone
