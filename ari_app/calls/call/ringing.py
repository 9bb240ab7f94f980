"""A phone is rung: an operator's, or the one of a direct number."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.record import ended
from ari_app.calls.errors import DestinationUnavailable, PartyLeft, SwitchUnavailable
from ari_app.calls.messages import Entered, Left, OperatorGone
from ari_app.core.call import Leg, LegEndReason, LegRole
from ari_app.core.causes import Cause
from ari_app.core.ids import ChannelId, Endpoint, new_channel_id, new_leg_id

log = structlog.get_logger(__name__)


async def ring(flow: Flow, endpoint: Endpoint, party: str, until: datetime) -> Leg:
    """Let a phone ring until it is picked up; a leg that is over says why it was not. After a restart it rings on."""
    leg = flow.other_leg() or await _created(flow, endpoint, party)
    channel_id = leg.channel_id
    while leg.is_open and leg.answered_at is None:
        match await flow.next(until):
            case Entered(channel_id=entered) if entered == channel_id:
                try:
                    await flow.shell.switch.dial(channel_id)
                except PartyLeft:
                    await flow.left(channel_id, LegEndReason.UNREACHABLE)
                except SwitchUnavailable as error:
                    # It may ring all the same: a process before this one may have dialled it.
                    log.warning("dial_refused", call_id=str(flow.call.id), error=str(error))
            case Left(channel_id=left, cause=cause, estimated=False, at=at) if left == channel_id:
                reason = LegEndReason.BUSY if cause == Cause.BUSY else LegEndReason.NO_ANSWER
                flow.change_leg(ended(leg, at, reason, cause=cause))
            case OperatorGone(session_id=session_id) if session_id == flow.call.operator_session:
                await _give_up(flow, channel_id, LegEndReason.RELEASED)
            case None:
                await _give_up(flow, channel_id, LegEndReason.NO_ANSWER)
        leg = flow.leg(channel_id) or leg
    if leg.end_reason is LegEndReason.LOST:
        # It was missing when somebody looked; it may have come into being just then.
        with suppress(SwitchUnavailable):
            await flow.shell.switch.hang_up(channel_id)
    return leg


async def _created(flow: Flow, endpoint: Endpoint, party: str) -> Leg:
    """A new channel to this phone, written first."""
    channel_id = new_channel_id(flow.call.id, "operator")
    leg = Leg(new_leg_id(), flow.call.id, channel_id, LegRole.OPERATOR, party, started_at=flow.now)
    await flow.store(legs=(leg,))
    flow.shell.registry.own(channel_id, flow.mailbox)
    try:
        await flow.shell.switch.create(endpoint, channel_id, flow.call.id, flow.call.shared_number or "")
    except DestinationUnavailable:
        flow.shell.registry.disown(channel_id)
        unreachable = ended(leg, flow.now, LegEndReason.UNREACHABLE)
        return flow.change_leg(replace(unreachable, owns_channel=False))  # there never was one
    except SwitchUnavailable:
        await _give_up(flow, channel_id, LegEndReason.UNREACHABLE)
    return flow.leg(channel_id) or leg


async def _give_up(flow: Flow, channel_id: ChannelId, reason: LegEndReason) -> None:
    await flow.release(channel_id, Cause.NO_ANSWER)
    await flow.left(channel_id, reason)


async def whispered(flow: Flow, leg: Leg, names: tuple[str, ...]) -> bool:
    """Say to who picked up what comes; False when they put the phone down meanwhile."""
    if names:
        try:
            await flow.play(names, to=leg.channel_id)
        except PartyLeft as left:
            if left.channel_id == flow.caller:
                raise
            await flow.left(leg.channel_id, LegEndReason.HUNG_UP)
    return flow.is_here(leg.channel_id)
