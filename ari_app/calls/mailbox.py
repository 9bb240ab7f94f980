"""The one way to reach a task: a mailbox, in order, without a limit, from which nothing is dropped."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from ari_app.calls.clock import Clock
from ari_app.calls.messages import Message

M = TypeVar("M", bound=Message)


class Mailbox:
    """The messages for one task, in the order in which they were posted. Anyone posts; only the owner reads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: deque[Message] = deque()
        self._reader: asyncio.Future[None] | None = None

    def post(self, message: Message) -> None:
        self._messages.append(message)
        self._wake()

    def post_first(self, message: Message) -> None:
        """Put back a message that was read too early; only the owner does this."""
        self._messages.appendleft(message)

    def withdraw(self, *kinds: type[M]) -> list[M]:
        """Take out the messages of these kinds, for an owner who acts on them no more; the others wait."""
        taken: list[M] = [message for message in self._messages if isinstance(message, kinds)]
        self._messages = deque(message for message in self._messages if not isinstance(message, kinds))
        return taken

    @contextmanager
    def keeping(self) -> Iterator[list[Message]]:
        """A list for messages that are not for now; when the block ends, they are the next ones again, in order."""
        kept: list[Message] = []
        try:
            yield kept
        finally:
            self._messages.extendleft(reversed(kept))

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def next(self, until: datetime | None = None) -> Message | None:
        """The next message, or None at the instant `until`. One that is there goes before a deadline that passed."""
        if self._messages:
            return self._messages.popleft()
        if until is not None and until <= self._clock.now():
            await asyncio.sleep(0)  # a task that asks for what is overdue must not starve the others
            return None
        self._reader = asyncio.get_running_loop().create_future()
        timer = None if until is None else self._clock.call_at(until, self._wake)
        try:
            await self._reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()
        return self._messages.popleft() if self._messages else None
