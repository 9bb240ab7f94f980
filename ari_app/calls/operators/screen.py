"""An operator's own state as a screen asks for it, and what the operator hears of that."""

from __future__ import annotations

from ari_app.calls.messages import CommandAsked, StateAsked, TakeCall
from ari_app.calls.operators.prompts import SessionPrompts
from ari_app.core.operator_commands import ACCEPTED, RefusalReason, Refused
from ari_app.core.operators import OperatorState
from ari_app.core.state_commands import is_forced, verdict
from ari_app.prompts.phrases import operator as to_operator


class SessionOnScreen(SessionPrompts):
    """Only the session's own task uses it."""

    def _refuse_what_is_left(self) -> None:
        """The session is over: a call that was offered goes to another operator, and commands came too late."""
        for message in self._channel.mailbox.withdraw(TakeCall, StateAsked, CommandAsked):
            match message:
                case TakeCall(call_id=call_id):
                    self._post_gone(call_id)
                case StateAsked() | CommandAsked():
                    message.answer(Refused(RefusalReason.NOT_LOGGED_IN))

    async def _obey(self, asked: StateAsked) -> None:
        """Commit what a command about this operator comes to, then answer. Others' commands are spoken as well."""
        event = verdict(self.session, asked.command, self._shell.clock.now())
        if isinstance(event, Refused):
            asked.answer(event)
            return
        await self._apply(event, command_id=asked.command_id)
        asked.answer(ACCEPTED)
        if is_forced(asked.command) and not self.session.is_open:
            self._goodbye = (*to_operator.BY_SUPERVISOR, *self._goodbye)
        elif is_forced(asked.command) and self.session.state is not OperatorState.OFFERED:
            is_in_talk = self.session.state is OperatorState.TALKING
            await self._prompt_at_length(to_operator.by_supervisor(asked.command, is_in_talk=is_in_talk))
