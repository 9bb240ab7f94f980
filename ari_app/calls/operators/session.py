"""An operator at work: the session's one owner, who carries out what `core.operators.step` decides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog

from ari_app.calls.call.flow import BROKEN_OFF_PATIENCE, HANG_UP_PATIENCE, Shell
from ari_app.calls.callbacks.attempts import said
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.messages import (
    ApplyEvent,
    CallDone,
    CallJoined,
    CommandAnswered,
    CommandAsked,
    Digit,
    Left,
    Message,
    OperatorGone,
    OperatorReady,
    Played,
    PlayPrompt,
    TakeCall,
)
from ari_app.calls.operators.callbacks import OperatorCallbacks
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.registry import SessionEntry
from ari_app.core.ids import CallId, PlaybackId
from ari_app.core.keypad import (
    NEXT_CALLBACK_CODE,
    ConsultPrompt,
    DeskKey,
    EndWrapUp,
    KeyCommand,
    LogOutKey,
    NextCallbackKey,
    PauseKey,
    PausePrompt,
    ResumeKey,
    UnknownCode,
    feed,
)
from ari_app.core.operator_commands import (
    CallbackCommand,
    CallbackKey,
    Command,
    PromiseCallback,
    RefusalReason,
    Refused,
)
from ari_app.core.operators import (
    CallConnected,
    CallOffered,
    CallOver,
    DidNotAnswer,
    LineLost,
    LogOut,
    LogoutReason,
    OperatorEvent,
    OperatorSession,
    OperatorState,
    Pause,
    Resume,
    WrapUpOver,
    step,
)
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)


class OperatorTask:
    """From login to logout. News comes in through one mailbox: keys, calls, the sweep, the hang-up."""

    def __init__(
        self,
        shell: Shell,
        session: OperatorSession,
        channel: OperatorChannel,
        callbacks: OperatorCallbacks,
        *,
        is_placed: bool = False,
    ) -> None:
        """The session is stored already. `is_placed`: its line is in its bridge."""
        self._shell = shell
        self._callbacks = callbacks
        self._is_placed = is_placed
        self._channel = channel
        self._entry = SessionEntry(session, channel.mailbox)
        self._keys = ""
        self._announcing: tuple[CallId, PlaybackId] | None = None
        self._last_call: CallId | None = None
        shell.registry.add_session(self._entry)

    @property
    def session(self) -> OperatorSession:
        return self._entry.session

    async def run(self, greeting: Sequence[str] = ()) -> None:
        """Until logged out. The line, where there is one, is still up then unless the operator hung up."""
        try:
            if not self._is_placed:
                await self._ensure_bridge()
            await self._channel.start(greeting)
            self._shell.dispatcher.operator_changed(self.session.id)
            while self.session.is_open:
                message = await self._channel.next(self.session.wrap_up_until_at)
                await self._handle(message)
        except PartyLeft:
            await self._lost()
        finally:
            self._shell.registry.remove_session(self.session.id)
            self._shell.dispatcher.operator_changed(self.session.id)
        await self._say_goodbye()

    def call_back_first(self) -> None:
        """The operator logged in to make the next callback: as if they had pressed its key."""
        if self._channel.channel_id is not None:
            for digit in NEXT_CALLBACK_CODE:
                self._channel.mailbox.post(Digit(self._channel.channel_id, digit, self._shell.clock.now()))

    async def give_up(self) -> None:
        """After a fault: the session is over, and its call hears of it. Nothing happens to one that is over."""
        if self.session.is_open:
            await self._apply(LineLost(self._shell.clock.now(), LogoutReason.LOST))
            await self._leave_bridge()

    async def _leave_bridge(self) -> None:
        """A session's bridge is its own, and goes with it."""
        if self.session.bridge_id is not None:
            try:
                await self._shell.switch.destroy_bridge(self.session.bridge_id)
            except SwitchUnavailable as error:
                log.warning("bridge_left", bridge_id=self.session.bridge_id, error=str(error))

    async def _ensure_bridge(self) -> None:
        session = self.session
        if session.bridge_id is None or session.channel_id is None:
            return
        switch = self._shell.switch
        await switch.ensure_talk_bridge(session.bridge_id)
        await switch.ensure_in_bridge(session.bridge_id, session.channel_id, keys_stay_here=True)

    async def _handle(self, message: Message | None) -> None:
        match message:
            case None:
                await self._end_wrap_up()
            case Digit(digit=digit):
                self._keys, command = feed(self._keys, digit)
                if command is not None:
                    await self._obey(command)
            case TakeCall():
                await self._take(message)
            case CallJoined(call_id=call_id, at=at):
                await self._apply(CallConnected(call_id, at))
            case CallDone():
                await self._done(message)
            case ApplyEvent(event=event):
                await self._found(event)
            case PlayPrompt(names=()):
                await self._channel.stop()
            case PlayPrompt(names=names, playback_id=playback_id):
                await self._channel.start(names, playback_id)
            case CommandAsked(command=wanted, answer=answer):
                answer(await self._callbacks.carry_out(self.session, self._last_call, wanted))
            case CommandAnswered(answer=Refused(reason, deputy)):
                await self._channel.start(to_operator.refusal(reason, deputy))
            case CommandAnswered(command=command, answer=given) if isinstance(command, CallbackCommand):
                await self._channel.start(said(command, given))
            case Played(playback_id=playback_id, failed=failed):
                if self._announcing is not None and self._announcing[1] == playback_id:
                    if failed:
                        await self._is_still_there()
                    self._announced()

    # --- calls ---

    async def _take(self, order: TakeCall) -> None:
        session = self.session
        again = session.state is OperatorState.OFFERED and session.call_id == order.call_id
        if not again:
            await self._apply(CallOffered(order.call_id, self._shell.clock.now(), order.returns, order.wanted))
        if self.session.call_id != order.call_id or self.session.state is not OperatorState.OFFERED:
            gone = OperatorGone(session.id, self._shell.clock.now())
            self._shell.registry.post_to_call(order.call_id, gone)
            return
        if self._channel.channel_id is None:
            return  # a phone that is rung: the call's own task rings it
        playback_id = await self._channel.start(order.whisper)
        if playback_id is None:
            await self._channel.stop()
            self._ready_for(order.call_id)
        else:
            self._announcing = (order.call_id, playback_id)

    def _announced(self) -> None:
        if self._announcing is not None:
            call_id, self._announcing = self._announcing[0], None
            self._ready_for(call_id)

    async def _is_still_there(self) -> None:
        """A whisper that broke off mostly means a hang-up, whose own news follows. Raises PartyLeft then."""
        message = await self._channel.next(self._shell.clock.now() + BROKEN_OFF_PATIENCE)
        if message is not None:
            self._channel.mailbox.post_first(message)

    def _ready_for(self, call_id: CallId) -> None:
        bridge_id, channel_id = self.session.bridge_id, self._channel.channel_id
        if bridge_id is not None and channel_id is not None:
            self._shell.registry.post_to_call(call_id, OperatorReady(self.session.id, bridge_id, channel_id))

    async def _done(self, message: CallDone) -> None:
        before = self.session
        if self._announcing is not None and self._announcing[0] == message.call_id:
            self._announcing = None
            await self._channel.stop()
        if before.state is OperatorState.TALKING:
            self._last_call = message.call_id
        if message.answered:
            await self._apply(CallOver(message.call_id, message.at, message.wrap_up_seconds))
        else:
            await self._apply(DidNotAnswer(message.call_id, message.at))
        self._shell.dispatcher.operator_changed(self.session.id)
        if before.state is OperatorState.OFFERED and self._channel.channel_id is not None and self.session.is_open:
            await self._channel.start(to_operator.CALLER_LEFT)
        if before.state is OperatorState.TALKING:
            await self._channel.start(_after_talk(self.session))

    async def _end_wrap_up(self) -> None:
        if self.session.state is OperatorState.WRAP_UP:
            await self._apply(WrapUpOver(self._shell.clock.now()))
            await self._channel.start(to_operator.READY)

    async def _found(self, event: OperatorEvent) -> None:
        if isinstance(event, LineLost) and event.reason is LogoutReason.LOST and self._channel.channel_id is not None:
            self._channel.left = Left(self._channel.channel_id, event.at, estimated=True)
            raise PartyLeft(self._channel.channel_id)
        await self._apply(event)

    # --- keys ---

    async def _obey(self, command: KeyCommand) -> None:
        now = self._shell.clock.now()
        busy = self.session.state in (OperatorState.OFFERED, OperatorState.TALKING)
        match command:
            case EndWrapUp() if self._announcing is not None:
                await self._channel.stop()  # heard enough
                self._announced()
            case EndWrapUp():
                await self._end_wrap_up()
            case NextCallbackKey():
                await self._call_back()
            case PausePrompt():
                await self._say(to_operator.ASK_PAUSE_REASON, unless=busy)
            case PauseKey(reason):
                if reason is None:
                    await self._say(to_operator.UNKNOWN_CODE, unless=busy)
                    return
                await self._apply(Pause(reason, now))
                await self._say(to_operator.paused(reason), unless=busy)
            case ResumeKey():
                await self._apply(Resume(now))
                await self._say(to_operator.READY, unless=busy)
            case LogOutKey():
                await self._apply(LogOut(now))
            case DeskKey(asked):
                await self._ask(asked)
            case ConsultPrompt():
                await self._channel.start(to_operator.CONSULT_CHOICES)
            case UnknownCode():
                await self._say(to_operator.UNKNOWN_CODE, unless=busy)

    async def _ask(self, command: Command) -> None:
        """What concerns a caller is the call's to do; nobody has one outside a talk."""
        await self._channel.stop()
        mailbox, call_id = self._channel.mailbox, self.session.call_id
        asked = CommandAsked(command, self.session.id, lambda answer: mailbox.post(CommandAnswered(command, answer)))
        if self.session.state is OperatorState.TALKING and call_id is not None:
            self._shell.registry.post_to_call(call_id, asked)
        elif isinstance(command, CallbackKey) and call_id is None:
            given = await self._callbacks.promise_after(
                self.session, self._last_call, PromiseCallback(command.pii_digits)
            )
            asked.answer(given)
        else:
            await self._channel.start(to_operator.UNKNOWN_CODE)

    async def _call_back(self) -> None:
        """The next citizen who is to be called back; not in a talk, nor while a caller is being announced."""
        refused = await self._callbacks.start_next(self.session)
        if refused is not None:
            words = to_operator.refusal(refused.reason)
            nothing = refused.reason is RefusalReason.NO_REQUEST
            await self._channel.start(callback_to_operator.NO_CALLBACKS if nothing else words)

    async def _say(self, names: Sequence[str], *, unless: bool) -> None:
        """Speak to the operator, but never into a talk or an announcement."""
        if not unless:
            await self._channel.start(names)

    # --- carrying out ---

    async def _apply(self, event: OperatorEvent) -> None:
        """Write, then act: the new state is committed, then the dispatcher may use it.

        Of a line that is gone the call hears first: the store may be away, and the caller in an empty talk.
        """
        changed = step(self.session, event)
        if changed is self.session:
            return
        call_id = self.session.call_id
        self._entry.session = changed
        if isinstance(event, LineLost) and call_id is not None:
            self._tell_gone(call_id)
        store = partial(self._shell.ledger.store_session, changed)
        await self._channel.patient_store(store, even_if_left=not changed.is_open)
        self._shell.dispatcher.operator_changed(changed.id)

    async def _lost(self) -> None:
        """The line is gone: the news of it, which has the true moment, is here or follows at once."""
        left = await self._channel.departure(self._shell.clock.now() + HANG_UP_PATIENCE)
        await self._apply(LineLost(left.at, LogoutReason.LOST if left.estimated else LogoutReason.HUNG_UP))

    def _tell_gone(self, call_id: CallId) -> None:
        left = self._channel.left
        if left is None:
            gone = OperatorGone(self.session.id, self._shell.clock.now())
        else:
            gone = OperatorGone(self.session.id, left.at, left.cause, left.estimated)
        self._shell.registry.post_to_call(call_id, gone)

    async def _say_goodbye(self) -> None:
        """Logged out by key, or on another phone: the line is told so before it is hung up by its owner."""
        await self._leave_bridge()
        if self.session.logout_reason is LogoutReason.KEY:
            await self._channel.play(to_operator.LOGGED_OUT)
        elif self.session.logout_reason is LogoutReason.REPLACED:
            await self._channel.play(to_operator.REPLACED)


def _after_talk(session: OperatorSession) -> tuple[str, ...]:
    """What an operator hears when a talk is over and no other follows at once."""
    if session.state is OperatorState.WRAP_UP:
        return to_operator.WRAP_UP
    if session.state is OperatorState.PAUSED and session.pause_reason is not None:
        return to_operator.paused(session.pause_reason)
    return ()
