"""Commands of operators from a screen: the same as by keys, with typed answers."""

from __future__ import annotations

import asyncio

from ari_app.calls.messages import CommandAsked
from ari_app.calls.registry import Registry, SessionEntry
from ari_app.core.ids import CallId, OperatorNumber
from ari_app.core.operator_commands import Answer, Command, NextCallback, RefusalReason, Refused, Unanswered

#: a call's task answers within milliseconds; one that waits for the store may take longer
PATIENCE_SECONDS = 5.0


class OperatorCommands:
    """The way of commands to live calls. Many may use it at once; each call carries out its own, in order.

    Nothing is raised for what cannot be done: it is Refused with the reason.
    """

    def __init__(self, registry: Registry, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._registry = registry
        self._patience_seconds = patience_seconds

    async def ask(self, operator: OperatorNumber, command: Command) -> Answer:
        """A command about the caller whom this operator has now.

        Without a caller: the next callback, or a promise to the citizen of the talk that is just over.
        """
        entry = self._registry.session_of(operator)
        if entry is None:
            return Refused(RefusalReason.NO_SUCH_CALL)
        if entry.session.call_id is not None and not isinstance(command, NextCallback):
            return await self.ask_call(entry.session.call_id, operator, command)
        answered, message = _to_ask(command, entry)
        entry.mailbox.post(message)
        return await self._within_patience(answered)

    async def ask_call(self, call_id: CallId, operator: OperatorNumber, command: Command) -> Answer:
        """A command about this very call; refused when it is not, or no longer, this operator's."""
        entry = self._registry.session_of(operator)
        if entry is None:
            return Refused(RefusalReason.NOT_YOURS)
        answered, message = _to_ask(command, entry)
        if not self._registry.post_to_call(call_id, message):
            return Refused(RefusalReason.NO_SUCH_CALL)
        return await self._within_patience(answered)

    async def _within_patience(self, answered: asyncio.Future[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await answered
        except TimeoutError:
            return Unanswered()


def _to_ask(command: Command, entry: SessionEntry) -> tuple[asyncio.Future[Answer], CommandAsked]:
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def answer(given: Answer) -> None:
        if not answered.done():
            answered.set_result(given)

    return answered, CommandAsked(command, entry.session.id, answer)
