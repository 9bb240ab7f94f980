"""The addresses of the mailboxes: the owner of each channel, call and operator session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import (
    ApplyEvent,
    CallDone,
    CallJoined,
    CommandAnswered,
    CommandAsked,
    KeyCommandGiven,
    Left,
    Message,
    PlaceAsked,
    PlayPrompt,
    PutBack,
    ReplaceAsked,
    RowMovedOn,
    StateAsked,
    TakeCall,
)
from ari_app.core.ids import CallId, ChannelId, OperatorNumber, SessionId
from ari_app.core.operators import LineLost, LogoutReason, OperatorSession

#: what a session is told, whichever line it has; everything else is of one channel
TO_SESSION = (
    RowMovedOn,
    PutBack,
    TakeCall,
    CallJoined,
    CallDone,
    ApplyEvent,
    ReplaceAsked,
    PlaceAsked,
    KeyCommandGiven,
    CommandAsked,
    StateAsked,
    CommandAnswered,
    PlayPrompt,
)


@dataclass(slots=True)
class SessionEntry:
    """An operator session of this process; only its own task replaces `session`."""

    session: OperatorSession
    mailbox: Mailbox
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    moved_at: datetime | None = None  # to another line, or to none: who looked before it knows nothing of that

    def move_to(self, mailbox: Mailbox, at: datetime) -> None:
        """Another task has the session from now on: what waits for the session comes to this mailbox.

        But for the news that its line is lost: that is the line of before.
        """
        if mailbox is self.mailbox:
            return
        waiting = self.mailbox.withdraw(*TO_SESSION)
        self.mailbox, self.moved_at = mailbox, at
        for message in waiting:
            if not is_loss_of_line(message):
                mailbox.post(message)


def is_loss_of_line(message: Message) -> bool:
    """Whether a comparison says that a session has lost the line which it had then."""
    if not isinstance(message, ApplyEvent) or not isinstance(message.event, LineLost):
        return False
    return message.event.reason is LogoutReason.LOST


class Registry:
    """Addresses, kept by the supervisor and the tasks; in memory only, and built anew after a restart."""

    def __init__(self, channel_left: Callable[[ChannelId], None] = lambda channel_id: None) -> None:
        """`channel_left` is told of each channel that was seen to go, after its owner."""
        self._channel_left = channel_left
        #: held from looking for an operator's session to adding the new one
        self.logging_in = asyncio.Lock()
        self._channels: dict[ChannelId, Mailbox] = {}
        self._calls: dict[CallId, Mailbox] = {}
        self._sessions: dict[SessionId, SessionEntry] = {}

    # --- channels ---

    def own(self, channel_id: ChannelId, mailbox: Mailbox) -> None:
        """Messages about this channel go to this mailbox from now on."""
        self._channels[channel_id] = mailbox

    def disown(self, channel_id: ChannelId) -> None:
        self._channels.pop(channel_id, None)

    @property
    def channel_count(self) -> int:
        """The channels that somebody here owns: each has a pair of ports for its sound."""
        return len(self._channels)

    def is_owned(self, channel_id: ChannelId) -> bool:
        return channel_id in self._channels

    def post(self, channel_id: ChannelId, message: Message) -> bool:
        """Post to the owner of the channel; False when it has none."""
        mailbox = self._channels.get(channel_id)
        if mailbox is None:
            return False
        mailbox.post(message)
        if isinstance(message, Left) and not message.estimated:
            self._channel_left(channel_id)
        return True

    # --- calls ---

    def add_call(self, call_id: CallId, mailbox: Mailbox) -> None:
        self._calls[call_id] = mailbox

    def remove_call(self, call_id: CallId) -> None:
        self._calls.pop(call_id, None)

    def has_call(self, call_id: CallId) -> bool:
        return call_id in self._calls

    def post_to_call(self, call_id: CallId, message: Message) -> bool:
        mailbox = self._calls.get(call_id)
        if mailbox is None:
            return False
        mailbox.post(message)
        return True

    # --- operator sessions ---

    def add_session(self, entry: SessionEntry) -> None:
        self._sessions[entry.session.id] = entry

    def remove_session(self, session_id: SessionId) -> None:
        entry = self._sessions.pop(session_id, None)
        if entry is not None:
            entry.closed.set()

    def session(self, session_id: SessionId) -> OperatorSession | None:
        entry = self._sessions.get(session_id)
        return None if entry is None else entry.session

    def session_mailbox(self, session_id: SessionId) -> Mailbox | None:
        entry = self._sessions.get(session_id)
        return None if entry is None else entry.mailbox

    def session_of(self, operator: OperatorNumber) -> SessionEntry | None:
        return next((e for e in self._sessions.values() if e.session.operator == operator), None)

    def sessions(self) -> list[OperatorSession]:
        return [entry.session for entry in self._sessions.values()]

    def has_moved_since(self, session_id: SessionId, at: datetime) -> bool:
        """Whether the line of this session is another one than at this moment, or gone."""
        entry = self._sessions.get(session_id)
        return entry is not None and entry.moved_at is not None and entry.moved_at >= at
