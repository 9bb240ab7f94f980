"""Caller and operator talk, until one of them puts the phone down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.flow import NEWS_PATIENCE, End, Flow, Step
from ari_app.calls.news import CallJoined, Digit, OperatorGone
from ari_app.calls.parting import free_operator, leave_bridge
from ari_app.calls.stages.choice import NO_LONGER_DIRECT, queued
from ari_app.core.call import EndReason, Fact, FactKind, Leg, LegEndReason
from ari_app.core.ids import ChannelId, OperatorNumber

#: an operator who is gone sooner than this was not heard by the caller
HEARD_AFTER = timedelta(milliseconds=500)


async def talking(flow: Flow) -> Step | End:
    operator = flow.other_leg()
    if operator is None:
        return End(EndReason.OPERATOR_HUNG_UP)
    try:
        await _ensure_connected(flow, operator)
    except (PartyLeft, SwitchUnavailable) as error:
        if not await _operator_left(flow, operator.channel_id, error):
            flow.call = replace(flow.call, answered_at=None)
            raise
        return await _unheard(flow, operator)
    mailbox = flow.session_mailbox(flow.call.operator_session)
    if mailbox is not None:
        mailbox.post(CallJoined(flow.call.id, flow.call.answered_at or flow.now))
    while flow.is_here(operator.channel_id):
        match await flow.next():
            case OperatorGone(session_id=session_id) as gone if session_id == flow.call.operator_session:
                flow.end_standing_leg(gone)
                break
            case Digit(channel_id=pressed_by) as digit if pressed_by == operator.channel_id and mailbox is not None:
                mailbox.post(digit)  # the keys of an operator whose phone was rung
    answered_at = flow.call.answered_at
    if answered_at is not None and flow.now - answered_at < HEARD_AFTER:
        return await _unheard(flow, operator)
    return End(EndReason.OPERATOR_HUNG_UP)


async def _ensure_connected(flow: Flow, operator: Leg) -> None:
    bridge_id, switch = flow.call.bridge_id, flow.shell.switch
    if bridge_id is not None and not flow.is_placed:
        await flow.hush()
        if operator.owns_channel:
            await switch.ensure_talk_bridge(bridge_id)
            await switch.ensure_in_bridge(bridge_id, operator.channel_id, keys_stay_here=True)
        await switch.ensure_in_bridge(bridge_id, flow.caller)
    if flow.call.has_music:
        await switch.ensure_no_music(flow.caller)


async def _operator_left(flow: Flow, channel_id: ChannelId, error: Exception) -> bool:
    """After an order failed: whether it was because the operator left. Raises PartyLeft when the caller did."""
    until = flow.now + NEWS_PATIENCE
    while flow.is_here(channel_id):
        match await flow.next(until):
            case OperatorGone(session_id=session_id) as gone if session_id == flow.call.operator_session:
                flow.end_standing_leg(gone)
                return True
            case None if isinstance(error, PartyLeft) and error.channel_id == channel_id:
                await flow.left(channel_id, LegEndReason.HUNG_UP)
            case None:
                return False
    return True


async def _unheard(flow: Flow, operator: Leg) -> Step:
    """The operator left as the caller came in: nobody has spoken to them yet, so they wait on in their old place."""
    call, now = flow.call, flow.now
    free_operator(flow, 0)
    await leave_bridge(flow)
    caller = flow.leg(flow.caller)
    if caller is not None:
        flow.change_leg(replace(caller, joined_at=None))
    changes = NO_LONGER_DIRECT | {"answered_at": None, "operator_session": None, "bridge_id": None}
    if operator.owns_channel and call.operator_session is not None and operator.party is not None:
        changes["refused_by"] = (*call.refused_by, OperatorNumber(operator.party))
    return queued(flow, changes, [Fact(now, FactKind.OFFER_FAILED, {"why": "operator_left"})])
