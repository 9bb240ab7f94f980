"""The record of one call: its row, legs, transfer and visit as its task knows them, and the commits that write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Unpack

from ari_app.calls.clock import Clock, sleep_until
from ari_app.calls.ports import Ledger
from ari_app.core import queue_visits
from ari_app.core.call import Call, Fact, FactKind, Leg, LegEndReason, LegRole, Stage
from ari_app.core.call_changes import CallChanges, at_seq, changed
from ari_app.core.ids import ChannelId, LegId, TransferId, VisitId
from ari_app.core.ledger import StaleRow, StoreUnavailable
from ari_app.core.operator_commands import Answer, RefusalReason, Refused
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.transfer import Transfer

#: how long a call that is not a talk waits for a store that is away, before it goes to the dialplan's fallback
STORE_PATIENCE = timedelta(seconds=8)
#: how long a hang-up waits for the store: nobody is kept on the line for the sake of a row
ENDING_PATIENCE = timedelta(seconds=2)
STORE_RETRY = timedelta(milliseconds=500)
#: one try, for what may be written later: nobody in a talk waits for it
AT_ONCE = timedelta(0)
#: for what must be written, however long the store is away
FOR_EVER = timedelta.max


class Record:
    """The newest values of the rows, and those of them that are not written yet. Only the call's own task uses it."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        call: Call,
        legs: Sequence[Leg],
        transfer: Transfer | None = None,
        visit: QueueVisit | None = None,
    ) -> None:
        self.call = call
        #: the transfer that is open, or the last one
        self.transfer = transfer
        #: the stay in a queue that is open, or the last one
        self.visit = visit
        self._ledger = ledger
        self._clock = clock
        self._legs: dict[LegId, Leg] = {leg.id: leg for leg in legs if leg.is_open}
        self._unsaved: dict[LegId, Leg] = {}
        self._unsaved_transfers: dict[TransferId, Transfer] = {}
        self._unsaved_visits: dict[VisitId, QueueVisit] = {}
        self._noted: tuple[Fact, ...] = ()
        self._changed: set[str] = set()  # fields of the row that were noted, and are not written yet
        self._answers: list[tuple[Callable[[Answer], None], Answer]] = []  # to be given by the next commit
        self._unsure: tuple[Call, tuple[Fact, ...], tuple[QueueVisit, ...]] | None = (
            None  # a commit whose answer did not come
        )

    @property
    def caller(self) -> ChannelId:
        return self.call.channel_id

    @property
    def now(self) -> datetime:
        return self._clock.now()

    @property
    def open_legs(self) -> list[Leg]:
        return [leg for leg in self._legs.values() if leg.is_open]

    @property
    def channels(self) -> list[ChannelId]:
        """The channels whose messages come to this call's mailbox: all but an operator's standing line."""
        return [leg.channel_id for leg in self._legs.values() if leg.owns_channel]

    def leg(self, channel_id: ChannelId) -> Leg | None:
        """The newest leg of this channel, also one that has ended."""
        return next((leg for leg in reversed(self._legs.values()) if leg.channel_id == channel_id), None)

    def leg_of(self, leg_id: LegId | None) -> Leg | None:
        return None if leg_id is None else self._legs.get(leg_id)

    def note_beginning(self, channel_id: ChannelId, at: datetime) -> None:
        """Asterisk created a channel of ours: its leg began at that moment, and not with our order."""
        leg = self.leg(channel_id)
        if leg is not None and leg.is_open and leg.started_at != at:
            self.change_leg(replace(leg, started_at=at))

    def note_never_created(self, channel_id: ChannelId) -> None:
        """A channel that was committed could not be created, so Asterisk's log does not have it."""
        leg = self.leg(channel_id)
        if leg is not None and leg.is_open:
            self.change_leg(replace(ended(leg, self.now, LegEndReason.UNREACHABLE), owns_channel=False))

    def is_here(self, channel_id: ChannelId) -> bool:
        """Whether this channel has an open leg in the call."""
        leg = self.leg(channel_id)
        return leg is not None and leg.is_open

    def operator_leg(self) -> Leg | None:
        """The open leg of an operator, or of a direct number's phone, that is being reached or has the caller."""
        return next((leg for leg in self._legs.values() if leg.role is LegRole.OPERATOR and leg.is_open), None)

    @property
    def handling_party(self) -> Leg | None:
        """The open leg of the person who has the caller."""
        leg = self.leg_of(self.call.handled_by)
        return leg if leg is not None and leg.is_open else None

    @property
    def target(self) -> Leg | None:
        """The open leg of the colleague to whom the open transfer goes."""
        leg = None if self.open_transfer is None else self.leg_of(self.open_transfer.to_leg)
        return leg if leg is not None and leg.is_open else None

    @property
    def open_transfer(self) -> Transfer | None:
        return self.transfer if self.transfer is not None and self.transfer.is_open else None

    def change_leg(self, leg: Leg) -> Leg:
        """Note this value of a leg; the next commit writes it."""
        self._legs[leg.id] = leg
        self._unsaved[leg.id] = leg
        return leg

    def change_transfer(self, transfer: Transfer) -> Transfer:
        """Note this value of the transfer; the next commit writes it."""
        self.transfer = transfer
        self._unsaved_transfers[transfer.id] = transfer
        return transfer

    def change_visit(self, visit: QueueVisit) -> QueueVisit:
        """Note this value of the stay in a queue; the next commit writes it."""
        self.visit = visit
        self._unsaved_visits[visit.id] = visit
        return visit

    def note_position(self, position: int | None) -> None:
        """Note the place at which the caller entered the queue, once."""
        visit = queue_visits.at_position(self.visit, position)
        if visit is not None:
            self.change_visit(visit)

    def note(self, *facts: Fact, legs: Sequence[Leg] = (), **changes: Unpack[CallChanges]) -> None:
        """Change the record; the next commit writes it.

        For decisions between which nothing is done or awaited: they share one commit. Each commit takes as long as the
        disk, and a caller for whom somebody is free would wait for all of them.
        """
        for leg in legs:
            self.change_leg(leg)
        before = self.call
        self.call = changed(self.call, **changes)
        if changes or facts:
            self._follow_queue(before, facts)
        self._changed |= changes.keys()
        self._noted += facts

    def _follow_queue(self, before: Call, facts: Sequence[Fact]) -> None:
        """Note the stays in a queue that begin, end or change with the row."""
        handling_party = self.leg_of(self.call.handled_by)
        for visit in queue_visits.after(self.visit, before, self.call, facts, self.open_transfer, handling_party):
            self.change_visit(visit)

    def answer_with_commit(self, give: Callable[[Answer], None], answer: Answer) -> None:
        """Give this answer once the next commit has succeeded.

        None is given when nobody can know whether that commit arrived.
        """
        self._answers.append((give, answer))

    def _give_answers(self, instead: Answer | None = None) -> None:
        answers, self._answers = self._answers, []
        for give, answer in answers:
            give(instead or answer)

    async def commit(
        self,
        *facts: Fact,
        legs: Sequence[Leg] = (),
        patience: timedelta | None = None,
        **changes: Unpack[CallChanges],
    ) -> None:
        """Note this, and write in one transaction all that was noted, with the changed legs, transfers and visits.

        Nothing is written when nothing was noted or changed. A store that is away is tried again for `patience` (by
        default that of the stage in which the call is), and for a call that it does not know yet just once more. Raises
        StoreUnavailable after that, and then `changes` have not happened; StaleRow when another controller owns the
        call.
        """
        before, patience = self.call, self._patience if patience is None else patience
        visit = self.visit
        self.note(*facts, legs=legs, **changes)
        try:
            await self._write_noted(patience)
        except StoreUnavailable:
            # A transfer stays as it was noted, so the call's row must go on counting it.
            self.call = at_seq(changed(before, transfer_count=self.call.transfer_count), self.call.last_seq)
            if visit is not None and self.visit is not None and visit.id == self.visit.id:
                self.change_visit(visit)
            self._answers.clear()  # the commit may have arrived: neither yes nor no is known to be true
            raise
        except StaleRow:
            self._give_answers(Refused(RefusalReason.NO_SUCH_CALL))
            raise
        self._give_answers()

    async def commit_if_possible(self, *facts: Fact, **changes: Unpack[CallChanges]) -> bool:
        """As `commit`, with one try: False while the store is away, and then `changes` have not happened.

        For changes that a talk must not wait for. All that was noted goes with the next commit. Raises StaleRow.
        """
        try:
            await self.commit(*facts, patience=AT_ONCE, **changes)
        except StoreUnavailable:
            self._changed |= changes.keys()  # the try may have arrived: the next commit writes the true values
            return False
        return True

    async def _write_noted(self, patience: timedelta) -> None:
        if self._unsure is not None:
            await self._write(*self._unsure, patience)
        if self._changed and not self._noted:
            self._noted = (Fact(self.now, FactKind.NOTED, {"what": ", ".join(sorted(self._changed))}),)
        if self._noted or self._unsaved or self._unsaved_transfers or self._unsaved_visits:
            facts, self._noted = self._noted, ()
            self._changed.clear()
            await self._write(self.call, facts, tuple(self._unsaved_visits.values()), patience)

    @property
    def _patience(self) -> timedelta:
        """A talk goes on without us for as long as the store is away."""
        return FOR_EVER if self.call.stage is Stage.TALKING else STORE_PATIENCE

    async def _write(
        self, call: Call, facts: tuple[Fact, ...], visits: tuple[QueueVisit, ...], patience: timedelta
    ) -> None:
        """Write this value of the row after what the store has of it, and take over its new `last_seq`.

        Its visits are those that belong to this value; legs and transfers are written as they are by now.
        """
        call = at_seq(call, self.call.last_seq)
        first_try, tries = self.now, 0
        is_known = call.last_seq > 0 or patience is FOR_EVER
        fewest_tries = 1 if is_known and patience <= AT_ONCE else 2
        while True:
            legs, transfers = tuple(self._unsaved.values()), tuple(self._unsaved_transfers.values())
            self._unsure = None  # a refusal is sure: nothing of it is stored, and it is not to be tried again
            tries += 1
            try:
                stored = await self._ledger.store(call, facts, legs, transfers, visits)
            except StoreUnavailable:
                self._unsure = (call, facts, visits)
                if tries >= fewest_tries and (not is_known or self.now - first_try >= patience):
                    raise
                if is_known:
                    await sleep_until(self._clock, self.now + STORE_RETRY)
                continue
            self.call = at_seq(self.call, stored.last_seq)
            for leg in legs:
                if self._unsaved.get(leg.id) is leg:
                    del self._unsaved[leg.id]
            for transfer in transfers:
                if self._unsaved_transfers.get(transfer.id) is transfer:
                    del self._unsaved_transfers[transfer.id]
            for visit in visits:
                if self._unsaved_visits.get(visit.id) is visit:
                    del self._unsaved_visits[visit.id]
            return


def ended(leg: Leg, at: datetime, reason: LegEndReason, *, cause: int | None = None, estimated: bool = False) -> Leg:
    """The leg as it ended. An instant before its beginning (clocks of two machines) is drawn up to the beginning."""
    at = max(at, leg.started_at)
    left_at = leg.left_at if leg.joined_at is None else (leg.left_at or at)
    return replace(leg, ended_at=at, left_at=left_at, end_reason=reason, hangup_cause=cause, end_is_estimated=estimated)
