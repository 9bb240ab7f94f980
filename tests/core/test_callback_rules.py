"""The owner of a request, its next attempt, and its turn among the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import Area, CallbackRules, Norms, Operator, Team
from ari_app.core.calendar import DESIGNATED_DAYS
from ari_app.core.callback_rules import (
    NextAttempt,
    Owner,
    as_waiting,
    callable_towns,
    next_attempt,
    owner_now,
    owner_team_of,
    virtual_hold_has_lapsed,
)
from ari_app.core.callbacks import Absence, AttemptOutcome, CallbackAttempt, RequestKind
from ari_app.core.ids import (
    AttemptId,
    CallId,
    MunicipalityCode,
    OperatorNumber,
    RequestId,
    SessionId,
    TeamCode,
)
from ari_app.core.queue_rules import Offer, ReadyOperator, WaitingCaller, offers
from ari_app.core.references import reference_of
from tests.core.callback_values import MONDAY_TEN, attempts, made
from tests.core.test_deadlines import ALWAYS, WIERDAM, closed, local
from tests.fakes.callbacks import urgency
from tests.references import is_reference
from tests.storage.callback_values import ANNA, KCC

pytestmark = pytest.mark.pure

O = AttemptOutcome  # noqa: E741


def following(now: str, *tries: tuple[str, AttemptOutcome]) -> NextAttempt:
    return next_attempt(made(), attempts(*tries), WIERDAM, DESIGNATED_DAYS, local(now))


# --- the next attempt ---


def test_attempts_are_spread_over_the_parts_of_the_day() -> None:
    first = ("2026-03-02T10:00", O.NO_ANSWER)
    assert following("2026-03-02T10:01", first).at == local("2026-03-02T12:01")
    assert following("2026-03-02T09:01", first).at == local("2026-03-02T12:00")
    second = ("2026-03-02T12:05", O.VOICEMAIL)
    # Morning and afternoon were tried, and it is open until five: then simply after the pause.
    assert following("2026-03-02T12:06", first, second).at == local("2026-03-02T14:06")


def test_an_evening_opening_is_used_for_a_citizen_who_is_away_by_day() -> None:
    town = replace(ALWAYS, open_on_legal_days=False)
    tries = attempts(("2026-03-02T10:00", O.NO_ANSWER), ("2026-03-02T13:00", O.NO_ANSWER))
    found = next_attempt(made(town=town), tries, town, DESIGNATED_DAYS, local("2026-03-02T13:00"))
    assert found.at == local("2026-03-02T17:00")


def test_near_the_deadline_the_last_chance_is_taken() -> None:
    late = ("2026-03-03T15:50", O.NO_ANSWER)
    assert following("2026-03-03T15:51", late).at == local("2026-03-03T16:45")
    assert following("2026-03-03T16:40", late).at == local("2026-03-04T08:30")  # late, but not never


@pytest.mark.parametrize("outcome", [O.NO_ANSWER, O.VOICEMAIL, O.BUSY])
def test_after_the_last_attempt_a_person_decides(outcome: AttemptOutcome) -> None:
    tries = [("2026-03-02T10:00", O.NO_ANSWER), ("2026-03-02T13:00", O.BUSY), ("2026-03-02T16:00", outcome)]
    assert following("2026-03-02T16:01", *tries) == NextAttempt(None, escalate=True)


@pytest.mark.parametrize("outcome", [O.WRONG_NUMBER, O.REFUSED])
def test_a_wrong_number_or_a_refusal_is_for_a_person_at_once(outcome: AttemptOutcome) -> None:
    assert following("2026-03-02T10:01", ("2026-03-02T10:00", outcome)) == NextAttempt(None, escalate=True)


def test_a_busy_line_is_soon_tried_again() -> None:
    assert following("2026-03-02T10:00", ("2026-03-02T10:00", O.BUSY)).at == local("2026-03-02T10:15")


@pytest.mark.parametrize(
    ("now", "at"),
    [
        ("2026-03-03T16:44", "2026-03-03T16:59"),
        ("2026-03-03T16:50", "2026-03-03T16:55"),
        ("2026-03-03T16:56", "2026-03-04T08:30"),  # late, but not never
        ("2026-03-03T17:10", "2026-03-04T08:30"),
    ],
)
def test_a_busy_line_is_tried_once_more_while_the_promise_can_be_kept(now: str, at: str) -> None:
    assert following(now, (now, O.BUSY)).at == local(at)


@pytest.mark.parametrize(
    ("now", "outcome", "at"),
    [
        ("2026-02-13T16:50", O.FAILED, "2026-02-13T16:55"),
        ("2026-02-13T16:58", O.FAILED, "2026-02-13T17:03"),
        ("2026-02-13T16:58", O.BUSY, "2026-02-13T17:13"),
        ("2026-02-13T16:50", O.NO_ANSWER, "2026-02-13T18:50"),
        ("2026-02-13T19:30", O.NO_ANSWER, "2026-02-16T08:30"),
    ],
)
def test_where_the_next_day_is_closed_the_next_attempt_is_still_before_the_deadline(
    now: str, outcome: AttemptOutcome, at: str
) -> None:
    """Asked on Friday, with carnival on Monday: the promise ends on Monday at 17:00."""
    town = closed(WIERDAM, ("2026-02-16T00:00", "2026-02-17T00:00"))
    request = made(local("2026-02-13T10:00"), town)
    assert request.deadline_at == local("2026-02-16T17:00")
    found = next_attempt(request, attempts((now, outcome)), town, DESIGNATED_DAYS, local(now))
    assert found.at == local(at)


def test_our_own_faults_count_as_no_attempts_and_escalate_when_they_go_on() -> None:
    tries = [("2026-03-02T10:00", O.FAILED), ("2026-03-02T10:05", O.LOST)]
    assert following("2026-03-02T10:06", *tries) == NextAttempt(local("2026-03-02T10:11"))
    tries.append(("2026-03-02T10:11", O.FAILED))
    assert following("2026-03-02T10:12", *tries) == NextAttempt(local("2026-03-02T10:17"), escalate=True)


def test_where_citizens_may_be_called_now() -> None:
    always = replace(ALWAYS, code=MunicipalityCode("GM9903"))
    area = Area({WIERDAM.code: WIERDAM, always.code: always})
    assert callable_towns(area, MONDAY_TEN) == {WIERDAM.code, always.code}
    assert callable_towns(area, local("2026-03-07T12:00")) == {always.code}
    assert callable_towns(area, local("2026-03-07T21:00")) == frozenset()


def test_nothing_is_planned_outside_the_hours_for_calling() -> None:
    assert following("2026-03-02T16:59", ("2026-03-02T16:50", O.BUSY)).at == local("2026-03-03T08:30")
    assert made(local("2026-03-06T23:00")).next_attempt_at == local("2026-03-09T08:30")


@given(
    st.lists(st.sampled_from(list(AttemptOutcome)), max_size=5),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
)
def test_a_next_attempt_is_never_in_the_past_and_without_one_it_is_escalated(
    outcomes: list[AttemptOutcome], naive: datetime
) -> None:
    now = local(naive.isoformat())
    tries = [
        CallbackAttempt(AttemptId(UUID(int=n)), RequestId(UUID(int=1)), n, ANNA, now, ended_at=now, outcome=outcome)
        for n, outcome in enumerate(outcomes)
    ]
    found = next_attempt(made(now), tries, WIERDAM, DESIGNATED_DAYS, now)
    reached = bool(outcomes) and outcomes[-1] is O.REACHED
    assert not (reached and (found.at or found.escalate))
    assert found.at is None or found.at >= now
    assert found.at is not None or found.escalate or reached


# --- the owner ---


def test_the_request_of_one_person_is_the_teams_when_they_are_away_or_late() -> None:
    request = made(operator=ANNA)
    leave = Absence(ANNA, local("2026-03-02T11:00"), local("2026-03-02T12:00"), "verlof")
    assert request.personal_until_at == local("2026-03-02T14:00")
    for now, operator in (("10:59", ANNA), ("11:00", None), ("12:00", ANNA), ("14:00", None)):
        assert owner_now(request, [leave], local(f"2026-03-02T{now}")) == Owner(KCC, operator)
    sick = Absence(ANNA, local("2026-03-01T00:00"))
    assert owner_now(request, [sick], MONDAY_TEN) == Owner(KCC)
    assert owner_now(made(), [sick], MONDAY_TEN) == Owner(KCC)


def test_a_persons_patience_counts_opening_time_and_ends_before_the_deadline_does() -> None:
    assert made(local("2026-03-02T16:00"), operator=ANNA).personal_until_at == local("2026-03-03T11:30")
    patient = replace(WIERDAM, callback=CallbackRules(personal_overdue_minutes=6000))
    assert made(town=patient, operator=ANNA).personal_until_at == local("2026-03-03T15:00")


def test_requests_belong_to_the_team_of_the_rules_or_to_one_that_answers_for_the_municipality() -> None:
    code = WIERDAM.code
    teams = {
        TeamCode("a"): Team(TeamCode("a"), "A", (), (code,)),
        TeamCode("b"): Team(TeamCode("b"), "B", (code,)),
        TeamCode("c"): Team(TeamCode("c"), "C", (code,)),
    }
    area = Area({code: WIERDAM}, teams=teams, operators={ANNA: Operator(ANNA, "Anna", (TeamCode("c"),))})
    assert owner_team_of(area, code) == "c"
    assert owner_team_of(replace(area, operators={}), code) == "b"
    named = replace(WIERDAM, callback=CallbackRules(team=TeamCode("a")))
    assert owner_team_of(replace(area, municipalities={code: named}), code) == "a"
    assert owner_team_of(Area(), code) is None


def test_the_request_that_must_be_done_first_comes_first() -> None:
    town = closed(WIERDAM, ("2026-03-04T00:00", "2026-03-05T00:00"))
    today = made(local("2026-03-03T09:00"), town)  # closed tomorrow by choice: to be called today
    tomorrow = made(local("2026-03-03T08:45"))
    yesterday = made(local("2026-03-02T09:00"))
    assert sorted([tomorrow, today, yesterday], key=urgency) == [yesterday, today, tomorrow]


# --- virtual holds ---


def waiting(n: int, queued_at: datetime, town: str = "GM9904") -> WaitingCaller:
    return WaitingCaller(CallId(UUID(int=n)), MunicipalityCode(town), queued_at, 25, 60)


def ready(n: int, *serves: str) -> ReadyOperator:
    towns = frozenset(map(MunicipalityCode, serves or ("GM9904",)))
    return ReadyOperator(SessionId(UUID(int=n)), OperatorNumber(str(n)), towns, frozenset(), MONDAY_TEN)


def at(seconds: float) -> datetime:
    return MONDAY_TEN + timedelta(seconds=seconds)


def test_a_virtual_hold_is_served_like_a_caller_who_waits() -> None:
    request = made(kind=RequestKind.VIRTUAL_HOLD, queued_at=at(10))
    kept = as_waiting(request, Norms())
    assert kept.queued_at == at(10)
    before, after = waiting(1, at(5)), waiting(2, at(15))
    first, second = SessionId(UUID(int=1)), SessionId(UUID(int=2))
    assert offers([after, kept, before], [ready(1)], at(20)) == [Offer(before.call_id, first)]
    assert offers([after, kept], [ready(1)], at(20)) == [Offer(kept.call_id, first)]
    both = offers([after, kept, before], [ready(1), ready(2)], at(20))
    assert both == [Offer(before.call_id, first), Offer(kept.call_id, second)]


def test_a_place_lapses_when_the_days_calling_is_over() -> None:
    request = made(kind=RequestKind.VIRTUAL_HOLD, queued_at=MONDAY_TEN)
    assert not virtual_hold_has_lapsed(request, WIERDAM, DESIGNATED_DAYS, local("2026-03-02T16:59"))
    assert virtual_hold_has_lapsed(request, WIERDAM, DESIGNATED_DAYS, local("2026-03-02T17:00"))
    assert virtual_hold_has_lapsed(request, WIERDAM, DESIGNATED_DAYS, local("2026-03-03T09:00"))
    assert not virtual_hold_has_lapsed(made(), WIERDAM, DESIGNATED_DAYS, local("2026-03-03T09:00"))


# --- the reference ---


def test_references_differ_and_a_slip_of_the_tongue_makes_none() -> None:
    numbers = [*range(3000), *range(999_000, 1_001_000)]
    references = [reference_of(n) for n in numbers]
    assert len(set(references)) == len(numbers)
    assert {len(reference) for reference in references} == {7, 9}
    assert all(map(is_reference, references))
    for reference in references[:300]:
        for place in range(6):
            a, b = reference[place], reference[place + 1]
            swapped = reference[:place] + b + a + reference[place + 2 :]
            assert a == b or not is_reference(swapped)
            wrong = reference[:place] + str((int(a) + 3) % 10) + reference[place + 1 :]
            assert not is_reference(wrong)
    assert not any(map(is_reference, ["", "123", "12345678", "abcdefg", "١٢٣٤٥٦٧"]))
