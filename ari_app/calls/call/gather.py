"""What a caller keys: one key out of a few, or a number that ends with #."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from ari_app.calls.call.flow import Flow
from ari_app.calls.messages import Digit, News

ASKED_AGAIN = 2
#: how long after the end of a question a key is awaited
KEY_PATIENCE = timedelta(seconds=5)
#: people read a number from paper
NEXT_DIGIT_PATIENCE = timedelta(seconds=8)
#: no telephone number is longer
MOST_DIGITS = 20


async def pressed(flow: Flow, names: Sequence[str], keys: Collection[str]) -> str | None:
    """The key, one of `keys`, that answers a question, which is asked twice; None: it was not answered."""
    for _ in range(ASKED_AGAIN):
        news: News | None = await flow.play(names, stop_on=(Digit,))
        until = flow.now + KEY_PATIENCE
        while not isinstance(news, Digit):
            news = await flow.next(until)
            if news is None:
                break
        if isinstance(news, Digit) and news.digit in keys:
            return news.digit
    return None


async def keyed_number(flow: Flow, names: Sequence[str]) -> str:
    """What is keyed until #, or until no more comes; `*` begins again."""
    digits = ""
    news: News | None = await flow.play(names, stop_on=(Digit,))
    while len(digits) <= MOST_DIGITS:
        if isinstance(news, Digit):
            if news.digit == "#":
                break
            digits = "" if news.digit == "*" else digits + news.digit
        news = await flow.next(flow.now + NEXT_DIGIT_PATIENCE)
        if news is None:
            break
    return digits
