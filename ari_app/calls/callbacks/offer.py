"""Where in a call its caller is asked whether to be called back, and the way there."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.errors import PartyLeft
from ari_app.calls.messages import Digit, Message
from ari_app.core.call import Fact, FactKind, Stage
from ari_app.core.callback_offers import is_offered_to, kind_for_waiting, offer_due_at
from ari_app.core.callbacks import RequestKind, RequestReason
from ari_app.prompts.phrases import callback_caller as callback_to_caller

#: who holds the line for so long after the announcement wants to be called back
STAY = timedelta(seconds=6)
MENU_KEY = "*"
YES = "1"


def to_be_called(reason: RequestReason, kind: RequestKind | None) -> Step:
    """The step to the question for the number; with `kind` None the caller is asked first whether they want it."""
    return Step(Stage.LEAVING_CALLBACK, changes={"callback_reason": reason, "callback_kind": kind})


async def staying(flow: Flow, end: End, reason: RequestReason) -> Step | End:
    """After an announcement that is all there is to say. Early media brings us no keys, so who stays is asked.

    Only then the line is taken: who hangs up pays nothing, and the announcement was heard to its end.
    """
    if not is_offered_to(flow.area, flow.call, flow.now):
        return end
    if flow.call.line_answered_at is None:
        try:
            await flow.play(callback_to_caller.STAY)
            await flow.pass_time(STAY)
        except PartyLeft:
            if not await flow.caller_departed():
                raise
            return end
    return to_be_called(reason, None)


def due_at(flow: Flow) -> datetime | None:
    return offer_due_at(flow.area, flow.call, flow.now)


async def note_offer(flow: Flow) -> tuple[str, ...]:
    """Store that a waiting caller is asked now, and return the words; from then on the key means yes."""
    kind = kind_for_waiting(flow.area, flow.call, flow.now)
    asked = Fact(flow.now, FactKind.CALLBACK_OFFERED, {"reason": RequestReason.WAITING.value, "kind": kind.value})
    await flow.commit(asked, callback_offered_at=flow.now)
    return callback_to_caller.offer(kind)


def says_yes(flow: Flow, message: Message | None) -> bool:
    """A waiting caller who was asked presses the key, now or later."""
    return isinstance(message, Digit) and message.digit == YES and flow.call.callback_offered_at is not None


def instead_of_waiting(flow: Flow) -> Step:
    return to_be_called(RequestReason.WAITING, kind_for_waiting(flow.area, flow.call, flow.now))
