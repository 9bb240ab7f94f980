"""Callbacks that nobody asks for with a key: places that were kept in the queue, and reminders spoken by phone."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Protocol

import structlog

from ari_app.calls.call.flow import Shell
from ari_app.calls.callbacks.ports import Spoken, SpokenReminder
from ari_app.calls.errors import CallError
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.operators.callbacks import start_this
from ari_app.calls.operators.line import Invitation, LineTask
from ari_app.calls.operators.session import OperatorTask
from ari_app.core.callbacks import CallbackRequest, RequestKind
from ari_app.core.deadlines import may_call_now
from ari_app.core.ids import AsteriskId, CallId, Endpoint, RequestId, new_call_id, new_channel_id, new_line_id
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.prompts.phrases import callback_operator as callback_to_operator

log = structlog.get_logger(__name__)


class Tasks(Protocol):
    """What the supervisor does for them."""

    def start(self, work: Coroutine[None, None, None], name: str) -> None: ...

    async def run_line(self, task: LineTask, line: OperatorLine) -> None: ...

    def start_ring_session(self, task: OperatorTask) -> None: ...


class VirtualHolds:
    """Callers who went away and kept their place: they are served like those who wait, and never before their turn."""

    def __init__(self, shell: Shell, tasks: Tasks) -> None:
        self._shell = shell
        self._tasks = tasks
        shell.registry.start_virtual_hold = self._begin

    async def refresh(self) -> None:
        """Let the dispatcher know of every place that may be called now. Raises StoreUnavailable."""
        requests = await self._shell.promises.open_requests([RequestKind.VIRTUAL_HOLD])
        self._shell.dispatcher.set_virtual_holds([one for one in requests if self._is_due(one)])

    def _is_due(self, request: CallbackRequest) -> bool:
        area, now = self._shell.area(), self._shell.clock.now()
        town = area.municipalities.get(request.municipality)
        planned = request.next_attempt_at is None or request.next_attempt_at <= now
        is_free = request.lease_owner is None and planned
        return is_free and town is not None and may_call_now(town, area.special_days, now)

    def _begin(self, request_id: RequestId, session: OperatorSession) -> None:
        self._tasks.start(self._call(request_id, session), f"kept place {request_id}")

    async def _call(self, request_id: RequestId, session: OperatorSession) -> None:
        refused = await start_this(self._shell, session, request_id)
        if refused is not None:
            log.info("virtual_hold_not_called", reason=refused.reason.value)
            self._shell.dispatcher.not_called(CallId(request_id))


class PhoneReminders:
    """Fulfils `ReminderCaller`: whoever picks up hears what is due, and may log in on that call to make it."""

    def __init__(self, shell: Shell, tasks: Tasks, asterisk_id: AsteriskId) -> None:
        self._shell = shell
        self._tasks = tasks
        self._asterisk_id = asterisk_id

    async def remind(self, reminder: SpokenReminder) -> Spoken:
        """Ring the phone, say what is due; key 1 goes on to the login, and then calls the first of them."""
        switch, registry = self._shell.switch, self._shell.registry
        phone = reminder.pii_phone
        endpoint = Endpoint(phone) if phone.startswith("PJSIP/") else switch.outside(phone)
        if endpoint is None:
            return Spoken.NOT_NOW
        call_id = new_call_id()
        channel_id = new_channel_id(call_id, "operator")
        mailbox = Mailbox(self._shell.clock)
        registry.own(channel_id, mailbox)
        try:
            await switch.create(endpoint, channel_id, call_id, "1400")
        except CallError as error:
            registry.disown(channel_id)
            log.info("reminder_not_spoken", error=str(error))
            return Spoken.NOT_NOW
        line = OperatorLine(new_line_id(), self._asterisk_id, channel_id, endpoint, self._shell.clock.now())
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        words = callback_to_operator.reminder(reminder.kind, len(reminder.requests))
        invitation = Invitation(words, heard)
        task = LineTask(self._shell, line, mailbox, self._tasks.start_ring_session, rings=True, invitation=invitation)
        self._tasks.start(self._attended(task, line, heard), f"reminder {reminder.id}")
        try:
            await heard
        except asyncio.CancelledError:
            myself = asyncio.current_task()
            if heard.cancelled() and (myself is None or not myself.cancelling()):
                return Spoken.NOT_HEARD
            raise
        return Spoken.HEARD

    async def _attended(self, task: LineTask, line: OperatorLine, heard: asyncio.Future[None]) -> None:
        try:
            await self._tasks.run_line(task, line)
        finally:
            if not heard.done():
                heard.cancel()
