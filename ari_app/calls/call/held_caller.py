"""What stages do for their caller, and what goes on at the door while the store is away: answer, music, waiting."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from ari_app.calls.call.record import STORE_RETRY, Record
from ari_app.calls.channel_owner import ChannelOwner
from ari_app.calls.clock import Clock
from ari_app.calls.errors import PartyLeft, SwitchUnavailable, TooLate
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import Up
from ari_app.calls.ports import Switch
from ari_app.core.call import Call, Stage
from ari_app.core.door import may_follow
from ari_app.core.ids import PlaybackId, playback_id_of
from ari_app.core.ledger import StoreUnavailable

#: for so long music waits for its turn among the orders, and then for so long until it is asked for again
MUSIC_PATIENCE = timedelta(seconds=1)
MUSIC_RETRY = timedelta(seconds=1)
#: prompts that a caller at the door may hear between two facts that are stored
_PROMPTS_AT_THE_DOOR = 4


def prompts_since(call: Call) -> tuple[PlaybackId, ...]:
    """The prompts that an earlier process may have started since the last fact of the row that it knew of.

    Of a call at the door there are several; and a store that was frozen may have written the row after that process.
    """
    if not may_follow(call):
        return (playback_id_of(call.id, call.last_seq),)
    since = dict.fromkeys((call.last_seq, 0))
    return tuple(playback_id_of(call.id, seq, number) for seq in since for number in range(_PROMPTS_AT_THE_DOOR))


def _has_left_talk(call: Call) -> bool:
    """Whether the caller has nobody any more, by the row; Asterisk may still have them with the person of the talk."""
    return call.answered_at is not None and call.handled_by is None and call.bridge_id is None


class HeldCaller(Record, ChannelOwner):
    """The caller's side of a flow. Only the call's own task uses it."""

    def __init__(self, switch: Switch, clock: Clock, mailbox: Mailbox, unfinished: Sequence[PlaybackId]) -> None:
        ChannelOwner.__init__(self, switch, clock, mailbox)
        self._unfinished = unfinished
        self._hears_music = False  # this process put the caller where callers wait
        #: when music that had to wait for more urgent orders is asked for again
        self.music_due_at: datetime | None = None

    def note_up(self, message: Up) -> None:
        leg = self.leg(message.channel_id)
        if leg is not None and leg.answered_at is None:
            self.change_leg(replace(leg, answered_at=message.at))
        if message.channel_id == self.caller and self.call.line_answered_at is None:
            self.note(line_answered_at=message.at)

    async def answer(self) -> None:
        """Answer the caller's line, once; returns when it is up. A person answers later."""
        if self.call.line_answered_at is not None:
            return
        self.note_up(Up(self.caller, await self.answer_channel(self.caller)))

    async def stop_unfinished_prompt(self) -> None:
        """Stop the prompt of an earlier process: a channel cannot be moved before its end."""
        unfinished, self._unfinished = self._unfinished, ()
        for playback_id in unfinished:
            await self._switch.stop_playback(playback_id)

    # --- while the store is away ---

    @property
    def store_is_away(self) -> bool:
        """It is known to be: what must not be done without it is not even begun."""
        return self._door.is_away

    def require_open_door(self) -> None:
        """Raises StoreUnavailable when the store has been away for so long that nobody is held any more."""
        if self._door.is_away and self._door.is_shut:
            raise StoreUnavailable("the store has been away for too long")

    async def ensure_music(self, *, is_needed: bool = False) -> None:
        """Put the caller where callers wait, also while a phone rings for them: silence would sound like a fault.

        It must not keep a caller from an operator: with many orders in line the music is left for later, unless
        `is_needed`. Whoever leaves a talk is moved all the same: only that parts them from its operator.
        """
        await self.answer()
        await self.stop_unfinished_prompt()
        if not self.call.has_music:
            if self.store_is_away:
                self.note(has_music=True)
            else:
                await self.commit(has_music=True)
        self.music_due_at = None
        until = None if is_needed or self.call.answered_at is not None else self.now + MUSIC_PATIENCE
        try:
            await self._switch.ensure_waiting(self.caller, until)
        except TooLate:
            self.music_due_at = self.now + MUSIC_RETRY
        else:
            self._hears_music = True

    async def commit_or_hold(self) -> None:
        """Write what was noted, before anybody else is touched. While the store is away the caller is held at the door.

        They hear music, or go on hearing a direct number ring, and may hang up. Raises PartyLeft, StaleRow,
        StoreUnavailable when the store is away for too long.
        """
        is_parted = not _has_left_talk(self.call)
        with self.mailbox.keeping() as kept:
            while not await self.catch_up():
                if not is_parted:
                    is_parted = True
                    await self.comfort(self.call)
                elif not self._hears_music and self._is_held_with_music:
                    await self.ensure_music()
                message = await self.next(self.now + STORE_RETRY)
                if message is not None:
                    kept.append(message)

    @property
    def _is_held_with_music(self) -> bool:
        return (
            self.call.direct_until_at is None and self.call.callback_request is None and self.call.answered_at is None
        )

    async def comfort(self, before: Call) -> None:
        """Music for a caller who has to wait in silence; one who hears a direct number ring goes on hearing it.

        One who leaves a talk for a transfer is parted from it: its person may hang up meanwhile.
        """
        is_new = before.answered_at is None and before.callback_request is None
        is_ringing = before.line_answered_at is None and before.direct_until_at is not None
        has_comfort = self._hears_music and before.stage is not Stage.LEAVING_CALLBACK
        if not _has_left_talk(before) and (has_comfort or is_ringing or not is_new):
            return
        with suppress(PartyLeft, SwitchUnavailable):  # whoever left is found gone after the commit
            await self.stop_unfinished_prompt()
            await self._switch.ensure_answered(self.caller)
            await self._switch.ensure_waiting(self.caller)
            self._hears_music = True
            self.note(has_music=True)
