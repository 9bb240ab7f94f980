"""One call while its task runs: its record, its mailbox, and the few idioms that stages are written in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from ari_app.calls.call.held_caller import MUSIC_PATIENCE, HeldCaller
from ari_app.calls.call.record import Record
from ari_app.calls.call.rows import ended
from ari_app.calls.errors import PartyLeft, SwitchUnavailable, TooLate
from ari_app.calls.mailbox import Mailbox
from ari_app.calls.messages import CommandAsked, Entered, Held, Left, Message, PutBack, Unheld, Up
from ari_app.calls.shell import Shell
from ari_app.core.area import Area, Norms
from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegEndReason, LegRole, Stage, how_it_ended
from ari_app.core.call_changes import CallChanges
from ari_app.core.causes import Cause
from ari_app.core.ids import BridgeId, ChannelId, PlaybackId, SessionId, playback_id_of
from ari_app.core.operator_commands import RefusalReason, Refused
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.transfer import Transfer

log = structlog.get_logger(__name__)

#: the event of a hang-up that made an order fail follows within milliseconds
MESSAGE_PATIENCE = timedelta(seconds=1)
#: and within seconds while Asterisk is overloaded
LATE_MESSAGE_PATIENCE = timedelta(seconds=10)
#: stages that may begin before their row is committed; each commits before it does or awaits anything
DECIDING = (Stage.WAITING, Stage.CONNECTING, Stage.SURVEY)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage's result: the next stage, with the changes that are stored on entering it."""

    stage: Stage
    facts: tuple[Fact, ...] = ()
    changes: CallChanges = field(default_factory=CallChanges)
    legs: tuple[Leg, ...] = ()


@dataclass(frozen=True, slots=True)
class End:
    """A stage's result when the call is over. `cause` is the Q.850 cause an unanswered caller gets."""

    reason: EndReason
    cause: int = Cause.NORMAL_CLEARING


class Flow(HeldCaller):
    """A call's record, its mailbox, and the idioms. Only the call's own task uses it."""

    def __init__(
        self,
        shell: Shell,
        call: Call,
        legs: Sequence[Leg],
        mailbox: Mailbox,
        *,
        transfer: Transfer | None = None,
        visit: QueueVisit | None = None,
        is_placed: bool = False,
        unfinished: Sequence[PlaybackId] = (),
    ) -> None:
        """Of a call that is resumed: `is_placed`, the caller is where the stage wants them already; `unfinished`, the
        prompts that an earlier process may have started.
        """
        Record.__init__(self, shell.ledger, shell.clock, shell.door, call, legs, transfer, visit)
        HeldCaller.__init__(self, shell.switch, shell.clock, mailbox, unfinished)
        self.shell = shell
        self.is_placed = is_placed
        #: the party that hears music while the handling party listens to a prompt
        self.with_music: ChannelId | None = None
        self.music_until: datetime | None = None  # a prompt whose end is not reported is over then
        self.prompts_of: dict[ChannelId, PlaybackId] = {}  # what is played to a party while the call goes on
        self.refused: RefusalReason | None = None  # why the last transfer that was asked for was refused
        self.left_bridges: set[BridgeId] = set()  # where the talk was; to be destroyed when everybody has left
        self._plays = (call.last_seq, 0)  # how many playbacks since which fact
        #: the call is over, and the store never took it: to be committed when Postgres is back
        self.is_owed = False
        self.is_overtaken = False
        self._released: set[ChannelId] = set()
        #: when the last announcement of the queue began, whether it was heard or not
        self.announced_at: datetime | None = None
        #: parties whose phone has its line on hold: up, and yet nobody is there
        self.held: set[ChannelId] = set()
        self._holds_noted: set[Held | Unheld] = set()

    @property
    def area(self) -> Area:
        return self.shell.area()

    @property
    def norms(self) -> Norms:
        code = self.call.municipality
        municipality = None if code is None else self.area.municipalities.get(code)
        return Norms() if municipality is None else municipality.norms

    @property
    def is_on_hold(self) -> bool:
        """Whether the caller's own phone has its line to us on hold."""
        return self.caller in self.held

    def hears(self, channel_id: ChannelId) -> bool:
        return channel_id not in self.held

    async def enter(self, step: Step) -> None:
        """Write, then act: the row of the new stage is committed before the stage begins.

        A DECIDING stage commits by itself: it may turn out that there is nothing to do in it.
        """
        before = self.call.bridge_id
        facts = step.facts or (Fact(self.now, FactKind.STAGE, {"stage": step.stage.value}),)
        changes: CallChanges = {**step.changes, "stage": step.stage, "stage_entered_at": self.now}
        if step.stage in DECIDING:
            self.note(*facts, legs=step.legs, **changes)
        else:
            await self.commit(*facts, legs=step.legs, **changes)
        self.is_placed = False
        if before is not None and before != self.call.bridge_id:
            self.left_bridges.add(before)

    # --- reading ---

    async def next(self, until: datetime | None = None) -> Message | None:
        """The next message, with what it says of a leg noted, or None at `until`. Raises PartyLeft of the caller."""
        message = await self.mailbox.next(until)
        while isinstance(message, CommandAsked) and not self._takes_commands:
            message.answer(Refused(RefusalReason.NOT_YOURS if self.call.ending is None else RefusalReason.NO_SUCH_CALL))
            message = await self.mailbox.next(until)
        match message:
            case Left():
                self._note_left(message)
                if message.channel_id == self.caller:
                    raise PartyLeft(self.caller)
            case Up():
                self.note_up(message)
            case Held() | Unheld():
                self._note_hold(message)
            case PutBack() if self.call.stage in DECIDING and self.call.has_music:
                await self._put_caller_back()
            case Entered(channel_id=entered, created_at=created_at):
                self.note_beginning(entered, created_at)
        return message

    @property
    def _takes_commands(self) -> bool:
        """Whether there is somebody who has the caller, and may ask for something."""
        is_talk = self.call.stage is Stage.TALKING or self.open_transfer is not None
        return is_talk and self.call.ending is None

    def refuse_commands(self) -> None:
        """The call is over: what was asked too late is answered."""
        for asked in self.mailbox.withdraw(CommandAsked):
            asked.answer(Refused(RefusalReason.NO_SUCH_CALL))

    async def _put_caller_back(self) -> None:
        """The caller is where callers wait again. An announcement to them stops: it would hold the move up."""
        with suppress(SwitchUnavailable, TooLate):  # the next sweep sees it again
            if self.playing is not None and self.call.stage in (Stage.WAITING, Stage.SURVEY):
                await self.stop_playback(self.playing)
            await self.shell.switch.ensure_waiting(self.caller, self.now + MUSIC_PATIENCE)

    def _note_hold(self, message: Held | Unheld) -> None:
        """A party's phone put its line on hold, or took it back. Asterisk sees to the music.

        Each is noted once, also when its message is put back and read again.
        """
        leg = self.leg(message.channel_id)
        if leg is None or not leg.is_open or message in self._holds_noted:
            return
        self._holds_noted.add(message)
        is_held = isinstance(message, Held)
        if is_held and message.channel_id in self.held:
            return
        (self.held.add if is_held else self.held.discard)(message.channel_id)
        kind = FactKind.HELD if is_held else FactKind.HELD_NO_MORE
        how = "not seen" if isinstance(message, Unheld) and not message.is_seen else "phone"
        self.note(Fact(message.at, kind, {"by": leg.role.value, "how": how}))

    def _note_left(self, message: Left) -> None:
        leg = self.leg(message.channel_id)
        if leg is None or not leg.is_open:
            return
        if message.estimated:
            reason = LegEndReason.LOST
        elif message.channel_id in self._released:
            reason = LegEndReason.RELEASED
        else:
            was_called, was_answered = leg.role is not LegRole.CALLER, leg.answered_at is not None
            reason = how_it_ended(message.cause, was_answered=was_answered, was_called=was_called)
        self.change_leg(ended(leg, message.at, reason, cause=message.cause, estimated=message.estimated))

    def note_loss(self, channel_id: ChannelId) -> None:
        """Note that this party is gone, at a moment that was not seen."""
        self._note_left(Left(channel_id, self.now, estimated=True))

    async def caller_departed(self) -> bool:
        """After an order found the caller gone: wait for the message that says so, which has the true moment.

        False when none comes: the caller may be there all the same.
        """
        until = self.now + (LATE_MESSAGE_PATIENCE if self.shell.load.is_overloaded else MESSAGE_PATIENCE)
        while self.is_here(self.caller):
            try:
                if await self.next(until) is None:
                    return False
            except PartyLeft:
                pass
        return True

    async def left(
        self, channel_id: ChannelId, reason: LegEndReason, within: timedelta = MESSAGE_PATIENCE
    ) -> Leg | None:
        """Wait until a party other than the caller is gone, and note why; an estimate when no message comes."""
        until = self.now + within
        is_theirs = reason is LegEndReason.HUNG_UP
        with self.mailbox.keeping() as kept:
            while (leg := self.leg(channel_id)) is not None and leg.is_open:
                message = await self.next(until)
                if message is None:
                    why = LegEndReason.LOST if is_theirs else reason
                    self.change_leg(ended(leg, self.now, why, estimated=True))
                    with suppress(SwitchUnavailable):
                        await self.shell.switch.hang_up(channel_id)  # one order that found them gone is no proof
                elif isinstance(message, Left) and message.channel_id == channel_id and not message.estimated:
                    why = how_it_ended(message.cause) if is_theirs else reason
                    self.change_leg(ended(leg, message.at, why, cause=message.cause))
                elif not isinstance(message, Left):
                    kept.append(message)
        return leg

    # --- idioms ---

    async def play(
        self, names: Sequence[str], *, stop_on: tuple[type, ...] = (), to: ChannelId | None = None
    ) -> Message | None:
        """Play prompts to their end: None; or stop at the first message of a type in `stop_on`, and return it.

        Other messages wait their turn. Raises PartyLeft when the listener is gone.
        """
        channel_id = to or self.caller
        self.was_heard = False
        media = self.shell.voice.media(names, self.call.municipality)
        if not media:
            return None
        await self.stop_unfinished_prompt()
        playback_id = self.new_playback_id()
        await self.shell.switch.play(channel_id, media, playback_id)
        return await self.hear_out(channel_id, playback_id, stop_on)

    def new_playback_id(self) -> PlaybackId:
        since, number = self._plays
        number = number if since == self.call.last_seq else 0
        self._plays = (self.call.last_seq, number + 1)
        return playback_id_of(self.call.id, self.call.last_seq, number)

    async def release(self, channel_id: ChannelId, cause: int = Cause.NORMAL_CLEARING) -> None:
        """Hang up a party of this call, retrying until Asterisk has done it; its leg will say that it was released.

        Raises PartyLeft when the caller leaves in between.
        """
        self._released.add(channel_id)
        await self.hang_up_channel(channel_id, cause)

    def session_mailbox(self, session_id: SessionId | None) -> Mailbox | None:
        return None if session_id is None else self.shell.registry.session_mailbox(session_id)
