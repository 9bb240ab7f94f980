"""The record of one call: its rows as its task knows them, and the commits that write them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from ari_app.calls.call.rows import Rows
from ari_app.calls.clock import Clock, sleep_until
from ari_app.calls.door import Door
from ari_app.calls.ports import Ledger
from ari_app.core.call import Call, Fact, FactKind, Leg, Stage
from ari_app.core.call_changes import CallChanges, at_seq, changed
from ari_app.core.door import HOLD, RETRY, may_follow
from ari_app.core.ledger import StaleRow, StoreUnavailable
from ari_app.core.operator_commands import Answer, RefusalReason, Refused
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer

STORE_RETRY = RETRY

#: a value of the row, and what is written with it
Write = tuple[
    Call, tuple[Fact, ...], tuple[Leg, ...], tuple[Transfer, ...], tuple[QueueVisit, ...], tuple[SurveyAnswer, ...]
]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a commit waits for a store that is away.

    `is_short`: each try is cut short. `is_held`: the caller may be in silence and is comforted after a short try, and
    the wait is over as soon as nobody is held at the door any more.
    """

    longest: timedelta
    is_short: bool = False
    is_held: bool = False


#: of a call that is not a talk; then it goes to the dialplan's fallback
STORE_PATIENCE = Patience(HOLD, is_held=True)
#: of a call that is resumed: nobody is in silence, and after a restart hundreds are written at once
RESUMING_PATIENCE = Patience(HOLD)
#: of a hang-up: nobody is kept on the line for the sake of a row
ENDING_PATIENCE = Patience(timedelta(seconds=1), is_short=True)
#: one try, for what may be written later: nobody in a talk waits for it
AT_ONCE = Patience(timedelta(0), is_short=True)
#: for what must be written, however long the store is away
FOR_EVER = Patience(timedelta.max)


class Record(Rows):
    """The rows and their commits. Only the call's own task uses it."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        door: Door,
        call: Call,
        legs: Sequence[Leg],
        transfer: Transfer | None = None,
        visit: QueueVisit | None = None,
    ) -> None:
        Rows.__init__(self, clock, call, legs, transfer, visit)
        self._ledger = ledger
        self._door = door
        #: a commit was left for later: the call is at the door, and the store was away
        self.is_behind = False
        #: in a talk: when what could not be written is tried again
        self.retry_at: datetime | None = None
        self._answers: list[tuple[Callable[[Answer], None], Answer]] = []  # to be given by the next commit
        #: a commit whose answer did not come
        self._unsure: Write | None = None
        #: since the last fact, a write that was given up may still arrive
        self._may_arrive_late = False

    def answer_with_commit(self, give: Callable[[Answer], None], answer: Answer) -> None:
        """Give this answer once the next commit has succeeded.

        None is given when nobody can know whether that commit arrived.
        """
        self._answers.append((give, answer))

    def answer_now(self, give: Callable[[Answer], None], answer: Answer) -> None:
        """Give an answer that needs no commit: a refusal is true at once."""
        give(answer)
        self.command_id = None

    def refuse_instead(self, reason: RefusalReason) -> None:
        """What was asked for is withdrawn before the commit that was to answer it."""
        self._give_answers(Refused(reason))

    def _give_answers(self, instead: Answer | None = None) -> None:
        answers, self._answers = self._answers, []
        self.command_id = None
        for give, answer in answers:
            give(instead or answer)

    async def commit(
        self,
        *facts: Fact,
        legs: Sequence[Leg] = (),
        patience: Patience | None = None,
        **changes: Unpack[CallChanges],
    ) -> None:
        """Note this, and write in one transaction all that was noted, with the changed rows of the call's parts.

        Nothing is written when nothing was noted or changed. A store that is away is tried again for `patience`. By
        default that is what the stage allows, and a call at the door or in a talk leaves the commit for later. Raises
        StoreUnavailable after that, and then `changes` have not happened; StaleRow when another controller owns the
        call.
        """
        before, visit, is_usual = self.call, self.visit, patience is None
        patience = self._patience if patience is None else patience
        self.note(*facts, legs=legs, **changes)
        if is_usual and may_follow(before) and may_follow(self.call):
            await self._commit_at_door()
            return
        is_in_talk = before.stage is self.call.stage is Stage.TALKING
        if is_usual and is_in_talk:
            await self._commit_in_talk()
            return
        try:
            await self._write_with_comfort(before, patience)
        except StoreUnavailable:
            # A transfer stays as it was noted, so the call's row must go on counting it.
            self.call = at_seq(changed(before, transfer_count=self.call.transfer_count), self.call.last_seq)
            if visit is not None and self.visit is not None and visit.id == self.visit.id:
                self.change_visit(visit)
            if facts or changes or not is_in_talk:
                self._answers.clear()  # the commit may have arrived: neither yes nor no is known to be true
                self.command_id = None
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
            self.retry_at = self.now + STORE_RETRY
            return False
        return True

    async def _commit_at_door(self) -> None:
        """Write what was noted, or leave it for later. Raises StoreUnavailable when the store was away for too long."""
        if self._door.is_away:
            if self._door.is_shut:
                raise StoreUnavailable("the store has been away for too long")
            self.is_behind = True
            return
        try:
            await self._write_noted(AT_ONCE)
        except StoreUnavailable:
            if self._door.is_shut:
                raise
            self.is_behind = True

    async def _commit_in_talk(self) -> None:
        """Write what was noted, with one try: who hangs up meanwhile is seen, and the row follows."""
        try:
            await self._write_noted(AT_ONCE)
        except StoreUnavailable:
            self.retry_at = self.now + STORE_RETRY
            return
        self._give_answers()

    async def catch_up(self) -> bool:
        """Write what was noted, with one try; False while the store is away.

        Raises StoreUnavailable when it was away for too long, and StaleRow.
        """
        try:
            await self._write_noted(AT_ONCE)
        except StoreUnavailable:
            if self._door.is_shut:
                raise
            return False
        self._give_answers()
        return True

    async def _write_with_comfort(self, before: Call, patience: Patience) -> None:
        if patience.is_held:
            try:
                await self._write_noted(AT_ONCE)
            except StoreUnavailable:
                await self.comfort(before)
        await self._write_noted(patience)

    async def comfort(self, before: Call) -> None:
        """Called before a commit is tried again for which the caller has to wait: nobody waits in silence."""

    async def _write_noted(self, patience: Patience) -> None:
        if self._unsure is not None:
            await self._write(self._unsure, patience)
        is_unsaved = bool(self._unsaved or self._unsaved_transfers or self._unsaved_visits or self._unsaved_answers)
        if (self._changed or (is_unsaved and self._may_arrive_late)) and not self._noted:
            # A write without a fact could be undone by an older one: `last_seq` would be the same.
            what = ", ".join(sorted(self._changed)) or "legs"
            self._noted = (Fact(self.now, FactKind.NOTED, {"what": what}),)
        if self._noted or is_unsaved:
            facts, self._noted = self._noted, ()
            self._changed.clear()
            legs, transfers = tuple(self._unsaved.values()), tuple(self._unsaved_transfers.values())
            visits, answers = tuple(self._unsaved_visits.values()), tuple(self._unsaved_answers.values())
            await self._write((self.call, facts, legs, transfers, visits, answers), patience)
        self.is_behind, self.retry_at = False, None

    @property
    def _patience(self) -> Patience:
        """A talk goes on without us for as long as the store is away; a callback that is not stored does not begin."""
        if self.call.callback_request is not None and self.call.last_seq == 0:
            return AT_ONCE
        return FOR_EVER if self.call.stage is Stage.TALKING else STORE_PATIENCE

    async def _write(self, write: Write, patience: Patience) -> None:
        """Write this value of the row after what the store has of it, and take over its new `last_seq`."""
        call, facts, legs, transfers, visits, answers = write
        write = (at_seq(call, self.call.last_seq), facts, legs, transfers, visits, answers)
        first_try, is_first = self.now, self._unsure is None
        while True:
            stored = None
            if self._door.take_turn():
                self._unsure = None  # a refusal is sure: nothing of it is stored, and it is not to be tried again
                stored = await self._door.try_to_store(self._ledger, write, is_short=patience.is_short)
                self._may_arrive_late = self._may_arrive_late or stored is None
            if stored is None:
                self._unsure, is_first = write, False
                is_over = patience.is_held and self._door.is_shut
                if is_over or self.now - first_try >= patience.longest:
                    raise StoreUnavailable("the store is away")
                await sleep_until(self._clock, self.now + STORE_RETRY)
                continue
            self.call = at_seq(self.call, stored.last_seq)
            self._may_arrive_late = self._may_arrive_late and not (facts and is_first)
            for leg in legs:
                if self._unsaved.get(leg.id) is leg:
                    del self._unsaved[leg.id]
            for transfer in transfers:
                if self._unsaved_transfers.get(transfer.id) is transfer:
                    del self._unsaved_transfers[transfer.id]
            for visit in visits:
                if self._unsaved_visits.get(visit.id) is visit:
                    del self._unsaved_visits[visit.id]
            for answer in answers:
                if self._unsaved_answers.get(answer.id) is answer:
                    del self._unsaved_answers[answer.id]
            return
