"""Commands of operators from a screen: the same as by keys, with typed answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ari_app.calls.messages import CommandAsked, StateAsked
from ari_app.calls.registry import Registry, SessionEntry
from ari_app.core.ids import CallId, CommandId, Endpoint, OperatorNumber, SessionId
from ari_app.core.operator_commands import (
    Answer,
    Command,
    MakeCallback,
    NextCallback,
    PromiseCallback,
    RefusalReason,
    Refused,
    Unanswered,
)
from ari_app.core.state_commands import StateCommand

#: rings this operator's phone, and returns at once
StartLogin = Callable[[OperatorNumber, Endpoint, Callable[[Answer], None], CommandId | None], None]

#: a call's task answers within milliseconds; one that waits for the store may take longer
PATIENCE_SECONDS = 5.0


class OperatorCommands:
    """The way of commands to live calls. Many may use it at once; each call carries out its own, in order.

    Nothing is raised for what cannot be done: it is Refused with the reason. `command_id`: of a command from a screen;
    the record names it. `session_id`: the login of whoever asked, when they asked; refused after another login.
    """

    def __init__(self, registry: Registry, log_in: StartLogin, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._registry = registry
        self._log_in = log_in
        self._patience_seconds = patience_seconds

    async def ask(
        self,
        operator: OperatorNumber,
        command: Command,
        *,
        command_id: CommandId | None = None,
        session_id: SessionId | None = None,
    ) -> Answer:
        """A command about the caller whom this operator has now.

        Without a caller: a callback to begin, or a promise to the citizen of the talk that is just over.
        """
        entry = self._entry(operator, session_id)
        if entry is None:
            return Refused(RefusalReason.NO_SUCH_CALL)
        call_id = entry.session.call_id
        if call_id is not None and not isinstance(command, NextCallback | MakeCallback):
            return await self.ask_call(call_id, operator, command, command_id=command_id, session_id=session_id)
        return await self._ask_session(entry, command, command_id, None)

    async def ask_call(
        self,
        call_id: CallId,
        operator: OperatorNumber,
        command: Command,
        *,
        command_id: CommandId | None = None,
        session_id: SessionId | None = None,
    ) -> Answer:
        """A command about this very call; refused when it is not, or no longer, this operator's."""
        entry = self._entry(operator, session_id)
        if entry is None:
            return Refused(RefusalReason.NOT_YOURS)
        is_over = not self._registry.has_call(call_id)
        if isinstance(command, PromiseCallback) and is_over:
            return await self._ask_session(entry, command, command_id, call_id)
        answered, give = self._to_answer()
        if not self._registry.post_to_call(call_id, CommandAsked(command, entry.session.id, give, command_id)):
            return Refused(RefusalReason.NO_SUCH_CALL)
        return await self._within_patience(answered)

    async def ask_state(
        self,
        operator: OperatorNumber,
        command: StateCommand,
        *,
        command_id: CommandId | None = None,
        session_id: SessionId | None = None,
    ) -> Answer:
        """A command about the operator's own state."""
        entry = self._entry(operator, session_id)
        if entry is None:
            return Refused(RefusalReason.NOT_LOGGED_IN)
        answered, give = self._to_answer()
        entry.mailbox.post(StateAsked(command, give, command_id))
        return await self._within_patience(answered)

    async def log_in(self, operator: OperatorNumber, phone: Endpoint, *, command_id: CommandId | None = None) -> Answer:
        """Let this phone ring; picking it up is the login. Accepted when it is about to ring."""
        answered, give = self._to_answer()
        self._log_in(operator, phone, give, command_id)
        return await self._within_patience(answered)

    async def _ask_session(
        self, entry: SessionEntry, command: Command, command_id: CommandId | None, about: CallId | None
    ) -> Answer:
        answered, give = self._to_answer()
        entry.mailbox.post(CommandAsked(command, entry.session.id, give, command_id, about))
        return await self._within_patience(answered)

    def _entry(self, operator: OperatorNumber, session_id: SessionId | None) -> SessionEntry | None:
        entry = self._registry.session_of(operator)
        return entry if entry is not None and session_id in (None, entry.session.id) else None

    def _to_answer(self) -> tuple[asyncio.Future[Answer], Callable[[Answer], None]]:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def give(answer: Answer) -> None:
            if not answered.done():
                answered.set_result(answer)

        return answered, give

    async def _within_patience(self, answered: asyncio.Future[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await answered
        except TimeoutError:
            return Unanswered()
