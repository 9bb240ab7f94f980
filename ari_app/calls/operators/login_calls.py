"""Logging in from a screen: the operator's phone rings, and picking it up is the login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from ari_app.calls.errors import CallError
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.operators.line import OperatorShell
from ari_app.calls.operators.reminder_calls import CalledLine, Lines, create_channel, new_called_line
from ari_app.calls.shell import Shell
from ari_app.core.ids import AsteriskId, CallId, CommandId, Endpoint, OperatorNumber
from ari_app.core.operator_commands import ACCEPTED, Answer, RefusalReason, Refused
from ari_app.core.operators import OperatorLine
from ari_app.core.presence import Presence

log = structlog.get_logger(__name__)


class LoginLine(CalledLine):
    """A phone that rings at its operator's own wish: nobody is asked for number and PIN.

    After a restart of this process it is a called line as any other, on which number and PIN are asked for.
    """

    def __init__(
        self, common: OperatorShell, line: OperatorLine, mailbox: Mailbox, answer: Callable[[Answer], None]
    ) -> None:
        super().__init__(common, line, mailbox)
        self._answer = answer
        self._is_over = False

    @property
    def is_logging_in(self) -> bool:
        """Until the operator is at work, or the phone is over: it may be long until its row says so."""
        return self._work is None and not self._is_over

    async def _enter(self) -> None:
        operator = self._line.operator
        try:
            if operator is not None and await self._is_picked_up():
                await self._store(self._line)
                await self._begin_work(operator)
        finally:
            self._is_over = True

    async def _channel_entered(self, created_at: datetime) -> None:
        """Commit the row, then answer, then let it ring."""
        await super()._channel_entered(created_at)
        self._answer(ACCEPTED)


class LoginCalls:
    """Rings phones for operators who ask for it on a screen."""

    def __init__(self, shell: Shell, common: OperatorShell, lines: Lines, asterisk_id: AsteriskId) -> None:
        self._shell = shell
        self._common = common
        self._lines = lines
        self._asterisk_id = asterisk_id
        self._newest: dict[OperatorNumber, LoginLine] = {}

    async def ring(
        self,
        operator: OperatorNumber,
        phone: Endpoint,
        answer: Callable[[Answer], None],
        command_id: CommandId | None = None,
    ) -> None:
        """Let this phone ring; accepted once the row of the line is committed. Returns when the line is over."""
        is_busy = await self._is_busy(phone)
        # Nothing is awaited from here until the line is owned: of two requests at the same moment one is refused.
        before = self._newest.get(operator)
        is_logging_in = before is not None and before.is_logging_in
        if is_logging_in or self._shell.registry.session_of(operator) is not None:
            answer(Refused(RefusalReason.LOGGED_IN))
            return
        if self._is_of_another(phone):
            answer(Refused(RefusalReason.PHONE_TAKEN))
            return
        if is_busy:
            answer(Refused(RefusalReason.PHONE_BUSY))
            return
        line, call_id = new_called_line(self._shell, self._asterisk_id, phone)
        line = replace(line, operator=operator, command_id=command_id)
        task = self._newest[operator] = LoginLine(self._common, line, Mailbox(self._shell.clock), answer)
        self._lines.own_line(task)
        try:
            if await self._is_created(task, call_id):
                await self._lines.run_line(task)
            else:
                answer(Refused(RefusalReason.UNREACHABLE))
        finally:
            if self._newest.get(operator) is task:
                del self._newest[operator]

    async def _is_busy(self, phone: Endpoint) -> bool:
        """Whether there is a call at the phone. One that Asterisk says nothing of is tried."""
        try:
            return await self._shell.switch.presence(phone) is Presence.BUSY
        except CallError:
            return False

    def _is_of_another(self, phone: Endpoint) -> bool:
        """Whether somebody else is at work at this phone, or is being rung there to log in."""
        ringing = any(task.is_logging_in and task.line.endpoint == phone for task in self._newest.values())
        return ringing or any(session.endpoint == phone for session in self._shell.registry.sessions())

    async def _is_created(self, task: LoginLine, call_id: CallId) -> bool:
        try:
            await create_channel(self._shell, self._lines, task, call_id)
        except CallError as error:
            log.info("operator_not_rung", operator=task.line.operator, error=str(error))
            return False
        return True
