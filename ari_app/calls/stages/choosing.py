"""The one question: which municipality? A key answers it, also before its end; after two tries the default is taken."""

from __future__ import annotations

from datetime import timedelta

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import after_choice
from ari_app.calls.callbacks.offer import MENU_KEY, to_leaving_callback
from ari_app.calls.messages import Digit, Message
from ari_app.core import routing
from ari_app.core.area import SharedNumber
from ari_app.core.call import ChoiceKind, Fact, FactKind
from ari_app.core.callback_offers import offering
from ari_app.core.callbacks import RequestKind, RequestReason
from ari_app.prompts.phrases import caller as to_caller

TRIES = 2
#: how long after the end of the menu a key is awaited
KEY_PATIENCE = timedelta(seconds=5)


async def choosing(flow: Flow) -> Step | End:
    if flow.call.line_answered_at is None:
        await flow.answer()
        await flow.commit(Fact(flow.now, FactKind.ANSWERED_LINE))
    pressed = False
    while flow.call.menu_tries < TRIES:
        shared = routing.offered(flow.area, flow.call.shared_number, flow.now)
        calls_back = bool(offering(flow.area, flow.call.shared_number, flow.now).members)
        digit = await _ask(flow, shared, calls_back=calls_back, again=flow.call.menu_tries > 0, pressed=pressed)
        if digit == MENU_KEY and calls_back:
            return to_leaving_callback(RequestReason.MENU, RequestKind.PROMISE)
        municipality = None if digit is None else routing.choose(shared, digit)
        if municipality is not None:
            return after_choice(flow, municipality, ChoiceKind.KEY)
        pressed = digit is not None
        missed = Fact(flow.now, FactKind.WRONG_KEY, {"pressed": pressed})
        await flow.commit(missed, menu_tries=flow.call.menu_tries + 1)
    default = routing.default_choice(flow.area, flow.call.shared_number, flow.now)
    step = after_choice(flow, default, ChoiceKind.DEFAULT)
    await flow.play(to_caller.not_chosen(default), stop_on=(Digit,))
    return step


async def _ask(flow: Flow, shared: SharedNumber, *, calls_back: bool, again: bool, pressed: bool) -> str | None:
    names = to_caller.menu(shared, calls_back=calls_back)
    if again:
        names = to_caller.menu_again(shared, pressed=pressed, calls_back=calls_back)
    message: Message | None = await flow.play(names, stop_on=(Digit,))
    until = flow.now + KEY_PATIENCE
    while not isinstance(message, Digit):
        message = await flow.next(until)
        if message is None:
            return None
    return message.digit
