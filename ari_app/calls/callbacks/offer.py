"""Offering a callback: after an announcement, while the caller waits, and the step to the question for a number."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.calls.call.bridging import start_prompt, stop_prompt
from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.errors import PartyLeft
from ari_app.calls.messages import Digit, Message
from ari_app.core.call import Fact, FactKind, Stage
from ari_app.core.callback_offers import is_offered_to, kind_for_waiting, offer_due_at
from ari_app.core.callbacks import RequestKind, RequestReason
from ari_app.prompts.phrases import callback_caller as callback_to_caller

#: a caller who holds the line for so long after the announcement may want to be called back
STAY = timedelta(seconds=6)
MENU_KEY = "*"
YES = "1"


def to_leaving_callback(reason: RequestReason, kind: RequestKind | None) -> Step:
    """The step to the question for the number. With `kind` None the caller is first asked whether they want it."""
    return Step(Stage.LEAVING_CALLBACK, changes={"callback_reason": reason, "callback_kind": kind})


async def offer_after_announcement(flow: Flow, end: End, reason: RequestReason) -> Step | End:
    """Ask a caller who stays on the line after an announcement that would otherwise end the call.

    The line is answered only then, since early media brings us no keys: a caller who hangs up earlier pays nothing, and
    heard the announcement to its end. While the store is away nothing could be promised, so nothing is asked.
    """
    if flow.store_is_away or not is_offered_to(flow.area, flow.call, flow.now):
        return end
    if flow.call.line_answered_at is None:
        try:
            await flow.play(callback_to_caller.STAY)
            await start_prompt(flow, flow.caller, callback_to_caller.STAYING)
            await flow.pass_time(STAY)
            await stop_prompt(flow, flow.caller)
        except PartyLeft:
            if not await flow.caller_departed():
                raise
            return end
    return to_leaving_callback(reason, None)


def due_at(flow: Flow) -> datetime | None:
    return offer_due_at(flow.area, flow.call, flow.now)


async def open_offer(flow: Flow) -> tuple[tuple[str, ...], Fact]:
    """From now on the key of a waiting caller means yes. Returns the question, and the fact of one who was asked it."""
    kind = kind_for_waiting(flow.area, flow.call, flow.now)
    await flow.commit(callback_offered_at=flow.now)
    detail = {"reason": RequestReason.WAITING.value, "kind": kind.value}
    return callback_to_caller.offer(kind), Fact(flow.now, FactKind.CALLBACK_OFFERED, detail)


def accepts_offer(flow: Flow, message: Message | None) -> bool:
    """Whether a waiting caller who was asked presses the key, at once or later."""
    return isinstance(message, Digit) and message.digit == YES and flow.call.callback_offered_at is not None


def instead_of_waiting(flow: Flow) -> Step:
    return to_leaving_callback(RequestReason.WAITING, kind_for_waiting(flow.area, flow.call, flow.now))
