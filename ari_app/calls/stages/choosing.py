"""The one question: which municipality? A key answers it, also before its end; after two tries the default is taken."""

from __future__ import annotations

from datetime import datetime, timedelta

from ari_app.calls.call.flow import End, Flow, Step
from ari_app.calls.call.next_step import after_choice
from ari_app.calls.callbacks.offer import MENU_KEY, to_leaving_callback
from ari_app.calls.messages import Digit, Message
from ari_app.core import routing
from ari_app.core.area import SharedNumber
from ari_app.core.call import ChoiceKind, Fact, FactKind
from ari_app.core.callback_offers import shared_number_with_offers
from ari_app.core.callbacks import RequestKind, RequestReason
from ari_app.prompts.phrases import caller as to_caller
from ari_app.prompts.phrases.parts import Phrase

TRIES = 2
#: how long a key is awaited after a wrong one
WRONG_KEY_PATIENCE = timedelta(seconds=5)
PATIENCE = timedelta(seconds=to_caller.MENU_PATIENCE_SECONDS)


async def choosing(flow: Flow) -> Step | End:
    """A caller who presses no key leaves this stage within the time of the number, unless the menu is longer."""
    if flow.call.line_answered_at is None:
        await flow.answer()
        await flow.commit(Fact(flow.now, FactKind.ANSWERED_LINE))
    pressed = False
    while flow.call.menu_tries < TRIES:
        shared = routing.offered(flow.area, flow.call.shared_number, flow.now)
        offers = shared_number_with_offers(flow.area, flow.call.shared_number, flow.now).members
        calls_back = bool(offers) and not flow.store_is_away
        question = _question(flow, shared, calls_back=calls_back)
        if pressed:
            question = to_caller.wrong_key(shared, calls_back=calls_back), None
        if question is None:
            break
        digit = await _ask(flow, *question)
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


def _question(flow: Flow, shared: SharedNumber, *, calls_back: bool) -> tuple[Phrase, datetime | None] | None:
    """The words of this try and the instant until which a key is awaited; None if there is no time for it."""

    def seconds(words: Phrase) -> float:
        return flow.shell.voice.seconds(words, flow.call.municipality)

    menu = to_caller.menu(shared, calls_back=calls_back, within_seconds=shared.choose_within_seconds, seconds=seconds)
    end = flow.call.stage_entered_at + timedelta(seconds=shared.choose_within_seconds)
    if flow.call.menu_tries > 0:
        return None if menu.again is None else (menu.again, end)
    if menu.again is None:
        return menu.first, end
    for_the_rest = timedelta(seconds=seconds(menu.first) + seconds(menu.again)) + 2 * PATIENCE
    spare = max(timedelta(0), end - flow.now - for_the_rest)
    return menu.first, flow.now + timedelta(seconds=seconds(menu.first)) + PATIENCE + spare / 2


async def _ask(flow: Flow, words: Phrase, until: datetime | None) -> str | None:
    """The key that is pressed while the words are played, or until the instant; never less than a moment after them."""
    message: Message | None = await flow.play(words, stop_on=(Digit,))
    if flow.call.menu_tries == 0 and (flow.was_heard or message is not None):
        flow.note(Fact(flow.now, FactKind.QUESTION_ASKED))
    patience = flow.now + (WRONG_KEY_PATIENCE if until is None else PATIENCE)
    until = patience if until is None else max(until, patience)
    while not isinstance(message, Digit):
        message = await flow.next(until)
        if message is None:
            return None
    return message.digit
