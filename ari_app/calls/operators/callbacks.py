"""An operator and callbacks: the next one to make, and a promise after the talk is over."""

from __future__ import annotations

import structlog

from ari_app.calls.call.flow import Shell
from ari_app.calls.callbacks.attempts import promise
from ari_app.core.callback_rules import LEASE, callable_towns
from ari_app.core.callbacks import CallbackRequest, RequestReason
from ari_app.core.ids import CallId, RequestId, new_call_id
from ari_app.core.ledger import CallbackRefused, StoreUnavailable
from ari_app.core.operator_commands import (
    ACCEPTED,
    Answer,
    Command,
    NextCallback,
    PromiseCallback,
    RefusalReason,
    Refused,
)
from ari_app.core.operators import OperatorSession
from ari_app.core.skills import teams_of

log = structlog.get_logger(__name__)


async def of_desk(shell: Shell, session: OperatorSession, last_call: CallId | None, command: Command) -> Answer:
    """What a screen asks for on behalf of an operator who has no caller."""
    match command:
        case NextCallback():
            return await start_next(shell, session) or ACCEPTED
        case PromiseCallback():
            return await promise_after(shell, session, last_call, command)
        case _:
            return Refused(RefusalReason.NO_SUCH_CALL)


async def start_next(shell: Shell, session: OperatorSession) -> Refused | None:
    """The callback that this operator should make first, begun; refused when there is none, or they have a caller."""
    if session.call_id is not None:
        return Refused(RefusalReason.TRANSFER_OPEN)
    area, now = shell.area(), shell.clock.now()
    # Of every town: a request may be given to a team that does not answer for its municipality.
    towns = callable_towns(area, now)
    teams = [team.code for team in teams_of(area, session.operator)]
    call_id = new_call_id()
    try:
        request = await shell.promises.claim_next(
            session.operator, teams, towns, now, lease_until_at=now + LEASE, lease_owner=f"call:{call_id}"
        )
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    if request is None:
        return Refused(RefusalReason.NO_REQUEST)
    return await _start(shell, session, request, call_id)


async def start_this(shell: Shell, session: OperatorSession, request_id: RequestId) -> Refused | None:
    """This very callback, begun; refused when somebody else has it, or its number, on the line."""
    now, call_id = shell.clock.now(), new_call_id()
    lease_owner = f"call:{call_id}"
    try:
        request = await shell.promises.claim(
            request_id, session.operator, now, lease_until_at=now + LEASE, lease_owner=lease_owner
        )
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    except CallbackRefused:
        return Refused(RefusalReason.NO_REQUEST)
    if request is None:
        return Refused(RefusalReason.NO_REQUEST)
    return await _start(shell, session, request, call_id)


async def _start(shell: Shell, session: OperatorSession, request: CallbackRequest, call_id: CallId) -> Refused | None:
    if shell.registry.start_callback is None:
        return Refused(RefusalReason.NO_WAY_OUT)
    shell.registry.start_callback(request, session, call_id)
    return None


async def promise_after(
    shell: Shell, session: OperatorSession, call_id: CallId | None, wanted: PromiseCallback
) -> Answer:
    """The citizen of the talk that is just over is to be called back."""
    if call_id is None:
        return Refused(RefusalReason.NO_SUCH_CALL)
    try:
        call = await shell.ledger.call(call_id)
    except StoreUnavailable:
        return Refused(RefusalReason.STORE_AWAY)
    if call is None:
        return Refused(RefusalReason.NO_SUCH_CALL)
    return await promise(shell, call, wanted, RequestReason.OPERATOR, session.operator)
