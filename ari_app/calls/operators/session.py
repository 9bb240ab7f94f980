"""An operator at work: the owner of the session, which carries out what `core.operator_rules.step` decides."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from ari_app.calls.callbacks.commands import confirmation
from ari_app.calls.errors import PartyLeft
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import (
    ApplyEvent,
    CallDone,
    CallJoined,
    CommandAnswered,
    CommandAsked,
    Digit,
    Held,
    KeyCommandGiven,
    Message,
    OperatorGone,
    OperatorReady,
    PlaceAsked,
    Played,
    PlayPrompt,
    PutBack,
    ReplaceAsked,
    RowMovedOn,
    StateAsked,
    TakeCall,
    Unheld,
)
from ari_app.calls.operators.at_page import SessionAtPage
from ari_app.calls.operators.callbacks import OperatorCallbacks
from ari_app.calls.operators.channel import OperatorChannel
from ari_app.calls.registry import SessionEntry
from ari_app.calls.shell import Shell
from ari_app.core.ids import CallId, PlaybackId
from ari_app.core.keypad import (
    CommandKey,
    ConsultPrompt,
    EndWrapUp,
    KeyCommand,
    LogOutKey,
    NextCallbackKey,
    PauseKey,
    PausePrompt,
    PlainKey,
    ResumeKey,
    UnknownCode,
)
from ari_app.core.operator_commands import CallbackKey, Command, PromiseCallback, RefusalReason, Refused
from ari_app.core.operators import (
    CallConnected,
    CallOffered,
    CallOver,
    DidNotAnswer,
    LineHeld,
    LineUnheld,
    LogOut,
    OperatorSession,
    OperatorState,
    Pause,
    PauseReason,
    Resume,
)
from ari_app.prompts.phrases import callback_operator as callback_to_operator
from ari_app.prompts.phrases import operator as to_operator

log = structlog.get_logger(__name__)


class SessionTask(SessionAtPage):
    """From login to logout. One mailbox has the messages of keys, calls, the sweep and the hang-up."""

    def __init__(
        self,
        shell: Shell,
        session: OperatorSession,
        channel: OperatorChannel,
        callbacks: OperatorCallbacks,
        *,
        is_placed: bool = False,
        entry: SessionEntry | None = None,
    ) -> None:
        """The session is stored already. `is_placed`: its line is in its bridge already; `entry`: as in its record."""
        super().__init__(shell, session, channel, entry)
        self._callbacks = callbacks
        self._is_placed = is_placed
        self._whispering: tuple[CallId, PlaybackId] | None = None  # what is being played, and for which call
        self._last_call: CallId | None = None

    async def run(self, greeting: Sequence[str] = ()) -> None:
        """Work until the logout. A standing line is still up then, unless the operator hung up."""
        try:
            if not self._is_placed:
                await self._ensure_bridge()
            is_held = self.session.held_at is not None and not greeting  # what happened to it in a gap was not seen
            await self._channel.start_prompt(to_operator.paused(PauseReason.ON_HOLD) if is_held else greeting)
            self._shell.dispatcher.operator_changed(self.session.id)
            self._announce_line()
            while self.session.is_open and not self.goes_on:
                due = (self.session.wrap_up_until_at, self.session.line_until_at, self._channel.hint_due_at)
                await self._handle(await self._channel.next(min((at for at in due if at is not None), default=None)))
        except PartyLeft:
            if not await self._keep_place():
                await self._end_lost()
        finally:
            self._remove()
            if not self.session.is_open:
                self._refuse_what_is_left()
        await self._say_goodbye()

    def without_line(self) -> SessionTask:
        """The task of this session from now on, until its page dials again."""
        channel = OperatorChannel(self._shell, None, Mailbox(self._shell.clock))
        return SessionTask(self._shell, self.session, channel, self._callbacks, entry=self._entry)

    def call_back_first(self) -> None:
        """Begin with the callback that is due first, as if its key had been pressed."""
        self._channel.mailbox.post(KeyCommandGiven(NextCallbackKey()))

    async def _handle(self, message: Message | None) -> None:
        match message:
            case None:
                await self._pass_moment()
            case Digit(channel_id=channel_id, digit=digit):
                await self._carry_out(self._channel.read_key(channel_id, digit))
            case KeyCommandGiven(command=command):
                await self._carry_out(command)
            case TakeCall():
                await self._take(message)
            case CallJoined(call_id=call_id, at=at):
                await self._apply(CallConnected(call_id, at))
            case CallDone():
                await self._done(message)
            case ApplyEvent(event, is_estimated):
                await self._apply_found(event, is_estimated=is_estimated)
            case PutBack():
                await self._put_back()
            case RowMovedOn(version):
                self._raise_if_overtaken(version)
            case Held() | Unheld():
                await self._line_held(message)
            case ReplaceAsked(answer=give):
                give(await self._give_way())
            case PlaceAsked():
                await self._give_place(message)
            case PlayPrompt(names=()):
                await self._channel.stop_prompt()
            case PlayPrompt(names=names, playback_id=playback_id):
                if await self._channel.start_prompt(names, playback_id) is None:
                    self._post_prompt_over()
            case CommandAsked(about=about):
                await self._callbacks.carry_out(self.session, about or self._last_call, message)
            case StateAsked():
                await self._obey(message)
            case CommandAnswered(answer=Refused(reason, deputy)):
                await self._prompt_at_length(to_operator.refusal(reason, deputy))
            case Played(playback_id=playback_id, failed=failed):
                if self._whispering is not None and self._whispering[1] == playback_id:
                    if failed:
                        await self._channel.raise_if_hung_up()
                    self._end_whisper()
                elif self._channel.playing is None:
                    self._post_prompt_over()

    # --- calls ---

    async def _take(self, order: TakeCall) -> None:
        session = self.session
        if (session.state, session.call_id) != (OperatorState.OFFERED, order.call_id):
            await self._apply(CallOffered(order.call_id, self._shell.clock.now(), order.returns, order.wanted))
        if self.session.call_id != order.call_id or self.session.state is not OperatorState.OFFERED:
            self._shell.registry.post_to_call(order.call_id, OperatorGone(session.id, self._shell.clock.now()))
            return
        if self._channel.channel_id is None:
            return  # a phone that is rung: the call's own task rings it
        playback_id = await self._channel.start_prompt(order.whisper)
        if playback_id is None:
            await self._channel.stop_prompt()
            self._post_ready(order.call_id)
        else:
            self._whispering = (order.call_id, playback_id)

    def _end_whisper(self) -> None:
        if self._whispering is not None:
            call_id, self._whispering = self._whispering[0], None
            self._post_ready(call_id)

    def _post_ready(self, call_id: CallId) -> None:
        bridge_id, channel_id = self.session.bridge_id, self._channel.channel_id
        if bridge_id is not None and channel_id is not None:
            self._shell.registry.post_to_call(call_id, OperatorReady(self.session.id, bridge_id, channel_id))

    async def _done(self, message: CallDone) -> None:
        before = self.session
        if self._whispering is not None and self._whispering[0] == message.call_id:
            self._whispering = None
            await self._channel.stop_prompt()
        if before.state is OperatorState.TALKING:
            self._last_call = message.call_id
        over = CallOver(message.call_id, message.at, message.wrap_up_seconds)
        event = over if message.answered else DidNotAnswer(message.call_id, message.at)
        await self._apply(event, is_estimated=message.answered and message.is_estimated)
        self._shell.dispatcher.operator_changed(self.session.id)
        if before.state is OperatorState.OFFERED and self._channel.channel_id is not None and self.session.is_open:
            await self._channel.start_prompt(to_operator.CALLER_LEFT)
        elif before.state is OperatorState.TALKING:
            await self._prompt_after_talk()

    async def _pass_moment(self) -> None:
        """Say which keys half a code needs, or end the wrap-up time, whichever is due."""
        key = self._channel.take_hint()
        if await self._end_wait_for_page():
            return
        if key is not None:
            if self.session.state is not OperatorState.OFFERED:
                await self._channel.start_prompt(to_operator.incomplete_code(key))
        else:
            await self._end_wrap_up()

    async def _line_held(self, message: Held | Unheld) -> None:
        """The phone put the line on hold, or took it back. A caller on the way goes back to the queue, place kept."""
        before = self.session
        await self._apply(LineHeld(message.at) if isinstance(message, Held) else LineUnheld(message.at))
        if before.call_id is not None and self.session.call_id is None:
            self._whispering = None
            await self._channel.stop_prompt()
            self._shell.registry.post_to_call(before.call_id, OperatorGone(before.id, message.at))
        elif before.call_id is not None:
            self._shell.registry.post_to_call(before.call_id, message)
        elif self.session.state is OperatorState.READY and before.state is not OperatorState.READY:
            await self._channel.start_prompt(to_operator.READY)

    # --- keys ---

    async def _carry_out(self, command: KeyCommand | None) -> None:
        now = self._shell.clock.now()
        match command:
            case EndWrapUp() if self._whispering is not None:
                await self._channel.stop_prompt()  # heard enough
                self._end_whisper()
            case EndWrapUp() | PlainKey() if self.session.state is OperatorState.TALKING:
                self._pass_key(command)
            case EndWrapUp():
                await self._end_wrap_up()
            case NextCallbackKey():
                await self._start_next_callback()
            case PausePrompt():
                await self._confirm(command, to_operator.ASK_PAUSE_REASON)
                if self.session.state is not OperatorState.TALKING:
                    self._channel.withdraw_hints()
            case PauseKey(reason):
                if reason is None:
                    await self._confirm(command, to_operator.UNKNOWN_CODE)
                    return
                await self._apply(Pause(reason, now))
                await self._confirm(command, to_operator.paused(reason))
            case ResumeKey():
                await self._apply(Resume(now))
                await self._confirm(command, to_operator.READY)
            case LogOutKey():
                await self._apply(LogOut(now))
                await self._confirm(command, ())
            case CommandKey(asked):
                await self._ask(asked)
            case ConsultPrompt():
                await self._prompt_at_length(to_operator.CONSULT_CHOICES)
            case UnknownCode():
                await self._confirm(command, to_operator.UNKNOWN_CODE)

    async def _ask(self, command: Command) -> None:
        """Pass a command about the caller on to the call; after a talk, a promise to its citizen is made here."""
        await self._channel.stop_prompt()
        mailbox, call_id = self._channel.mailbox, self.session.call_id
        if self.session.state is OperatorState.TALKING and call_id is not None:
            asked = CommandAsked(command, self.session.id, lambda answer: mailbox.post(CommandAnswered(answer)))
            self._shell.registry.post_to_call(call_id, asked)
        elif isinstance(command, CallbackKey) and call_id is None:
            wanted = PromiseCallback(command.pii_digits)
            answer = await self._callbacks.promise_after(self.session, self._last_call, wanted)
            if isinstance(answer, Refused):
                await self._channel.start_prompt(to_operator.refusal(answer.reason, answer.deputy))
            else:
                await self._channel.start_prompt(confirmation(command, answer))
        else:
            await self._channel.start_prompt(to_operator.UNKNOWN_CODE)

    async def _start_next_callback(self) -> None:
        """Begin the callback that is due first; refused in a talk, and while a caller is being announced."""
        refused = await self._callbacks.start_next(self.session)
        if refused is not None:
            nothing = refused.reason is RefusalReason.NO_REQUEST
            words = callback_to_operator.NO_CALLBACKS if nothing else to_operator.refusal(refused.reason)
            await self._prompt_at_length(words)
