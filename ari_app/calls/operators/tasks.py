"""Starts a task for each operator's line and session, and contains what goes wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from ari_app.calls.errors import SwitchUnavailable
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.operators.callbacks import OperatorCallbacks, StartCall
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.operators.line import DialledLine, LineTask, OperatorShell, ResumedLine
from ari_app.calls.operators.login_calls import LoginCalls
from ari_app.calls.operators.page_line import PageLine
from ari_app.calls.operators.reminder_calls import CalledLine, Invitation, ReminderCalls
from ari_app.calls.operators.session import SessionTask
from ari_app.calls.shell import Shell
from ari_app.core.browser_phones import name_at
from ari_app.core.ids import (
    AsteriskId,
    ChannelId,
    CommandId,
    Endpoint,
    LineId,
    OperatorNumber,
    PlaybackId,
    is_made_by_us,
    new_line_id,
)
from ari_app.core.ledger import StaleRow
from ari_app.core.operator_commands import Answer
from ari_app.core.operators import OperatorLine, OperatorSession
from ari_app.core.recovery import LiveChannel

log = structlog.get_logger(__name__)


class OperatorTasks:
    """Every operator's task of this process. Made once, by the supervisor."""

    def __init__(
        self,
        shell: Shell,
        asterisk_id: AsteriskId,
        start: Callable[[Coroutine[None, None, None], str], None],
        start_call: StartCall,
        overtaken: asyncio.Event,
    ) -> None:
        """`start` runs a named task beside all others; `start_call` begins the call of a callback.

        `overtaken` is set when a task met a row that it had not written.
        """
        self.start = start
        self.callbacks = OperatorCallbacks(shell, start_call)
        self.reminder_calls = ReminderCalls(shell, self, asterisk_id)
        self._shell = shell
        self._asterisk_id = asterisk_id
        self._common = OperatorShell(shell, self.callbacks, self.start_ring_session)
        self._lines: dict[ChannelId, LineTask] = {}
        self.login_calls = LoginCalls(shell, self._common, self, asterisk_id)
        self._overtaken = overtaken

    # --- lines ---

    def start_line(self, channel: LiveChannel) -> None:
        """Somebody dialled 1400."""
        line = OperatorLine(
            id=new_line_id(),
            asterisk_id=self._asterisk_id,
            channel_id=channel.id,
            endpoint=endpoint_of(channel.name),
            started_at=channel.created_at,
        )
        self.resume_line(line, None)

    def resume_line(self, line: OperatorLine, session: OperatorSession | None, *, is_placed: bool = False) -> None:
        """Own this channel of an operator: at work when there is a session, else asked (again) for number and PIN."""
        mailbox = Mailbox(self._shell.clock)
        task: LineTask
        if session is not None:
            task = ResumedLine(self._common, line, mailbox, session, is_placed=is_placed)
        elif name_at(line.endpoint) is not None:
            task = PageLine(self._common, line, mailbox)
        elif line.answered_at is None and is_made_by_us(line.channel_id):
            task = CalledLine(self._common, line, mailbox)
        else:
            task = DialledLine(self._common, line, mailbox)
        self.own_line(task)
        self.start(self.run_line(task), f"operator line {line.channel_id}")

    def own_called_line(self, line: OperatorLine, invitation: Invitation | None) -> CalledLine:
        """The task of a phone that is about to be called; to be run with `run_line`, or disowned."""
        task = CalledLine(self._common, line, Mailbox(self._shell.clock), invitation)
        self.own_line(task)
        return task

    def own_line(self, task: LineTask) -> None:
        """Messages of its channel go to this task from now on; to be run with `run_line`, or disowned."""
        self._lines[task.line.channel_id] = task
        self._shell.registry.own(task.line.channel_id, task.channel.mailbox)

    def disown_line(self, task: LineTask) -> None:
        self._lines.pop(task.line.channel_id, None)
        self._shell.registry.disown(task.line.channel_id)

    async def run_line(self, task: LineTask) -> None:
        """Run the task of an owned line to its end; after a fault, too, the channel is hung up and its row closed."""
        channel_id = task.line.channel_id
        try:
            try:
                await task.run()
            except StaleRow:
                log.warning("line_owned_elsewhere", channel_id=channel_id)
                self._overtaken.set()
                return
            except SwitchUnavailable as error:
                log.warning("line_given_up", channel_id=channel_id, error=str(error))
            except Exception:
                log.exception("line_fault", channel_id=channel_id)
            await task.end()
        finally:
            self.disown_line(task)

    def has_other_line(self, line: OperatorLine) -> bool:
        """Whether the channel of this row has a task that writes another one."""
        task = self._lines.get(line.channel_id)
        return task is not None and task.line.id != line.id

    def line_ids(self) -> list[LineId]:
        return [task.line.id for task in self._lines.values()]

    def awaited_playbacks(self) -> list[tuple[Mailbox, PlaybackId]]:
        """The prompts whose end an operator's task waits for."""
        playing = [(task.channel.mailbox, task.channel.playing) for task in self._lines.values()]
        return [(mailbox, playback_id) for mailbox, playback_id in playing if playback_id is not None]

    def start_login(
        self, operator: OperatorNumber, phone: Endpoint, answer: Callable[[Answer], None], command_id: CommandId | None
    ) -> None:
        """Ring this phone for an operator who logs in from a screen."""
        self.start(self.login_calls.ring(operator, phone, answer, command_id), f"login of {operator}")

    # --- operators whose phone is rung per call, who are at work without a line ---

    def start_ring_session(self, task: SessionTask) -> None:
        self.start(self._run_session(task), f"ring session {task.session.id}")

    def resume_ring_session(self, session: OperatorSession) -> None:
        channel = OperatorChannel(self._shell, None, Mailbox(self._shell.clock))
        self.start_ring_session(SessionTask(self._shell, session, channel, self.callbacks))

    async def _run_session(self, task: SessionTask) -> None:
        try:
            await task.run()
        except StaleRow:
            log.warning("session_owned_elsewhere", session_id=str(task.session.id))
            self._overtaken.set()
        except Exception:
            log.exception("session_fault", session_id=str(task.session.id))
            await task.give_up()


def endpoint_of(channel_name: str) -> Endpoint | None:
    """The endpoint of a channel called like "PJSIP/phone01-0000002a"; None for a name of another shape."""
    endpoint, dash, _ = channel_name.rpartition("-")
    return Endpoint(endpoint) if dash and "/" in endpoint else None
