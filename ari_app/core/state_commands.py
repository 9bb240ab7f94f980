"""Commands about an operator's own state, from a screen: what each comes to in the state of this moment. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.ids import Endpoint, WebSessionId
from ari_app.core.operator_commands import RefusalReason, Refused
from ari_app.core.operators import (
    LogOut,
    OperatorEvent,
    OperatorSession,
    OperatorState,
    Pause,
    PauseAfterCall,
    PauseReason,
    Resume,
    WrapUpOver,
)


@dataclass(frozen=True, slots=True)
class BeReady:
    """Take calls: at once, or after the talk that goes on. Takes back a pause or a logout that is still to come.

    `forced_why`: a supervisor's reason; the operator hears that it was not they who asked.
    """

    forced_why: str = ""


@dataclass(frozen=True, slots=True)
class TakePause:
    """Pause: at once, or after the call that goes on."""

    reason: PauseReason
    forced_why: str = ""


@dataclass(frozen=True, slots=True)
class TakePauseAfterCall:
    """Pause after the call that goes on, or after the wrap-up of the one that is over; refused without either."""

    reason: PauseReason


@dataclass(frozen=True, slots=True)
class EndWrapUpTime:
    """The wrap-up is done: take calls again, or begin the pause that was to follow."""


@dataclass(frozen=True, slots=True)
class LogOff:
    """Log out: at once, or after the call that goes on."""

    forced_why: str = ""


@dataclass(frozen=True, slots=True)
class LogIn:
    """Ring this phone; whoever picks it up is logged in as the operator who asked, without number and PIN."""

    phone: Endpoint


@dataclass(frozen=True, slots=True)
class OpenPhone:
    """Let the page of this login be a phone, under this name: a call of it to 1400 logs its operator in.

    `node`: of the Asterisk to which the page is relayed. `digest` stands for the password (`core.browser_phones`).
    """

    session: WebSessionId
    name: str
    node: str
    digest: str = field(repr=False)


#: about the session of an operator who is logged in
StateCommand = BeReady | TakePause | TakePauseAfterCall | EndWrapUpTime | LogOff


def verdict(session: OperatorSession, command: StateCommand, now: datetime) -> OperatorEvent | Refused:
    """The event of the session that this command means at this moment, or why it cannot be followed.

    An event that changes nothing is no refusal: it is as it was asked.
    """
    match command:
        case BeReady():
            return Resume(now)
        case TakePause(reason):
            return Pause(reason, now)
        case TakePauseAfterCall(reason):
            has_call = session.state in (OperatorState.OFFERED, OperatorState.TALKING, OperatorState.WRAP_UP)
            return PauseAfterCall(reason, now) if has_call else Refused(RefusalReason.NO_SUCH_CALL)
        case EndWrapUpTime():
            is_over = session.state in (OperatorState.WRAP_UP, OperatorState.READY)
            return WrapUpOver(now) if is_over else Refused(RefusalReason.NO_WRAP_UP)
        case LogOff():
            return LogOut(now)


def is_forced(command: StateCommand) -> bool:
    """Whether a supervisor asked for it, over the operator's head."""
    return bool(getattr(command, "forced_why", ""))
