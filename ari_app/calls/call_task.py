"""The driver of one call: it runs stage after stage, and ends the call in one place."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import structlog

from ari_app.calls.call.bridging import stop_tones
from ari_app.calls.call.cleanup import close_transfer, destroy_left_bridges, end_standing_leg, wrap_up
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.record import AT_ONCE, ENDING_PATIENCE, FOR_EVER, RESUMING_PATIENCE
from ari_app.calls.call.rows import ended
from ari_app.calls.callbacks.attempts import end_attempt
from ari_app.calls.callbacks.requests import request_at_end
from ari_app.calls.channel_owner import HANG_UP_PATIENCE, SWITCH_RETRY
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import PlayPrompt
from ari_app.calls.stages import HUNG_UP_IN, STAGES
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegEndReason, Stage
from ari_app.core.callback_offers import left_in
from ari_app.core.callbacks import RequestReason
from ari_app.core.causes import Cause
from ari_app.core.ids import CallId
from ari_app.core.ledger import StaleRow, StoreUnavailable
from ari_app.prompts.phrases import callback_operator as callback_to_operator

log = structlog.get_logger(__name__)


async def drive(flow: Flow, first: Fact) -> None:
    """Run the call to its end; `first` is the fact that it arrived or was resumed.

    A cancellation means that this process stops: nothing is hung up, the row stays open, another process resumes it.
    A fault, or an order or a commit that fails for good, costs this one call: its caller goes to the fallback.
    """
    try:
        if flow.call.last_seq == 0:
            flow.note(first)
        else:
            is_talk = flow.call.stage is Stage.TALKING
            await flow.commit(first, patience=FOR_EVER if is_talk else RESUMING_PATIENCE)
            has_tone = flow.call.callback_request is not None or flow.call.stage is Stage.ANNOUNCING
            if flow.open_transfer is not None or has_tone:
                await stop_tones(flow)
        await _walk(flow)
    except StaleRow:
        log.warning("call_owned_elsewhere", call_id=str(flow.call.id))
        flow.is_overtaken = True
        if flow.call.last_seq == 0 and not await _has_open_row(flow):
            # Its row is closed already, and yet the caller is still in our application.
            await _return_to_dialplan(flow, "call_is_over")
    except StoreUnavailable:
        await hand_to_fallback(flow, EndReason.HANDLED_BY_FALLBACK, "store_unavailable")
    except SwitchUnavailable as error:
        log.warning("switch_unavailable", call_id=str(flow.call.id), stage=flow.call.stage.value, error=str(error))
        await hand_to_fallback(flow, EndReason.HANDLED_BY_FALLBACK, "switch_unavailable")
    except Exception:
        log.exception("call_fault", call_id=str(flow.call.id), stage=flow.call.stage.value)
        await hand_to_fallback(flow, EndReason.FAULT, "fault")
    finally:
        flow.shell.dispatcher.leave(flow.call.id)
        if flow.call.callback_request is not None:
            flow.shell.dispatcher.not_called(CallId(flow.call.callback_request))
        flow.shell.registry.remove_call(flow.call.id)
        if not flow.call.is_open:
            flow.refuse_commands()
        for channel_id in flow.channels:
            flow.shell.registry.disown(channel_id)


async def _has_open_row(flow: Flow) -> bool:
    """Whether an earlier process stored this call, and it goes on: a frozen Postgres may have done so just now."""
    try:
        row = await flow.shell.ledger.call(flow.call.id)
    except StoreUnavailable:
        return False
    return row is not None and row.is_open


async def _walk(flow: Flow) -> None:
    if flow.call.ending is not None and flow.call.stage is not Stage.SURVEY:
        await finish(flow, End(flow.call.ending))
    while flow.call.stage is not Stage.ENDED:
        stage = flow.call.stage
        step: Step | End
        try:
            step = await STAGES[stage](flow)
            if isinstance(step, Step):
                await flow.enter(step)
                continue
        except PartyLeft as party:
            if party.channel_id != flow.caller:
                raise
            if not await flow.caller_departed():
                raise SwitchUnavailable("Asterisk said that the caller is gone, and no event of it came") from party
            step = End(_why_left(flow, stage))
        await finish(flow, step)


def _why_left(flow: Flow, stage: Stage) -> EndReason:
    """The reason of a call whose caller left in this stage; LOST when nobody saw it."""
    return _reason(flow.call, flow.leg(flow.caller), stage, is_transferring=flow.open_transfer is not None)


def why_ended(call: Call, legs: Sequence[Leg], *, is_transferring: bool) -> EndReason:
    """The reason of a call that no task had when it ended, by the ends of its legs."""
    caller = next((leg for leg in legs if leg.channel_id == call.channel_id), None)
    handling = next((leg for leg in legs if leg.id == call.handled_by), None)
    if call.stage is Stage.TALKING and not is_transferring and caller is not None and handling is not None:
        is_first = handling.ended_at is not None and caller.ended_at is not None and handling.ended_at < caller.ended_at
        if is_first and handling.end_reason is LegEndReason.HUNG_UP:
            return EndReason.OPERATOR_HUNG_UP
    return _reason(call, caller, call.stage, is_transferring=is_transferring)


def _reason(call: Call, leg: Leg | None, stage: Stage, *, is_transferring: bool) -> EndReason:
    if stage is Stage.SURVEY:
        return EndReason.OPERATOR_HUNG_UP  # the talk had ended, whatever became of the questions
    if call.callback_request is not None and call.answered_at is None:
        # The citizen did not pick up, or did and hung up before anybody spoke.
        return EndReason.LOST if leg is not None and leg.end_is_estimated else EndReason.CALLBACK_NOT_ANSWERED
    if call.callback_reason is RequestReason.OVERLOAD:
        return EndReason.TURNED_AWAY
    if call.pii_callback_number is not None:
        return EndReason.CALLBACK_PROMISED
    if leg is not None and leg.end_is_estimated:
        return EndReason.LOST
    if call.answered_at is not None and (stage is not Stage.TALKING or is_transferring):
        return EndReason.CALLER_LEFT_IN_TRANSFER
    if stage is Stage.TALKING and leg is not None and leg.end_reason is LegEndReason.LINE_LOST:
        return EndReason.CALLER_LINE_LOST
    return left_in(call) if stage is Stage.LEAVING_CALLBACK else HUNG_UP_IN[stage]


async def finish(flow: Flow, end: End) -> None:
    """End the call, here and nowhere else: hang up the channels that are left, close every leg, end the row.

    Before a channel is hung up the reason is committed, so that a process that resumes the call ends it the same way.
    """
    flow.shell.dispatcher.leave(flow.call.id)
    remaining = [leg for leg in flow.open_legs if leg.owns_channel]
    if remaining:
        try:
            await flow.commit(patience=AT_ONCE if flow.store_is_away else ENDING_PATIENCE, ending=end.reason)
        except StoreUnavailable:
            log.warning("ending_not_written", call_id=str(flow.call.id), reason=end.reason.value)
        for leg in remaining:
            await _release(flow, leg, end.cause)
        until = flow.now + HANG_UP_PATIENCE
        while any(leg.owns_channel for leg in flow.open_legs):
            try:
                if await flow.next(until) is None:
                    break
            except PartyLeft:
                pass
        for leg in flow.open_legs:
            if leg.owns_channel:
                flow.change_leg(ended(leg, flow.now, LegEndReason.RELEASED, estimated=True))
    flow.shell.admission.left(flow.call.id)  # there is room again, however long the store takes
    end_standing_leg(flow)
    if flow.call.last_seq == 0:
        await flow.commit(patience=FOR_EVER)  # a request, if one is owed, refers to the row
    await end_attempt(flow, end.reason)
    await _settle_request(flow, end.reason)
    _note_end(flow, end.reason)
    await flow.commit(patience=FOR_EVER)
    log.info("call_ended", call_id=str(flow.call.id), reason=end.reason.value)
    await _clear_up(flow)


async def _settle_request(flow: Flow, reason: EndReason) -> None:
    """Make the request that the call owes, before its row ends: what it owes is found there till then. Raises StaleRow.

    While the store is away the row stays open; once it is back it is asked again, and that is the last time.
    """
    if not await request_at_end(flow, reason):
        await flow.commit(Fact(flow.now, FactKind.NOTED, {"what": "callback"}), patience=FOR_EVER)
        await request_at_end(flow, reason, is_last_try=True)


async def _release(flow: Flow, leg: Leg, cause: int) -> None:
    while True:
        try:
            return await flow.release(leg.channel_id, cause)
        except PartyLeft:
            pass  # the caller left meanwhile; this party is still to be released


def _note_end(flow: Flow, reason: EndReason, *, handled_by_fallback: bool = False) -> None:
    """Note the end of the row, at the moment at which the caller's leg ended."""
    caller = flow.leg(flow.caller)
    ended_at = flow.now if caller is None or caller.ended_at is None else caller.ended_at
    ended_at = max(ended_at, flow.call.arrived_at)
    is_estimated = caller is None or caller.end_is_estimated
    flow.note(
        *close_transfer(flow, reason, ended_at),
        Fact(flow.now, FactKind.ENDED, {"reason": reason.value, "estimated": is_estimated}),
        stage=Stage.ENDED,
        stage_entered_at=flow.now,
        ended_at=ended_at,
        end_reason=reason,
        end_is_estimated=is_estimated,
        ending=None,
        held_at=None,
        handled_by_fallback=handled_by_fallback,
    )


async def _clear_up(flow: Flow) -> None:
    """After the end the operator is free again, and the bridges of this call are destroyed.

    So is an operator who transferred the caller: when the call ended before its next stage began, nothing else has
    freed them. CallDone is idempotent.
    """
    wrap_up(flow, flow.call.operator_session)
    if flow.transfer is not None:
        wrap_up(flow, flow.transfer.from_session)
    mailbox, reason = flow.session_mailbox(flow.call.operator_session), flow.call.end_reason
    if mailbox is not None and reason is not None and (names := callback_to_operator.not_reached(reason)):
        mailbox.post(PlayPrompt(names))
    await destroy_left_bridges(flow, flow.call.bridge_id)


# --- the fallback ---


async def hand_to_fallback(flow: Flow, reason: EndReason, why: str) -> None:
    """Hand the caller to the dialplan, which rings the operators' phones without us, and end the row.

    Its story there is added later, from the channel event log. A call that has no row yet is left with its end
    noted, and `flow.is_owed`: there may be many of them, and the store may be away for long.
    """
    if not flow.call.is_open:
        return
    if flow.call.callback_request is not None and flow.call.line_answered_at is None:
        await finish(flow, End(EndReason.CALLBACK_GIVEN_UP))  # the dialplan has nobody to help here
        return
    if flow.call.stage is Stage.SURVEY:
        log.warning("survey_broken_off", call_id=str(flow.call.id), why=why)
        await finish(flow, End(EndReason.OPERATOR_HUNG_UP))  # they were helped
        return
    log.warning("call_to_fallback", call_id=str(flow.call.id), why=why)
    stage = flow.call.stage
    flow.shell.dispatcher.leave(flow.call.id)
    is_in_fallback = await _return_to_dialplan(flow, why)
    flow.shell.admission.left(flow.call.id)
    if not is_in_fallback and reason is EndReason.HANDLED_BY_FALLBACK:
        reason = _why_left(flow, stage)
    for leg in flow.open_legs:
        if leg.owns_channel and leg.channel_id != flow.caller:
            await _release(flow, leg, Cause.NORMAL_CLEARING)
            with suppress(PartyLeft):
                await flow.left(leg.channel_id, LegEndReason.RELEASED)
    try:
        if flow.call.last_seq != 0:
            await _settle_request(flow, reason)
        await _end_in_fallback(flow, reason, is_in_fallback=is_in_fallback)
    except StaleRow:
        log.warning("call_owned_elsewhere", call_id=str(flow.call.id))
        flow.is_overtaken = True
    if not flow.is_owed:
        await _clear_up(flow)


async def _end_in_fallback(flow: Flow, reason: EndReason, *, is_in_fallback: bool) -> None:
    """End the row of a call that was handed over, or leave it owed. Raises StaleRow."""
    for leg in flow.open_legs:
        gone = LegEndReason.TO_FALLBACK if leg.channel_id == flow.caller else LegEndReason.RELEASED
        flow.change_leg(ended(leg, flow.now, gone, estimated=leg.owns_channel))
    await end_attempt(flow, reason)
    _note_end(flow, reason, handled_by_fallback=is_in_fallback)
    if flow.call.last_seq == 0:
        flow.is_owed = True
        return
    await flow.commit(patience=FOR_EVER)


async def _return_to_dialplan(flow: Flow, why: str) -> bool:
    """Retry until Asterisk has the caller in the dialplan. False: the caller left."""
    is_unsure = False
    while flow.is_here(flow.caller):
        try:
            await flow.shell.switch.to_fallback(flow.caller, why)
            return True
        except PartyLeft:
            if await flow.caller_departed():
                return False
            if is_unsure:
                return True  # they went, and only the answer to an earlier try was lost
            flow.note_loss(flow.caller)
        except SwitchUnavailable as error:
            is_unsure = True
            log.warning("fallback_not_reached", call_id=str(flow.call.id), error=str(error))
            with suppress(PartyLeft):
                await flow.pass_time(SWITCH_RETRY)
    return False
