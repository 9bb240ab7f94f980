"""Questions that a caller answers by keys: one key out of a few, or a number that ends with #."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from ari_app.calls.call.flow import Flow
from ari_app.calls.messages import Digit, Message
from ari_app.core.call import Fact

ASKED_AGAIN = 2
#: how long after the end of a question a key is awaited
KEY_PATIENCE = timedelta(seconds=5)
#: people read a number from paper
NEXT_DIGIT_PATIENCE = timedelta(seconds=8)
#: no telephone number is longer
MOST_DIGITS = 20


async def ask_key(flow: Flow, names: Sequence[str], keys: Collection[str], asked: Fact | None = None) -> str | None:
    """Ask a question, twice at most, and return the key that answers it, one of `keys`; None when none did.

    `asked` is noted once the question was heard to its end, or a key broke it off.
    """
    for _ in range(ASKED_AGAIN):
        message: Message | None = await flow.play(names, stop_on=(Digit,))
        if asked is not None and (flow.was_heard or message is not None):
            flow.note(asked)
            asked = None
        until = flow.now + KEY_PATIENCE
        while not isinstance(message, Digit):
            message = await flow.next(until)
            if message is None:
                break
        if isinstance(message, Digit) and message.digit in keys:
            return message.digit
    return None


async def ask_number(flow: Flow, names: Sequence[str]) -> str:
    """Ask for a number and return what is keyed until #, or until no more keys come; `*` begins again."""
    digits = ""
    message: Message | None = await flow.play(names, stop_on=(Digit,))
    while len(digits) <= MOST_DIGITS:
        if isinstance(message, Digit):
            if message.digit == "#":
                break
            digits = "" if message.digit == "*" else digits + message.digit
        message = await flow.next(flow.now + NEXT_DIGIT_PATIENCE)
        if message is None:
            break
    return digits
