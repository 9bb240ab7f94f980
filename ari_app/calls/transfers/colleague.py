"""The colleague of a transfer: their phone is called, and they hear who is on the line."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from ari_app.calls.call.bridging import prompt_handling_party, start_prompt
from ari_app.calls.call.flow import Flow
from ari_app.calls.call.ringing import CalledPhone, Ringing, create_phone
from ari_app.calls.errors import SwitchUnavailable
from ari_app.calls.messages import Message
from ari_app.core.call import Leg, LegEndReason
from ari_app.core.outbound import shown_number
from ari_app.core.transfer import (
    TargetAnswered,
    TargetBriefed,
    TargetFailed,
    TimeUp,
    Transfer,
    TransferEvent,
    TransferOutcome,
    TransferState,
)
from ari_app.prompts.phrases import colleague as to_colleague
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

_WHY_LEFT: Mapping[LegEndReason | None, TransferOutcome] = {
    LegEndReason.BUSY: TransferOutcome.BUSY,
    LegEndReason.NO_ANSWER: TransferOutcome.NO_ANSWER,
}


async def reach(flow: Flow) -> TransferEvent | None:
    """Call the colleague, or brief them; idempotent, so that a process that resumed the call may do it again."""
    transfer, leg = flow.open_transfer, flow.target
    if transfer is None or transfer.state not in (TransferState.RINGING, TransferState.BRIEFING):
        return None
    if leg is None:
        return TargetFailed(TransferOutcome.UNREACHABLE)
    if transfer.state is TransferState.BRIEFING:
        return await _brief(flow, transfer, leg)
    if flow.shell.registry.is_owned(leg.channel_id):
        return None  # its channel was created before
    return await _create(flow, transfer, leg)


async def _create(flow: Flow, transfer: Transfer, leg: Leg) -> TransferEvent | None:
    endpoint = transfer.to_endpoint
    if endpoint is None and transfer.pii_to_number is not None:
        endpoint = flow.shell.switch.outside(transfer.pii_to_number)
    caller_id = shown_number(flow.area, flow.call.municipality, flow.call.shared_number)
    try:
        if not await create_phone(flow, leg.channel_id, endpoint, caller_id):
            return TargetFailed(TransferOutcome.UNREACHABLE)
    except SwitchUnavailable as error:
        log.warning("colleague_not_called", call_id=str(flow.call.id), error=str(error))
        return TargetFailed(TransferOutcome.UNREACHABLE)
    if transfer.in_presence:
        await prompt_handling_party(flow, to_operator.CALLING_COLLEAGUE)
    return None


async def _brief(flow: Flow, transfer: Transfer, leg: Leg) -> TransferEvent | None:
    """Play municipality, subject and the time on the line. A colleague who must accept takes the caller with a key."""
    if transfer.in_presence:
        await prompt_handling_party(flow, to_operator.COLLEAGUE_BRIEFED)
    subject = await flow.shell.voice.say(transfer.pii_subject) if transfer.pii_subject else ()
    seconds = (flow.now - flow.call.arrived_at).total_seconds()
    words = to_colleague.briefing(flow.call.municipality, subject, seconds, must_accept=transfer.must_accept)
    await start_prompt(flow, leg.channel_id, words)
    if leg.channel_id in flow.prompts_of:
        flow.playing = flow.prompts_of[leg.channel_id]  # so that its end is not missed
        return None
    return None if transfer.must_accept else TargetBriefed()


async def while_it_rings(flow: Flow, transfer: Transfer, message: Message | None) -> TransferEvent | None:
    """The event that this message is for a transfer whose colleague's phone rings, or is about to."""
    leg = flow.leg_of(transfer.to_leg)
    if leg is None:
        return None
    match await CalledPhone(flow.shell.switch, leg.channel_id).heard(message):
        case Ringing.PICKED_UP:
            return TargetAnswered()
        case Ringing.LEFT:
            return TargetFailed(_WHY_LEFT.get(leg.end_reason, TransferOutcome.UNREACHABLE))
        case Ringing.UNREACHABLE:
            await flow.left(leg.channel_id, LegEndReason.UNREACHABLE)
            return TargetFailed(TransferOutcome.UNREACHABLE)
        case Ringing.TIME_UP:
            return TimeUp()
        case None:
            return None
