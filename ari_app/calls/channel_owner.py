"""The owner of channels and of the mailbox that their messages come to: how to wait, play and hang up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta

import structlog

from ari_app.calls.clock import Clock
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import Left, Message, Played, Up
from ari_app.calls.ports import Switch
from ari_app.core.causes import Cause
from ari_app.core.ids import ChannelId, PlaybackId
from ari_app.core.keypad import Awaited, ConsultPrompt, KeyCommand, awaited, feed

log = structlog.get_logger(__name__)

#: a playback whose end was never reported does not hold a listener longer than this
LONGEST_PROMPT = timedelta(seconds=180)
#: Asterisk 22.10.1 reports the end of a playback 1-2 ms before the hang-up that broke it off
BROKEN_OFF_PATIENCE = timedelta(milliseconds=250)
#: how long `Up` is awaited after Asterisk said that it answered
ANSWER_PATIENCE = timedelta(seconds=2)
#: how long the end of a hung-up channel is awaited before its moment is an estimate
HANG_UP_PATIENCE = timedelta(seconds=2)
#: how long after the last key of half a code its owner hears which keys it needs
CODE_PATIENCE = timedelta(seconds=3)
#: how long to wait before an order that Asterisk must carry out is retried
SWITCH_RETRY = timedelta(seconds=2)


class ChannelOwner(ABC):
    """Only the task that owns the channels uses it. Messages that are not awaited stay in the mailbox, in order."""

    def __init__(self, switch: Switch, clock: Clock, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        #: the playback whose end this task waits for
        self.playing: PlaybackId | None = None
        #: whether the prompt that was played last was heard to its end
        self.was_heard = False
        self._stopped: PlaybackId | None = None  # the last one that we ended; Asterisk says "done" of it all the same
        self._switch = switch
        self._clock = clock
        self._keys: dict[ChannelId, str] = {}  # the keys of a code that is not complete
        self._hints_due: dict[ChannelId, datetime] = {}  # when to say which keys a code needs

    @abstractmethod
    async def next(self, until: datetime | None = None) -> Message | None:
        """The next message, or None at the instant `until`. Raises PartyLeft of the party that the subclass names."""

    @abstractmethod
    def is_here(self, channel_id: ChannelId) -> bool:
        """Whether this channel is not known to be gone."""

    def hears(self, channel_id: ChannelId) -> bool:
        """Whether what is played to this channel reaches somebody: a phone that has its line on hold gets no sound."""
        return True

    def read_key(self, channel_id: ChannelId, digit: str) -> KeyCommand | None:
        """The command that this key completes. The one reader of the codes that are keyed on an owned channel."""
        self._keys[channel_id], command = feed(self._keys.get(channel_id, ""), digit)
        self._hints_due.pop(channel_id, None)
        if self._keys[channel_id] and not isinstance(command, ConsultPrompt):  # whose choices are read out at once
            self._hints_due[channel_id] = self._clock.now() + CODE_PATIENCE
        return command

    def withdraw_hints(self) -> None:
        """The keys that are needed were read out."""
        self._hints_due.clear()

    @property
    def hint_due_at(self) -> datetime | None:
        """When somebody has keyed half a code and is to hear which keys it needs."""
        return min(self._hints_due.values(), default=None)

    def take_hint(self) -> Awaited | None:
        """The key that a code still needs on a channel whose hint is due; each is given once."""
        now = self._clock.now()
        for channel_id, due_at in list(self._hints_due.items()):
            if due_at <= now:
                del self._hints_due[channel_id]
                return awaited(self._keys[channel_id])
        return None

    async def pass_time(self, duration: timedelta) -> None:
        """Do nothing for a while. Raises PartyLeft as `next` does."""
        until = self._clock.now() + duration
        with self.mailbox.keeping() as kept:
            while self._clock.now() < until:
                message = await self.next(until)
                if message is not None and not isinstance(message, Left):
                    kept.append(message)

    async def answer_channel(self, channel_id: ChannelId) -> datetime:
        """Answer a channel; returns when it is up, with Asterisk's own moment of it."""
        await self._switch.ensure_answered(channel_id)
        until = self._clock.now() + ANSWER_PATIENCE
        with self.mailbox.keeping() as kept:
            while (message := await self.next(until)) is not None:
                if isinstance(message, Up) and message.channel_id == channel_id:
                    return message.at
                kept.append(message)
        return self._clock.now()  # Asterisk said 204: it is up, and only the event was lost

    async def hear_out(
        self, channel_id: ChannelId, playback_id: PlaybackId, stop_on: tuple[type, ...]
    ) -> Message | None:
        """Wait until a playback is over: None; or stop it at the first message of a type in `stop_on`, and return that.

        Raises PartyLeft when the listener is gone.
        """
        self.playing = playback_id
        until = self._clock.now() + LONGEST_PROMPT
        try:
            with self.mailbox.keeping() as kept:
                while (message := await self.next(until)) is not None:
                    match message:
                        case Played(playback_id=over, failed=failed) if over == playback_id:
                            if not failed:
                                self.was_heard = over != self._stopped and self.hears(channel_id)
                                return None
                            until = min(until, self._clock.now() + BROKEN_OFF_PATIENCE)
                        case Played():
                            pass
                        case Left(channel_id=left) if left == channel_id:
                            raise PartyLeft(channel_id)
                        case _ if isinstance(message, stop_on):
                            break
                        case _:
                            kept.append(message)
                await self.stop_playback(playback_id)
                return message
        finally:
            self.playing = None

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        self._stopped = playback_id
        await self._switch.stop_playback(playback_id)

    async def hang_up_channel(self, channel_id: ChannelId, cause: int = Cause.NORMAL_CLEARING) -> None:
        """Hang up with this Q.850 cause, retrying until Asterisk has done it; nothing happens to one that is gone.

        Raises PartyLeft as `next` does, while it waits to retry.
        """
        while self.is_here(channel_id):
            try:
                await self._switch.hang_up(channel_id, cause)
                break
            except SwitchUnavailable as error:
                log.warning("not_hung_up_yet", channel_id=channel_id, error=str(error))
                await self.pass_time(SWITCH_RETRY)
