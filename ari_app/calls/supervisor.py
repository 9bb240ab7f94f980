"""Starts a task for each call and each operator, posts them their messages, and resumes them after a gap."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from ari_app.calls.call.flow import Flow
from ari_app.calls.call.held_caller import prompts_since
from ari_app.calls.call.record import AT_ONCE, STORE_RETRY
from ari_app.calls.call_task import drive
from ari_app.calls.clock import sleep_until
from ari_app.calls.errors import CallError
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import CommandAsked, Entered, Left, Message, Unheld, Up
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.operators.tasks import OperatorTasks
from ari_app.calls.shell import Shell
from ari_app.calls.sweeper import Stranger, Sweeper, look_for_phone
from ari_app.core.call import Call, Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.callback_calls import callback_call
from ari_app.core.callbacks import CallbackRequest
from ari_app.core.door import with_music
from ari_app.core.ids import (
    AsteriskId,
    CallId,
    ChannelId,
    PlaybackId,
    new_call_id,
    new_leg_id,
)
from ari_app.core.ledger import LedgerError, StaleRow, StoreUnavailable
from ari_app.core.numbers import caller_number
from ari_app.core.operator_commands import ACCEPTED
from ari_app.core.operators import OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.recovery import LiveChannel, Snapshot
from ari_app.core.transfer import Transfer

log = structlog.get_logger(__name__)

LONGEST_DIALLED = 32
#: until a task that is to go on for ever is begun again
BEGIN_AGAIN = timedelta(seconds=1)


class Supervisor:
    """Every task of this process. One per controller."""

    def __init__(self, shell: Shell, asterisk_id: AsteriskId, tasks: asyncio.TaskGroup) -> None:
        self._shell = shell
        self._asterisk_id = asterisk_id
        self._tasks = tasks
        self._flows: dict[CallId, Flow] = {}
        self._owing: deque[Flow] = deque()
        self._sweeper = Sweeper(shell.registry)
        #: set when a task met a row that it had not written, and let it go: rows and Asterisk are to be compared
        self.overtaken = asyncio.Event()
        self.operators = OperatorTasks(shell, asterisk_id, self.start, self.start_callback, self.overtaken)

    # --- messages and channels ---

    def post(self, channel_id: ChannelId, message: Message) -> None:
        """Post a message about a channel to its owner; without an owner it is dropped."""
        self._shell.registry.post(channel_id, message)

    def accept_channel(self, channel: LiveChannel, *, is_adopted: bool = False) -> None:
        """Start the task of a channel that entered our application.

        `is_adopted`: it was found after a gap, and an earlier process may have answered it and played to it.
        """
        if self._shell.registry.is_owned(channel.id):
            return
        args = channel.stasis_args or ()
        match args:
            case ("citizen", *rest):
                self._start_call(channel, rest, is_adopted=is_adopted)
            case ("operator", *_):
                self.operators.start_line(channel)
            case _:
                log.warning("channel_of_nobody", channel_id=channel.id)
                self.hang_up_stray(channel.id)

    def hang_up_stray(self, channel_id: ChannelId) -> None:
        """Hang up a channel that has no owner, retrying until Asterisk has done it."""
        channel = OperatorChannel(self._shell, channel_id, Mailbox(self._shell.clock))
        self._shell.registry.own(channel_id, channel.mailbox)
        self.start(self._hang_up_stray(channel, channel_id), f"stray {channel_id}")

    async def _hang_up_stray(self, channel: OperatorChannel, channel_id: ChannelId) -> None:
        try:
            await channel.hang_up()
        finally:
            self._shell.registry.disown(channel_id)

    def _start_call(self, channel: LiveChannel, args: list[str], *, is_adopted: bool) -> None:
        call_id = _call_id(args[0]) if args else None
        dialled = args[1] if len(args) > 1 else ""
        now = self._shell.clock.now()
        call = Call(
            id=call_id or new_call_id(),
            asterisk_id=self._asterisk_id,
            channel_id=channel.id,
            dialled=dialled[:LONGEST_DIALLED],
            stage=Stage.ARRIVED,
            stage_entered_at=now,
            arrived_at=channel.created_at,
            pii_caller_number=caller_number(channel.caller_number, not channel.caller_number),
        )
        leg = Leg(new_leg_id(), call.id, channel.id, LegRole.CALLER, None, started_at=channel.created_at)
        mailbox = Mailbox(self._shell.clock)
        unfinished = prompts_since(call) if is_adopted else ()
        flow = Flow(self._shell, with_music(call, is_up=channel.is_up), (), mailbox, unfinished=unfinished)
        if channel.is_up:
            mailbox.post(Up(channel.id, now))
        flow.change_leg(leg)
        fact = Fact(channel.created_at, FactKind.ARRIVED, {"dialled": call.dialled})
        self._start_flow(flow, fact)

    def start_callback(
        self, request: CallbackRequest, session: OperatorSession, call_id: CallId, asked: CommandAsked | None = None
    ) -> None:
        """Begin the call that is to keep a promise; `call_id` is the lease owner of the request.

        `asked`: the command that is answered once the call is stored.
        """
        call, leg = callback_call(request, session, call_id, self._shell.clock.now())
        flow = Flow(self._shell, call, (), Mailbox(self._shell.clock))
        if asked is not None:
            flow.command_id = asked.command_id
            flow.answer_with_commit(asked.answer, ACCEPTED)
        flow.change_leg(leg)
        calling = {"reference": request.reference, "kind": request.kind.value}
        self._start_flow(flow, Fact(call.arrived_at, FactKind.CALLING_BACK, calling))

    def resume_call(
        self,
        call: Call,
        legs: tuple[Leg, ...],
        transfer: Transfer | None = None,
        visit: QueueVisit | None = None,
        *,
        is_placed: bool,
    ) -> None:
        """Resume a call of an earlier process in the stage that its row says."""
        flow = Flow(
            self._shell,
            call,
            legs,
            Mailbox(self._shell.clock),
            transfer=transfer,
            visit=visit,
            is_placed=is_placed,
            unfinished=prompts_since(call),
        )
        self._start_flow(flow, Fact(self._shell.clock.now(), FactKind.RESUMED, {"stage": call.stage.value}))

    def _start_flow(self, flow: Flow, first: Fact) -> None:
        registry = self._shell.registry
        registry.add_call(flow.call.id, flow.mailbox)
        self._shell.admission.entered(flow.call)
        for channel_id in flow.channels:
            registry.own(channel_id, flow.mailbox)
        self._flows[flow.call.id] = flow
        self.start(self._drive(flow, first), f"call {flow.call.id}")

    async def _drive(self, flow: Flow, first: Fact) -> None:
        with structlog.contextvars.bound_contextvars(call_id=str(flow.call.id)):
            try:
                await drive(flow, first)
            finally:
                self._flows.pop(flow.call.id, None)
                self._shell.admission.left(flow.call.id)
        if flow.is_overtaken:
            self.overtaken.set()
        if flow.is_owed:
            self._owing.append(flow)
            if len(self._owing) == 1:
                self.start(self._store_owed(), "owed rows")

    async def _store_owed(self) -> None:
        """Store the rows of calls that ended while the store was away, once it is back: one task for all of them."""
        while self._owing:
            flow = self._owing[0]
            try:
                await flow.commit(patience=AT_ONCE)
            except StoreUnavailable:
                await sleep_until(self._shell.clock, self._shell.clock.now() + STORE_RETRY)
                continue
            except StaleRow:
                log.warning("call_owned_elsewhere", call_id=str(flow.call.id))
                self.overtaken.set()
            except Exception:
                log.exception("call_not_stored", call_id=str(flow.call.id))
            self._owing.popleft()

    # --- after a gap ---

    def owns_call(self, call_id: CallId) -> bool:
        return call_id in self._flows

    def owned_ids(self) -> frozenset[UUID]:
        """The ids of the rows that a task has, or will still write: of calls, operators' lines and sessions."""
        calls = (*self._flows, *(flow.call.id for flow in self._owing))
        sessions = (session.id for session in self._shell.registry.sessions())
        return frozenset((*calls, *sessions, *self.operators.line_ids()))

    def post_missed(
        self,
        call_id: CallId,
        missing: Sequence[Left],
        up: Sequence[Up] = (),
        unanswered: Sequence[LiveChannel] = (),
    ) -> None:
        """Post to a call of this process what happened while the socket was closed.

        An operator's standing line is among the missing too: a caller alone in a talk must not stay there.
        """
        now, registry = self._shell.clock.now(), self._shell.registry
        for channel in unanswered:
            registry.post_to_call(call_id, Entered(channel.id, channel.created_at, now))
        for answered in up:
            registry.post_to_call(call_id, answered)
        for left in missing:
            registry.post_to_call(call_id, left)

    def forget_holds(self) -> None:
        """Our socket was closed: who had us on hold may have taken their line back, and is taken to be there."""
        at = self._shell.clock.now()
        for flow in self._flows.values():
            for channel_id in flow.held:
                flow.mailbox.post(Unheld(channel_id, at, is_seen=False))

    def live_calls(self) -> list[Call]:
        return [flow.call for flow in self._flows.values() if flow.call.is_open]

    def awaited_playbacks(self) -> list[tuple[Mailbox, PlaybackId]]:
        """The prompts whose end a task waits for."""
        calls = [(flow.mailbox, flow.playing) for flow in self._flows.values()]
        of_calls = [(mailbox, playback_id) for mailbox, playback_id in calls if playback_id is not None]
        return [*of_calls, *self.operators.awaited_playbacks()]

    # --- the sweep ---

    def sweep(self, snapshot: Snapshot) -> int:
        """Post to tasks the messages that they missed until the snapshot was taken; returns how many."""
        found = self._sweeper.sweep(self._flows.values(), snapshot)
        for stranger in self._sweeper.find_strangers(self._flows.values(), snapshot):
            self.start(self._take_out(stranger), f"stranger {stranger.channel_id}")
        for stuck in self._sweeper.stuck:
            self.start(look_for_phone(self._shell, stuck), f"stuck {stuck.channel_id}")
        return found

    async def _take_out(self, stranger: Stranger) -> None:
        """Out of the bridge; one of nobody who is there again, or cannot be taken out, is hung up."""
        if stranger.came_back and not stranger.is_ours:
            await self._shell.switch.hang_up(stranger.channel_id)
        else:
            await self._shell.switch.ensure_not_in_bridge(stranger.bridge_id, stranger.channel_id)

    # --- tasks ---

    def start(self, work: Coroutine[None, None, None], name: str) -> None:
        self._tasks.create_task(self._contain(work, name), name=name)

    def keep(self, begin: Callable[[], Coroutine[None, None, None]], name: str) -> None:
        """Start a task that is to go on for as long as the process: whenever it ended, `begin` makes it anew."""
        self._tasks.create_task(self._keep(begin, name), name=name)

    async def _keep(self, begin: Callable[[], Coroutine[None, None, None]], name: str) -> None:
        while True:
            await self._contain(begin(), name)
            await sleep_until(self._shell.clock, self._shell.clock.now() + BEGIN_AGAIN)

    async def _contain(self, work: Coroutine[None, None, None], name: str) -> None:
        """A bug costs one task: it must not take the task group, and with it everybody's call, along."""
        try:
            await work
        except (CallError, LedgerError) as error:
            log.warning("task_given_up", task=name, error=str(error))
        except Exception:
            log.exception("task_fault", task=name)


def _call_id(text: str) -> CallId | None:
    """The id that the dialplan chose; None when it is not one."""
    try:
        return CallId(UUID(text))
    except ValueError:
        return None
