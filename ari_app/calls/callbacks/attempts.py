"""Promises made, kept and closed by whoever talks with a citizen, and what comes of a call that is to keep one."""

from __future__ import annotations

from datetime import datetime

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.record import STORE_RETRY
from ari_app.calls.clock import sleep_until
from ari_app.calls.shell import Shell
from ari_app.core.call import Call, EndReason, Leg, LegEndReason
from ari_app.core.callback_rules import owner_team_of
from ari_app.core.callbacks import AttemptOutcome, CallbackRequest, Confirmed, NewRequest, RequestReason
from ari_app.core.ids import MunicipalityCode, OperatorNumber
from ari_app.core.ledger import CallbackRefused, StoreUnavailable
from ari_app.core.numbers import E164
from ari_app.core.operator_commands import (
    Answer,
    CallbackCommand,
    CallbackKey,
    CloseRequest,
    PromiseCallback,
    Promised,
    RefusalReason,
    Refused,
)
from ari_app.core.skills import skills_of
from ari_app.core.tariffs import Forbidden, NotCalled, callable_number
from ari_app.core.transfer import Transfer, TransferOutcome
from ari_app.prompts.phrases import callback_operator as callback_to_operator

#: `*6`, this and `#`: the caller's request is done
CLOSES = "0"

log = structlog.get_logger(__name__)


async def promise(
    shell: Shell, call: Call, wanted: PromiseCallback, reason: RequestReason, by: OperatorNumber | None
) -> Answer:
    """Store that the citizen of this call is to be called back. Refused, never an exception, when it cannot be."""
    area = shell.area()
    number = _number(shell, call, wanted.pii_number)
    if isinstance(number, Refused):
        return number
    municipality = _municipality(shell, call, by)
    team = None if municipality is None else wanted.team or owner_team_of(area, municipality)
    if municipality is None or team is None:
        return Refused(RefusalReason.NOBODY_THERE)
    is_shown = not wanted.pii_number and number == call.pii_caller_number
    new = NewRequest(
        municipality=municipality,
        reason=reason,
        first_contact_at=call.arrived_at,
        created_at=shell.clock.now(),
        owner_team=team,
        number_confirmed_how=Confirmed.SHOWN if is_shown else Confirmed.SPOKEN,
        pii_number=number,
        call_id=call.id,
        owner_operator=wanted.operator,
        owner_entry=wanted.entry,
        subject=wanted.subject,
        pii_note=wanted.pii_note,
        transfer_count=call.transfer_count,
    )
    try:
        created = await shell.promises.create_or_join(new, area)
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    except CallbackRefused as error:
        log.warning("promise_refused", call_id=str(call.id), error=str(error))
        return Refused(RefusalReason.NO_REQUEST)
    return Promised(created.request.reference, created.request.deadline_at, created.joined)


def _number(shell: Shell, call: Call, keyed: str) -> E164 | Refused:
    if not keyed:
        shown = call.pii_caller_number
        if shown is None:
            return Refused(RefusalReason.NO_NUMBER)
        keyed = shown
    found = callable_number(keyed, shell.area().callable_countries)
    if not isinstance(found, Forbidden):
        return found
    unclear = found.reason in (NotCalled.NOT_A_NUMBER, NotCalled.SHORT)
    return Refused(RefusalReason.NO_NUMBER if unclear else RefusalReason.PAID_SERVICE)


def _municipality(shell: Shell, call: Call, by: OperatorNumber | None) -> MunicipalityCode | None:
    """Of a caller who chose none, the first of the dialled number that this operator answers for."""
    if call.municipality is not None or by is None:
        return call.municipality
    area = shell.area()
    served = skills_of(area, by).primary
    shared = area.shared_numbers.get(call.shared_number or "")
    members = () if shared is None else shared.members
    found = [member.municipality for member in members if member.municipality in served]
    return found[0] if found else next(iter(sorted(served & area.municipalities.keys())), None)


def why_promised(call: Call, transfer: Transfer | None, refused: RefusalReason | None) -> RequestReason:
    """Where a promise comes from that is made in a talk."""
    if refused is RefusalReason.TRANSFER_LIMIT:
        return RequestReason.REFUSED_TRANSFER
    failed = (TransferOutcome.NO_ANSWER, TransferOutcome.BUSY, TransferOutcome.UNREACHABLE, TransferOutcome.REFUSED)
    if transfer is not None and transfer.outcome in failed:
        return RequestReason.TRANSFER_NOT_ANSWERED
    return RequestReason.OPERATOR


# --- who calls again ---


async def open_request(flow: Flow, operator: OperatorNumber) -> CallbackRequest | None:
    """What this caller is to be called back for, as far as this operator may know; None too when it cannot be read."""
    number = flow.call.pii_caller_number
    if number is None or flow.call.callback_request is not None:
        return None
    towns = skills_of(flow.area, operator).any
    if flow.call.municipality is not None:
        towns &= {flow.call.municipality}
    try:
        found = await flow.shell.promises.open_of_number(number, towns)
    except StoreUnavailable:
        return None
    return found[0] if found else None


async def close_as_helped(flow: Flow, operator: OperatorNumber) -> Answer:
    """The caller was to be called back, and is helped now."""
    request = await open_request(flow, operator)
    began_at = flow.call.answered_at
    if request is None or began_at is None:
        return Refused(RefusalReason.NO_REQUEST)
    try:
        await flow.shell.promises.close_as_helped(request.id, operator, began_at, flow.now, flow.call.id)
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    except CallbackRefused:
        return Refused(RefusalReason.NO_REQUEST)
    return Promised(request.reference, request.deadline_at, joined=True)


# --- a call that is to keep a promise ---


def lease_owner_of(call: Call) -> str:
    """Who has the lease of a promise while it is being kept: the call."""
    return f"call:{call.id}"


async def settle_attempt(flow: Flow, reason: EndReason) -> None:
    """What came of it, stored before the call's own end: whoever takes up the row after us finds it told already."""
    while True:
        try:
            await _settle(flow.shell, flow.call, outcome_of(flow.call, flow.leg(flow.caller), reason))
            return
        except StoreUnavailable:
            await sleep_until(flow.shell.clock, flow.now + STORE_RETRY)


async def settle_lost(shell: Shell, call: Call, reason: EndReason) -> None:
    """The same of a call whose end nobody saw: its row knows what was marked, and whether a talk began.

    Raises StoreUnavailable.
    """
    await _settle(shell, call, outcome_of(call, None, reason))


async def talk_kept(flow: Flow) -> bool:
    """Before something new is promised in a callback: the talk kept the old promise, and must not close the new one.

    False when that cannot be stored now.
    """
    call = flow.call
    if call.callback_attempt is not None and call.answered_at is not None:
        try:
            await _settle(flow.shell, call, call.callback_mark or AttemptOutcome.REACHED)
        except StoreUnavailable:
            return False
    return True


async def _settle(shell: Shell, call: Call, outcome: AttemptOutcome) -> None:
    """Told twice, it is one."""
    if call.callback_request is None:
        return
    now = shell.clock.now()
    try:
        if call.callback_attempt is None:
            await shell.promises.release(call.callback_request, lease_owner_of(call), now)
        else:
            await shell.promises.end_attempt(
                call.callback_attempt,
                outcome,
                shell.area(),
                now,
                answered_at=call.line_answered_at,
                reached_at=call.answered_at,
            )
    except CallbackRefused as error:
        log.info("attempt_settled_elsewhere", call_id=str(call.id), error=str(error))


def outcome_of(call: Call, citizen: Leg | None, reason: EndReason) -> AttemptOutcome:
    """Reached means that the citizen answered and there was a talk; unless who listened says what it was instead."""
    if call.answered_at is not None:
        return call.callback_mark or AttemptOutcome.REACHED
    if reason is EndReason.CALLBACK_NOT_ANSWERED and citizen is not None:
        return AttemptOutcome.BUSY if citizen.end_reason is LegEndReason.BUSY else AttemptOutcome.NO_ANSWER
    return AttemptOutcome.FAILED


async def tell_progress(flow: Flow, *, talk_began_at: datetime | None = None) -> None:
    """The citizen picked up, or the talk began: told at once, so that nobody calls again whatever becomes of us.

    A store that is away hears it with the end.
    """
    attempt, answered_at = flow.call.callback_attempt, flow.call.line_answered_at
    if attempt is None:
        return
    try:
        if talk_began_at is not None:
            await flow.shell.promises.talk_began(attempt, talk_began_at)
        elif answered_at is not None:
            await flow.shell.promises.attempt_answered(attempt, answered_at)
    except (StoreUnavailable, CallbackRefused) as error:
        log.info("attempt_told_later", call_id=str(flow.call.id), error=str(error))


def said(command: CallbackCommand, given: Answer) -> tuple[str, ...]:
    """What the person who asked hears when it was done."""
    closes = isinstance(command, CloseRequest) or (isinstance(command, CallbackKey) and command.pii_digits == CLOSES)
    if closes:
        return callback_to_operator.REQUEST_CLOSED
    return callback_to_operator.promised(given.reference) if isinstance(given, Promised) else callback_to_operator.NOTED
