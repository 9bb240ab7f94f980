"""After a talk, or an attempt at one: operators are free, bridges go, legs and the transfer are closed."""

from __future__ import annotations

from datetime import datetime

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.rows import ended
from ari_app.calls.errors import SwitchUnavailable
from ari_app.calls.messages import CallDone, Offer, OperatorGone
from ari_app.core.call import EndReason, EndSide, Fact, FactKind, LegEndReason, how_it_ended
from ari_app.core.ids import BridgeId, SessionId
from ari_app.core.skills import team_for
from ari_app.core.transfer import CallerLeft, Transfer, TransferOutcome
from ari_app.core.transfer_rules import over, step

log = structlog.get_logger(__name__)


def free_operator(flow: Flow, wrap_up_seconds: int, session_id: SessionId | None = None) -> None:
    """Post to an operator's session (without `session_id`, the call's own) that this call is no longer theirs."""
    mailbox = flow.session_mailbox(session_id or flow.call.operator_session)
    if mailbox is not None:
        mailbox.post(CallDone(flow.call.id, flow.now, wrap_up_seconds))


async def leave_queue(flow: Flow) -> None:
    """The caller is offered to nobody from now on; offers that are here already came too late.

    Their operators are with another caller by now. The place in the queue is kept: it follows from the row.
    """
    flow.shell.dispatcher.leave(flow.call.id)
    with flow.mailbox.keeping() as kept:
        while (message := await flow.next(flow.now)) is not None:
            if not isinstance(message, Offer):
                kept.append(message)


def wrap_up(flow: Flow, session_id: SessionId | None) -> None:
    """The operator of this session has talked: they are free after their wrap-up time."""
    session = None if session_id is None else flow.shell.registry.session(session_id)
    if session is not None:
        free_operator(flow, team_for(flow.area, session.operator).wrap_up_seconds, session.id)


async def destroy_left_bridges(flow: Flow, *others: BridgeId | None) -> None:
    """Destroy the bridges in which this call's talks were; a session that is open keeps its own."""
    theirs = {session.bridge_id for session in flow.shell.registry.sessions()}
    for bridge_id in {*flow.left_bridges, *others} - theirs:
        if bridge_id is not None:
            try:
                await flow.shell.switch.destroy_bridge(bridge_id)
            except SwitchUnavailable as error:
                log.warning("bridge_left", bridge_id=bridge_id, error=str(error))
    flow.left_bridges.clear()


def end_standing_leg(flow: Flow, gone: OperatorGone | None = None, *, at: datetime | None = None) -> None:
    """Close the leg of an operator on a standing line: by their own hang-up when `gone`, else released by us.

    `at`: when, if not with the end of the caller's leg, or now.
    """
    leg = flow.handling_party or flow.operator_leg()
    if leg is None or leg.owns_channel:
        return
    if gone is None:
        caller = flow.leg(flow.caller)
        caller_ended_at = None if caller is None else caller.ended_at
        flow.change_leg(ended(leg, at or caller_ended_at or flow.now, LegEndReason.RELEASED))
    else:
        flow.change_leg(ended(leg, gone.at, _why_gone(gone), cause=gone.cause, estimated=gone.estimated))


def _why_gone(gone: OperatorGone) -> LegEndReason:
    if gone.estimated:
        return LegEndReason.LOST
    # Without a cause their line may be there still: their session ended.
    return LegEndReason.RELEASED if gone.cause is None else how_it_ended(gone.cause)


def close_transfer(flow: Flow, reason: EndReason, at: datetime) -> tuple[Fact, ...]:
    """Close the open transfer, if there is one, because its call is over; returns the fact of that."""
    transfer = flow.open_transfer
    if transfer is None:
        return ()
    closed = over_with_call(transfer, reason, at)
    flow.change_transfer(closed)
    return (transfer_over(closed),)


def over_with_call(transfer: Transfer, reason: EndReason, at: datetime) -> Transfer:
    """The transfer as the end of its call, for this reason, leaves it."""
    if reason.side is EndSide.CALLER:
        closed, _ = step(transfer, CallerLeft(), at)
        return closed
    if reason in (EndReason.NOBODY_AVAILABLE, EndReason.WAITED_TOO_LONG):
        return over(transfer, TransferOutcome.NO_ANSWER, at)
    return over(transfer, TransferOutcome.LOST, at)


def transfer_over(transfer: Transfer) -> Fact:
    """The fact that a transfer ended, and how."""
    outcome = transfer.outcome or TransferOutcome.LOST
    kind = FactKind.TRANSFERRED if outcome is TransferOutcome.COMPLETED else FactKind.TRANSFER_OVER
    detail: dict[str, str | bool] = {"to": transfer.to_party, "outcome": outcome.value, "counted": transfer.counted}
    return Fact(transfer.ended_at or transfer.requested_at, kind, detail)
