"""A command and its answer as columns: what, arguments in JSON, and apart from them what is personal."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from ari_app.core.account_commands import (
    AddAccount,
    ForgetFactor,
    GiveRole,
    LinkOperator,
    LockAccount,
    ResetAccount,
    TakeRole,
    UnlockAccount,
)
from ari_app.core.area_commands import CloseEarly, EndCalamity, OpenAgain, SetCalamity
from ari_app.core.commands import AnyCommand, CommandState, What
from ari_app.core.directory_commands import ChangeDirectory, RemoveEntry
from ari_app.core.operator_commands import (
    ACCEPTED,
    Accepted,
    Answer,
    CloseRequest,
    HoldOrResume,
    MakeCallback,
    MarkCallback,
    NextCallback,
    OfferSurvey,
    PromiseCallback,
    Promised,
    PutDown,
    RefusalReason,
    Refused,
    StartTransfer,
    TransferToQueue,
    Unanswered,
)
from ari_app.core.promise_commands import MakePromise
from ari_app.core.provider_commands import FollowProvider, LinkSubject
from ari_app.core.script_commands import ChooseScript
from ari_app.core.state_commands import BeReady, EndWrapUpTime, LogIn, LogOff, OpenPhone, TakePause, TakePauseAfterCall
from ari_app.core.supervisor_commands import AllowTransfer, AskAllowance, AssignRequest, CloseByPerson, UnlockPin
from ari_app.core.transfer import CancelTransfer, CompleteTransfer, Conference, SwapParties
from ari_app.core.wrap_ups import WrapUp

KINDS: Mapping[What, type[AnyCommand]] = {
    What.READY: BeReady,
    What.PAUSE: TakePause,
    What.PAUSE_AFTER_CALL: TakePauseAfterCall,
    What.END_WRAP_UP: EndWrapUpTime,
    What.LOG_OUT: LogOff,
    What.LOG_IN: LogIn,
    What.OPEN_PHONE: OpenPhone,
    What.HOLD: HoldOrResume,
    What.TRANSFER: StartTransfer,
    What.TRANSFER_TO_QUEUE: TransferToQueue,
    What.SWAP: SwapParties,
    What.CONFERENCE: Conference,
    What.COMPLETE: CompleteTransfer,
    What.CANCEL: CancelTransfer,
    What.PUT_DOWN: PutDown,
    What.WRAP_UP: WrapUp,
    What.OFFER_SURVEY: OfferSurvey,
    What.CHOOSE_SCRIPT: ChooseScript,
    What.PROMISE_CALLBACK: PromiseCallback,
    What.NEXT_CALLBACK: NextCallback,
    What.MAKE_CALLBACK: MakeCallback,
    What.MARK_CALLBACK: MarkCallback,
    What.CLOSE_REQUEST: CloseRequest,
    What.ALLOW_TRANSFER: AllowTransfer,
    What.ASK_ALLOWANCE: AskAllowance,
    What.UNLOCK_PIN: UnlockPin,
    What.ASSIGN_REQUEST: AssignRequest,
    What.CLOSE_BY_PERSON: CloseByPerson,
    What.SET_CALAMITY: SetCalamity,
    What.END_CALAMITY: EndCalamity,
    What.CLOSE_EARLY: CloseEarly,
    What.OPEN_AGAIN: OpenAgain,
    What.MAKE_PROMISE: MakePromise,
    What.ADD_ACCOUNT: AddAccount,
    What.LOCK_ACCOUNT: LockAccount,
    What.UNLOCK_ACCOUNT: UnlockAccount,
    What.RESET_ACCOUNT: ResetAccount,
    What.FORGET_FACTOR: ForgetFactor,
    What.GIVE_ROLE: GiveRole,
    What.TAKE_ROLE: TakeRole,
    What.LINK_OPERATOR: LinkOperator,
    What.FOLLOW_PROVIDER: FollowProvider,
    What.LINK_SUBJECT: LinkSubject,
    What.CHANGE_DIRECTORY: ChangeDirectory,
    What.REMOVE_ENTRY: RemoveEntry,
}
_WHAT: Mapping[type[AnyCommand], What] = {kind: what for what, kind in KINDS.items()}
#: what is emptied with the answer without saying so in its name: the destination of a transfer may be a number outside,
#: and a digest stands for a password
_PERSONAL = {(StartTransfer, "to"), (OpenPhone, "digest")}


def encoded(command: AnyCommand) -> tuple[What, str, str | None]:
    """What it is, its arguments, and those that are personal. Raises KeyError for a command of keys only."""
    kind = type(command)
    said = {field.name: getattr(command, field.name) for field in fields(command) if not _is_default(command, field)}
    personal = {name for name in said if name.startswith("pii_") or (kind, name) in _PERSONAL}
    open_ones = _json({name: value for name, value in said.items() if name not in personal})
    return _WHAT[kind], open_ones, _json({name: said[name] for name in personal}) if personal else None


def _is_default(command: AnyCommand, field: Any) -> bool:
    return bool(getattr(command, field.name) == field.default)


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False, default=str)


def decoded(what: str, arguments: str, pii_arguments: str | None) -> AnyCommand:
    """The command of a row. Raises ValueError when the row says nothing that this program understands."""
    try:
        kind = KINDS[What(what)]
        said = json.loads(arguments) | json.loads(pii_arguments or "{}")
        readers = _readers(kind)
        return kind(**{name: readers[name](value) for name, value in said.items()})
    except (KeyError, TypeError) as error:
        raise ValueError(f"a command {what!r} with other arguments than it has: {type(error).__name__}") from None


def _readers(kind: type[object]) -> Mapping[str, Callable[[Any], Any]]:
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in (Union, types.UnionType):
        (inner,) = (part for part in get_args(hint) if part is not type(None))
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if hint is UUID or (isinstance(hint, type) and issubclass(hint, StrEnum)):
        return hint
    return datetime.fromisoformat if hint is datetime else _exactly(hint)


def _exactly(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(kind.__name__)
        return value

    return read


def encoded_answer(answer: Answer) -> tuple[CommandState, RefusalReason | None, str | None]:
    """The columns `answer`, `reason` and `details`."""
    match answer:
        case Accepted():
            return CommandState.ACCEPTED, None, None
        case Promised(reference, deadline_at, joined):
            details = {"reference": reference, "deadline_at": deadline_at.isoformat(), "joined": joined}
            return CommandState.PROMISED, None, _json(details)
        case Refused(reason, deputy):
            return CommandState.REFUSED, reason, None if deputy is None else _json({"deputy": deputy})
        case Unanswered():
            return CommandState.UNANSWERED, None, None


def decoded_answer(answer: str, reason: str | None, details: str | None) -> Answer:
    """Raises ValueError, KeyError for columns that `encoded_answer` does not make."""
    said = json.loads(details or "{}")
    match CommandState(answer):
        case CommandState.ACCEPTED:
            return ACCEPTED
        case CommandState.PROMISED:
            return Promised(said["reference"], datetime.fromisoformat(said["deadline_at"]), said["joined"])
        case CommandState.REFUSED:
            return Refused(RefusalReason(reason or ""), said.get("deputy"))
        case CommandState.UNANSWERED:
            return Unanswered()
