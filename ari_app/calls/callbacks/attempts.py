"""The attempt that a call is: when the citizen answered, when the talk began, and how it ended."""

from __future__ import annotations

from datetime import datetime

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.record import STORE_RETRY
from ari_app.calls.clock import sleep_until
from ari_app.calls.shell import Shell
from ari_app.core.call import Call, EndReason, Leg, LegEndReason
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import CallId
from ari_app.core.ledger import CallbackRefused, StoreUnavailable

log = structlog.get_logger(__name__)


def lease_owner_of(call_id: CallId) -> str:
    """The owner of the lease of a request while this call is its attempt."""
    return f"call:{call_id}"


async def record_answer(flow: Flow) -> None:
    """The citizen picked up."""
    await _record(flow, answered_at=flow.call.line_answered_at)


async def record_talk(flow: Flow) -> None:
    """The talk begins now. Recorded at once: whatever becomes of this process, the citizen is not called again."""
    await _record(flow, talk_began_at=flow.now)


async def _record(flow: Flow, *, answered_at: datetime | None = None, talk_began_at: datetime | None = None) -> None:
    """A store that is away gets both moments with the end of the attempt."""
    attempt = flow.call.callback_attempt
    if attempt is None:
        return
    try:
        if answered_at is not None:
            await flow.shell.callbacks.attempt_answered(attempt, answered_at)
        if talk_began_at is not None:
            await flow.shell.callbacks.talk_began(attempt, talk_began_at)
    except (StoreUnavailable, CallbackRefused) as error:
        log.info("attempt_recorded_later", call_id=str(flow.call.id), error=str(error))


async def end_attempt(flow: Flow, reason: EndReason) -> None:
    """Store the outcome before the call's own end: a process that takes up the row finds it stored. Waits for it."""
    while True:
        try:
            await _end(flow.shell, flow.call, outcome_of(flow.call, flow.leg(flow.caller), reason))
            return
        except StoreUnavailable:
            await sleep_until(flow.shell.clock, flow.now + STORE_RETRY)


async def end_lost_attempt(shell: Shell, call: Call, citizen: Leg | None, reason: EndReason) -> None:
    """For a call whose end nobody saw: its row knows the operator's mark, and whether a talk began.

    `citizen`: their leg as it ended, if it was open. Raises StoreUnavailable.
    """
    await _end(shell, call, outcome_of(call, citizen, reason))


async def end_attempt_in_talk(flow: Flow) -> bool:
    """Before a new request is made in a callback: the talk kept the old promise, and must not close the new one.

    False when that cannot be stored now.
    """
    call = flow.call
    if call.callback_attempt is None or call.answered_at is None:
        return True
    try:
        await _end(flow.shell, call, call.callback_mark or AttemptOutcome.REACHED)
    except StoreUnavailable:
        return False
    return True


async def _end(shell: Shell, call: Call, outcome: AttemptOutcome) -> None:
    """Idempotent. Raises StoreUnavailable."""
    if call.callback_request is None:
        return
    now = shell.clock.now()
    try:
        if call.callback_attempt is None:
            await shell.callbacks.release(call.callback_request, lease_owner_of(call.id), now)
        else:
            await shell.callbacks.end_attempt(
                call.callback_attempt,
                outcome,
                now,
                answered_at=call.line_answered_at,
                reached_at=call.answered_at,
            )
    except CallbackRefused as error:
        log.info("attempt_ended_elsewhere", call_id=str(call.id), error=str(error))


def outcome_of(call: Call, citizen: Leg | None, reason: EndReason) -> AttemptOutcome:
    """Reached means that the citizen answered and there was a talk, unless the operator marked it as something else."""
    if call.answered_at is not None:
        return call.callback_mark or AttemptOutcome.REACHED
    if reason is EndReason.CALLBACK_NOT_ANSWERED and citizen is not None:
        return AttemptOutcome.BUSY if citizen.end_reason is LegEndReason.BUSY else AttemptOutcome.NO_ANSWER
    return AttemptOutcome.FAILED
