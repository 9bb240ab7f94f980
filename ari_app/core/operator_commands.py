"""Commands of the handling party, by keys or from a screen, and their answers: values, never exceptions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import EntryCode, OperatorNumber, RequestId, TeamCode
from ari_app.core.limits import Limit
from ari_app.core.transfer import TransferCommand, TransferKind


@dataclass(frozen=True, slots=True)
class StartTransfer:
    """Transfer the caller. `to`: an extension or a number outside; the subject is said to the person there."""

    kind: TransferKind
    to: str
    pii_subject: str = ""


@dataclass(frozen=True, slots=True)
class TransferToQueue:
    """Transfer the caller into a municipality's queue. `to`: its key on the shared number, or its CBS code."""

    to: str


@dataclass(frozen=True, slots=True)
class HoldOrResume:
    """Put the caller on hold, with music, or take them back into the talk.

    `is_for_hold` says which of the two is wanted, and a repeated click does no harm; None, as by a key: the other one
    than now.
    """

    is_for_hold: bool | None = None


@dataclass(frozen=True, slots=True)
class PutDown:
    """End the call: the caller is hung up on, as when the handling party puts the phone down."""


@dataclass(frozen=True, slots=True)
class PromiseCallback:
    """Promise the caller a callback. Without a number it is the one that the network showed.

    Without team and operator it is for the municipality's own team; `entry` names a person or a department.
    """

    pii_number: str = field(default="", repr=False)
    subject: str = ""
    pii_note: str = field(default="", repr=False)
    team: TeamCode | None = None
    operator: OperatorNumber | None = None
    entry: EntryCode | None = None


@dataclass(frozen=True, slots=True)
class CloseRequest:
    """Close the caller's request for a callback: they were helped just now."""


@dataclass(frozen=True, slots=True)
class MarkCallback:
    """Record the outcome of a callback that only a listener can tell: a voicemail, a wrong number, a refusal."""

    outcome: AttemptOutcome


@dataclass(frozen=True, slots=True)
class OfferSurvey:
    """The caller said that they will answer questions after the talk."""


@dataclass(frozen=True, slots=True)
class CallbackKey:
    """`*6`, digits and `#`: in a callback 1 to 3 mark it, 0 closes a request as helped, all else is a promise."""

    pii_digits: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NextCallback:
    """Begin the callback that is due first for this operator; refused while they have a caller."""


@dataclass(frozen=True, slots=True)
class MakeCallback:
    """Begin this very callback; refused while the operator has a caller, or somebody else calls that number."""

    request: RequestId


CallbackCommand = PromiseCallback | CloseRequest | MarkCallback | CallbackKey
#: begins a callback; there is no caller yet
BeginCallback = NextCallback | MakeCallback
Command = (
    CallbackCommand
    | BeginCallback
    | StartTransfer
    | TransferToQueue
    | TransferCommand
    | HoldOrResume
    | PutDown
    | OfferSurvey
)


class RefusalReason(StrEnum):
    """Why a command was not carried out."""

    TRANSFER_LIMIT = Limit.TRANSFERS.value  # twice already (AV §2)
    UNKNOWN_DESTINATION = "unknown_destination"
    NOT_NOW = "not_now"  # an entry that is closed at this moment, or not valid today
    PAID_SERVICE = "paid_service"  # AV §8
    NO_WAY_OUT = "no_way_out"  # numbers outside cannot be called here
    UNREACHABLE = "unreachable"  # no phone is registered there
    ONLY_COLD = "only_cold"  # a queue, or an operator on a standing line, cannot be consulted
    QUEUE_CLOSED = "queue_closed"
    NOBODY_THERE = "nobody_there"  # nobody of that queue is logged in
    TRANSFER_OPEN = "transfer_open"  # another transfer is open
    NO_TRANSFER = "no_transfer"  # there is none to complete, cancel or swap
    NOT_YET = "not_yet"  # the colleague has not picked up
    NOT_YOURS = "not_yours"  # the party that asks does not have this caller
    NO_SUCH_CALL = "no_such_call"
    STORE_AWAY = "store_away"  # nothing is done that cannot be written first
    NO_NUMBER = "no_number"  # the caller withheld it: it has to be keyed
    NO_REQUEST = "no_request"  # there is no callback to make or to close, or it is not for this operator
    NOT_A_CALLBACK = "not_a_callback"  # a call that is no callback has no outcome to record
    NO_SURVEY = "no_survey"  # the municipality asks nothing, or not now: a calamity, or a caller whom we called
    EXPIRED = "expired"  # no controller took the command in time; nothing was done
    NOT_LOGGED_IN = "not_logged_in"
    LOGGED_IN = "logged_in"  # already
    NO_WRAP_UP = "no_wrap_up"  # there is no wrap-up time to end
    BEING_CALLED = "being_called"  # somebody calls that citizen at this moment
    NO_SUCH_MUNICIPALITY = "no_such_municipality"
    NONSENSE = "nonsense"  # it would end before it begins, or says nothing
    NOTHING_TO_END = "nothing_to_end"
    PHONE_BUSY = "phone_busy"  # there is a call at the phone that is to ring for a login
    PHONE_TAKEN = "phone_taken"  # another operator is logged in at it
    NO_SUCH_ACCOUNT = "no_such_account"
    OWN_ACCOUNT = "own_account"  # nobody changes their own rights
    NOT_ALLOWED = "not_allowed"  # it is not the actor's to do
    LOGIN_TAKEN = "login_taken"  # there is an account with that name
    SUBJECT_TAKEN = "subject_taken"  # another account has that person of the identity provider
    NO_SUCH_OPERATOR = "no_such_operator"
    NO_SUCH_ROLE = "no_such_role"  # no role of that name, or not for that municipality or team
    ROLE_NOT_HELD = "role_not_held"
    LAST_ADMINISTRATOR = "last_administrator"  # nobody would be left to give rights
    OPERATOR_TAKEN = "operator_taken"  # another account is that operator at the phone
    CHANGED_MEANWHILE = "changed_meanwhile"  # somebody else changed what it was made from
    OTHER_COMMAND = "other_command"  # something else was asked under this id before


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is committed, and is being carried out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """`deputy`: an extension to try instead."""

    reason: RefusalReason
    deputy: str | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """The promise is committed; the citizen hears the reference. `joined`: it was added to a request that was open."""

    reference: str
    deadline_at: datetime
    joined: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came in time, as when the store is away: it may be done yet, or not."""


Answer = Accepted | Promised | Refused | Unanswered
ACCEPTED = Accepted()
