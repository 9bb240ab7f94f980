"""A command from a screen, a terminal or another program: what is asked, about whom, and under which id.

It becomes a row; the controller of the node takes it, has it carried out as if its keys had been pressed, and answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.core.account_commands import AccountCommand
from ari_app.core.area_commands import AreaCommand
from ari_app.core.directory_commands import DirectoryCommand
from ari_app.core.ids import AccountId, CallId, CommandId, MunicipalityCode, OperatorNumber, RequestId, new_command_id
from ari_app.core.operator_commands import CallbackKey, Command, MakeCallback
from ari_app.core.promise_commands import MakePromise
from ari_app.core.script_commands import ChooseScript
from ari_app.core.state_commands import LogIn, OpenPhone, StateCommand
from ari_app.core.supervisor_commands import AssignRequest, CloseByPerson, SupervisorCommand
from ari_app.core.wrap_ups import WrapUp

AnyCommand = (
    Command
    | StateCommand
    | LogIn
    | OpenPhone
    | WrapUp
    | ChooseScript
    | SupervisorCommand
    | AreaCommand
    | DirectoryCommand
    | MakePromise
    | AccountCommand
)
#: commands that name a municipality
OfMunicipality = AreaCommand | DirectoryCommand | MakePromise


class What(StrEnum):
    """The kinds of commands, as the column `what` has them; in the order of `storage.db.command_kinds`."""

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
    PROMISE_CALLBACK = "promise_callback"
    NEXT_CALLBACK = "next_callback"
    MAKE_CALLBACK = "make_callback"
    MARK_CALLBACK = "mark_callback"
    CLOSE_REQUEST = "close_request"
    ALLOW_TRANSFER = "allow_transfer"
    UNLOCK_PIN = "unlock_pin"
    ASSIGN_REQUEST = "assign_request"
    WRAP_UP = "wrap_up"  # subject, result and note
    ASK_ALLOWANCE = "ask_allowance"  # an operator asks for it
    CLOSE_BY_PERSON = "close_by_person"  # a request, with a reason
    SET_CALAMITY = "set_calamity"
    END_CALAMITY = "end_calamity"
    CLOSE_EARLY = "close_early"
    OPEN_AGAIN = "open_again"
    ADD_ACCOUNT = "add_account"
    LOCK_ACCOUNT = "lock_account"
    UNLOCK_ACCOUNT = "unlock_account"
    RESET_ACCOUNT = "reset_account"
    GIVE_ROLE = "give_role"
    TAKE_ROLE = "take_role"
    LINK_OPERATOR = "link_operator"
    FOLLOW_PROVIDER = "follow_provider"  # somebody whom the identity provider let in
    LINK_SUBJECT = "link_subject"
    FORGET_FACTOR = "forget_factor"  # the second one
    MAKE_PROMISE = "make_promise"  # to a citizen, without a call
    OPEN_PHONE = "open_phone"  # in the page of a login
    CHOOSE_SCRIPT = "choose_script"  # the answer that was given, or the choice of one taken back
    CHANGE_DIRECTORY = "change_directory"  # an entry of it, or a file
    REMOVE_ENTRY = "remove_entry"  # of the directory
    OFFER_SURVEY = "offer_survey"  # the caller said yes to questions after the talk


class CommandState(StrEnum):
    """The answer to a command, as the column `answer` has it."""

    ACCEPTED = "accepted"
    PROMISED = "promised"
    REFUSED = "refused"
    UNANSWERED = "unanswered"  # nobody knows whether it was carried out


@dataclass(frozen=True, slots=True)
class AskedCommand:
    """What somebody asks for. `operator`: whose desk or state it is about; `call_id`: which call; `municipality`: of
    what is about a whole one; `account`: whose rights it is about.

    A command about a caller names both; without a call it is about the one whom the operator has when it is asked.
    """

    command: AnyCommand
    operator: OperatorNumber | None = None
    call_id: CallId | None = None
    id: CommandId = field(default_factory=new_command_id)
    municipality: MunicipalityCode | None = None
    account: AccountId | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a command that keys only can give, or one that is about nobody."""
        if isinstance(self.command, CallbackKey):
            raise ValueError("a key's code is no command of a screen")
        if isinstance(self.command, OfMunicipality) is (self.municipality is None):
            raise ValueError("what is about a municipality names it, and nothing else does")
        if isinstance(self.command, AccountCommand) is (self.account is None):
            raise ValueError("what is about an account names it, and nothing else does")
        about = (self.operator, self.call_id, self.request_id, self.municipality, self.account)
        if all(one is None for one in about):
            raise ValueError("a command is about an operator, a call, a request, a municipality or an account")

    @property
    def request_id(self) -> RequestId | None:
        return self.command.request if isinstance(self.command, MakeCallback | AssignRequest | CloseByPerson) else None
