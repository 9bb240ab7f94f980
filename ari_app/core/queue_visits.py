"""Stays of a call in a queue: which one begins, goes on or ends when the row of the call changes.

A caller is in the queue from `waiting` until a human answers or the call ends. While an operator is offered
(`connecting`) or a callback is discussed (`leaving_callback`) the stay goes on: the caller keeps the place. A direct
number that rings its person, phone or team is not a queue. Waiting belongs to the municipality in whose queue it was
spent, so a transfer into another queue is another stay. `after` is the whole rule book. Instants are UTC.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.callbacks import RequestKind
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, TeamCode, VisitId, new_visit_id
from ari_app.core.transfer import Transfer, TransferKind


class VisitReason(StrEnum):
    """Why a call came into a queue."""

    MENU = "menu"  # the municipality was chosen in the menu, or by the number that was dialled
    DIRECT = "direct"  # a direct number was not answered
    TRANSFER = "transfer"  # a person put the caller into this queue
    RETURNED = "returned"  # back to the front: a transfer came to nothing, or the handling party was lost
    VIRTUAL_HOLD = "virtual_hold"  # the place was kept; from the moment at which its turn had come


class VisitOutcome(StrEnum):
    """How a stay in a queue ended."""

    ANSWERED = "answered"  # by a human; `operator` and `team` say by whom
    ABANDONED = "abandoned"  # the caller hung up
    CALLBACK = "callback"  # the caller is promised a call
    VIRTUAL_HOLD = "virtual_hold"  # the caller hung up, and the place is kept
    WAITED_TOO_LONG = "waited_too_long"
    NOBODY_AVAILABLE = "nobody_available"
    MOVED = "moved"  # into another queue, without an answer in this one
    NOT_REACHED = "not_reached"  # a virtual hold whose citizen did not pick up
    GIVEN_UP = "given_up"  # a virtual hold that could not be called
    FALLBACK = "fallback"  # handed to the dialplan
    LOST = "lost"  # ended in a gap, or by a fault


_OUTCOMES: Mapping[EndReason, VisitOutcome] = {
    EndReason.CALLER_HUNG_UP_EARLY: VisitOutcome.ABANDONED,
    EndReason.ABANDONED_IN_MENU: VisitOutcome.ABANDONED,
    EndReason.ABANDONED_IN_ANNOUNCEMENT: VisitOutcome.ABANDONED,
    EndReason.ABANDONED_WAITING: VisitOutcome.ABANDONED,
    EndReason.CALLER_HUNG_UP: VisitOutcome.ABANDONED,
    EndReason.CALLER_LINE_LOST: VisitOutcome.ABANDONED,
    EndReason.CALLER_LEFT_IN_TRANSFER: VisitOutcome.ABANDONED,
    EndReason.CALLBACK_NOT_ANSWERED: VisitOutcome.NOT_REACHED,
    EndReason.CALLBACK_GIVEN_UP: VisitOutcome.GIVEN_UP,
    EndReason.CALLBACK_PROMISED: VisitOutcome.CALLBACK,
    EndReason.WAITED_TOO_LONG: VisitOutcome.WAITED_TOO_LONG,
    EndReason.NOBODY_AVAILABLE: VisitOutcome.NOBODY_AVAILABLE,
    EndReason.CLOSED: VisitOutcome.NOBODY_AVAILABLE,
    EndReason.CALAMITY: VisitOutcome.NOBODY_AVAILABLE,
    EndReason.HANDLED_BY_FALLBACK: VisitOutcome.FALLBACK,
    EndReason.OPERATOR_HUNG_UP: VisitOutcome.LOST,
    EndReason.NOT_SERVED: VisitOutcome.LOST,
    EndReason.HEARD_BUSY: VisitOutcome.LOST,
    EndReason.TURNED_AWAY: VisitOutcome.LOST,
    EndReason.FAULT: VisitOutcome.LOST,
    EndReason.LOST: VisitOutcome.LOST,
}


@dataclass(frozen=True, slots=True)
class QueueVisit:
    """The row of one stay of a call in a queue. Codes are those of the moment, whatever the area says later.

    `municipality` is None for callers whom any operator of the shared number may take, and where only Asterisk's log
    knows of the stay and a key chose the municipality. `only_team`: the queue of one team. `left_at` of a caller who
    went on to a callback is the moment at which the queue was left for it.
    """

    id: VisitId
    call_id: CallId
    municipality: MunicipalityCode | None
    reason: VisitReason
    entered_at: datetime
    only_team: TeamCode | None = None
    subject: str | None = None  # of the entry of the directory through which the caller was transferred
    from_municipality: MunicipalityCode | None = None  # of a transfer
    position: int | None = None  # in the queue at the beginning, from 1; None: not known
    calamity: bool = False  # the caller heard a calamity text
    overflowed: bool = False  # offered at last to a team that helps
    left_at: datetime | None = None
    outcome: VisitOutcome | None = None
    operator: OperatorNumber | None = None  # answered
    team: TeamCode | None = None  # the operator's first team
    end_is_estimated: bool = False

    @property
    def is_open(self) -> bool:
        return self.outcome is None


def after(
    visit: QueueVisit | None,
    before: Call,
    call: Call,
    facts: Collection[Fact] = (),
    transfer: Transfer | None = None,
    handled_by: Leg | None = None,
) -> tuple[QueueVisit, ...]:
    """The visits that change when a call changes from `before` to `call`, in the order in which they are written.

    `visit` is the open one, or the last; `transfer` the open one; `handled_by` the leg of the handling party in `call`.
    Idempotent: without a change of the call nothing changes.
    """
    is_open = visit is not None and visit.is_open
    if visit is not None and not is_open and _was_not_heard(visit, before, call, facts):
        return (replace(visit, left_at=None, outcome=None, operator=None, team=None),)
    if visit is not None and is_open and _goes_on(visit, call):
        going_on = _with_offer(visit, facts)
        return () if going_on is visit else (going_on,)
    changed = () if visit is None or not is_open else (_ended(visit, before, call, handled_by),)
    begins = _reason(before, call, facts, transfer)
    return changed if begins is None else (*changed, _new(begins, before, call, facts))


def at_position(visit: QueueVisit | None, position: int | None) -> QueueVisit | None:
    """The open visit with its position at the beginning; None where that is known, or no visit is open."""
    if visit is None or not visit.is_open or visit.position is not None or position is None:
        return None
    return replace(visit, position=position)


def left_for_fallback(visits: Collection[QueueVisit], fallback_at: datetime) -> tuple[QueueVisit, ...]:
    """The visit whose end was estimated, as Asterisk's log tells it: at this moment the dialplan took the caller."""
    taken = (VisitOutcome.FALLBACK, VisitOutcome.LOST)
    unseen = [one for one in visits if one.end_is_estimated and one.outcome in taken]
    if not unseen:
        return ()
    left_at = max(unseen[-1].entered_at, fallback_at)
    return (replace(unseen[-1], left_at=left_at, outcome=VisitOutcome.FALLBACK, end_is_estimated=False),)


def _is_queued(call: Call) -> bool:
    return call.stage is Stage.WAITING and call.direct_until_at is None


def _goes_on(visit: QueueVisit, call: Call) -> bool:
    if call.stage is Stage.WAITING:
        return _is_queued(call) and (call.municipality, call.only_team) == (visit.municipality, visit.only_team)
    return call.stage is Stage.LEAVING_CALLBACK or (call.stage is Stage.CONNECTING and call.direct_endpoint is None)


def _was_not_heard(visit: QueueVisit, before: Call, call: Call, facts: Collection[Fact]) -> bool:
    """The operator left as the caller came in: nobody spoke, and the stay goes on as if there had been no answer."""
    left = any(fact.kind is FactKind.OFFER_FAILED and fact.detail.get("why") == "operator_left" for fact in facts)
    is_this_talk = before.stage is Stage.TALKING and visit.left_at == before.stage_entered_at
    return left and is_this_talk and visit.outcome is VisitOutcome.ANSWERED and _goes_on(visit, call)


def _with_offer(visit: QueueVisit, facts: Collection[Fact]) -> QueueVisit:
    """The visit as the newest offer makes it: of an operator with the primary skill, or of one whose team helps."""
    overflowed = visit.overflowed
    for fact in facts:
        if fact.kind is FactKind.OFFERED:
            overflowed = fact.detail.get("overflow") is True
    return visit if overflowed == visit.overflowed else replace(visit, overflowed=overflowed)


def _ended(visit: QueueVisit, before: Call, call: Call, handled_by: Leg | None) -> QueueVisit:
    at, outcome, estimated = call.stage_entered_at, VisitOutcome.MOVED, False
    if call.stage is Stage.TALKING:
        outcome = VisitOutcome.ANSWERED
    elif call.stage is Stage.ENDED:
        at, estimated = call.ended_at or at, call.end_is_estimated
        outcome = _outcome(call)
    if before.stage is Stage.LEAVING_CALLBACK:
        at, estimated = min(at, before.stage_entered_at), False
    is_operator = outcome is VisitOutcome.ANSWERED and handled_by is not None and handled_by.role is LegRole.OPERATOR
    taker = handled_by if is_operator else None
    return replace(
        visit,
        left_at=max(at, visit.entered_at),
        outcome=outcome,
        operator=None if taker is None or taker.party is None else OperatorNumber(taker.party),
        team=None if taker is None else taker.team,
        end_is_estimated=estimated,
    )


def _outcome(call: Call) -> VisitOutcome:
    if call.handled_by_fallback or call.end_reason is None:
        return VisitOutcome.FALLBACK if call.handled_by_fallback else VisitOutcome.LOST
    outcome = _OUTCOMES[call.end_reason]
    is_kept = outcome is VisitOutcome.CALLBACK and call.callback_kind is RequestKind.VIRTUAL_HOLD
    return VisitOutcome.VIRTUAL_HOLD if is_kept else outcome


def _reason(before: Call, call: Call, facts: Collection[Fact], transfer: Transfer | None) -> VisitReason | None:
    """Why the call is in a queue now; None when it is in none."""
    if not _is_queued(call):
        return VisitReason.VIRTUAL_HOLD if any(map(_is_kept_place, facts)) else None
    if transfer is not None and transfer.kind is TransferKind.QUEUE:
        return VisitReason.TRANSFER
    if call.returned_at is not None or before.stage is Stage.TALKING:
        return VisitReason.RETURNED
    was_direct = before.direct_until_at is not None or before.direct_endpoint is not None
    if was_direct or any(fact.kind is FactKind.OFFER_FAILED and "direct" in fact.detail for fact in facts):
        return VisitReason.DIRECT
    return VisitReason.MENU


def _is_kept_place(fact: Fact) -> bool:
    """The first fact of a call that is made because the turn of a virtual hold has come."""
    return fact.kind is FactKind.CALLING_BACK and fact.detail.get("kind") == RequestKind.VIRTUAL_HOLD


def _new(reason: VisitReason, before: Call, call: Call, facts: Collection[Fact]) -> QueueVisit:
    subjects = (fact.detail.get("subject") for fact in facts if fact.kind is FactKind.QUEUED)
    return QueueVisit(
        id=new_visit_id(),
        call_id=call.id,
        municipality=call.municipality,
        reason=reason,
        entered_at=call.stage_entered_at,
        only_team=call.only_team,
        subject=next((subject for subject in subjects if isinstance(subject, str)), None),
        from_municipality=before.municipality if reason is VisitReason.TRANSFER else None,
        calamity=call.calamity,
    )
