"""Somebody dialled 1400: operator number, PIN, and from then on an operator at work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from ari_app.calls.call.flow import HANG_UP_PATIENCE, Shell
from ari_app.calls.errors import PartyLeft
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import ApplyEvent, Digit, Entered, Up
from ari_app.calls.operators.callbacks import start_next
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.operators.session import OperatorTask
from ari_app.core.area import Reach
from ari_app.core.call import LegEndReason
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber, new_bridge_id, new_session_id
from ari_app.core.keypad import (
    LogOutKey,
    NextCallbackKey,
    PauseKey,
    PausePrompt,
    ResumeKey,
    UnknownCode,
    feed,
    feed_entry,
)
from ari_app.core.ledger import AlreadyTaken, PinVerdict, StoreUnavailable
from ari_app.core.operators import (
    LineLost,
    LogOut,
    LogoutReason,
    OperatorEvent,
    OperatorLine,
    OperatorSession,
    OperatorState,
    Pause,
    Resume,
    step,
)
from ari_app.core.skills import skills, teams_of
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)

LOGIN_TRIES = 3
#: how long a key is awaited after a reminder was spoken
INVITATION_PATIENCE = timedelta(seconds=4)
#: how long an entry may take from one key to the next
KEY_PATIENCE = timedelta(seconds=15)
#: how long a phone rings to tell its operator that the line was lost
REMINDER_PATIENCE = timedelta(seconds=30)
#: how long who logs in hears nothing because the store is away
LOGIN_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What somebody whom we rang hears, with a key that goes on: to the login, and to the next callback after it."""

    words: Sequence[str]
    heard: asyncio.Future[None]  # done when the phone is picked up


class LineTask:
    """The owner of one channel that dialled 1400, until it hangs up. Run `run`, and `end` whatever came of it."""

    def __init__(
        self,
        shell: Shell,
        line: OperatorLine,
        mailbox: Mailbox,
        start_ring_session: Callable[[OperatorTask], None],
        session: OperatorSession | None = None,
        *,
        is_placed: bool = False,
        rings: bool = False,
        invitation: Invitation | None = None,
    ) -> None:
        """`session`: logged in before this process started; `is_placed`: and already in the session's bridge.

        `rings`: we made this channel, to call the operator; `invitation`: for another reason than a lost line.
        """
        self._shell = shell
        self._line = line
        self.channel = OperatorChannel(shell, line.channel_id, mailbox)
        self._start_ring_session = start_ring_session
        self._asked_for: OperatorEvent = Resume(shell.clock.now())  # by keys, of an operator whose phone is rung
        self._rings = rings
        self._invitation = invitation
        self._calls_back = invitation is not None  # a callback is to be made once this line is free
        self._work: OperatorTask | None = None
        if session is not None:
            self._work = OperatorTask(shell, session, self.channel, is_placed=is_placed)

    async def run(self) -> None:
        """From the first ring until the operator hung up or is to be let go."""
        try:
            try:
                await self._serve()
            except (StoreUnavailable, AlreadyTaken) as error:
                log.warning("login_impossible", line_id=str(self._line.id), error=type(error).__name__)
                await self.channel.play(to_operator.OUT_OF_ORDER)
        except PartyLeft:
            await self.channel.departure(self._now + HANG_UP_PATIENCE)

    async def _serve(self) -> None:
        if self._work is not None:
            await self._work.run()
            return
        if self._rings and not await self._reach():
            return
        await self._store()
        if self._line.answered_at is None:
            answered_at = await self.channel.answer()
            await self._store(answered_at=answered_at)
        operator = await self._log_in()
        if operator is None:
            await self.channel.play(to_operator.LOGIN_CLOSED)
            return
        await self._store(operator=operator)
        teams = teams_of(self._shell.area(), operator)
        if teams and teams[0].reach is Reach.RING and self._line.endpoint is not None:
            await self._log_in_to_be_rung(operator)
        else:
            await self._log_in_to_stay(operator)

    async def _reach(self) -> bool:
        """Let the phone ring, and say why; whether it was picked up. Then the operator may log in on this very call."""
        until = self._now + REMINDER_PATIENCE
        while self._line.answered_at is None:
            match await self.channel.next(until):
                case Entered(created_at=created_at):
                    await self._store(started_at=created_at)
                    await self._shell.switch.dial(self._line.channel_id)
                case Up(at=at):
                    self._line = replace(self._line, answered_at=at)
                case None:
                    return False
        if self._invitation is not None:
            return await self._accepted(self._invitation)
        digit = await self.channel.play(to_operator.DIAL_IN_AGAIN)
        if digit is not None:
            self.channel.mailbox.post_first(Digit(self._line.channel_id, digit, self._now))
        return True

    async def _accepted(self, invitation: Invitation) -> bool:
        """Said twice to who does not press a key; the key 1 goes on."""
        if not invitation.heard.done():
            invitation.heard.set_result(None)
        for _ in range(2):
            digit = await self.channel.play(invitation.words) or await self.channel.digit(
                self._now + INVITATION_PATIENCE
            )
            if digit is not None:
                return digit == "1"
        return False

    async def end(self) -> None:
        """Hang up what is still there and close the row with the true moment."""
        if self._work is not None:
            await self._work.give_up()
        reason = LegEndReason.HUNG_UP if self.channel.left is not None else LegEndReason.RELEASED
        await self.channel.hang_up()
        left = await self.channel.departure(self._now)
        ended = replace(
            self._line,
            ended_at=max(self._line.started_at, left.at),
            end_reason=LegEndReason.LOST if left.estimated else reason,
            hangup_cause=left.cause,
            end_is_estimated=left.estimated,
        )
        await self.channel.patient_store(lambda: self._shell.ledger.store_line(ended), even_if_left=True)

    @property
    def _now(self) -> datetime:
        return self._shell.clock.now()

    async def _store(self, **changes: object) -> None:
        self._line = replace(self._line, **changes)  # type: ignore[arg-type]
        await self.channel.patient_store(partial(self._shell.ledger.store_line, self._line), LOGIN_PATIENCE)

    # --- who is it ---

    async def _log_in(self) -> OperatorNumber | None:
        """Three tries; not told whether number or PIN was wrong."""
        while self._line.failed_logins < LOGIN_TRIES:
            again = to_operator.LOGIN_WRONG if self._line.failed_logins else ()
            number = await self._entry((*again, *to_operator.ASK_OPERATOR_NUMBER))
            pin = await self._entry(to_operator.ASK_PIN)
            verdict = await self._shell.ledger.check_pin(number, pin, self._shell.clock.now())
            if verdict is PinVerdict.OK:
                return OperatorNumber(number)
            await self._store(failed_logins=self._line.failed_logins + 1)
            log.info("login_failed", line_id=str(self._line.id), verdict=verdict.value)
            if verdict is PinVerdict.LOCKED:
                return None
        return None

    async def _entry(self, prompt: Sequence[str]) -> str:
        """Digits up to `#`; what there is when the operator stops keying."""
        buffer = ""
        entry: str | None = None
        digit = await self.channel.play(prompt)
        while entry is None:
            if digit is not None:
                buffer, entry = feed_entry(buffer, digit)
                if entry is not None:
                    break
            digit = await self.channel.digit(self._shell.clock.now() + KEY_PATIENCE)
            if digit is None:
                return buffer
        return entry

    # --- at work ---

    async def _log_in_to_stay(self, operator: OperatorNumber) -> None:
        session = self._new_session(operator, Reach.LINE)
        session = replace(session, channel_id=self._line.channel_id, bridge_id=new_bridge_id("talk"))
        self._work = await self._open(session, self.channel)
        if self._invitation is not None:
            self._work.call_back_first()
        await self._work.run(() if self._invitation is not None else self._greeting(operator))

    def _new_session(self, operator: OperatorNumber, reach: Reach) -> OperatorSession:
        return OperatorSession(
            id=new_session_id(),
            asterisk_id=self._line.asterisk_id,
            operator=operator,
            reach=reach,
            endpoint=self._line.endpoint,
            logged_in_at=self._now,
            state=OperatorState.READY,
            state_since_at=self._now,
            idle_since_at=self._now,
            line_id=self._line.id,
        )

    def _greeting(self, operator: OperatorNumber) -> tuple[str, ...]:
        area = self._shell.area()
        serves, _ = skills(area, operator)
        return to_operator.logged_in_for([MunicipalityCode(c) for c in area.municipalities if c in serves])

    async def _log_in_to_be_rung(self, operator: OperatorNumber) -> None:
        """Rung from the moment this line is free, because until then the phone is engaged."""
        self._asked_for = Resume(self._now)
        try:
            await self._ring_menu((*self._greeting(operator), *to_operator.RING_TEAM))
        except PartyLeft:
            await self.channel.departure(self._now + HANG_UP_PATIENCE)
        entry = self._shell.registry.session_of(operator)
        if entry is not None and _is_rung_at(entry.session, self._line.endpoint):
            entry.mailbox.post(ApplyEvent(self._asked_for))
        elif not isinstance(self._asked_for, LogOut):
            session = step(self._new_session(operator, Reach.RING), self._asked_for)
            channel = OperatorChannel(self._shell, None, Mailbox(self._shell.clock))
            self._start_ring_session(await self._open(session, channel))
        if self._calls_back and (now_at_work := self._shell.registry.session_of(operator)) is not None:
            await start_next(self._shell, now_at_work.session)  # their phone rings for it, now that it is free

    async def _ring_menu(self, greeting: Sequence[str]) -> None:
        """The same `*` codes as on a standing line, for as long as the operator stays on the phone."""
        buffer = ""
        digit = await self.channel.play(greeting)
        while True:
            if digit is None:
                digit = await self.channel.digit(self._now + KEY_PATIENCE)
                if digit is None:
                    return
            buffer, command = feed(buffer, digit)
            digit = None
            match command:
                case PausePrompt():
                    digit = await self.channel.play(to_operator.ASK_PAUSE_REASON)
                case PauseKey(reason) if reason is not None:
                    self._asked_for = Pause(reason, self._now)
                    digit = await self.channel.play(to_operator.paused(reason))
                case ResumeKey():
                    self._asked_for = Resume(self._now)
                    digit = await self.channel.play(to_operator.READY)
                case LogOutKey():
                    self._asked_for = LogOut(self._now)
                    await self.channel.play(to_operator.LOGGED_OUT)
                    return
                case NextCallbackKey():
                    self._calls_back = True
                    return
                case PauseKey() | UnknownCode():
                    digit = await self.channel.play(to_operator.UNKNOWN_CODE)

    # --- one operator, one session ---

    async def _open(self, session: OperatorSession, channel: OperatorChannel) -> OperatorTask:
        """Write the session, then let others know of it; the newest phone wins, and the older one is told.

        Raises AlreadyTaken when the operator is at work on another Asterisk.
        """
        registry = self._shell.registry
        async with registry.logging_in:
            other = registry.session_of(session.operator)
            if other is not None:
                other.mailbox.post(ApplyEvent(LineLost(self._now, LogoutReason.REPLACED)))
                await other.closed.wait()
            store = partial(self._shell.ledger.store_session, session)
            try:
                await self.channel.patient_store(store)
            except AlreadyTaken:
                await self._close_left_behind(session.operator)
                await self.channel.patient_store(store)
            return OperatorTask(self._shell, session, channel)

    async def _close_left_behind(self, operator: OperatorNumber) -> None:
        """An open row of a session that no task has: what is left of a process that died, or of a fault."""
        rows = await self._shell.ledger.open_rows(self._line.asterisk_id)
        for session in rows.sessions:
            if session.operator == operator:
                await self._shell.ledger.store_session(step(session, LineLost(self._now, LogoutReason.REPLACED)))


def _is_rung_at(session: OperatorSession, endpoint: Endpoint | None) -> bool:
    return session.is_open and session.reach is Reach.RING and session.endpoint == endpoint
