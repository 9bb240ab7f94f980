"""One person on one channel: the idioms that operators' tasks are written in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog

from ari_app.calls.call.record import STORE_RETRY
from ari_app.calls.channel_owner import BROKEN_OFF_PATIENCE, HANG_UP_PATIENCE, ChannelOwner
from ari_app.calls.clock import sleep_until
from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import ApplyEvent, Digit, Left, Message, Played
from ari_app.calls.registry import TO_SESSION
from ari_app.calls.shell import Shell
from ari_app.core.ids import ChannelId, PlaybackId, new_playback_id
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.operators import LineLost

log = structlog.get_logger(__name__)


class OperatorChannel(ChannelOwner):
    """The channel of an operator.

    `channel_id` is None for an operator whose phone is rung per call: there is a mailbox, and no channel to play to.
    """

    def __init__(self, shell: Shell, channel_id: ChannelId | None, mailbox: Mailbox) -> None:
        super().__init__(shell.switch, shell.clock, mailbox)
        self._shell = shell
        self.channel_id = channel_id
        self.left: Left | None = None

    async def next(self, until: datetime | None = None) -> Message | None:
        """The next message, or None at the instant `until`. Raises PartyLeft when this channel is gone."""
        message = await self.mailbox.next(until)
        if isinstance(message, Left) and message.channel_id == self.channel_id:
            self.left = message
            raise PartyLeft(message.channel_id)
        if isinstance(message, Played) and message.playback_id == self.playing:
            self.playing = None
        return message

    def is_here(self, channel_id: ChannelId) -> bool:
        return self.left is None or self.left.estimated

    async def answer(self) -> datetime:
        """Answer, and return Asterisk's own moment of it."""
        return await self.answer_channel(self._channel())

    async def start_prompt(self, names: Sequence[str], playback_id: PlaybackId | None = None) -> PlaybackId | None:
        """Start playing and return at once; what was being played stops. None when there is nothing to hear.

        An operator goes on without a prompt that cannot be played.
        """
        if self.channel_id is None or not names:
            return None
        await self.stop_prompt()
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

    async def stop_prompt(self) -> None:
        """Stop what is being played; nothing happens when nothing is."""
        if self.playing is not None:
            playback_id, self.playing = self.playing, None
            await self.stop_playback(playback_id)

    async def stop_playback(self, playback_id: PlaybackId) -> None:
        """An operator goes on with a prompt that cannot be stopped."""
        try:
            await super().stop_playback(playback_id)
        except SwitchUnavailable as error:
            log.warning("prompt_not_stopped", channel_id=self.channel_id, error=str(error))

    async def play(self, names: Sequence[str]) -> str | None:
        """Play to the end, or to the first key, which is returned. Raises PartyLeft."""
        self.was_heard = False
        playback_id = await self.start_prompt(names)
        if playback_id is None:
            return None
        message = await self.hear_out(self._channel(), playback_id, (Digit,))
        return message.digit if isinstance(message, Digit) else None

    async def raise_if_hung_up(self) -> None:
        """A prompt that broke off mostly means a hang-up, whose message follows. Raises PartyLeft then."""
        message = await self.next(self._clock.now() + BROKEN_OFF_PATIENCE)
        if message is not None:
            self.mailbox.post_first(message)

    async def next_digit(self, until: datetime) -> str | None:
        """The next key, or None at the instant `until`."""
        with self.mailbox.keeping() as kept:
            while (message := await self.next(until)) is not None:
                if isinstance(message, Digit):
                    return message.digit
                if not isinstance(message, Played):
                    kept.append(message)
            return None

    async def departure(self, until: datetime) -> Left:
        """Wait for the message that this channel is gone; an estimate when it does not come by `until`.

        What is told to the session waits: it may go on without this channel.
        """
        with self.mailbox.keeping() as kept:
            while self.left is None:
                try:
                    message = await self.next(until)
                except PartyLeft:
                    continue
                if message is None:
                    self.left = Left(self._channel(), self._clock.now(), estimated=True)
                elif isinstance(message, TO_SESSION):
                    kept.append(message)
        return self.left

    async def told_lost(self, until: datetime) -> LineLost | None:
        """Wait until a comparison tells why the line is gone; None when none does by `until`."""
        while True:
            try:
                message = await self.next(until)
            except PartyLeft:
                continue
            if message is None:
                return None
            if isinstance(message, ApplyEvent) and isinstance(message.event, LineLost):
                return message.event

    async def hang_up(self) -> None:
        """Hang up, retrying until Asterisk has done it, and wait for the message that says so.

        Nothing happens to a channel that is gone already.
        """
        while self.is_here(self._channel()):
            try:
                await self.hang_up_channel(self._channel())
                break
            except PartyLeft:
                pass  # perhaps an estimate: then it may still be there
        await self.departure(self._clock.now() + HANG_UP_PATIENCE)

    async def patient_store(
        self, store: Callable[[], Awaitable[None]], patience: timedelta = timedelta.max, *, even_if_left: bool = False
    ) -> None:
        """Store, retrying while the store is away.

        Raises StoreUnavailable after `patience`; PartyLeft when the person hangs up meanwhile, unless `even_if_left`,
        for what must be stored all the same.
        """
        first_try = self._clock.now()
        while True:
            try:
                return await store()
            except StoreUnavailable:
                if self._clock.now() - first_try >= patience:
                    raise
                if even_if_left:
                    await sleep_until(self._clock, self._clock.now() + STORE_RETRY)
                else:
                    await self.pass_time(STORE_RETRY)

    def _channel(self) -> ChannelId:
        if self.channel_id is None:
            raise ValueError("an operator whose phone is rung has no channel of their own")
        return self.channel_id
