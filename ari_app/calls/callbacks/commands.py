"""What who has the caller notes about calling back: a promise, what came of a callback, a request that is done."""

from __future__ import annotations

from ari_app.calls.call.flow import Flow
from ari_app.calls.callbacks.attempts import CLOSES, close_as_helped, promise, talk_kept, why_promised
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

#: `*6`, one of these and `#`, in a callback
MARKS = {"1": AttemptOutcome.VOICEMAIL, "2": AttemptOutcome.WRONG_NUMBER, "3": AttemptOutcome.REFUSED}


async def noted(flow: Flow, command: CallbackCommand) -> Answer:
    """Do it, or refuse it; the fact of it is noted in the record, to be stored by who asked for the verdict."""
    match command:
        case CallbackKey(digits) if digits == CLOSES:
            return await _closed(flow)
        case CallbackKey(digits) if digits in MARKS:
            return await _marked(flow, MARKS[digits])
        case CallbackKey(digits):
            return await _promised(flow, PromiseCallback(digits))
        case PromiseCallback():
            return await _promised(flow, command)
        case MarkCallback(outcome):
            return await _marked(flow, outcome)
        case CloseRequest():
            return await _closed(flow)


async def _promised(flow: Flow, wanted: PromiseCallback) -> Answer:
    reason = why_promised(flow.call, flow.transfer, flow.refused)
    if not await talk_kept(flow):
        return Refused(RefusalReason.STORE_AWAY)
    given = await promise(flow.shell, flow.call, wanted, reason, _operator(flow))
    if isinstance(given, Promised):
        detail = {"reference": given.reference, "reason": reason.value, "joined": given.joined}
        flow.note(Fact(flow.now, FactKind.CALLBACK_REQUESTED, detail))
    return given


async def _marked(flow: Flow, outcome: AttemptOutcome) -> Answer:
    if flow.call.callback_request is None:
        return Refused(RefusalReason.NOT_A_CALLBACK)
    if not await _store_answers(flow):
        return Refused(RefusalReason.STORE_AWAY)
    flow.note(Fact(flow.now, FactKind.CALLBACK_MARKED, {"outcome": outcome.value}), callback_mark=outcome)
    return ACCEPTED


async def _closed(flow: Flow) -> Answer:
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
