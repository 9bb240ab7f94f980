"""Calls to operators' phones: that their line was lost, or which callbacks are due."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from ari_app.calls.call.ringing import CalledPhone, Ringing
from ari_app.calls.callbacks.ports import Spoken, SpokenReminder
from ari_app.calls.clock import sleep_until
from ari_app.calls.errors import CallError, DestinationUnavailable
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import Digit, Entered, Up
from ari_app.calls.operators.line import LineTask, OperatorShell
from ari_app.calls.shell import Shell
from ari_app.core.browser_phones import name_at
from ari_app.core.ids import AsteriskId, CallId, Endpoint, new_call_id, new_channel_id, new_line_id
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

#: the caller's number that the phone shows: the one that operators dial
SHOWN_NUMBER = "1400"
RING_PATIENCE = timedelta(seconds=30)
#: how long to wait for a phone to register: one whose connection went with Asterisk does so within a minute
REGISTER_PATIENCE = timedelta(seconds=60)
REGISTER_RETRY = timedelta(seconds=5)
#: how long a key is awaited after an invitation was spoken
INVITATION_PATIENCE = timedelta(seconds=4)
INVITATION_TIMES = 2
ACCEPT_KEY = "1"


@dataclass(frozen=True, slots=True)
class Invitation:
    """The words that a called person hears; ACCEPT_KEY goes on to the login, and to the next callback after it."""

    words: Sequence[str]
    heard: asyncio.Future[bool]  # True when the phone is picked up


class CalledLine(LineTask):
    """A phone that we call, through a channel that `ReminderCalls` creates; on that call the operator may log in.

    Without an invitation the operator hears that their line was lost.
    """

    def __init__(
        self, common: OperatorShell, line: OperatorLine, mailbox: Mailbox, invitation: Invitation | None = None
    ) -> None:
        super().__init__(common, line, mailbox)
        self._invitation = invitation

    async def _enter(self) -> None:
        if not await self._is_picked_up():
            return
        if self._invitation is None:
            digit = await self.channel.play(to_operator.DIAL_IN_AGAIN)
            if digit is not None:
                self.channel.mailbox.post_first(Digit(self._line.channel_id, digit, self._now))
        elif not await self._is_accepted(self._invitation):
            return
        await self._store(self._line)
        await self._log_in(calls_back=self._invitation is not None)

    async def _is_picked_up(self) -> bool:
        phone, until = CalledPhone(self._shell.switch, self._line.channel_id), self._now + RING_PATIENCE
        while self._line.answered_at is None:
            message = await self.channel.next(until)
            match message:
                case Entered(created_at=created_at):
                    await self._channel_entered(created_at)
                case Up(at=at):
                    self._line = replace(self._line, answered_at=at)
            if await phone.heard(message) in (Ringing.TIME_UP, Ringing.UNREACHABLE):
                return False
        return True

    async def _channel_entered(self, created_at: datetime) -> None:
        """Write, then act: the row is committed before the phone rings."""
        await self._store(replace(self._line, started_at=created_at))

    async def _is_accepted(self, invitation: Invitation) -> bool:
        """Say it twice to somebody who presses no key; whether ACCEPT_KEY was pressed.

        Heard: to its end, or until a key. Whoever puts the phone down before is called again.
        """
        for _ in range(INVITATION_TIMES):
            digit = await self.channel.play(invitation.words)
            if (digit is not None or self.channel.was_heard) and not invitation.heard.done():
                invitation.heard.set_result(True)
            digit = digit or await self.channel.next_digit(self._now + INVITATION_PATIENCE)
            if digit is not None:
                return digit == ACCEPT_KEY
        return False


class Lines(Protocol):
    """The part of `OperatorTasks` that serves a phone that is called."""

    def own_called_line(self, line: OperatorLine, invitation: Invitation | None) -> CalledLine: ...

    def own_line(self, task: LineTask) -> None: ...

    def disown_line(self, task: LineTask) -> None: ...

    def start(self, work: Coroutine[None, None, None], name: str) -> None: ...

    async def run_line(self, task: LineTask) -> None: ...


class ReminderCalls:
    """Fulfils `ReminderCaller`. The person who picks up may log in on that very call."""

    def __init__(self, shell: Shell, lines: Lines, asterisk_id: AsteriskId) -> None:
        self._shell = shell
        self._lines = lines
        self._asterisk_id = asterisk_id

    def call_about_lost_line(self, session: OperatorSession) -> None:
        """Ring the phone of an operator whose standing line went with Asterisk; returns at once. A page dials anew."""
        if session.endpoint is not None and session.channel_id is not None and name_at(session.endpoint) is None:
            self._lines.start(self._call_about_lost_line(session, session.endpoint), f"reminder {session.operator}")

    async def _call_about_lost_line(self, session: OperatorSession, endpoint: Endpoint) -> None:
        until = self._shell.clock.now() + REGISTER_PATIENCE
        while not self._is_at_work_again(session):
            try:
                task = await self._create(endpoint, None)
            except DestinationUnavailable as error:
                if self._shell.clock.now() >= until:
                    log.info("operator_not_reminded", operator=session.operator, error=str(error))
                    return
                await sleep_until(self._shell.clock, self._shell.clock.now() + REGISTER_RETRY)
            except CallError as error:
                log.info("operator_not_reminded", operator=session.operator, error=str(error))
                return
            else:
                await self._lines.run_line(task)
                return

    def _is_at_work_again(self, lost: OperatorSession) -> bool:
        entry = self._shell.registry.session_of(lost.operator)
        return entry is not None and entry.session.id != lost.id

    async def remind(self, reminder: SpokenReminder) -> Spoken:
        """Ring the phone and say what is due; key 1 goes on to the login, and then calls the first of them."""
        if not self._shell.admission.has_extras:
            return Spoken.NOT_NOW
        phone = reminder.pii_phone
        endpoint = Endpoint(phone) if phone.startswith("PJSIP/") else self._shell.switch.outside(phone)
        if endpoint is None:
            return Spoken.NOT_NOW
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        words = callback_to_operator.reminder(reminder.kind, len(reminder.requests))
        try:
            task = await self._create(endpoint, Invitation(words, heard))
        except CallError as error:
            log.info("reminder_not_spoken", error=str(error))
            return Spoken.NOT_NOW
        self._lines.start(self._run(task, heard), f"reminder {reminder.id}")
        return Spoken.HEARD if await heard else Spoken.NOT_HEARD

    async def _run(self, task: LineTask, heard: asyncio.Future[bool]) -> None:
        try:
            await self._lines.run_line(task)
        finally:
            if not heard.done():
                heard.set_result(False)

    async def _create(self, endpoint: Endpoint, invitation: Invitation | None) -> CalledLine:
        """A channel to this phone, owned before it exists. Raises CallError."""
        line, call_id = new_called_line(self._shell, self._asterisk_id, endpoint)
        task = self._lines.own_called_line(line, invitation)
        await create_channel(self._shell, self._lines, task, call_id)
        return task


def new_called_line(shell: Shell, asterisk_id: AsteriskId, endpoint: Endpoint) -> tuple[OperatorLine, CallId]:
    """The line of a phone that is about to be called, and the call id of its channel, whose name has it too."""
    call_id = new_call_id()
    channel_id = new_channel_id(call_id, "operator")
    return OperatorLine(new_line_id(), asterisk_id, channel_id, endpoint, shell.clock.now()), call_id


async def create_channel(shell: Shell, lines: Lines, task: LineTask, call_id: CallId) -> None:
    """Create the channel of an owned line; it is disowned when it cannot be created. Raises CallError."""
    line = task.line
    if line.endpoint is None:
        raise DestinationUnavailable("a line without a phone")
    try:
        await shell.switch.create(line.endpoint, line.channel_id, call_id, SHOWN_NUMBER)
    except CallError as error:
        lines.disown_line(task)
        if not isinstance(error, DestinationUnavailable):
            with suppress(CallError):
                await shell.switch.hang_up(line.channel_id)  # it may have come into being all the same
        raise
