"""How a row becomes the next one: made, joined, assigned, leased, tried, closed. Pure; storage commits the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.core.area import Municipality
from ari_app.core.callback_rules import next_attempt, personal_until
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    CloseKind,
    NewRequest,
    RequestKind,
    RequestState,
)
from ari_app.core.deadlines import SpecialDays, callback_deadline, next_callable
from ari_app.core.ids import CallId, OperatorNumber, RequestId, TeamCode
from ari_app.core.ledger import CloseRefused

Change = tuple[CallbackRequest, list[CallbackFact]]


def request_from(
    new: NewRequest, request_id: RequestId, reference: str, municipality: Municipality, special_days: SpecialDays
) -> CallbackRequest:
    """The row of a new request, with its deadline and its first planned moment."""
    deadline = callback_deadline(municipality, new.first_contact_at, special_days)
    personal = personal_until(new.created_at, deadline.plan_by_at, municipality, special_days)
    return CallbackRequest(
        id=request_id,
        reference=reference,
        municipality=new.municipality,
        reason=new.reason,
        kind=new.kind,
        state=RequestState.OPEN,
        first_contact_at=new.first_contact_at,
        deadline_at=deadline.deadline_at,
        plan_by_at=deadline.plan_by_at,
        owner_team=new.owner_team,
        number_confirmed_how=new.number_confirmed_how,
        pii_number=new.pii_number,
        created_at=new.created_at,
        call_id=new.call_id,
        queued_at=new.queued_at,
        owner_operator=new.owner_operator,
        owner_entry=new.owner_entry,
        personal_until_at=None if new.owner_operator is None else personal,
        subject=new.subject,
        pii_note=new.pii_note,
        transfer_count=new.transfer_count,
        next_attempt_at=next_callable(municipality, special_days, new.created_at),
        escalate_at_once=deadline.escalate_at_once,
    )


def asked_fact(new: NewRequest, kind: CallbackFactKind) -> CallbackFact:
    """That somebody asked: for the first time (CREATED), or again (JOINED)."""
    detail = {
        "reason": new.reason.value,
        "kind": new.kind.value,
        "call_id": None if new.call_id is None else str(new.call_id),
        "subject": new.subject,
        "pii_note": new.pii_note,
    }
    return CallbackFact(new.created_at, kind, detail)


def joined(request: CallbackRequest, new: NewRequest, as_new: CallbackRequest) -> Change:
    """The request after it was asked for again: the first deadline stays, the notes come together.

    `as_new`: what a row of its own would have been.
    """
    notes = [note for note in (request.pii_note, new.pii_note) if note]
    keeps_place = request.kind is RequestKind.PROMISE and new.kind is RequestKind.VIRTUAL_HOLD
    takes_person = request.owner_operator is None and new.owner_operator is not None
    earlier = [at for at in (request.next_attempt_at, as_new.next_attempt_at) if at is not None]
    changed = replace(
        request,
        kind=new.kind if keeps_place else request.kind,
        queued_at=new.queued_at if keeps_place else request.queued_at,
        owner_operator=new.owner_operator if takes_person else request.owner_operator,
        owner_entry=request.owner_entry or new.owner_entry,
        personal_until_at=as_new.personal_until_at if takes_person else request.personal_until_at,
        subject=request.subject or new.subject,
        pii_note="\n".join(dict.fromkeys(notes)),
        transfer_count=max(request.transfer_count, new.transfer_count),
        joined_count=request.joined_count + 1,
        next_attempt_at=min(earlier, default=None),
        escalated_at=None if request.next_attempt_at is None else request.escalated_at,
    )
    return changed, [asked_fact(new, CallbackFactKind.JOINED)]


def assigned(
    request: CallbackRequest,
    team: TeamCode | None,
    operator: OperatorNumber | None,
    municipality: Municipality,
    special_days: SpecialDays,
    by: str,
    now: datetime,
) -> Change:
    """Another owner; the deadline stays. With a team alone it is nobody's in particular.

    A request that waited for a decision is to be tried again from now on.
    """
    mine = None if operator is None else personal_until(now, request.plan_by_at, municipality, special_days)
    changed = replace(
        request,
        owner_team=request.owner_team if team is None else team,
        owner_operator=operator,
        personal_until_at=mine,
        next_attempt_at=request.next_attempt_at or now,
        escalated_at=None,  # somebody decided; the history keeps when it was asked for
    )
    detail = {"team": changed.owner_team, "operator": operator, "by": by}
    return changed, [CallbackFact(now, CallbackFactKind.ASSIGNED, detail)]


def inherited(request: CallbackRequest, team: TeamCode, now: datetime) -> Change:
    """The team whose it was is no more; all else stays."""
    detail = {"team": team, "operator": request.owner_operator, "instead_of": request.owner_team}
    return replace(request, owner_team=team), [CallbackFact(now, CallbackFactKind.ASSIGNED, detail)]


def closed_by_person(request: CallbackRequest, pii_reason: str, by: str, now: datetime) -> Change:
    """Somebody decides that nobody is to be called any more. Raises CloseRefused."""
    if not pii_reason.strip():
        raise CloseRefused("a request is closed with a reason")
    _not_in_progress(request)
    changed, facts = _closed(request, CloseKind.BY_PERSON, by, now)
    return replace(changed, pii_close_reason=pii_reason.strip()), facts


def closed_as_helped(
    request: CallbackRequest, by: OperatorNumber, talk_began_at: datetime, now: datetime, call_id: CallId
) -> Change:
    """The citizen called again and was helped. Raises CloseRefused."""
    _not_in_progress(request)
    changed, (fact,) = _closed(request, CloseKind.HELPED, by, now)
    told = replace(fact, detail={**fact.detail, "call_id": str(call_id)})
    return replace(changed, reached_at=talk_began_at), [told]


def leased(
    request: CallbackRequest, operator: OperatorNumber, lease_owner: str, lease_until_at: datetime, now: datetime
) -> Change:
    changed = replace(request, state=RequestState.IN_PROGRESS, lease_owner=lease_owner, lease_until_at=lease_until_at)
    return changed, [CallbackFact(now, CallbackFactKind.CLAIMED, {"operator": operator, "lease_owner": lease_owner})]


def given_back(request: CallbackRequest, why: CallbackFactKind, now: datetime) -> Change:
    """As it was before the lease: nobody was called."""
    was_tried = request.attempts_count > 0 and request.next_attempt_at is not None
    state = RequestState.PLANNED if was_tried else RequestState.OPEN
    fact = CallbackFact(now, why, {"lease_owner": request.lease_owner})
    return replace(request, state=state, lease_owner=None, lease_until_at=None), [fact]


def virtual_hold_lapsed(request: CallbackRequest, now: datetime) -> Change:
    """Nobody called today: an ordinary promise from here on."""
    return replace(request, kind=RequestKind.PROMISE), [CallbackFact(now, CallbackFactKind.VIRTUAL_HOLD_LAPSED)]


def picked_up(attempt: CallbackAttempt, at: datetime) -> tuple[CallbackAttempt, CallbackFact]:
    return replace(attempt, answered_at=at), CallbackFact(
        at, CallbackFactKind.ATTEMPT_ANSWERED, {"number": attempt.number}
    )


def talking(attempt: CallbackAttempt, at: datetime) -> tuple[CallbackAttempt, CallbackFact]:
    return replace(attempt, reached_at=at), CallbackFact(at, CallbackFactKind.TALK_BEGAN, {"number": attempt.number})


def unseen_end(attempt: CallbackAttempt) -> AttemptOutcome:
    """The outcome of an attempt whose end nobody saw: a talk that began was one."""
    was_talk = attempt.answered_at is not None and attempt.reached_at is not None
    return AttemptOutcome.REACHED if was_talk else AttemptOutcome.LOST


def ended(attempt: CallbackAttempt, outcome: AttemptOutcome, now: datetime) -> CallbackAttempt:
    """The attempt with its outcome; a talk that was not one is not kept."""
    reached_at = attempt.reached_at if outcome is AttemptOutcome.REACHED else None
    return replace(attempt, ended_at=now, outcome=outcome, reached_at=reached_at)


def settled(
    request: CallbackRequest,
    last: CallbackAttempt,
    attempts: Sequence[CallbackAttempt],
    municipality: Municipality,
    special_days: SpecialDays,
    now: datetime,
) -> Change:
    """What the request becomes when the last of its attempts has ended, and the facts that tell it.

    A talk counts also when it is known only after a later attempt. The lease ends with the attempt. Who was reached is
    done; who was not has no place in the queue any more.
    """
    if last.outcome is None:
        raise ValueError("the last attempt is not over")
    counted = sum(one.outcome is not None and one.outcome.counts for one in attempts)
    request = replace(request, attempts_count=counted, lease_owner=None, lease_until_at=None)
    if last.outcome is AttemptOutcome.REACHED:
        closed, told = _closed(request, CloseKind.REACHED, last.operator, now)
        return replace(closed, reached_at=last.reached_at), told
    following = next_attempt(request, attempts, municipality, special_days, now)
    state = RequestState.OPEN if following.at is None else RequestState.PLANNED
    changed = replace(request, state=state, kind=RequestKind.PROMISE, next_attempt_at=following.at)
    facts: list[CallbackFact] = []
    if following.escalate and request.escalated_at is None:
        changed = replace(changed, escalated_at=now)
        facts.append(CallbackFact(now, CallbackFactKind.ESCALATED, {"why": last.outcome}))
    return changed, facts


def _closed(request: CallbackRequest, kind: CloseKind, by: str, now: datetime) -> Change:
    changed = replace(
        request,
        state=RequestState.CLOSED,
        next_attempt_at=None,
        lease_owner=None,
        lease_until_at=None,
        closed_at=now,
        close_kind=kind,
        closed_by=by,
    )
    return changed, [CallbackFact(now, CallbackFactKind.CLOSED, {"how": kind.value, "by": by})]


def _not_in_progress(request: CallbackRequest) -> None:
    if request.state is RequestState.IN_PROGRESS:
        raise CloseRefused(f"{request.reference} is being called by {request.lease_owner}; wait for that")
