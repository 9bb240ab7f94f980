"""How the attempts of a request begin, go on and end, and what the request becomes by them. Pure.

An attempt is *reached* when the citizen answered and there was a talk. An attempt whose end nobody saw is *lost*; the
truth about it may come later, and then it is corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ari_app.core.area import Municipality
from ari_app.core.callback_changes import closed
from ari_app.core.callback_rules import next_attempt
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackAttempt,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Change,
    CloseKind,
    RequestKind,
    RequestState,
)
from ari_app.core.deadlines import SpecialDays
from ari_app.core.ids import AttemptId, CallId, OperatorNumber
from ari_app.core.ledger import AttemptOpen


def attempt_of_call(attempts: Sequence[CallbackAttempt], call_id: CallId | None) -> CallbackAttempt | None:
    """The attempt that this call made already: whoever starts it again gets the same one."""
    return next((one for one in attempts if call_id is not None and one.call_id == call_id), None)


def started(
    request: CallbackRequest,
    attempts: Sequence[CallbackAttempt],
    attempt_id: AttemptId,
    operator: OperatorNumber,
    call_id: CallId | None,
    now: datetime,
) -> tuple[CallbackAttempt, Change]:
    """The next attempt, to be stored before anybody is dialled. Raises AttemptOpen: one at a time under a lease."""
    no_attempt_open(request, attempts)
    attempt = CallbackAttempt(attempt_id, request.id, len(attempts) + 1, operator, now, call_id)
    fact = CallbackFact(
        now,
        CallbackFactKind.ATTEMPT_STARTED,
        {
            "number": attempt.number,
            "operator": operator,
            "call_id": None if call_id is None else str(call_id),
        },
    )
    return attempt, (replace(request, first_attempt_at=request.first_attempt_at or now), [fact])


def no_attempt_open(request: CallbackRequest, attempts: Sequence[CallbackAttempt]) -> None:
    """Raises AttemptOpen when an attempt has not ended."""
    if any(attempt.is_open for attempt in attempts):
        raise AttemptOpen(f"{request.reference} has an attempt that has not ended")


def picked_up(attempt: CallbackAttempt, at: datetime) -> tuple[CallbackAttempt, CallbackFact] | None:
    """The citizen's leg was answered. None: that is known already, or the attempt has ended."""
    if attempt.answered_at is not None or not attempt.is_open:
        return None
    fact = CallbackFact(at, CallbackFactKind.ATTEMPT_ANSWERED, {"number": attempt.number})
    return replace(attempt, answered_at=at), fact


def talking(attempt: CallbackAttempt, at: datetime) -> tuple[CallbackAttempt, CallbackFact] | None:
    """Citizen and operator hear each other. None: that is known already, or the attempt has ended."""
    if attempt.reached_at is not None or not attempt.is_open:
        return None
    return replace(attempt, reached_at=at), CallbackFact(at, CallbackFactKind.TALK_BEGAN, {"number": attempt.number})


def unseen_end(attempt: CallbackAttempt) -> AttemptOutcome:
    """The outcome of an attempt whose end nobody saw: a talk that began was one."""
    was_talk = attempt.answered_at is not None and attempt.reached_at is not None
    return AttemptOutcome.REACHED if was_talk else AttemptOutcome.LOST


def ended(
    attempt: CallbackAttempt,
    outcome: AttemptOutcome,
    now: datetime,
    *,
    answered_at: datetime | None = None,
    reached_at: datetime | None = None,
) -> CallbackAttempt | None:
    """The attempt with its outcome; a moment that is known already stays, and only a talk that was one is kept.

    None: it ended before with an outcome that stands. `LOST` does not stand: nobody saw that end.
    """
    if attempt.outcome not in (None, AttemptOutcome.LOST) or attempt.outcome is outcome:
        return None
    talked_at = attempt.reached_at or reached_at
    return replace(
        attempt,
        answered_at=attempt.answered_at or answered_at,
        reached_at=talked_at if outcome is AttemptOutcome.REACHED else None,
        ended_at=now,
        outcome=outcome,
    )


def after_attempt(
    request: CallbackRequest,
    over: CallbackAttempt,
    attempts: Sequence[CallbackAttempt],
    municipality: Municipality,
    special_days: SpecialDays,
    now: datetime,
    *,
    is_correction: bool = False,
) -> Change:
    """The request as it becomes when `over`, one of its `attempts`, has ended.

    Nothing but the fact of it when the request is closed, when a correction comes while somebody else calls, or when a
    later attempt says what is next. A talk always counts.
    """
    fact = CallbackFact(
        now,
        CallbackFactKind.ATTEMPT_ENDED,
        {"number": over.number, "outcome": over.outcome, "late": is_correction},
    )
    is_anothers = is_correction and request.state is RequestState.IN_PROGRESS
    is_overtaken = over.outcome is not AttemptOutcome.REACHED and attempts[-1].number > over.number
    if not request.is_open or is_anothers or is_overtaken:
        return request, [fact]
    changed, facts = settled(request, over, attempts, municipality, special_days, now)
    return changed, [fact, *facts]


def settled(
    request: CallbackRequest,
    last: CallbackAttempt,
    attempts: Sequence[CallbackAttempt],
    municipality: Municipality,
    special_days: SpecialDays,
    now: datetime,
) -> Change:
    """The request when its last attempt has ended: done when the citizen was reached, else planned again.

    The lease ends with the attempt. A citizen who was not reached has no place in the queue any more.
    """
    if last.outcome is None:
        raise ValueError("the last attempt is not over")
    counted = sum(one.outcome is not None and one.outcome.counts for one in attempts)
    request = replace(request, attempts_count=counted, lease_owner=None, lease_until_at=None)
    if last.outcome is AttemptOutcome.REACHED:
        done, facts = closed(request, CloseKind.REACHED, last.operator, now)
        return replace(done, reached_at=last.reached_at), facts
    following = next_attempt(request, attempts, municipality, special_days, now)
    state = RequestState.OPEN if following.at is None else RequestState.PLANNED
    changed = replace(request, state=state, kind=RequestKind.PROMISE, next_attempt_at=following.at)
    if not following.escalate or request.escalated_at is not None:
        return changed, []
    return replace(changed, escalated_at=now), [CallbackFact(now, CallbackFactKind.ESCALATED, {"why": last.outcome})]
