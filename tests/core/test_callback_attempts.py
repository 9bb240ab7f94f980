"""Attempts: when they may begin, what is known of them once, and what the request becomes when they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.core.callback_attempts import (
    after_attempt,
    attempt_of_call,
    ended,
    picked_up,
    settled,
    started,
    talking,
    unseen_end,
)
from ari_app.core.callbacks import AttemptOutcome, CallbackAttempt, CloseKind, RequestKind, RequestState
from ari_app.core.ids import new_attempt_id, new_call_id
from ari_app.core.ledger import AttemptOpen
from tests.core.callback_values import MONDAY_TEN, attempts, made
from tests.core.test_deadlines import WIERDAM, local
from tests.storage.callback_values import ANNA

pytestmark = pytest.mark.pure

O = AttemptOutcome  # noqa: E741
LEASED = replace(made(), state=RequestState.IN_PROGRESS, lease_owner="call:1", lease_until_at=local("2026-03-02T10:10"))
(RINGING,) = attempts(("2026-03-02T10:05", None))
ANSWERED = replace(RINGING, answered_at=local("2026-03-02T10:06"))
TALK = replace(ANSWERED, reached_at=local("2026-03-02T10:07"))
NOW = local("2026-03-02T10:08")


def test_an_attempt_has_the_next_number_and_the_first_one_is_kept() -> None:
    call_id = new_call_id()
    attempt, (request, (fact,)) = started(LEASED, [], new_attempt_id(), ANNA, call_id, NOW)
    assert (attempt.number, attempt.call_id, request.first_attempt_at) == (1, call_id, NOW)
    assert fact.detail == {"number": 1, "operator": ANNA, "call_id": str(call_id)}
    before = attempts(("2026-03-02T10:05", O.NO_ANSWER))
    again, (request, _) = started(request, before, new_attempt_id(), ANNA, None, NOW + timedelta(hours=2))
    assert (again.number, request.first_attempt_at) == (2, NOW)


def test_under_a_lease_there_is_one_attempt_at_a_time() -> None:
    with pytest.raises(AttemptOpen):
        started(LEASED, [RINGING], new_attempt_id(), ANNA, None, NOW)


def test_a_call_finds_its_own_attempt_and_no_call_finds_none() -> None:
    one, other = new_call_id(), new_call_id()
    tries = [replace(RINGING, call_id=one), replace(RINGING, call_id=None)]
    assert attempt_of_call(tries, one) == tries[0]
    assert attempt_of_call(tries, other) is None
    assert attempt_of_call(tries, None) is None


@pytest.mark.parametrize("attempt", [ANSWERED, replace(RINGING, ended_at=NOW, outcome=O.LOST)])
def test_an_answer_is_known_once_and_not_after_the_end(attempt: CallbackAttempt) -> None:
    assert picked_up(attempt, NOW) is None
    assert picked_up(RINGING, NOW) is not None


@pytest.mark.parametrize("attempt", [TALK, replace(ANSWERED, ended_at=NOW, outcome=O.FAILED)])
def test_a_talk_is_known_once_and_not_after_the_end(attempt: CallbackAttempt) -> None:
    assert talking(attempt, NOW) is None
    assert talking(ANSWERED, NOW) is not None


@pytest.mark.parametrize(
    ("attempt", "outcome"),
    [(RINGING, O.LOST), (ANSWERED, O.LOST), (replace(RINGING, reached_at=NOW), O.LOST), (TALK, O.REACHED)],
)
def test_an_end_that_nobody_saw_is_a_talk_when_one_had_begun(attempt: CallbackAttempt, outcome: AttemptOutcome) -> None:
    assert unseen_end(attempt) is outcome


@pytest.mark.parametrize(
    ("before", "outcome", "stands"),
    [
        (None, O.BUSY, False),
        (O.LOST, O.REACHED, False),
        (O.LOST, O.LOST, True),
        (O.BUSY, O.BUSY, True),
        (O.REACHED, O.FAILED, True),
        (O.FAILED, O.REACHED, True),
    ],
)
def test_an_outcome_stands_unless_nobody_saw_it(
    before: AttemptOutcome | None, outcome: AttemptOutcome, stands: bool
) -> None:
    attempt = replace(TALK, outcome=before, ended_at=None if before is None else NOW)
    over = ended(attempt, outcome, NOW)
    assert (over is None) == stands
    if over is not None:
        assert (over.ended_at, over.outcome) == (NOW, outcome)
        assert (over.reached_at is not None) == (outcome is O.REACHED), "only a talk that was one is kept"


def test_a_moment_that_is_known_already_stays() -> None:
    later = NOW + timedelta(minutes=1)
    over = ended(ANSWERED, O.REACHED, NOW, answered_at=later, reached_at=later)
    assert over is not None
    assert (over.answered_at, over.reached_at) == (ANSWERED.answered_at, later)


@pytest.mark.parametrize(
    ("outcome", "state", "planned", "counted", "escalated"),
    [
        (O.NO_ANSWER, RequestState.PLANNED, "12:08", 1, False),
        (O.VOICEMAIL, RequestState.PLANNED, "12:08", 1, False),
        (O.BUSY, RequestState.PLANNED, "10:23", 1, False),
        (O.FAILED, RequestState.PLANNED, "10:13", 0, False),
        (O.LOST, RequestState.PLANNED, "10:13", 0, False),
        (O.WRONG_NUMBER, RequestState.OPEN, None, 1, True),
        (O.REFUSED, RequestState.OPEN, None, 1, True),
    ],
)
def test_a_citizen_who_was_not_reached_is_planned_again_or_waits_for_a_decision(
    outcome: AttemptOutcome, state: RequestState, planned: str | None, counted: int, escalated: bool
) -> None:
    hold = replace(LEASED, kind=RequestKind.VIRTUAL_HOLD, queued_at=MONDAY_TEN)
    tries = attempts(("2026-03-02T10:05", outcome))
    after, facts = settled(hold, tries[0], tries, WIERDAM, DESIGNATED_DAYS, NOW)
    assert (after.state, after.attempts_count, after.kind) == (state, counted, RequestKind.PROMISE)
    assert after.next_attempt_at == (None if planned is None else local(f"2026-03-02T{planned}"))
    assert (after.lease_owner, after.lease_until_at) == (None, None)
    assert (after.escalated_at == NOW) == escalated == (len(facts) == 1)


def test_a_talk_closes_the_request() -> None:
    over = replace(TALK, ended_at=NOW, outcome=O.REACHED)
    after, facts = settled(LEASED, over, [over], WIERDAM, DESIGNATED_DAYS, NOW)
    assert (after.state, after.close_kind, after.closed_by) == (RequestState.CLOSED, CloseKind.REACHED, ANNA)
    assert (after.reached_at, after.lease_owner, after.next_attempt_at) == (TALK.reached_at, None, None)
    assert [fact.kind for fact in facts] == ["closed"]


def test_what_is_not_over_settles_nothing() -> None:
    with pytest.raises(ValueError, match="not over"):
        settled(LEASED, RINGING, [RINGING], WIERDAM, DESIGNATED_DAYS, NOW)


CLOSED = replace(made(), state=RequestState.CLOSED, closed_at=NOW, close_kind=CloseKind.BY_PERSON, closed_by="Chef")


@pytest.mark.parametrize(
    ("request_", "outcome", "later", "is_correction", "changes"),
    [
        (LEASED, O.BUSY, None, False, True),
        (CLOSED, O.BUSY, None, True, False),
        (LEASED, O.BUSY, None, True, False),
        (LEASED, O.REACHED, None, True, False),
        (made(), O.BUSY, O.NO_ANSWER, True, False),
        (made(), O.REACHED, O.NO_ANSWER, True, True),
        (made(), O.BUSY, None, True, True),
    ],
    ids=[
        "the end of the lease",
        "closed meanwhile",
        "corrected while somebody else calls",
        "a talk, while somebody else calls",
        "a later attempt says what is next",
        "a talk counts, also later",
        "corrected in time",
    ],
)
def test_the_end_of_an_attempt_changes_the_request_unless_it_was_overtaken(
    request_: object, outcome: AttemptOutcome, later: AttemptOutcome | None, is_correction: bool, changes: bool
) -> None:
    request = replace(request_)  # type: ignore[type-var]
    over = replace(TALK, ended_at=NOW, outcome=outcome)
    tries = [over] if later is None else [over, replace(TALK, number=2, ended_at=NOW, outcome=later)]
    after, facts = after_attempt(request, over, tries, WIERDAM, DESIGNATED_DAYS, NOW, is_correction=is_correction)  # type: ignore[arg-type]
    assert facts[0].detail == {"number": 1, "outcome": outcome, "late": is_correction}
    assert (after != request) == changes
