"""A colleague is being reached, told who comes, and perhaps spoken with, until somebody has the caller."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.calls.call.bridging import arrange, let_go, prompt_handling_party
from ari_app.calls.call.cleanup import end_standing_leg, leave_bridges, transfer_over, wrap_up
from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.call.keys import read_key
from ari_app.calls.callbacks.commands import confirmation
from ari_app.calls.channel_owner import BROKEN_OFF_PATIENCE
from ari_app.calls.errors import PartyLeft
from ari_app.calls.messages import CommandAsked, Digit, Left, Message, OperatorGone, Played, Up
from ari_app.calls.transfers.colleague import reach, while_it_rings
from ari_app.calls.transfers.recall import come_back
from ari_app.calls.transfers.requests import judge
from ari_app.core.call import Fact, FactKind, LegEndReason, Stage
from ari_app.core.call_changes import WITH_NOBODY, CallChanges
from ari_app.core.causes import Cause
from ari_app.core.destinations import ACCEPT_SECONDS
from ari_app.core.ids import BridgeId, new_bridge_id
from ari_app.core.operator_commands import Answer, CallbackCommand, Refused
from ari_app.core.transfer import (
    HandlingPartyLeft,
    TargetBriefed,
    TargetLeft,
    TimeUp,
    Transfer,
    TransferEvent,
    TransferOutcome,
    TransferState,
)
from ari_app.core.transfer_rules import Then, layout, step
from ari_app.prompts.phrases import operator as to_operator

ACCEPT_KEY = "1"
Happened = tuple[TransferEvent, datetime]


async def carry_out_transfer(flow: Flow) -> Step | None:
    """Until the transfer is over; None when caller and handling party are together again, in the same stage."""
    await flow.commit()
    if not flow.is_placed:
        trouble = await _made_so(flow)
        if trouble is not None:
            return await _follow(flow, trouble, flow.now)
    flow.is_placed = False
    await part_from_handling_party(flow)
    happened = _now(flow, await reach(flow))
    while True:
        while happened is None:
            message = await flow.next(None if flow.open_transfer is None else flow.open_transfer.until_at)
            happened = await _event_of(flow, message)
        before = flow.transfer
        outcome = await _follow(flow, *happened)
        if outcome is not None or flow.open_transfer is None:
            return outcome
        happened = None if flow.transfer is before else _now(flow, await reach(flow))


async def part_from_handling_party(flow: Flow) -> None:
    """Who handed the caller over, and is not to speak with the colleague, is free."""
    transfer = flow.open_transfer
    if transfer is not None and not transfer.in_presence:
        wrap_up(flow, transfer.from_session)
        target = flow.target
        await let_go(flow, keep={flow.caller, *(() if target is None else (target.channel_id,))})
        await leave_bridges(flow)


# --- what happened ---


def _now(flow: Flow, event: TransferEvent | None) -> Happened | None:
    return None if event is None else (event, flow.now)


async def _event_of(flow: Flow, message: Message | None) -> Happened | None:
    """The event that the news is for the transfer; what else it means is done here."""
    transfer, target, handling_party = flow.open_transfer, flow.target, flow.handling_party
    if transfer is None:
        return None
    target_channel = None if target is None else target.channel_id
    handling_channel = None if handling_party is None else handling_party.channel_id
    if transfer.state is TransferState.RINGING:
        event = await while_it_rings(flow, transfer, message)
        if event is not None:
            return event, message.at if isinstance(message, Up | Left) else flow.now
    match message:
        case None:
            return TimeUp(), flow.now
        case Left():
            return _left(flow, transfer, message)
        case OperatorGone(session_id=session_id) if session_id == flow.call.operator_session:
            end_standing_leg(flow, message)
            return HandlingPartyLeft(), message.at
        case Played(playback_id=over) if target_channel is not None and flow.prompts_of.get(target_channel) == over:
            return await _briefed(flow, transfer, message)
        case Digit(channel_id=by, digit=digit) if by == target_channel:
            accepts = transfer.state is TransferState.BRIEFING and digit == ACCEPT_KEY and transfer.must_accept
            return (TargetBriefed(), flow.now) if accepts else None
        case Digit(channel_id=by) if by == handling_channel:
            await read_key(flow, message)
        case CommandAsked():
            return _now(flow, await asked(flow, message))
    return None


async def _briefed(flow: Flow, transfer: Transfer, played: Played) -> Happened | None:
    """The colleague heard who comes. What broke off mostly means a hang-up, whose own news follows."""
    flow.prompts_of = {channel: said for channel, said in flow.prompts_of.items() if said != played.playback_id}
    flow.playing = None
    if played.failed:
        message = await flow.next(flow.now + BROKEN_OFF_PATIENCE)
        happened = None if message is None else await _event_of(flow, message)
        if happened is not None:
            return happened
    return None if transfer.must_accept else (TargetBriefed(), flow.now)


def _left(flow: Flow, transfer: Transfer, message: Left) -> Happened | None:
    """Somebody but the caller is gone; their part is closed already, for the reason that a hang-up has."""
    leg = flow.leg(message.channel_id)
    if leg is None:
        return None
    if leg.id == transfer.to_leg:
        return TargetLeft(), message.at
    return (HandlingPartyLeft(), message.at) if leg.id == flow.call.handled_by else None


async def asked(flow: Flow, request: CommandAsked) -> TransferEvent | None:
    """A request while a transfer is open: it concerns that one, or is refused."""
    verdict = await judge(flow, request)
    await answer(flow, request, verdict.answer)
    return verdict.event


async def answer(flow: Flow, request: CommandAsked, says: Answer) -> None:
    """Say it to who asked: by value, and to a colleague, who has no screen, also aloud."""
    request.answer(says)
    by_phone = flow.handling_party is not None and request.by == flow.handling_party.channel_id
    if isinstance(says, Refused) and by_phone:
        await prompt_handling_party(flow, to_operator.refusal(says.reason, says.deputy))
    if not isinstance(says, Refused) and isinstance(request.command, CallbackCommand):
        await prompt_handling_party(flow, confirmation(request.command, says))


# --- what follows ---


async def _follow(flow: Flow, event: TransferEvent, at: datetime) -> Step | None:
    """Write, then act. None: the transfer goes on, or caller and handling party do."""
    before = flow.open_transfer
    assert before is not None
    after, then = step(before, event, at)
    if after is before:
        return None
    flow.change_transfer(after)
    match then:
        case Then.GO_ON:
            return await _go_on(flow, before, after)
        case Then.HANDLING_PARTY_TALKS:
            await flow.commit(transfer_over(after))
            await _stop_reaching(flow, after)
            await flow.commit()
            return None
        case Then.TARGET_TALKS:
            return _to_target(flow, after)
        case _:
            await _stop_reaching(flow, after)
            return await come_back(flow, after, [transfer_over(after)])


async def _go_on(flow: Flow, before: Transfer, after: Transfer) -> Step | None:
    fact = Fact(flow.now, FactKind.TRANSFER_STATE, {"state": after.state.value, "to": after.to_party})
    if before.in_presence and not after.in_presence:
        end_standing_leg(flow, at=flow.now)
        return Step(Stage.CONNECTING, (fact,), WITH_NOBODY)
    if after.state is TransferState.BRIEFING:
        patience = timedelta(seconds=ACCEPT_SECONDS) if after.must_accept else timedelta(seconds=60)
        flow.change_transfer(replace(after, until_at=flow.now + patience))
    await flow.commit(fact)
    if after.state is TransferState.CONFERENCED:
        await prompt_handling_party(flow, to_operator.ALL_THREE)
    trouble = await _made_so(flow)
    return None if trouble is None else await _follow(flow, trouble, flow.now)


async def _made_so(flow: Flow) -> TransferEvent | None:
    """Everybody is where the transfer wants them, or somebody cannot be put there and leaves the transfer."""
    transfer = flow.open_transfer
    assert transfer is not None
    try:
        await arrange(flow, layout(transfer))
    except PartyLeft as left:
        if left.channel_id == flow.caller:
            raise
        await flow.left(left.channel_id, LegEndReason.HUNG_UP)
        is_target = flow.leg_of(transfer.to_leg) == flow.leg(left.channel_id)
        return TargetLeft() if is_target else HandlingPartyLeft()
    return None


async def _stop_reaching(flow: Flow, transfer: Transfer) -> None:
    """The colleague is let go, for the reason for which the transfer is over."""
    leg = flow.leg_of(transfer.to_leg)
    if leg is not None and leg.is_open:
        reason = LegEndReason.NO_ANSWER if transfer.outcome is TransferOutcome.NO_ANSWER else LegEndReason.RELEASED
        await flow.release(leg.channel_id, Cause.NO_ANSWER)
        await flow.left(leg.channel_id, reason)
    if transfer.outcome is not None and transfer.in_presence:
        await prompt_handling_party(flow, to_operator.outcome(transfer.outcome))


def _to_target(flow: Flow, transfer: Transfer) -> Step:
    """The colleague has the caller."""
    target = flow.leg_of(transfer.to_leg)
    assert target is not None
    now = flow.now
    end_standing_leg(flow, at=now)
    changes: CallChanges = {
        "operator_session": None,
        "handled_by": target.id,
        "bridge_id": _bridge_of_their_own(flow),
        "transfer_count": flow.call.transfer_count + int(transfer.counted),
        "returned_at": None,
        "answered_at": flow.call.answered_at or now,
        "held_at": None,
    }
    return Step(Stage.TALKING, (transfer_over(transfer),), changes, (replace(target, joined_at=now),))


def _bridge_of_their_own(flow: Flow) -> BridgeId:
    """The bridge of a standing line stays with its operator."""
    handling_party = flow.handling_party
    if handling_party is not None and handling_party.owns_channel and flow.call.bridge_id is not None:
        return flow.call.bridge_id
    return new_bridge_id("talk")
