"""The rows of one call as its task knows them, and what of them is not written yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Unpack

from ari_app.calls.clock import Clock
from ari_app.core import queue_visits
from ari_app.core.call import Call, Fact, Leg, LegEndReason, LegRole
from ari_app.core.call_changes import CallChanges, changed
from ari_app.core.command_traces import traced
from ari_app.core.ids import AnswerId, ChannelId, CommandId, LegId, TransferId, VisitId
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer


class Rows:
    """The newest values of the rows, and those of them that are not written yet. Only the call's own task uses it."""

    def __init__(
        self, clock: Clock, call: Call, legs: Sequence[Leg], transfer: Transfer | None, visit: QueueVisit | None
    ) -> None:
        self.call = call
        #: the transfer that is open, or the last one
        self.transfer = transfer
        #: the stay in a queue that is open, or the last one
        self.visit = visit
        self._clock = clock
        self._legs: dict[LegId, Leg] = {leg.id: leg for leg in legs if leg.is_open}
        self._unsaved: dict[LegId, Leg] = {}
        self._unsaved_transfers: dict[TransferId, Transfer] = {}
        self._unsaved_visits: dict[VisitId, QueueVisit] = {}
        self._unsaved_answers: dict[AnswerId, SurveyAnswer] = {}
        self._noted: tuple[Fact, ...] = ()
        #: the command from a screen that is being carried out: facts that follow from it name it
        self.command_id: CommandId | None = None
        self._changed: set[str] = set()  # fields of the row that were noted, and are not written yet

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

    def change_answer(self, answer: SurveyAnswer) -> SurveyAnswer:
        """Note this value of a question that the caller was asked; the next commit writes it."""
        self._unsaved_answers[answer.id] = answer
        return answer

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
        if self.command_id is not None:
            facts = tuple(traced(fact, self.command_id) for fact in facts)
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


def ended(leg: Leg, at: datetime, reason: LegEndReason, *, cause: int | None = None, estimated: bool = False) -> Leg:
    """The leg as it ended.

    An instant before its beginning, or before it was joined (clocks of two machines, news that came late), is drawn up.
    """
    at = max(at, leg.started_at, leg.joined_at or leg.started_at)
    left_at = leg.left_at if leg.joined_at is None else (leg.left_at or at)
    return replace(leg, ended_at=at, left_at=left_at, end_reason=reason, hangup_cause=cause, end_is_estimated=estimated)
