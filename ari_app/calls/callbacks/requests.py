"""Calls make their promises: at once when the caller agreed on one, and at the latest when the call ends."""

from __future__ import annotations

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.record import STORE_PATIENCE, STORE_RETRY
from ari_app.calls.clock import sleep_until
from ari_app.calls.shell import Shell
from ari_app.core.call import Call, EndReason
from ari_app.core.callback_offers import agreed_request, request_at_end
from ari_app.core.callbacks import Created
from ari_app.core.ledger import CallbackRefused, StoreUnavailable

log = structlog.get_logger(__name__)


async def promised(flow: Flow) -> Created | None:
    """The request of a caller whose number is confirmed; the same one however often. None: nobody could have it.

    Raises StoreUnavailable when the store is away for longer than a caller can be kept waiting.
    """
    shell = flow.shell
    new = agreed_request(flow.call, flow.area, flow.now)
    until = flow.now + STORE_PATIENCE
    while new is not None:
        try:
            return await shell.promises.create_or_join(new, flow.area)
        except StoreUnavailable:
            if flow.now >= until:
                raise
            await sleep_until(shell.clock, flow.now + STORE_RETRY)
    return None


async def promise_at_end(shell: Shell, call: Call, reason: EndReason) -> None:
    """What a call that ends for this reason still has to promise. Raises StoreUnavailable."""
    area = shell.area()
    new = request_at_end(call, reason, area, shell.clock.now())
    if new is None:
        return
    try:
        await shell.promises.create_or_join(new, area)
    except CallbackRefused as error:
        log.error("callback_not_made", call_id=str(call.id), error=str(error))


async def promise_of_lost(shell: Shell, call: Call) -> EndReason:
    """Of a call whose end nobody saw: the promise that its row still owes, and what it ended with.

    Raises StoreUnavailable.
    """
    await promise_at_end(shell, call, EndReason.LOST)
    return EndReason.LOST if call.pii_callback_number is None else EndReason.CALLBACK_PROMISED


async def try_at_end(flow: Flow, reason: EndReason, *, for_the_last_time: bool = False) -> bool:
    """Before the row is ended, so that a process that dies in between leaves an open row behind it.

    The end of a call waits for nobody: False when the store does not answer, and then it is tried once more after it.
    """
    try:
        await promise_at_end(flow.shell, flow.call, reason)
    except StoreUnavailable:
        if for_the_last_time:
            log.error("callback_not_made", call_id=str(flow.call.id), error="the store does not answer")
        return False
    return True
