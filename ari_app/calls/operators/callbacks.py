"""Callbacks of an operator without a caller: the next one to make, and a promise after a talk."""

from __future__ import annotations

from collections.abc import Callable

from ari_app.calls.callbacks.attempts import lease_owner_of
from ari_app.calls.callbacks.requests import operator_request
from ari_app.calls.messages import CommandAsked
from ari_app.calls.shell import Shell
from ari_app.core.callbacks import CallbackRequest, RequestReason
from ari_app.core.ids import CallId, RequestId, new_call_id
from ari_app.core.ledger import CallbackRefused, StoreUnavailable
from ari_app.core.operator_commands import (
    Answer,
    MakeCallback,
    NextCallback,
    PromiseCallback,
    RefusalReason,
    Refused,
)
from ari_app.core.operators import OperatorSession

#: begins the call of this callback, which owns the lease of the request, and answers the command with its first commit
StartCall = Callable[[CallbackRequest, OperatorSession, CallId, CommandAsked | None], None]


class OperatorCallbacks:
    """The callbacks of operators who have no caller. One for all operators of this process.

    Nothing is raised for what cannot be done: it is Refused with the reason.
    """

    def __init__(self, shell: Shell, start_call: StartCall) -> None:
        self._shell = shell
        self._start_call = start_call

    async def carry_out(self, session: OperatorSession, last_call: CallId | None, asked: CommandAsked) -> None:
        """Carry out a command from a screen, and see to its answer; `last_call`: whose talk is just over."""
        answer: Answer | None
        match asked.command:
            case NextCallback():
                answer = await self.start_next(session, asked)
            case MakeCallback(request_id):
                answer = await self.start_this(session, request_id, asked)
            case PromiseCallback():
                answer = await self.promise_after(session, last_call, asked.command)
            case _:
                answer = Refused(RefusalReason.NO_SUCH_CALL)
        if answer is not None:
            asked.answer(answer)

    async def start_next(self, session: OperatorSession, asked: CommandAsked | None = None) -> Refused | None:
        """Begin the callback that this operator should make first; refused when there is none, or in a talk.

        `asked`: the command that the call answers, once it is stored.
        """
        if session.call_id is not None:
            return Refused(RefusalReason.TRANSFER_OPEN)
        now = self._shell.clock.now()
        call_id = new_call_id()
        try:
            request = await self._shell.callbacks.claim_next(session.operator, now, lease_owner=lease_owner_of(call_id))
        except StoreUnavailable:
            return Refused(RefusalReason.STORE_AWAY)
        return self._start(session, request, call_id, asked)

    async def start_this(
        self, session: OperatorSession, request_id: RequestId, asked: CommandAsked | None = None
    ) -> Refused | None:
        """Begin this very callback; refused in a talk, and when somebody else calls that number now."""
        if session.call_id is not None:
            return Refused(RefusalReason.TRANSFER_OPEN)
        now, call_id = self._shell.clock.now(), new_call_id()
        try:
            request = await self._shell.callbacks.claim(
                request_id, session.operator, now, lease_owner=lease_owner_of(call_id)
            )
        except StoreUnavailable:
            return Refused(RefusalReason.STORE_AWAY)
        except CallbackRefused:
            return Refused(RefusalReason.NO_REQUEST)
        return self._start(session, request, call_id, asked)

    def _start(
        self, session: OperatorSession, request: CallbackRequest | None, call_id: CallId, asked: CommandAsked | None
    ) -> Refused | None:
        if request is None:
            return Refused(RefusalReason.NO_REQUEST)
        self._start_call(request, session, call_id, asked)
        return None

    async def promise_after(self, session: OperatorSession, call_id: CallId | None, wanted: PromiseCallback) -> Answer:
        """Promise to call back the citizen of `call_id`, whose talk is just over."""
        if call_id is None:
            return Refused(RefusalReason.NO_SUCH_CALL)
        try:
            call = await self._shell.ledger.call(call_id)
        except StoreUnavailable:
            return Refused(RefusalReason.STORE_AWAY)
        if call is None:
            return Refused(RefusalReason.NO_SUCH_CALL)
        return await operator_request(self._shell, call, wanted, RequestReason.OPERATOR, session.operator)
