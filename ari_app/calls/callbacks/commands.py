"""Commands about callbacks, given by the handling party: make a request, mark the callback, close a request."""

from __future__ import annotations

from ari_app.calls.call.flow import Flow
from ari_app.calls.callbacks.attempts import end_attempt_in_talk
from ari_app.calls.callbacks.requests import close_as_helped, operator_request, reason_in_talk
from ari_app.core.call import Fact, FactKind
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import OperatorNumber
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    CallbackCommand,
    CallbackKey,
    CloseRequest,
    MarkCallback,
    PromiseCallback,
    Promised,
    RefusalReason,
    Refused,
)
from ari_app.prompts.phrases import callback_operator as callback_to_operator

#: `*6`, this and `#`: the caller's request is done
CLOSE_KEY = "0"
#: `*6`, one of these and `#`, in a callback
MARK_KEYS = {"1": AttemptOutcome.VOICEMAIL, "2": AttemptOutcome.WRONG_NUMBER, "3": AttemptOutcome.REFUSED}


async def carry_out(flow: Flow, command: CallbackCommand) -> Answer:
    """Do it, or refuse it. The fact of it is noted in the record; the caller of this function commits it."""
    match command:
        case CallbackKey(digits) if digits == CLOSE_KEY:
            return await _close(flow)
        case CallbackKey(digits) if digits in MARK_KEYS:
            return await _mark(flow, MARK_KEYS[digits])
        case CallbackKey(digits):
            return await _request(flow, PromiseCallback(digits))
        case PromiseCallback():
            return await _request(flow, command)
        case MarkCallback(outcome):
            return await _mark(flow, outcome)
        case CloseRequest():
            return await _close(flow)


async def _request(flow: Flow, wanted: PromiseCallback) -> Answer:
    reason = reason_in_talk(flow.transfer, flow.refused)
    if not await end_attempt_in_talk(flow):
        return Refused(RefusalReason.STORE_AWAY)
    given = await operator_request(flow.shell, flow.call, wanted, reason, _operator(flow))
    if isinstance(given, Promised):
        detail = {"reference": given.reference, "reason": reason.value, "joined": given.joined}
        # Who is promised a call is asked nothing yet: their question goes on.
        flow.note(Fact(flow.now, FactKind.CALLBACK_REQUESTED, detail), survey_agreed_at=None)
    return given


async def _mark(flow: Flow, outcome: AttemptOutcome) -> Answer:
    if flow.call.callback_request is None:
        return Refused(RefusalReason.NOT_A_CALLBACK)
    if not await _store_answers(flow):
        return Refused(RefusalReason.STORE_AWAY)
    flow.note(Fact(flow.now, FactKind.CALLBACK_MARKED, {"outcome": outcome.value}), callback_mark=outcome)
    return ACCEPTED


async def _close(flow: Flow) -> Answer:
    operator = _operator(flow)
    if operator is None:
        return Refused(RefusalReason.NO_REQUEST)
    given = await close_as_helped(flow, operator)
    if isinstance(given, Promised):
        flow.note(Fact(flow.now, FactKind.REQUEST_CLOSED, {"reference": given.reference}))
    return given


async def _store_answers(flow: Flow) -> bool:
    """A talk must not wait for a store that is away."""
    try:
        await flow.shell.ledger.allowed_transfers(flow.call.id)
    except StoreUnavailable:
        return False
    return True


def _operator(flow: Flow) -> OperatorNumber | None:
    session_id = flow.call.operator_session
    session = None if session_id is None else flow.shell.registry.session(session_id)
    return None if session is None else session.operator


def confirmation(command: CallbackCommand, given: Answer) -> tuple[str, ...]:
    """The prompts that say to the person who gave the command that it was carried out."""
    is_close_key = isinstance(command, CallbackKey) and command.pii_digits == CLOSE_KEY
    if isinstance(command, CloseRequest) or is_close_key:
        return callback_to_operator.REQUEST_CLOSED
    return callback_to_operator.promised(given.reference) if isinstance(given, Promised) else callback_to_operator.NOTED
