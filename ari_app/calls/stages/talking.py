"""The caller and an operator or a colleague talk, until one of them hangs up or the caller is transferred."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from ari_app.calls.call.bridging import arrange, prompt_handling_party, put_back, release_others
from ari_app.calls.call.cleanup import destroy_left_bridges, end_standing_leg, free_operator, wrap_up
from ari_app.calls.call.flow import MESSAGE_PATIENCE, End, Flow, Step
from ari_app.calls.call.following import follow_line, is_line_away
from ari_app.calls.call.keys import next_moment, read_key, tend
from ari_app.calls.call.next_step import queued, returning
from ari_app.calls.call.survey import to_survey
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import CallJoined, CommandAsked, Digit, Held, LineChanged, OperatorGone, PutBack, Unheld
from ari_app.calls.transfers.commands import HangUp, ToggleHold, respond
from ari_app.calls.transfers.requests import LeaveStage, TransferBegun
from ari_app.calls.transfers.transfer import carry_out_transfer
from ari_app.core.call import EndReason, Fact, FactKind, Leg, LegEndReason
from ari_app.core.call_changes import NO_LONGER_DIRECT, WITH_NOBODY
from ari_app.core.command_traces import withdrawn
from ari_app.core.ids import ChannelId, OperatorNumber
from ari_app.core.operator_commands import RefusalReason
from ari_app.core.transfer import TransferOutcome
from ari_app.core.transfer_rules import HOLD, TALK
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

#: an operator who hangs up sooner than this was not heard by the caller
HEARD_AFTER = timedelta(milliseconds=500)


async def talking(flow: Flow) -> Step | End:
    handling_party = flow.operator_leg()
    if flow.call.handled_by is None and handling_party is not None:
        await flow.commit(handled_by=handling_party.id)  # a talk that began under a version without transfers
    outcome: Step | End | None = None
    while outcome is None:
        outcome = await (_talk(flow) if flow.open_transfer is None else carry_out_transfer(flow))
    return outcome


async def _talk(flow: Flow) -> Step | End | None:
    """None when a transfer begins, or the operator's line is another one."""
    handling_party = flow.handling_party
    if handling_party is None:
        return _handling_party_left(flow)
    handling_party = await follow_line(flow, handling_party)
    try:
        await _ensure_connected(flow)
    except (PartyLeft, SwitchUnavailable) as error:
        if not await _handling_party_is_gone(flow, handling_party.channel_id, error):
            if _is_first_talk(flow, handling_party):
                flow.note(answered_at=None)
            raise
        _free_former_handling_party(flow)
        return await _unheard(flow, handling_party)
    mailbox = flow.session_mailbox(flow.call.operator_session)
    if mailbox is not None:
        mailbox.post(CallJoined(flow.call.id, handling_party.joined_at or flow.now))
    _free_former_handling_party(flow)
    await destroy_left_bridges(flow)
    while flow.is_here(handling_party.channel_id):
        message = await flow.next(next_moment(flow))
        if await tend(flow, message):
            continue
        match message:
            case OperatorGone(session_id=session_id) as gone if session_id == flow.call.operator_session:
                end_standing_leg(flow, gone)
            case LineChanged(session_id=session_id) if session_id == flow.call.operator_session:
                return None
            case Digit(channel_id=pressed_by) as digit if pressed_by == handling_party.channel_id:
                await read_key(flow, digit)
            case Held() | Unheld():
                await flow.commit_if_possible()
            case PutBack():
                await _put_back(flow, handling_party)
            case CommandAsked() as request:
                match await respond(flow, request):
                    case ToggleHold():
                        await _toggle_hold(flow)
                        if is_line_away(flow):
                            return None
                    case HangUp():
                        return _put_down(flow)
                    case TransferBegun():
                        return None
                    case LeaveStage(step):
                        return step
    if handling_party.joined_at is not None and flow.now - handling_party.joined_at < HEARD_AFTER:
        return await _unheard(flow, handling_party)
    return _handling_party_left(flow)


def _put_down(flow: Flow) -> Step | End:
    """The reason is committed before anybody is hung up, and with that commit the command is answered."""
    leg = flow.handling_party
    flow.note(Fact(flow.now, FactKind.PUT_DOWN, {"by": None if leg is None else leg.party}))
    return (None if flow.call.held_at is not None else to_survey(flow)) or End(EndReason.OPERATOR_HUNG_UP)


def _handling_party_left(flow: Flow) -> Step | End:
    """The talk is over when its person said goodbye, and the caller heard it.

    A caller on hold, or one who talked to a line that was lost, goes to the front of the queue.
    """
    leg = flow.leg_of(flow.call.handled_by)
    is_lost = leg is None or leg.end_reason is not LegEndReason.HUNG_UP
    if flow.call.held_at is None and not is_lost:
        return to_survey(flow) or End(EndReason.OPERATOR_HUNG_UP)
    wrap_up(flow, flow.call.operator_session)
    why = "line_lost" if is_lost else "on_hold"
    return queued(flow, returning(flow), [Fact(flow.now, FactKind.CAME_BACK, {"to": "queue", "why": why})])


async def _toggle_hold(flow: Flow) -> None:
    """A talk waits for no store: without it nobody is put on hold, and whoever is comes back, and the row follows."""
    now, command_id = flow.now, flow.command_id
    if flow.call.held_at is None:
        if not await flow.commit_if_possible(Fact(now, FactKind.HELD), held_at=now, has_music=True):
            # The try may have arrived, and is made again.
            flow.note(withdrawn(Fact(flow.now, FactKind.HELD_NO_MORE), command_id))
            await prompt_handling_party(flow, to_operator.refusal(RefusalReason.STORE_AWAY))
            return
        await arrange(flow, HOLD)
        await prompt_handling_party(flow, to_operator.ON_HOLD)
    else:
        await prompt_handling_party(flow, ())
        flow.note(Fact(now, FactKind.HELD_NO_MORE), held_at=None)
        await flow.commit_if_possible()
        await arrange(flow, TALK)


async def _put_back(flow: Flow, handling_party: Leg) -> None:
    """Everybody is where they belong again; a handling party that cannot be put there is no longer in the talk."""
    try:
        await put_back(flow, TALK if flow.call.held_at is None else HOLD)
        return
    except PartyLeft as left:
        if left.channel_id == flow.caller:
            raise
    except SwitchUnavailable as error:
        log.warning("party_not_put_back", call_id=str(flow.call.id), error=str(error))
    if handling_party.owns_channel:
        await flow.release(handling_party.channel_id)
    flow.note_loss(handling_party.channel_id)


def _free_former_handling_party(flow: Flow) -> None:
    """After a warm transfer the operator's part is over, and their wrap-up time begins."""
    transfer = flow.transfer
    if transfer is None or transfer.outcome is not TransferOutcome.COMPLETED:
        return
    if transfer.from_session is not None and transfer.from_session != flow.call.operator_session:
        wrap_up(flow, transfer.from_session)


async def _ensure_connected(flow: Flow) -> None:
    if flow.is_placed:
        if flow.call.has_music and flow.call.held_at is None:
            await flow.shell.switch.ensure_no_music(flow.caller)
        flow.is_placed = False
    else:
        await arrange(flow, TALK if flow.call.held_at is None else HOLD)


async def _handling_party_is_gone(flow: Flow, channel_id: ChannelId, error: Exception) -> bool:
    """Whether an order failed because the handling party left. Raises PartyLeft when the caller did."""
    until = flow.now + MESSAGE_PATIENCE
    while flow.is_here(channel_id):
        match await flow.next(until):
            case OperatorGone(session_id=session_id) as gone if session_id == flow.call.operator_session:
                end_standing_leg(flow, gone)
                return True
            case None if isinstance(error, PartyLeft) and error.channel_id == channel_id:
                await flow.left(channel_id, LegEndReason.HUNG_UP)
            case None:
                return False
    return True


def _is_first_talk(flow: Flow, handling_party: Leg) -> bool:
    return flow.call.answered_at == handling_party.joined_at


async def _unheard(flow: Flow, handling_party: Leg) -> Step:
    """The handling party left as the caller came in: nobody has spoken to the caller, who keeps the place they had."""
    call, now = flow.call, flow.now
    free_operator(flow, 0)
    await release_others(flow, keep={flow.caller})
    await destroy_left_bridges(flow, call.bridge_id)
    caller = flow.leg(flow.caller)
    is_first = _is_first_talk(flow, handling_party)
    if caller is not None and is_first:
        flow.change_leg(replace(caller, joined_at=None))
    changes = NO_LONGER_DIRECT | WITH_NOBODY
    changes |= {"answered_at": None} if is_first else {"returned_at": now}
    if not is_first or call.callback_request is not None:  # in a callback it was how long to ring
        changes["wait_until_at"] = now + _patience(flow)
    if handling_party.owns_channel and call.operator_session is not None and handling_party.party is not None:
        changes["refused_by"] = (*call.refused_by, OperatorNumber(handling_party.party))
    return queued(flow, changes, [Fact(now, FactKind.OFFER_FAILED, {"why": "operator_left"})])


def _patience(flow: Flow) -> timedelta:
    return timedelta(seconds=flow.norms.max_wait_seconds)
