"""The messages that tasks find in their mailboxes, one frozen value per kind. Instants are Asterisk's own, UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.area import Reach
from ari_app.core.ids import BridgeId, CallId, ChannelId, CommandId, OperatorNumber, PlaybackId, SessionId
from ari_app.core.keypad import KeyCommand
from ari_app.core.operator_commands import Answer, Command
from ari_app.core.operators import OperatorEvent, PageBack
from ari_app.core.state_commands import StateCommand


@dataclass(frozen=True, slots=True)
class Digit:
    channel_id: ChannelId
    digit: str  # one of 0-9 * #
    at: datetime


@dataclass(frozen=True, slots=True)
class Left:
    """A party's channel is gone. `estimated`: the moment was not seen."""

    channel_id: ChannelId
    at: datetime
    cause: int | None = None  # Q.850
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Logged:
    """What Asterisk's own log tells of channels, of which nobody saw it: not a message, but what messages are made of.

    A channel that the log does not tell about is in neither.
    """

    ends: Mapping[ChannelId, Left] = field(default_factory=dict)
    answers: Mapping[ChannelId, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entered:
    """A channel that we created entered our application (its StasisStart); it can be dialled, played to and bridged."""

    channel_id: ChannelId
    created_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Up:
    """A channel is answered."""

    channel_id: ChannelId
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A party's phone put its line on hold: nobody listens there."""

    channel_id: ChannelId
    at: datetime


@dataclass(frozen=True, slots=True)
class Unheld:
    """A party's phone took its line back from hold; or may have, `is_seen` being False, while our socket was closed."""

    channel_id: ChannelId
    at: datetime
    is_seen: bool = True


@dataclass(frozen=True, slots=True)
class RowMovedOn:
    """Of a session: its row was written so often, and not all of it by this process."""

    version: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """To a call or an operator's session: a party is out of its bridge, and nobody here ordered that."""


@dataclass(frozen=True, slots=True)
class Played:
    """A playback is over.

    `failed`: it did not reach its end, because the listener left or a sound was missing; or nobody saw its end.
    """

    playback_id: PlaybackId
    at: datetime
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """To a call: the dispatcher found an operator for it."""

    session_id: SessionId
    operator: OperatorNumber
    reach: Reach
    overflow: bool = False  # the operator's team helps, and the caller waited long enough for that


@dataclass(frozen=True, slots=True)
class OperatorReady:
    """To a call: the operator heard the whisper; the caller may join them in this bridge, the session's own."""

    session_id: SessionId
    bridge_id: BridgeId
    channel_id: ChannelId


@dataclass(frozen=True, slots=True)
class OperatorGone:
    """To a call: the operator does not take it, or no longer has it."""

    session_id: SessionId
    at: datetime
    cause: int | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class LineChanged:
    """To a call: its operator's line is gone, or another one has its place; the session says which."""

    session_id: SessionId


@dataclass(frozen=True, slots=True)
class TakeCall:
    """To an operator's session: announce this call to the operator."""

    call_id: CallId
    whisper: tuple[str, ...]  # prompt names; empty = connect at once
    returns: bool = False  # transferred by this operator, and back again
    wanted: bool = False  # a callback that the operator asked for


@dataclass(frozen=True, slots=True)
class CallJoined:
    """To an operator's session: the caller is in the bridge."""

    call_id: CallId
    at: datetime


@dataclass(frozen=True, slots=True)
class CallDone:
    """To an operator's session: this call is no longer theirs."""

    call_id: CallId
    at: datetime
    wrap_up_seconds: int
    answered: bool = True  # False: their phone rang and was not picked up
    is_estimated: bool = False  # nobody saw when


@dataclass(frozen=True, slots=True)
class ApplyEvent:
    """To an operator's session: apply an event that the session cannot see: from the sweep, or from another line."""

    event: OperatorEvent
    is_estimated: bool = False  # nobody saw when it happened


@dataclass(frozen=True, slots=True)
class ReplaceAsked:
    """To an operator's session: its operator logs in on another phone. `answer` says whether this session ends."""

    answer: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class PlaceAsked:
    """To an operator's session: its page dialled again, and the new line is to have the place of the old one.

    `answer` is given once, after the commit: whether it has. It takes over what was posted to the session.
    """

    event: PageBack
    answer: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class KeyCommandGiven:
    """To an operator's session: a command about the operator that was keyed on a phone which a call owns."""

    command: KeyCommand


@dataclass(frozen=True, slots=True)
class CommandAsked:
    """To a call, or to a session without one: carry out this command, and give the answer, once.

    `by` is the session of the operator who asked, or the channel of a colleague. `command_id` is that of a command from
    a screen: facts that follow from it name it. `about`: a call that is over, to a session.
    """

    command: Command
    by: SessionId | ChannelId
    answer: Callable[[Answer], None]
    command_id: CommandId | None = None
    about: CallId | None = None


@dataclass(frozen=True, slots=True)
class StateAsked:
    """To an operator's session: a command from a screen about the operator; the answer is given once."""

    command: StateCommand
    answer: Callable[[Answer], None]
    command_id: CommandId | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """To an operator's session: the call's answer to a command of theirs."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class PlayPrompt:
    """To an operator's session: play this to the operator, also into a talk; without names, stop what is playing."""

    names: tuple[str, ...]
    playback_id: PlaybackId | None = None  # of a tone that does not end by itself


@dataclass(frozen=True, slots=True)
class PromptWanted:
    """To a call: its operator is to hear this, and the others are not to wait in silence meanwhile."""

    session_id: SessionId
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyForOthers:
    """To a call: its handling party pressed a key that is for the other side."""

    session_id: SessionId
    digit: str


@dataclass(frozen=True, slots=True)
class PromptOver:
    """To a call: the prompt of its operator, who is on a standing line, is over."""

    session_id: SessionId


Message = (
    Digit
    | Left
    | Entered
    | Up
    | Held
    | Unheld
    | PutBack
    | RowMovedOn
    | Played
    | Offer
    | OperatorReady
    | OperatorGone
    | LineChanged
    | TakeCall
    | CallJoined
    | CallDone
    | ApplyEvent
    | ReplaceAsked
    | PlaceAsked
    | KeyCommandGiven
    | CommandAsked
    | StateAsked
    | CommandAnswered
    | PlayPrompt
    | PromptWanted
    | KeyForOthers
    | PromptOver
)
