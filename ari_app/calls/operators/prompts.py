"""The prompts of an operator at work that depend on the state of the session."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.calls.messages import KeyForOthers, PromptOver, PromptWanted
from ari_app.calls.operators.record import SessionRecord
from ari_app.core.keypad import EndWrapUp, KeyCommand, PlainKey
from ari_app.core.operators import OperatorState, WrapUpOver
from ari_app.prompts.phrases import operator as to_operator


class SessionPrompts(SessionRecord):
    """Only the session's own task uses it."""

    async def _confirm(self, command: KeyCommand, names: Sequence[str]) -> None:
        """Play the effect of a key: only a few words in a talk, where the caller waits; nothing into a whisper."""
        match self.session.state:
            case OperatorState.OFFERED:
                return
            case OperatorState.TALKING:
                await self._channel.start_prompt(to_operator.in_talk(command))
            case _:
                await self._channel.start_prompt(names)

    async def _prompt_at_length(self, names: Sequence[str]) -> None:
        """Play more than a few words: in a talk by way of the call, so that nobody waits in silence meanwhile."""
        session = self.session
        call_id = session.call_id if session.state is OperatorState.TALKING else None
        wanted = PromptWanted(session.id, tuple(names))
        if call_id is None or not self._shell.registry.post_to_call(call_id, wanted):
            await self._channel.start_prompt(names)

    async def _end_wrap_up(self) -> None:
        if self.session.state is OperatorState.WRAP_UP:
            await self._apply(WrapUpOver(self._shell.clock.now()))
            pause = self.session.pause_reason
            await self._channel.start_prompt(to_operator.READY if pause is None else to_operator.paused(pause))

    def _pass_key(self, command: EndWrapUp | PlainKey) -> None:
        """A key that is no code is for the other side of a talk."""
        digit = command.digit if isinstance(command, PlainKey) else "#"
        if self.session.call_id is not None:
            self._shell.registry.post_to_call(self.session.call_id, KeyForOthers(self.session.id, digit))

    def _post_prompt_over(self) -> None:
        if self.session.state is OperatorState.TALKING and self.session.call_id is not None:
            self._shell.registry.post_to_call(self.session.call_id, PromptOver(self.session.id))

    async def _prompt_after_talk(self) -> None:
        """Play what comes after a talk, when no other call follows at once; a tone of that talk is over."""
        await self._channel.stop_prompt()
        await self._channel.start_prompt(to_operator.after_talk(self.session.state, self.session.pause_reason))
