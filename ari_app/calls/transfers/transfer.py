"""An open transfer: the colleague is reached, briefed, perhaps consulted, until somebody has the caller.

One loop: an event happens, `core.transfer_rules.step` gives the transfer after it and the consequence for the call,
both are committed and carried out, and then comes the next event.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from ari_app.calls.call.bridging import arrange, prompt_handling_party, put_back, release_others
from ari_app.calls.call.cleanup import destroy_left_bridges, end_standing_leg, transfer_over, wrap_up
from ari_app.calls.call.flow import Flow, Step
from ari_app.calls.call.following import has_left_with_line
from ari_app.calls.call.keys import next_moment, read_key, tend
from ari_app.calls.call.ringing import give_up_phone
from ari_app.calls.channel_owner import BROKEN_OFF_PATIENCE
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import CommandAsked, Digit, Held, Left, Message, OperatorGone, Played, PutBack, Unheld, Up
from ari_app.calls.transfers.colleague import reach, while_it_rings
from ari_app.calls.transfers.commands import respond
from ari_app.calls.transfers.recall import come_back, refuse, withdraw
from ari_app.core.call import Fact, FactKind, LegEndReason, Stage
from ari_app.core.call_changes import WITH_NOBODY, CallChanges
from ari_app.core.command_traces import withdrawn
from ari_app.core.destinations import ACCEPT_SECONDS
from ari_app.core.ids import BridgeId, new_bridge_id
from ari_app.core.transfer import (
    Conference,
    HandlingPartyLeft,
    SwapParties,
    TargetBriefed,
    TargetLeft,
    TimeUp,
    Transfer,
    TransferCommand,
    TransferEvent,
    TransferOutcome,
    TransferState,
)
from ari_app.core.transfer_rules import Layout, Then, layout, step
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

ACCEPT_KEY = "1"
#: a briefing whose end is not reported does not hold the caller longer than this
BRIEFING_PATIENCE = timedelta(seconds=60)
Happened = tuple[TransferEvent, datetime]


async def carry_out_transfer(flow: Flow) -> Step | None:
    """Until the transfer is over, or the call goes on in another stage.

    None when caller and handling party are together again, in the same stage.
    """
    if not await flow.commit_if_possible() and await withdraw(flow, _open_transfer(flow)):
        return None
    happened = await _take_up(flow)
    while True:
        event, at = happened or await _next_event(flow)
        happened = None
        before = _open_transfer(flow)
        after, then = step(before, event, at)
        if after is before:
            await flow.commit()
            continue
        flow.change_transfer(after)
        match then:
            case Then.GO_ON if before.in_presence and not after.in_presence:
                return await _go_on_as_cold(flow, after)
            case Then.GO_ON:
                happened = await _go_on(flow, before, after, is_asked=isinstance(event, SwapParties | Conference))
            case Then.HANDLING_PARTY_TALKS:
                await flow.commit(transfer_over(after))
                await _release_target(flow, after)
                await flow.commit()
                return None
            case Then.TARGET_TALKS:
                return _give_caller_to_target(flow, after)
            case _:  # COME_BACK; a caller who leaves is no event here, but PartyLeft
                await _release_target(flow, after)
                return await come_back(flow, after, [transfer_over(after)])


async def part_from_handling_party(flow: Flow) -> None:
    """The person who asked for a transfer, and is not to speak with the colleague, is free."""
    transfer = flow.open_transfer
    if transfer is not None and not transfer.in_presence:
        wrap_up(flow, transfer.from_session)
        target = flow.target
        await release_others(flow, keep={flow.caller, *(() if target is None else (target.channel_id,))})
        await destroy_left_bridges(flow)


def _open_transfer(flow: Flow) -> Transfer:
    transfer = flow.open_transfer
    assert transfer is not None
    return transfer


def _now(flow: Flow, event: TransferEvent | None) -> Happened | None:
    return None if event is None else (event, flow.now)


# --- events ---


async def _next_event(flow: Flow) -> Happened:
    while True:
        due = [at for at in (_open_transfer(flow).until_at, next_moment(flow)) if at is not None]
        message = await flow.next(min(due, default=None))
        if await tend(flow, message):
            continue
        happened = await _event_of(flow, message)
        if happened is not None:
            return happened


async def _event_of(flow: Flow, message: Message | None) -> Happened | None:
    """The event that a message is for the transfer, or None; anything else that it asks for is done here."""
    transfer, target, handling_party = _open_transfer(flow), flow.target, flow.handling_party
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
        case Held(channel_id=held) if held == target_channel and transfer.state is TransferState.BRIEFING:
            # Picked up, and nobody is there to hear the briefing.
            await give_up_phone(flow, held, LegEndReason.NO_ANSWER)
            return TargetLeft(), message.at
        case Held() | Unheld():
            await flow.commit_if_possible()
        case PutBack():
            return await _put_back(flow)
        case Played(playback_id=over) if target_channel is not None and flow.prompts_of.get(target_channel) == over:
            return await _briefed(flow, transfer, message)
        case Digit(channel_id=by, digit=digit) if by == target_channel:
            accepts = transfer.state is TransferState.BRIEFING and digit == ACCEPT_KEY and transfer.must_accept
            return (TargetBriefed(), flow.now) if accepts else None
        case Digit(channel_id=by) if by == handling_channel:
            await read_key(flow, message)
        case CommandAsked():
            verdict = await respond(flow, message)
            return (verdict, flow.now) if isinstance(verdict, TransferCommand) else None
        case _ if transfer.in_presence and has_left_with_line(flow):
            return HandlingPartyLeft(), flow.now
    return None


async def _briefed(flow: Flow, transfer: Transfer, played: Played) -> Happened | None:
    """The colleague heard the briefing. One that broke off mostly means a hang-up, whose message follows."""
    flow.prompts_of = {channel: prompt for channel, prompt in flow.prompts_of.items() if prompt != played.playback_id}
    flow.playing = None
    if played.failed:
        message = await flow.next(flow.now + BROKEN_OFF_PATIENCE)
        happened = None if message is None else await _event_of(flow, message)
        if happened is not None:
            return happened
    return None if transfer.must_accept else (TargetBriefed(), flow.now)


def _left(flow: Flow, transfer: Transfer, message: Left) -> Happened | None:
    """A party other than the caller is gone; its leg is closed already."""
    leg = flow.leg(message.channel_id)
    if leg is None:
        return None
    if leg.id == transfer.to_leg:
        return TargetLeft(), message.at
    return (HandlingPartyLeft(), message.at) if leg.id == flow.call.handled_by else None


# --- carrying out ---


async def _take_up(flow: Flow) -> Happened | None:
    """Begin, also in a process that took the call up: everybody in their place, the colleague's phone ringing."""
    is_placed, flow.is_placed = flow.is_placed, False
    target = flow.target
    if _open_transfer(flow).in_presence and has_left_with_line(flow):
        return HandlingPartyLeft(), flow.now
    if is_placed and target is not None and _open_transfer(flow).state is TransferState.CONSULTING:
        with suppress(PartyLeft):  # its `Left` follows
            await flow.shell.switch.ensure_no_music(target.channel_id)  # which an earlier process may have started
    trouble = None if is_placed else await _arrange(flow)
    if trouble is not None:
        return trouble
    await part_from_handling_party(flow)
    return _now(flow, await reach(flow))


async def _go_on(flow: Flow, before: Transfer, transfer: Transfer, *, is_asked: bool) -> Happened | None:
    """`is_asked`: by a command, which is refused when the store went away just now; what has happened goes on."""
    if transfer.state is TransferState.BRIEFING:
        patience = timedelta(seconds=ACCEPT_SECONDS) if transfer.must_accept else BRIEFING_PATIENCE
        flow.change_transfer(replace(transfer, until_at=flow.now + patience))
    flow.note(_state(flow, transfer))
    if not await flow.commit_if_possible() and is_asked:
        flow.change_transfer(before)
        flow.note(withdrawn(_state(flow, before), flow.command_id))  # the try may have arrived, and is made again
        await refuse(flow)
        return None
    if transfer.state is TransferState.CONFERENCED:
        await prompt_handling_party(flow, to_operator.ALL_THREE)
    elif transfer.state is TransferState.CONSULTING:
        await prompt_handling_party(flow, ())  # until here they heard that the colleague was briefed
    return await _arrange(flow) or _now(flow, await reach(flow))


async def _arrange(flow: Flow, place: Callable[[Flow, Layout], Awaitable[None]] = arrange) -> Happened | None:
    """Put everybody where the transfer wants them; a party that cannot be put there has left the transfer."""
    transfer = _open_transfer(flow)
    try:
        await place(flow, layout(transfer))
    except PartyLeft as left:
        if left.channel_id == flow.caller:
            raise
        await flow.left(left.channel_id, LegEndReason.HUNG_UP)
        is_target = flow.leg_of(transfer.to_leg) == flow.leg(left.channel_id)
        return (TargetLeft() if is_target else HandlingPartyLeft()), flow.now
    return None


async def _put_back(flow: Flow) -> Happened | None:
    """As `_arrange`, for the sweep. A move that cannot be made now is left to the next sweep, which sees it again."""
    try:
        return await _arrange(flow, put_back)
    except SwitchUnavailable as error:
        log.warning("transfer_not_put_back", call_id=str(flow.call.id), error=str(error))
        return None


async def _release_target(flow: Flow, transfer: Transfer) -> None:
    """The colleague is let go, for the reason for which the transfer is over; a handling party in the call hears it."""
    leg = flow.leg_of(transfer.to_leg)
    if leg is not None and leg.is_open:
        is_unanswered = transfer.outcome is TransferOutcome.NO_ANSWER
        await give_up_phone(flow, leg.channel_id, LegEndReason.NO_ANSWER if is_unanswered else LegEndReason.RELEASED)
    if transfer.outcome is not None and transfer.in_presence:
        await prompt_handling_party(flow, to_operator.outcome(transfer.outcome))


async def _go_on_as_cold(flow: Flow, transfer: Transfer) -> Step:
    """The handling party did not wait for the colleague."""
    await prompt_handling_party(flow, ())
    end_standing_leg(flow, at=flow.now)
    return Step(Stage.CONNECTING, (_state(flow, transfer),), WITH_NOBODY)


def _give_caller_to_target(flow: Flow, transfer: Transfer) -> Step:
    """The colleague is the handling party now."""
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


def _state(flow: Flow, transfer: Transfer) -> Fact:
    return Fact(flow.now, FactKind.TRANSFER_STATE, {"state": transfer.state.value, "to": transfer.to_party})
