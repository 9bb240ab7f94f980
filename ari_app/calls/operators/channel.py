"""One person on one channel, listening and keying: the idioms that operators' tasks are written in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from ari_app.calls.call.flow import HANG_UP_PATIENCE, LONGEST_PROMPT, SWITCH_RETRY, Shell
from ari_app.calls.call.record import FOR_EVER, STORE_RETRY
from ari_app.calls.clock import sleep_until
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import Digit, Left, Message, Played, Up
from ari_app.core.ids import ChannelId, PlaybackId, new_playback_id
from ari_app.core.ledger import StoreUnavailable

log = structlog.get_logger(__name__)


class OperatorChannel:
    """A channel and its mailbox. Only the task that owns the channel uses it.

    `channel_id` is None for an operator whose phone is rung: there is a mailbox, and nobody to play to.
    """

    def __init__(self, shell: Shell, channel_id: ChannelId | None, mailbox: Mailbox) -> None:
        self._shell = shell
        self.channel_id = channel_id
        self.mailbox = mailbox
        self.left: Left | None = None
        self.playing: PlaybackId | None = None

    async def next(self, until: datetime | None = None) -> Message | None:
        """The next news, or None at the instant `until`. Raises PartyLeft when this channel is gone."""
        message = await self.mailbox.next(until)
        if isinstance(message, Left) and message.channel_id == self.channel_id:
            self.left = message
            raise PartyLeft(message.channel_id)
        if isinstance(message, Played) and message.playback_id == self.playing:
            self.playing = None
        return message

    async def answer(self) -> datetime:
        """Answer, and return Asterisk's own moment of it."""
        channel_id = self._channel()
        await self._shell.switch.ensure_answered(channel_id)
        until = self._shell.clock.now() + timedelta(seconds=2)
        with self.mailbox.keeping() as kept:
            while (message := await self.next(until)) is not None:
                if isinstance(message, Up) and message.channel_id == channel_id:
                    return message.at
                kept.append(message)
            return self._shell.clock.now()

    async def start(self, names: Sequence[str], playback_id: PlaybackId | None = None) -> PlaybackId | None:
        """Start playing and return at once; whatever was being played stops. None when there is nothing to hear.

        An operator goes on without a prompt that cannot be played.
        """
        if self.channel_id is None or not names:
            return None
        await self.stop()
        media = self._shell.voice.media(names, None)
        if not media:
            return None
        playback_id = playback_id or new_playback_id()
        self.playing = playback_id
        try:
            await self._shell.switch.play(self.channel_id, media, playback_id)
        except SwitchUnavailable as error:
            log.warning("prompt_not_played", channel_id=self.channel_id, error=str(error))
            self.playing = None
            return None
        return playback_id

    async def stop(self) -> None:
        if self.playing is not None:
            playback_id, self.playing = self.playing, None
            try:
                await self._shell.switch.stop_playback(playback_id)
            except SwitchUnavailable as error:
                log.warning("prompt_not_stopped", channel_id=self.channel_id, error=str(error))

    async def play(self, names: Sequence[str]) -> str | None:
        """Play to the end, or to the first key, which is returned. Other news waits its turn."""
        playback_id = await self.start(names)
        until = self._shell.clock.now() + LONGEST_PROMPT
        digit: str | None = None
        with self.mailbox.keeping() as kept:
            while digit is None and self.playing == playback_id and playback_id is not None:
                message = await self.next(until)
                match message:
                    case None:
                        break
                    case Digit(digit=pressed):
                        digit = pressed
                    case Played():
                        pass
                    case _:
                        kept.append(message)
            if digit is not None:
                await self.stop()
        return digit

    async def digit(self, until: datetime) -> str | None:
        """The next key, or None at the instant `until`."""
        with self.mailbox.keeping() as kept:
            while (message := await self.next(until)) is not None:
                if isinstance(message, Digit):
                    return message.digit
                if not isinstance(message, Played):
                    kept.append(message)
            return None

    async def departure(self, until: datetime) -> Left:
        """Wait for the news that this channel is gone; an estimate when it does not come by `until`."""
        while self.left is None:
            try:
                if await self.next(until) is None:
                    self.left = Left(self._channel(), self._shell.clock.now(), estimated=True)
            except PartyLeft:
                pass
        return self.left

    async def hang_up(self) -> None:
        """Let this person go, however often Asterisk has to be asked, and wait for the news of it.

        Nothing happens to a channel that is gone already.
        """
        while self.left is None or self.left.estimated:
            try:
                await self._shell.switch.hang_up(self._channel())
                break
            except SwitchUnavailable as error:
                log.warning("not_hung_up_yet", channel_id=self.channel_id, error=str(error))
                await self._pass(SWITCH_RETRY)
        await self.departure(self._shell.clock.now() + HANG_UP_PATIENCE)

    async def patient_store(
        self, store: Callable[[], Awaitable[None]], patience: timedelta = FOR_EVER, *, even_if_left: bool = False
    ) -> None:
        """Store, also when the store is away for a while: what happened has happened.

        Raises StoreUnavailable after `patience`; PartyLeft when the person hangs up meanwhile, unless `even_if_left`:
        others wait for that news.
        """
        first_try = self._shell.clock.now()
        while True:
            try:
                return await store()
            except StoreUnavailable:
                if self._shell.clock.now() - first_try >= patience:
                    raise
                if even_if_left:
                    await sleep_until(self._shell.clock, self._shell.clock.now() + STORE_RETRY)
                elif await self._pass(STORE_RETRY):
                    raise PartyLeft(self._channel()) from None

    async def _pass(self, duration: timedelta) -> bool:
        """Let time pass; True when this channel is gone before it is over. Other news waits its turn."""
        until = self._shell.clock.now() + duration
        with self.mailbox.keeping() as kept:
            try:
                while self._shell.clock.now() < until:
                    message = await self.next(until)
                    if message is not None:
                        kept.append(message)
            except PartyLeft:
                return True
        return False

    def _channel(self) -> ChannelId:
        if self.channel_id is None:
            raise ValueError("this operator has no channel of their own")
        return self.channel_id
