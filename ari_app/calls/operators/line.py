"""The owner of an operator's channel, from the login to the hang-up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from ari_app.calls.channel_owner import HANG_UP_PATIENCE
from ari_app.calls.errors import PartyLeft, StillTalking
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import ApplyEvent
from ari_app.calls.operators.callbacks import OperatorCallbacks
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.operators.login import KEY_PATIENCE, ask_operator, new_session, store_new_session
from ari_app.calls.operators.session import SessionTask
from ari_app.calls.shell import Shell
from ari_app.core.area import Reach
from ari_app.core.call import LegEndReason, how_it_ended
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber, new_bridge_id
from ari_app.core.keypad import (
    LogOutKey,
    NextCallbackKey,
    PauseKey,
    PausePrompt,
    ResumeKey,
    UnknownCode,
)
from ari_app.core.ledger import AlreadyTaken, StaleRow, StoreUnavailable
from ari_app.core.operator_rules import step
from ari_app.core.operators import LogOut, OperatorEvent, OperatorLine, OperatorSession, OperatorState, Pause, Resume
from ari_app.core.skills import skills_of, teams_of
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

#: how long somebody who logs in hears nothing because the store is away
LOGIN_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class OperatorShell:
    """The tools of every operator's task; made once by the supervisor."""

    shell: Shell
    callbacks: OperatorCallbacks
    start_ring_session: Callable[[SessionTask], None]


class LineTask(ABC):
    """The owner of one channel of an operator, until it is hung up. Run `run`, and `end` whatever came of it.

    Each subclass is one way in.
    """

    def __init__(self, common: OperatorShell, line: OperatorLine, mailbox: Mailbox) -> None:
        self._common = common
        self._shell = common.shell
        self._line = line
        self.channel = OperatorChannel(common.shell, line.channel_id, mailbox)
        self._work: SessionTask | None = None
        # Of an operator whose phone is rung: asked for by keys on this line, and carried out once it is free.
        self._state_asked: OperatorEvent = Resume(common.shell.clock.now())
        self._is_callback_asked = False

    @property
    def line(self) -> OperatorLine:
        return self._line

    async def run(self) -> None:
        """Until the operator hung up or is to be hung up."""
        try:
            try:
                await self._enter()
            except (StoreUnavailable, AlreadyTaken) as error:
                log.warning("login_impossible", line_id=str(self._line.id), error=type(error).__name__)
                await self.channel.play(to_operator.OUT_OF_ORDER)
            except StillTalking:
                log.info("login_refused", line_id=str(self._line.id), why="talking")
                await self.channel.play(to_operator.STILL_TALKING)
        except PartyLeft:
            await self.channel.departure(self._now + HANG_UP_PATIENCE)

    @abstractmethod
    async def _enter(self) -> None:
        """From the beginning to the end of the work. Raises PartyLeft, StoreUnavailable, AlreadyTaken, StillTalking."""

    async def end(self) -> None:
        """Hang up a channel that is still there, and close the row with the true moment."""
        if self._work is not None:
            await self._work.give_up()
        was_left = self.channel.left is not None
        await self.channel.hang_up()
        left = await self.channel.departure(self._now)
        reason = LegEndReason.RELEASED
        if was_left:
            reason = how_it_ended(left.cause, was_answered=self._line.answered_at is not None)
        ended = replace(
            self._line,
            ended_at=max(self._line.started_at, left.at),
            end_reason=LegEndReason.LOST if left.estimated else reason,
            hangup_cause=left.cause,
            end_is_estimated=left.estimated,
            version=self._line.version + 1,
        )
        await self.channel.patient_store(lambda: self._shell.ledger.store_line(ended), even_if_left=True)

    @property
    def _now(self) -> datetime:
        return self._shell.clock.now()

    async def _store(self, line: OperatorLine) -> None:
        self._line = replace(line, version=line.version + 1)
        await self.channel.patient_store(partial(self._shell.ledger.store_line, self._line), LOGIN_PATIENCE)

    # --- logging in ---

    async def _log_in(self, *, calls_back: bool = False) -> None:
        """Ask for number and PIN, and work. `calls_back`: begin with the callback that is due first."""
        operator = await ask_operator(self._shell, self.channel, self._line, self._store_failures)
        if operator is None:
            await self.channel.play(to_operator.LOGIN_CLOSED)
            return
        await self._store(replace(self._line, operator=operator))
        await self._begin_work(operator, calls_back=calls_back)

    async def _begin_work(self, operator: OperatorNumber, *, calls_back: bool = False) -> None:
        """From the login to the logout, on this line or at this phone."""
        teams = teams_of(self._shell.area(), operator)
        if teams and teams[0].reach is Reach.RING and self._line.endpoint is not None:
            self._is_callback_asked = calls_back
            await self._work_at_rung_phone(operator)
        else:
            await self._work_on_line(operator, calls_back=calls_back)

    async def _store_failures(self, failures: int) -> None:
        await self._store(replace(self._line, failed_logins=failures))

    async def _work_on_line(self, operator: OperatorNumber, *, calls_back: bool) -> None:
        session = new_session(self._shell, self._line, operator, Reach.LINE)
        session = replace(session, channel_id=self._line.channel_id, bridge_id=new_bridge_id("talk"))
        async with self._shell.registry.logging_in:  # others know of the session before another one may begin
            await store_new_session(self._shell, self.channel, session)
            self._work = SessionTask(self._shell, session, self.channel, self._common.callbacks)
        if calls_back:
            self._work.call_back_first()
        await self._do_work(() if calls_back else self._greeting(operator))

    async def _do_work(self, greeting: Sequence[str] = ()) -> None:
        """To the end of the session, or of its work on this line."""
        if self._work is not None:
            await self._work.run(greeting)
            if self._work.has_lost_line:
                self._common.start_ring_session(self._work.without_line())

    def _greeting(self, operator: OperatorNumber) -> tuple[str, ...]:
        area = self._shell.area()
        served = skills_of(area, operator).primary
        return to_operator.logged_in_for([MunicipalityCode(c) for c in area.municipalities if c in served])

    # --- an operator whose phone is rung per call ---

    async def _work_at_rung_phone(self, operator: OperatorNumber) -> None:
        """The work begins when this line is free: until then the phone is engaged."""
        at_work = self._shell.registry.session_of(operator)
        is_elsewhere = at_work is not None and not _is_rung_at(at_work.session, self._line.endpoint)
        if at_work is not None and is_elsewhere and at_work.session.state is OperatorState.TALKING:
            raise StillTalking  # to be heard now: the menu mostly ends with a hang-up
        self._state_asked = Resume(self._now)
        try:
            await self._ring_menu((*self._greeting(operator), *to_operator.RING_TEAM))
        except PartyLeft:
            await self.channel.departure(self._now + HANG_UP_PATIENCE)
        entry = self._shell.registry.session_of(operator)
        if entry is not None and _is_rung_at(entry.session, self._line.endpoint):
            entry.mailbox.post(ApplyEvent(self._state_asked))
        elif not isinstance(self._state_asked, LogOut):
            await self._start_ring_session(operator)
        if self._is_callback_asked and (now_at_work := self._shell.registry.session_of(operator)) is not None:
            await self._common.callbacks.start_next(now_at_work.session)  # their phone rings for it, now it is free

    async def _start_ring_session(self, operator: OperatorNumber) -> None:
        """Store the session and start its task, unless a recovery found a row whose write had no answer, and did."""
        session = step(new_session(self._shell, self._line, operator, Reach.RING), self._state_asked)
        async with self._shell.registry.logging_in:
            try:
                await store_new_session(self._shell, self.channel, session)
            except StaleRow:
                if self._shell.registry.session(session.id) is None:
                    raise
            if self._shell.registry.session(session.id) is None:
                channel = OperatorChannel(self._shell, None, Mailbox(self._shell.clock))
                self._common.start_ring_session(SessionTask(self._shell, session, channel, self._common.callbacks))

    async def _ring_menu(self, greeting: Sequence[str]) -> None:
        """The same `*` codes as on a standing line, for as long as the operator stays on the phone."""
        digit = await self.channel.play(greeting)
        while True:
            if digit is None:
                digit = await self.channel.next_digit(self._now + KEY_PATIENCE)
                if digit is None:
                    return
            command = self.channel.read_key(self._line.channel_id, digit)
            digit = None
            match command:
                case PausePrompt():
                    digit = await self.channel.play(to_operator.ASK_PAUSE_REASON)
                case PauseKey(reason) if reason is not None:
                    self._state_asked = Pause(reason, self._now)
                    digit = await self.channel.play(to_operator.paused(reason))
                case ResumeKey():
                    self._state_asked = Resume(self._now)
                    digit = await self.channel.play(to_operator.READY)
                case LogOutKey():
                    self._state_asked = LogOut(self._now)
                    await self.channel.play(to_operator.LOGGED_OUT)
                    return
                case NextCallbackKey():
                    self._is_callback_asked = True
                    return
                case PauseKey() | UnknownCode():
                    digit = await self.channel.play(to_operator.UNKNOWN_CODE)


class DialledLine(LineTask):
    """The channel dialled 1400, perhaps before this process started; nobody has logged in on it yet."""

    async def _enter(self) -> None:
        await self._store(self._line)
        if self._line.answered_at is None:
            answered_at = await self.channel.answer()
            await self._store(replace(self._line, answered_at=answered_at))
        await self._log_in()


class ResumedLine(LineTask):
    """The line of an operator who logged in before this process started."""

    def __init__(
        self,
        common: OperatorShell,
        line: OperatorLine,
        mailbox: Mailbox,
        session: OperatorSession,
        *,
        is_placed: bool,
    ) -> None:
        """Calls find the operator from here on. `is_placed`: the line is in the session's bridge."""
        super().__init__(common, line, mailbox)
        self._work: SessionTask = SessionTask(
            common.shell, session, self.channel, common.callbacks, is_placed=is_placed
        )

    async def _enter(self) -> None:
        await self._do_work()


def _is_rung_at(session: OperatorSession, endpoint: Endpoint | None) -> bool:
    return session.is_open and session.reach is Reach.RING and session.endpoint == endpoint
