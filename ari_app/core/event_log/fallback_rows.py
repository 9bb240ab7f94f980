"""The rows of a call that no process could write, made from the channel event log and the rows known before. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from ari_app.core import routing
from ari_app.core.area import Area
from ari_app.core.call import (
    Call,
    ChoiceKind,
    EndReason,
    Fact,
    FactKind,
    Leg,
    LegEndReason,
    LegRole,
    Stage,
    how_it_ended,
)
from ari_app.core.causes import NOT_PICKED_UP
from ari_app.core.event_log.cel import ChannelHistory
from ari_app.core.event_log.fallback import FallbackCall, endpoint_of
from ari_app.core.ids import AsteriskId, CallId, LegId, MunicipalityCode, VisitId
from ari_app.core.limits import Limit
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason

#: one commit: the call, its new facts, changed legs, and the stay in a queue that only the log knows
Rows = tuple[Call, tuple[Fact, ...], tuple[Leg, ...], tuple[QueueVisit, ...]]

_LEGS = UUID("9b1b3a52-6d1f-4b5e-9a53-0f4e6f0c2d11")
LONGEST_DIALLED = 32
#: how a call ended whose row knows of no queue
_BEFORE_THE_QUEUE = (
    EndReason.CALLER_HUNG_UP_EARLY,
    EndReason.ABANDONED_IN_MENU,
    EndReason.ABANDONED_IN_ANNOUNCEMENT,
)


def fallback_rows(
    found: FallbackCall, known: Call | None, legs: Sequence[Leg], area: Area, asterisk_id: AsteriskId
) -> Rows:
    """The rows to store for a call that is over; `known` and `legs` are its rows so far, which have ended.

    A human who picked up counts as an answer. Idempotent: ids are derived from those of the channels and the call.
    """
    if found.was_refused:
        return _refused(found, area, asterisk_id)
    if found.came_and_went:
        return _came_and_went(found, known, legs, area, asterisk_id)
    ended_at = found.ended_at or found.fallback_at
    helped = found.helped_at is not None
    reason = EndReason.HANDLED_BY_FALLBACK if helped else EndReason.ABANDONED_WAITING
    if known is not None and known.answered_at is not None and not helped:
        reason = EndReason.CALLER_HUNG_UP  # after a talk with a human, before the fallback
    if known is not None and known.end_reason is EndReason.FAULT:
        reason = EndReason.FAULT  # our bug stays visible, whoever helped the caller
    waited_from = _unknown_stay_at(found, known)
    so_far = known or _new_call(found, area, asterisk_id)
    call = replace(
        so_far,
        stage=Stage.ENDED,
        stage_entered_at=ended_at,
        queued_at=waited_from or so_far.queued_at,
        answered_at=(known.answered_at if known is not None else None) or found.helped_at,
        ended_at=ended_at,
        end_reason=reason,
        end_is_estimated=found.ended_at is None,
        ending=None,
        handled_by_fallback=True,
    )
    facts = [Fact(found.fallback_at, FactKind.TO_FALLBACK, {"reason": found.reason})]
    if waited_from is not None:
        facts.insert(0, Fact(waited_from, FactKind.QUEUED))
    if known is None:
        facts.insert(0, Fact(found.started_at, FactKind.ARRIVED, {"dialled": call.dialled}))
    if found.helped_at is not None:
        facts.append(Fact(found.helped_at, FactKind.ANSWERED, {"by": found.helped_by}))
    facts.append(Fact(ended_at, FactKind.ENDED, {"reason": reason.value, "estimated": call.end_is_estimated}))
    return (
        call,
        tuple(facts),
        (_caller_leg(found, call, legs), *(_phone_leg(phone, found, call) for phone in found.phones)),
        _stay(found, call, area, waited_from, VisitOutcome.FALLBACK),
    )


def _unknown_stay_at(found: FallbackCall, known: Call | None) -> datetime | None:
    """Since when the log saw the caller with the music of a queue; None when the row so far knows of one."""
    is_known = known is not None and (known.queued_at is not None or known.has_music)
    return None if is_known else found.waited_from


def needs_log(found: FallbackCall, known: Call) -> bool:
    """Whether the row of a caller who came and went lacks the queue, or may lack it because it has not ended yet."""
    return _unknown_stay_at(found, known) is not None and (known.is_open or known.end_reason in _BEFORE_THE_QUEUE)


def _stay(
    found: FallbackCall, call: Call, area: Area, waited_from: datetime | None, outcome: VisitOutcome
) -> tuple[QueueVisit, ...]:
    """The stay in a queue that only the log knows. It begins with the music, and says that it is an estimate.

    Without a municipality where that was chosen by a key: the log has no keys. The id is that of the call.
    """
    if waited_from is None:
        return ()
    is_direct = routing.direct_number(area, call.dialled) is not None
    stay = QueueVisit(
        id=VisitId(call.id),
        call_id=call.id,
        municipality=call.municipality,
        reason=VisitReason.DIRECT if is_direct else VisitReason.MENU,
        entered_at=waited_from,
        calamity=call.calamity,
        left_at=max(found.fallback_at, waited_from),
        outcome=outcome,
        end_is_estimated=True,
    )
    return (stay,)


def _refused(found: FallbackCall, area: Area, asterisk_id: AsteriskId) -> Rows:
    """A caller who heard busy: nobody's queue, nobody's talk, and counted all the same."""
    reason = EndReason.TURNED_AWAY if found.reason == Limit.OVERLOAD else EndReason.HEARD_BUSY
    ended_at = found.ended_at or found.fallback_at
    call = replace(
        _new_call(found, area, asterisk_id),
        queued_at=None,
        stage_entered_at=ended_at,
        ended_at=ended_at,
        end_reason=reason,
        end_is_estimated=found.ended_at is None,
    )
    why = reason.value
    facts = (
        Fact(found.started_at, FactKind.ARRIVED, {"dialled": call.dialled}),
        Fact(ended_at, FactKind.ENDED, {"reason": why, "limit": found.reason, "estimated": call.end_is_estimated}),
    )
    leg = replace(_caller_leg(found, call, ()), end_reason=LegEndReason.RELEASED)
    return call, facts, (leg,), ()


def _came_and_went(
    found: FallbackCall, known: Call | None, legs: Sequence[Leg], area: Area, asterisk_id: AsteriskId
) -> Rows:
    """A caller who met nobody: as far as they came, by what Asterisk did for them."""
    ended_at = found.ended_at or found.fallback_at
    so_far = known or _new_call(found, area, asterisk_id)
    if found.waited_from is not None:
        why = EndReason.ABANDONED_WAITING
    elif so_far.municipality is None and so_far.shared_number is None:
        why = EndReason.NOT_SERVED
    else:
        why = EndReason.CALLER_HUNG_UP_EARLY if found.line_answered_at is None else EndReason.ABANDONED_IN_MENU
    call = replace(
        so_far,
        queued_at=found.waited_from,
        stage_entered_at=ended_at,
        ended_at=ended_at,
        end_reason=why,
        end_is_estimated=False,
    )
    facts = [Fact(ended_at, FactKind.ENDED, {"reason": why.value, "estimated": False})]
    if found.waited_from is not None:
        facts.insert(0, Fact(found.waited_from, FactKind.QUEUED))
    if known is None:
        facts.insert(0, Fact(found.started_at, FactKind.ARRIVED, {"dialled": call.dialled}))
    stay = _stay(found, call, area, found.waited_from, VisitOutcome.ABANDONED)
    return call, tuple(facts), (_caller_leg(found, call, legs),), stay


def _new_call(found: FallbackCall, area: Area, asterisk_id: AsteriskId) -> Call:
    dialled = "".join(c for c in found.dialled if c in "+0123456789")[:LONGEST_DIALLED]
    municipality: MunicipalityCode | None = None
    shared: str | None = None
    match routing.entry(area, dialled, found.started_at):
        case routing.Known(code, shared_number):
            municipality, shared = code, shared_number
        case routing.Direct(number):
            municipality = number.municipality
        case routing.AskMunicipality(number):
            shared = number.digits
    return Call(
        id=CallId(UUID(found.call_id)),
        asterisk_id=asterisk_id,
        channel_id=found.channel_id,
        dialled=dialled,
        stage=Stage.ENDED,
        stage_entered_at=found.started_at,
        arrived_at=found.started_at,
        shared_number=shared,
        municipality=municipality,
        choice=None if municipality is None else ChoiceKind.NUMBER,
        line_answered_at=found.line_answered_at,
        queued_at=found.fallback_at,
    )


def _caller_leg(found: FallbackCall, call: Call, legs: Sequence[Leg]) -> Leg:
    leg = next((leg for leg in legs if leg.channel_id == found.channel_id), None) or Leg(
        id=_leg_id(found.channel_id),
        call_id=call.id,
        channel_id=found.channel_id,
        role=LegRole.CALLER,
        party=None,
        started_at=found.started_at,
    )
    return replace(
        leg,
        answered_at=leg.answered_at or found.line_answered_at,
        joined_at=leg.joined_at or found.helped_at,
        left_at=call.ended_at if leg.joined_at or found.helped_at else None,
        ended_at=call.ended_at,
        end_reason=LegEndReason.LOST if call.end_is_estimated else _why_caller_left(found),
        hangup_cause=found.hangup_cause,
        end_is_estimated=call.end_is_estimated,
    )


def _why_caller_left(found: FallbackCall) -> LegEndReason:
    return how_it_ended(found.hangup_cause, was_answered=found.line_answered_at is not None)


def _phone_leg(phone: ChannelHistory, found: FallbackCall, call: Call) -> Leg:
    joined_at = min((span.from_at for span in phone.bridges), default=None)
    ended_at = phone.ended_at or call.ended_at
    return Leg(
        id=_leg_id(phone.channel_id),
        call_id=call.id,
        channel_id=phone.channel_id,
        role=LegRole.OPERATOR,
        party=endpoint_of(phone.name),
        started_at=phone.started_at or phone.first_seen_at,
        answered_at=phone.answered_at,
        joined_at=joined_at,
        left_at=None if joined_at is None else ended_at,
        ended_at=ended_at,
        end_reason=_why(phone, ended_at),
        hangup_cause=phone.hangup_cause,
        end_is_estimated=phone.ended_at is None,
    )


def _why(phone: ChannelHistory, ended_at: datetime | None) -> LegEndReason:
    if phone.ended_at is None or ended_at is None:
        return LegEndReason.LOST
    if phone.answered_at is None:
        return LegEndReason.NO_ANSWER if phone.hangup_cause in NOT_PICKED_UP else LegEndReason.RELEASED
    return how_it_ended(phone.hangup_cause)


def _leg_id(channel_id: str) -> LegId:
    return LegId(uuid5(_LEGS, channel_id))
