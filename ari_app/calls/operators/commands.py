"""What a screen may ask for on behalf of the person who has a caller: the same as the keys, with typed answers."""

from __future__ import annotations

import asyncio

from ari_app.calls.messages import CommandAsked
from ari_app.calls.registry import Registry, SessionEntry
from ari_app.core.ids import CallId, OperatorNumber
from ari_app.core.operator_commands import Answer, Command, NextCallback, RefusalReason, Refused

#: a call's task answers within milliseconds; one that waits for the store may take longer
PATIENCE_SECONDS = 5.0


class Desk:
    """The way of commands into live calls. Many may use it at once; each call decides for itself, in order.

    Never raises for what was asked: it returns Refused with the reason.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def ask(self, operator: OperatorNumber, command: Command) -> Answer:
        """Have something done with the caller whom this operator has now.

        Without one: the next callback, or a promise to the citizen of the talk that is just over.
        """
        entry = self._registry.session_of(operator)
        if entry is None:
            return Refused(RefusalReason.NO_SUCH_CALL)
        if entry.session.call_id is not None and not isinstance(command, NextCallback):
            return await self.ask_call(entry.session.call_id, operator, command)
        answered, asked = _question(command, entry)
        entry.mailbox.post(asked)
        return await _within_patience(answered)

    async def ask_call(self, call_id: CallId, operator: OperatorNumber, command: Command) -> Answer:
        """The same, of one call: refused when it is not, or no longer, this operator's."""
        entry = self._registry.session_of(operator)
        if entry is None:
            return Refused(RefusalReason.NOT_YOURS)
        answered, asked = _question(command, entry)
        if not self._registry.post_to_call(call_id, asked):
            return Refused(RefusalReason.NO_SUCH_CALL)
        return await _within_patience(answered)


def _question(command: Command, entry: SessionEntry) -> tuple[asyncio.Future[Answer], CommandAsked]:
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def answer(given: Answer) -> None:
        if not answered.done():
            answered.set_result(given)

    return answered, CommandAsked(command, entry.session.id, answer)


async def _within_patience(answered: asyncio.Future[Answer]) -> Answer:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await answered
    except TimeoutError:
        return Refused(RefusalReason.NOT_NOW)
