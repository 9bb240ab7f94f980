"""A command from a screen, a terminal or another program: what is asked, about whom, and under which id.

It becomes a row; the controller of the node takes it, has it carried out as if its keys had been pressed, and answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.core.ids import CallId, CommandId, OperatorNumber, RequestId, new_command_id
from ari_app.core.operator_commands import CallbackKey, Command, MakeCallback
from ari_app.core.state_commands import LogIn, StateCommand
from ari_app.core.supervisor_commands import AssignRequest, SupervisorCommand
from ari_app.core.wrap_ups import WrapUp

AnyCommand = Command | StateCommand | LogIn | WrapUp | SupervisorCommand


class What(StrEnum):
    """The kinds of commands, as the column `what` has them."""

    READY = "ready"
    PAUSE = "pause"
    PAUSE_AFTER_CALL = "pause_after_call"
    END_WRAP_UP = "end_wrap_up"
    LOG_OUT = "log_out"
    LOG_IN = "log_in"
    HOLD = "hold"  # or resume
    TRANSFER = "transfer"  # cold or warm
    TRANSFER_TO_QUEUE = "transfer_to_queue"
    SWAP = "swap"
    CONFERENCE = "conference"
    COMPLETE = "complete"
    CANCEL = "cancel"
    PUT_DOWN = "put_down"
    WRAP_UP = "wrap_up"  # subject, result and note
    PROMISE_CALLBACK = "promise_callback"
    NEXT_CALLBACK = "next_callback"
    MAKE_CALLBACK = "make_callback"
    MARK_CALLBACK = "mark_callback"
    CLOSE_REQUEST = "close_request"
    ALLOW_TRANSFER = "allow_transfer"
    UNLOCK_PIN = "unlock_pin"
    ASSIGN_REQUEST = "assign_request"


class CommandState(StrEnum):
    """The answer to a command, as the column `answer` has it."""

    ACCEPTED = "accepted"
    PROMISED = "promised"
    REFUSED = "refused"
    UNANSWERED = "unanswered"  # nobody knows whether it was carried out


@dataclass(frozen=True, slots=True)
class AskedCommand:
    """What somebody asks for. `operator`: whose desk or state it is about; `call_id`: which call.

    A command about a caller names both; without a call it is about the one whom the operator has when it is asked.
    """

    command: AnyCommand
    operator: OperatorNumber | None = None
    call_id: CallId | None = None
    id: CommandId = field(default_factory=new_command_id)

    def __post_init__(self) -> None:
        """Raises ValueError for a command that keys only can give, or one that is about nobody."""
        if isinstance(self.command, CallbackKey):
            raise ValueError("a key's code is no command of a screen")
        if self.operator is None and self.call_id is None and self.request_id is None:
            raise ValueError("a command is about an operator, a call or a request")

    @property
    def request_id(self) -> RequestId | None:
        return self.command.request if isinstance(self.command, MakeCallback | AssignRequest) else None
