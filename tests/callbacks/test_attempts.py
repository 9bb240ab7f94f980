"""Leases and attempts, on both stores: one call to a number at a time, each with an outcome, also after a crash."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import pytest

from ari_app.core.area import CallbackRules, OpeningSpan
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.callback_rules import LEASE
from ari_app.core.callbacks import Absence, AttemptOutcome, CloseKind, RequestKind, RequestState
from ari_app.core.ids import AttemptId, RequestId, new_call_id
from ari_app.core.ledger import AttemptOpen, LeaseLost, NoSuchRequest
from tests.callbacks.conftest import Stand
from tests.core.test_deadlines import local
from tests.storage.callback_values import (
    ANNA,
    BRAM,
    DIRECTORY,
    KCC,
    OOSTERWENDE,
    TEN,
    ZAND,
    ZANDERMEER,
    at,
    number,
)
from tests.storage.values import NODE1, NODE2, new_call

pytestmark = pytest.mark.postgres


# --- claims ---


async def test_the_request_that_must_be_done_first_is_claimed_first(stand: Stand) -> None:
    monday = await stand.created(at(30), pii_number=number(1))
    friday = await stand.created(at(31), first_contact_at=at(-3 * 24 * 60), pii_number=number(2))
    assert [await stand.claimed(at(40), lease_owner) for lease_owner in "ab"] == [
        await stand.now_is(friday),
        await stand.now_is(monday),
    ]
    assert await stand.claimed(at(40), "c") is None


async def test_only_what_is_due_of_the_own_teams_where_calling_is_allowed_is_claimed(stand: Stand) -> None:
    request = await stand.created()
    town = DIRECTORY.municipalities[OOSTERWENDE]
    later = replace(town, callback=CallbackRules(call_from=time(12)))
    in_another_team = replace(DIRECTORY.operators[ANNA], teams=(ZAND,))
    elsewhere = replace(DIRECTORY, operators={ANNA: in_another_team})
    not_yet = replace(DIRECTORY, municipalities={**DIRECTORY.municipalities, OOSTERWENDE: later})
    for area, now in ((elsewhere, at(1)), (not_yet, at(1)), (DIRECTORY, at(-1))):
        stand.area = area
        assert await stand.claimed(now) is None
    stand.area = DIRECTORY
    found = await stand.claimed(at(1))
    assert found is not None
    assert (found.id, found.state) == (request.id, RequestState.IN_PROGRESS)
    assert (found.lease_owner, found.lease_until_at) == ("a", at(1) + LEASE)


async def test_a_request_is_offered_outside_the_hours_for_calling_when_its_deadline_would_pass(stand: Stand) -> None:
    """Open from seven to eight, calls from half past eight: asked in the evening, promised for eight."""
    town = replace(
        DIRECTORY.municipalities[OOSTERWENDE], hours={day: (OpeningSpan(time(7), time(8)),) for day in range(5)}
    )
    stand.area = replace(DIRECTORY, municipalities={**DIRECTORY.municipalities, OOSTERWENDE: town})
    request = await stand.created(local("2026-03-02T21:00"))
    assert request.deadline_at == local("2026-03-03T08:00")
    assert request.next_attempt_at == local("2026-03-03T07:00")
    assert await stand.claimed(local("2026-03-03T06:59")) is None
    found = await stand.claimed(local("2026-03-03T07:00"))
    assert found is not None
    assert found.id == request.id
    await stand.service.release(request.id, "a", local("2026-03-03T07:01"))
    assert await stand.claimed(local("2026-03-03T08:01")) is None, "too late: at the hours for calling"
    assert await stand.claimed(local("2026-03-03T08:30")) is not None


async def test_a_persons_own_request_is_theirs_until_they_are_away_or_late(stand: Stand) -> None:
    request = await stand.created(operator=ANNA)
    assert await stand.claimed(at(1), operator=BRAM) is None
    await stand.absent(Absence(ANNA, at(10), at(20)))
    assert await stand.claimed(at(9), operator=BRAM) is None
    assert await stand.claimed(at(15), operator=BRAM) is not None
    await stand.service.release(request.id, "a", at(16))
    assert await stand.claimed(at(25), operator=BRAM) is None
    assert request.personal_until_at == at(240)
    assert await stand.claimed(at(241), operator=BRAM) is not None


async def test_never_two_calls_to_one_number_also_for_different_municipalities(stand: Stand) -> None:
    first = await stand.created()
    second = await stand.created(at(0.5), municipality=ZANDERMEER)
    assert await stand.claimed(at(1), "a") is not None
    assert await stand.claimed(at(1), "b") is None
    assert await stand.service.claim(second.id, BRAM, at(1), lease_owner="b") is None
    assert await stand.service.claim(first.id, BRAM, at(1), lease_owner="b") is None
    await stand.service.release(first.id, "a", at(2))
    assert await stand.service.claim(second.id, BRAM, at(2), lease_owner="b") is not None


async def test_the_owner_of_a_lease_who_claims_again_has_it_for_longer(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    again = await stand.service.claim(request.id, ANNA, at(2), lease_owner="a")
    assert again is not None
    assert again == await stand.now_is(request)
    assert again.lease_until_at == at(2) + LEASE
    assert (await stand.kinds(request.id)).count("claimed") == 1


async def test_a_citizen_who_is_on_the_line_with_us_is_not_called(stand: Stand) -> None:
    request = await stand.created()
    line = await stand.called(replace(new_call(at=TEN), pii_caller_number=request.pii_number))
    assert await stand.claimed() is None
    assert await stand.service.claim(request.id, ANNA, TEN, lease_owner="b") is None
    over = replace(line, stage=Stage.ENDED, ended_at=TEN, end_reason=EndReason.CALLER_HUNG_UP)
    await stand.ledger.store(over, [Fact(TEN, FactKind.ENDED)])
    assert await stand.claimed() is not None


async def test_a_number_that_is_served_here_by_now_is_not_called_and_the_next_request_is_claimed(stand: Stand) -> None:
    served = await stand.created(pii_number=number(1))
    other = await stand.created(at(0.5), pii_number=number(2))
    town = replace(DIRECTORY.municipalities[OOSTERWENDE], geographic_numbers=(number(1),))
    stand.area = replace(DIRECTORY, municipalities={**DIRECTORY.municipalities, OOSTERWENDE: town})
    found = await stand.claimed(at(1))
    assert found is not None
    assert found.id == other.id
    waiting = await stand.now_is(served)
    assert (waiting.state, waiting.next_attempt_at, waiting.escalated_at) == (RequestState.OPEN, None, at(1))
    await stand.service.assign(served.id, None, BRAM, "Chef", at(2))
    assert await stand.service.claim(served.id, BRAM, at(3), lease_owner="b") is None
    assert (await stand.now_is(served)).next_attempt_at is None


# --- attempts ---


async def test_an_attempt_that_reaches_the_citizen_keeps_the_promise(stand: Stand) -> None:
    request = await stand.created()
    assert await stand.claimed(at(1)) is not None
    attempt = await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    await stand.service.attempt_answered(attempt.id, at(2))
    closed = await stand.service.end_attempt(attempt.id, AttemptOutcome.REACHED, at(9), reached_at=at(2.1))
    assert (closed.state, closed.close_kind, closed.closed_by) == (RequestState.CLOSED, CloseKind.REACHED, ANNA)
    assert (closed.reached_at, closed.first_attempt_at, closed.lease_owner) == (at(2.1), at(1), None)
    assert (await stand.attempts(request.id))[0].answered_at == at(2)
    facts = ["created", "claimed", "attempt_started", "attempt_answered", "attempt_ended", "closed"]
    assert await stand.kinds(request.id) == facts
    assert closed.last_seq == len(facts)


async def test_a_citizen_who_was_not_reached_is_tried_again_and_then_a_person_decides(stand: Stand) -> None:
    request = await stand.created()
    first = await stand.tried(request, AttemptOutcome.NO_ANSWER, at(1))
    assert (first.state, first.attempts_count) == (RequestState.PLANNED, 1)
    assert first.next_attempt_at == datetime.fromisoformat("2026-03-02T12:01+01:00")
    second = await stand.tried(request, AttemptOutcome.VOICEMAIL, at(150))
    assert second.attempts_count == 2
    third = await stand.tried(request, AttemptOutcome.NO_ANSWER, at(300))
    assert (third.state, third.next_attempt_at, third.escalated_at) == (RequestState.OPEN, None, at(300))
    assert await stand.claimed(at(400)) is None
    decided = await stand.service.assign(request.id, None, BRAM, "Chef", at(401))
    assert (decided.owner_operator, decided.next_attempt_at) == (BRAM, at(401))
    assert decided.deadline_at == request.deadline_at


async def test_a_virtual_hold_that_was_not_reached_is_an_ordinary_promise(stand: Stand) -> None:
    request = await stand.created(kind=RequestKind.VIRTUAL_HOLD, queued_at=TEN)
    assert await stand.claimed(at(1)) is None
    assert (await stand.tried(request, AttemptOutcome.BUSY, at(1))).kind is RequestKind.PROMISE


async def test_every_step_of_an_attempt_is_idempotent(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    call_id = new_call_id()
    attempts = [await stand.service.start_attempt(request.id, "a", ANNA, call_id, at(n)) for n in (1, 2)]
    assert attempts[0] == attempts[1]
    for _ in range(2):
        await stand.service.attempt_answered(attempts[0].id, at(3))
        await stand.service.talk_began(attempts[0].id, at(3.5))
    ends = [await stand.service.end_attempt(attempts[0].id, AttemptOutcome.BUSY, at(4)) for _ in range(2)]
    assert ends[0] == ends[1]
    facts = await stand.kinds(request.id)
    assert len(facts) == len(set(facts)) == ends[0].last_seq
    with pytest.raises(LeaseLost):
        await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(5))


async def test_under_a_lease_there_is_one_attempt_at_a_time(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    with pytest.raises(AttemptOpen):
        await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(2))
    with pytest.raises(AttemptOpen):
        await stand.service.release(request.id, "a", at(2))
    with pytest.raises(LeaseLost):
        await stand.service.release(request.id, "b", at(2))


async def test_an_unknown_attempt_is_refused(stand: Stand) -> None:
    with pytest.raises(NoSuchRequest, match="no attempt"):
        await stand.service.attempt_answered(AttemptId(RequestId(new_call_id())), TEN)


# --- leases that run out ---


async def test_a_lease_that_is_not_extended_is_swept_and_its_attempt_lost(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    attempt = await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    assert list(await stand.service.sweep_leases(at(4))) == []
    assert list(await stand.service.sweep_leases(at(5))) == [request.id]
    assert list(await stand.service.sweep_leases(at(5))) == []
    swept = await stand.now_is(request)
    assert (swept.state, swept.attempts_count, swept.next_attempt_at) == (RequestState.PLANNED, 0, at(10))
    assert [one.outcome for one in await stand.attempts(request.id)] == [AttemptOutcome.LOST]
    late = await stand.service.end_attempt(
        attempt.id, AttemptOutcome.REACHED, at(6), answered_at=at(2), reached_at=at(2)
    )
    assert (late.state, late.reached_at) == (RequestState.CLOSED, at(2))


async def test_the_late_truth_of_an_attempt_does_not_undo_what_came_after_it(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    lost = await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    await stand.service.sweep_leases(at(5))
    planned = await stand.tried(request, AttemptOutcome.NO_ANSWER, at(10))
    late = await stand.service.end_attempt(lost.id, AttemptOutcome.BUSY, at(12))
    assert (late.next_attempt_at, late.state) == (planned.next_attempt_at, planned.state)
    outcomes = [one.outcome for one in await stand.attempts(request.id)]
    assert outcomes == [AttemptOutcome.BUSY, AttemptOutcome.NO_ANSWER]


async def test_given_a_talk_that_had_begun_when_its_process_dies_then_the_citizen_was_reached(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    attempt = await stand.service.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    await stand.service.attempt_answered(attempt.id, at(1.5))
    for minutes in (2, 2.5):
        await stand.service.talk_began(attempt.id, at(minutes))
    await stand.service.sweep_leases(at(9))
    closed = await stand.now_is(request)
    assert (closed.state, closed.close_kind, closed.reached_at) == (RequestState.CLOSED, CloseKind.REACHED, at(2))
    assert (await stand.kinds(request.id)).count("talk_began") == 1


async def test_a_lease_without_an_attempt_is_given_back(stand: Stand) -> None:
    request = await stand.created()
    await stand.claimed(at(1))
    await stand.service.sweep_leases(at(9))
    again = await stand.claimed(at(9), "b")
    assert again is not None
    assert again.id == request.id


async def test_many_leases_expire_at_once(stand: Stand) -> None:
    requests = [await stand.created(pii_number=number(n)) for n in range(120)]
    for n in range(120):
        assert await stand.claimed(at(1), str(n)) is not None
    assert sorted(await stand.service.sweep_leases(at(9))) == sorted(request.id for request in requests)


async def test_leases_of_calls_that_go_on_are_extended(stand: Stand) -> None:
    call = await stand.called(new_call())
    request = await stand.created()
    await stand.claimed(at(1))
    await stand.service.start_attempt(request.id, "a", ANNA, call.id, at(1))
    for node, until in ((NODE2, at(1) + LEASE), (NODE1, at(30) + LEASE)):
        await stand.service.extend_leases_of_calls(node, at(30))
        assert (await stand.now_is(request)).lease_until_at == until
    assert request.owner_team == KCC
