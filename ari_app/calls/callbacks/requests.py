"""Requests that come out of calls: agreed with the caller, made by the operator, owed at the end, closed as helped."""

from __future__ import annotations

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.record import STORE_PATIENCE, STORE_RETRY
from ari_app.calls.clock import sleep_until
from ari_app.calls.shell import Shell
from ari_app.core.call import Call, EndReason
from ari_app.core.callback_offers import agreed_wish, wish_at_end
from ari_app.core.callback_requests import NotPromised, refusal_of, wish_of_call
from ari_app.core.callbacks import CallbackRequest, Confirmed, Created, RequestReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.ledger import CallbackRefused, StoreUnavailable
from ari_app.core.limits import Limit, refusal
from ari_app.core.operator_commands import Answer, PromiseCallback, Promised, RefusalReason, Refused
from ari_app.core.skills import skills_of
from ari_app.core.transfer import Transfer, TransferOutcome

log = structlog.get_logger(__name__)

_TRANSFER_FAILED = frozenset(
    {TransferOutcome.NO_ANSWER, TransferOutcome.BUSY, TransferOutcome.UNREACHABLE, TransferOutcome.REFUSED}
)


# --- agreed with the caller ---


async def agreed_request(flow: Flow) -> Created | None:
    """The request of a caller whose number is confirmed; idempotent. None when nobody could keep the promise.

    Raises StoreUnavailable when the store is away for longer than a caller can be kept waiting.
    """
    shell = flow.shell
    wish = agreed_wish(flow.call)
    until = flow.now + STORE_PATIENCE.longest
    while wish is not None:
        try:
            made = await shell.callbacks.create_or_join(wish, flow.now)
        except StoreUnavailable:
            if flow.now >= until:
                raise
            await flow.comfort(flow.call)
            await sleep_until(shell.clock, flow.now + STORE_RETRY)
        else:
            return made if isinstance(made, Created) else None
    return None


# --- owed when a call ends ---


async def request_at_end(flow: Flow, reason: EndReason, *, is_last_try: bool = False) -> bool:
    """Make the request that the call still owes, before its row is ended: a process that dies leaves an open row.

    False when the store does not answer.
    """
    try:
        limit = await _request_at_end(flow.shell, flow.call, reason)
        if limit is not None:
            flow.note(refusal(limit, flow.now))
    except StoreUnavailable:
        if is_last_try:
            log.error("callback_not_made", call_id=str(flow.call.id), error="the store does not answer")
        return False
    return True


async def request_of_unseen_end(shell: Shell, call: Call, reason: EndReason) -> EndReason:
    """For a call that no task ended: make the request that its row still owes; the reason that it ended with.

    A caller in the fallback, too, confirmed a number here. A process that noted how the call ends may have died before
    it made the request.

    `reason`: by Asterisk's log, if that tells.

    Raises StoreUnavailable.
    """
    await _request_at_end(shell, call, reason)
    if call.ending is not None or reason is EndReason.HANDLED_BY_FALLBACK:
        return reason
    if call.callback_reason is RequestReason.OVERLOAD:
        return EndReason.TURNED_AWAY
    return reason if call.pii_callback_number is None else EndReason.CALLBACK_PROMISED


async def _request_at_end(shell: Shell, call: Call, reason: EndReason) -> Limit | None:
    """The limit that stood in the way of it. Raises StoreUnavailable."""
    wish = wish_at_end(call, reason, shell.area())
    made = None if wish is None else await shell.callbacks.create_or_join(wish, shell.clock.now())
    if isinstance(made, NotPromised) and call.pii_callback_number is not None:
        log.error("callback_not_made", call_id=str(call.id), part=made.part.value)
    if not isinstance(made, NotPromised) or made.limit is None:
        return None
    log.warning("callback_limited", call_id=str(call.id), municipality=call.municipality, limit=made.limit.value)
    return made.limit


async def is_within_limits(flow: Flow, number: str | None = None) -> bool:
    """Whether this caller may be promised a callback, to this number if it is known; refused, it is a fact of the call.

    A store that cannot be read now refuses nobody. Raises StoreUnavailable when the fact cannot be committed.
    """
    try:
        limit = await flow.shell.callbacks.limit_of_caller(flow.call, number, flow.now)
    except StoreUnavailable:
        return True
    if limit is None:
        return True
    log.warning("callback_limited", call_id=str(flow.call.id), municipality=flow.call.municipality, limit=limit.value)
    await flow.commit(refusal(limit, flow.now))
    return False


# --- made by the operator ---


async def operator_request(
    shell: Shell, call: Call, wanted: PromiseCallback, reason: RequestReason, by: OperatorNumber | None
) -> Answer:
    """Store that the citizen of this call is to be called back. Refused, never an exception, when it cannot be."""
    number = wanted.pii_number or call.pii_caller_number
    if number is None:
        return Refused(RefusalReason.NO_NUMBER)
    municipality = _municipality(shell, call, by)
    if municipality is None:
        return Refused(RefusalReason.NOBODY_THERE)
    how = Confirmed.SPOKEN if wanted.pii_number else Confirmed.SHOWN
    wish = wish_of_call(
        call,
        municipality,
        reason,
        number,
        how,
        team=wanted.team,
        operator=wanted.operator,
        entry=wanted.entry,
        subject=wanted.subject,
        pii_note=wanted.pii_note,
    )
    try:
        made = await shell.callbacks.create_or_join(wish, shell.clock.now())
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    if isinstance(made, NotPromised):
        log.info("request_refused", call_id=str(call.id), part=made.part.value)
        return Refused(refusal_of(made))
    return Promised(made.request.reference, made.request.deadline_at, made.joined)


def _municipality(shell: Shell, call: Call, by: OperatorNumber | None) -> MunicipalityCode | None:
    """For a caller who chose none, the first of the dialled number that this operator answers for."""
    if call.municipality is not None or by is None:
        return call.municipality
    area = shell.area()
    served = skills_of(area, by).primary
    shared = area.shared_numbers.get(call.shared_number or "")
    members = () if shared is None else shared.members
    found = [member.municipality for member in members if member.municipality in served]
    return found[0] if found else next(iter(sorted(served & area.municipalities.keys())), None)


def reason_in_talk(transfer: Transfer | None, refused: RefusalReason | None) -> RequestReason:
    """Why a request is made in a talk: after a transfer that was refused or not answered, or for another reason."""
    if refused is RefusalReason.TRANSFER_LIMIT:
        return RequestReason.REFUSED_TRANSFER
    if transfer is not None and transfer.outcome in _TRANSFER_FAILED:
        return RequestReason.TRANSFER_NOT_ANSWERED
    return RequestReason.OPERATOR


# --- of a citizen who calls again ---


async def known_request(flow: Flow, operator: OperatorNumber) -> CallbackRequest | None:
    """The open request of this caller that this operator may see; None too when it cannot be read now."""
    number = flow.call.pii_caller_number
    if number is None or flow.call.callback_request is not None:
        return None
    towns = skills_of(flow.area, operator).any
    if flow.call.municipality is not None:
        towns &= {flow.call.municipality}
    try:
        found = await flow.shell.callbacks.open_requests_of_number(number, towns)
    except StoreUnavailable:
        return None
    return found[0] if found else None


async def close_as_helped(flow: Flow, operator: OperatorNumber) -> Answer:
    """Close the request of this caller, who was to be called back and is helped now."""
    request = await known_request(flow, operator)
    began_at = flow.call.answered_at
    if request is None or began_at is None:
        return Refused(RefusalReason.NO_REQUEST)
    try:
        await flow.shell.callbacks.close_as_helped(request.id, operator, began_at, flow.now, flow.call.id)
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    except CallbackRefused:
        return Refused(RefusalReason.NO_REQUEST)
    return Promised(request.reference, request.deadline_at, joined=True)
