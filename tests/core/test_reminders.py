"""Reminders: right, in time, once; also over two whole years, clock changes, and a machine that slept."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from ari_app.core.area import Area, Closing, Municipality, OpeningSpan
from ari_app.core.calendar import DESIGNATED_DAYS, instant_of, local_date, next_working_day, openings_of_day
from ari_app.core.callbacks import Absence, CallbackRequest, RequestState
from ari_app.core.reminders import Audience, Reminder, ReminderKind, due_reminders
from tests.core.callback_values import made
from tests.core.test_deadlines import OFFICE, WIERDAM, closed, local
from tests.storage.callback_values import ANNA, KCC

pytestmark = pytest.mark.pure

K = ReminderKind
MIDNIGHT = time(0)
#: keeps office hours, is open one evening, and closes by its own choice at Christmas and carnival
TOWN = replace(
    WIERDAM,
    hours={**OFFICE, 1: (OpeningSpan(time(8, 30), time(12)), OpeningSpan(time(13), time(20)))},
    closings=(
        Closing(local("2026-02-16T00:00"), local("2026-02-17T00:00"), "carnaval"),
        Closing(local("2026-12-24T15:00"), local("2026-12-25T00:00"), "Kerstavond"),
        Closing(local("2026-12-28T00:00"), local("2027-01-01T00:00"), "tussen de feestdagen"),
        Closing(local("2027-02-08T00:00"), local("2027-02-09T00:00"), "carnaval"),
    ),
)


def area(town: Municipality) -> Area:
    return Area({town.code: town}, special_days=DESIGNATED_DAYS)


def due(requests: list[CallbackRequest], now: str, town: Municipality = WIERDAM) -> list[tuple[ReminderKind, datetime]]:
    return [(one.kind, one.due_at) for one in due_reminders(requests, [], area(town), local(now))]


def test_the_reminders_of_a_promise_in_their_order() -> None:
    requests = [made(local("2026-03-06T10:00"))]  # Friday; to be done on Monday
    assert due(requests, "2026-03-09T08:29") == []
    day_start = (K.DAY_START, local("2026-03-09T08:30"))
    before = (K.BEFORE_DEADLINE, local("2026-03-09T15:00"))
    at_deadline = (K.AT_DEADLINE, local("2026-03-09T17:00"))
    assert due(requests, "2026-03-09T08:30") == [day_start]
    assert due(requests, "2026-03-09T15:00") == [day_start, before]
    assert due(requests, "2026-03-09T17:00") == [day_start, before, at_deadline]
    next_day = [(kind, local("2026-03-10T08:30")) for kind in (K.DAY_START, K.OVERDUE)]
    assert due(requests, "2026-03-10T09:00") == [before, at_deadline, *next_day]
    assert (
        due([replace(requests[0], state=RequestState.CLOSED, closed_at=local("2026-03-09T09:00"))], "2026-03-09T10:00")
        == []
    )


def test_an_overdue_request_is_reminded_of_on_every_working_day_until_it_is_closed() -> None:
    requests = [made(local("2026-03-05T10:00"))]
    told: set[str] = set()
    for day in range(7, 14):  # Saturday to Friday
        found = due_reminders(requests, [], area(WIERDAM), local(f"2026-03-{day:02}T12:00"))
        told |= {one.key for one in found if one.kind is K.OVERDUE}
    assert sorted(key[-10:] for key in told) == [f"2026-03-{day:02}" for day in (9, 10, 11, 12, 13)]


def test_the_day_of_an_owner_is_one_reminder() -> None:
    requests = [made(local("2026-03-02T16:00"), n=n) for n in range(3)]
    requests.append(made(local("2026-03-02T16:00"), n=9, operator=ANNA))
    found = due_reminders(requests, [], area(WIERDAM), local("2026-03-03T08:30"))
    assert [(one.kind, one.owner_team, one.owner_operator) for one in found] == [
        (K.DAY_START, KCC, None),
        (K.DAY_START, KCC, ANNA),
    ]
    away = Absence(ANNA, local("2026-03-03T00:00"))
    found = due_reminders(requests, [away], area(WIERDAM), local("2026-03-03T08:30"))
    assert [one.owner_operator for one in found] == [None]


def test_without_time_to_plan_the_supervisor_hears_at_once() -> None:
    town = closed(WIERDAM, ("2026-02-16T00:00", "2026-02-17T00:00"))
    now = local("2026-02-13T16:00")
    found = due_reminders([made(now, town)], [], area(town), now)
    assert [(one.kind, one.kind.audience) for one in found] == [
        (K.BEFORE_DEADLINE, Audience.OWNER),
        (K.NO_TIME_LEFT, Audience.SUPERVISOR),
    ]


def test_each_time_that_a_person_has_to_decide_there_is_a_reminder() -> None:
    request = replace(
        made(local("2026-03-02T10:00")), next_attempt_at=None, escalated_at=local("2026-03-02T16:00"), attempts_count=3
    )
    (first,) = due_reminders([request], [], area(WIERDAM), local("2026-03-02T16:00"))
    (again,) = due_reminders([replace(request, attempts_count=4)], [], area(WIERDAM), local("2026-03-02T17:00"))
    assert first.kind is again.kind is K.NEEDS_DECISION
    assert first.key != again.key


def test_no_reminder_of_a_request_is_due_while_an_operator_calls() -> None:
    request = made(local("2026-03-02T10:00"))
    busy = replace(request, state=RequestState.IN_PROGRESS, lease_owner="a", lease_until_at=local("2026-03-03T17:02"))
    assert due([busy], "2026-03-03T17:01") == [(K.DAY_START, local("2026-03-03T08:30"))]
    assert (K.AT_DEADLINE, local("2026-03-03T17:00")) in due([request], "2026-03-03T17:02")


def test_calls_that_fail_on_our_side_are_reminded_of_once() -> None:
    request = replace(
        made(local("2026-03-02T10:00")), state=RequestState.PLANNED, escalated_at=local("2026-03-02T10:20")
    )
    assert due([request], "2026-03-02T10:20") == [(K.CALLS_FAIL, local("2026-03-02T10:20"))]
    late = replace(request, escalated_at=request.deadline_at)
    assert K.CALLS_FAIL not in {kind for kind, _ in due([late], "2026-03-03T18:00")}


def test_each_of_ten_thousand_open_requests_costs_no_more_than_each_of_a_hundred() -> None:
    """In calls of functions, built-in ones included: on a machine of any speed they are as many."""

    def calls_of_one(count: int) -> float:
        requests, calls = [made(local("2026-03-02T10:00"))] * count, 0

        def seen(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(seen)
        try:
            found = due(requests, "2026-03-03T16:00")
        finally:
            sys.setprofile(None)
        assert len(found) == count + 1
        return calls / count

    assert 1 < calls_of_one(10_000) < 1.1 * calls_of_one(100)


def test_of_a_municipality_that_was_removed_the_promise_stays() -> None:
    request = made(local("2026-03-02T10:00"))
    found = due_reminders([request], [], Area(), local("2026-03-03T17:00"))
    assert {one.kind for one in found} == {K.DAY_START, K.BEFORE_DEADLINE, K.AT_DEADLINE}


# --- two years ---


def contacts() -> Iterator[datetime]:
    """At opening, at closing and at midnight of every day of 2026 and 2027; closed days have office hours here."""
    for n in range(730):
        day = date(2026, 1, 1) + timedelta(days=n)
        spans = list(openings_of_day(TOWN, DESIGNATED_DAYS, day))
        opening, closing = (
            (spans[0][0], spans[-1][1]) if spans else (instant_of(day, time(8, 30)), instant_of(day, time(17)))
        )
        yield from (instant_of(day, MIDNIGHT), opening, closing)


def expected_deadline(contact: datetime) -> datetime:
    """The expected reminders, computed in another way: by the clock on the wall."""
    day = next_working_day(local_date(contact), DESIGNATED_DAYS)
    own_choice = any(shut.starts_at <= instant_of(day, time(8)) < shut.ends_at for shut in TOWN.closings)
    if own_choice:
        return instant_of(day, time(17))
    if day == date(2026, 12, 24):
        return instant_of(day, time(15))
    return instant_of(day, time(20) if day.weekday() == 1 else time(17))


def test_every_request_of_two_years_has_the_right_deadline_and_a_reminder_before_it() -> None:
    count = 0
    for n, contact in enumerate(contacts()):
        request = made(contact, TOWN, n)
        assert request.deadline_at == expected_deadline(contact), contact
        assert contact <= request.plan_by_at <= request.deadline_at
        just_before = request.deadline_at - timedelta(seconds=1)
        before = due_reminders([request], [], area(TOWN), just_before)
        assert before, contact
        assert all(contact <= one.due_at < request.deadline_at for one in before)
        count += 1
    assert count == 2190


def replay(now: datetime, until: datetime, step: timedelta, asleep: tuple[datetime, datetime] | None) -> list[Reminder]:
    """A clock that ticks; requests come as they come and are called back three days later."""
    moments = list(contacts())
    requests: list[CallbackRequest] = []
    told: dict[str, Reminder] = {}
    count = 0
    while now < until:
        while count < len(moments) and moments[count] <= now:
            if moments[count] > until - timedelta(days=400):
                requests.append(made(moments[count], TOWN, count))
            count += 1
        if asleep is None or not asleep[0] <= now < asleep[1]:
            requests = [one for one in requests if now < one.deadline_at + timedelta(days=3)]
            for reminder in due_reminders(requests, [], area(TOWN), now):
                assert reminder.due_at <= now
                told.setdefault(reminder.key, reminder)
        now += step
    return list(told.values())


@pytest.mark.parametrize(
    ("start", "until"),
    [("2026-03-20T00:00", "2026-04-10T00:00"), ("2026-10-16T00:00", "2026-11-06T00:00")],
    ids=["clocks forward", "clocks back"],
)
def test_given_a_machine_that_slept_when_it_wakes_then_due_reminders_are_found_late_and_once(
    start: str, until: str
) -> None:
    begin, end = local(start), local(until)
    step = timedelta(hours=1)
    # It sleeps over the change of the clock, from Friday noon to Monday afternoon.
    change = datetime(2026, 3, 29, 1, tzinfo=UTC) if begin.month == 3 else datetime(2026, 10, 25, 1, tzinfo=UTC)
    asleep = (change - timedelta(days=1, hours=14), change + timedelta(days=1, hours=13))
    awake = {one.key: one for one in replay(begin, end, step, None)}
    slept = {one.key: one for one in replay(begin, end, step, asleep)}
    daily = (K.DAY_START, K.OVERDUE)
    assert {key for key, one in awake.items() if one.kind not in daily} == {
        key for key, one in slept.items() if one.kind not in daily
    }
    # The reminder of a morning that was slept through comes in the afternoon; none comes twice in a day.
    assert {key for key, one in awake.items() if one.kind in daily} == {
        key for key, one in slept.items() if one.kind in daily
    }
    per_owner = Counter(one.day for one in slept.values() if one.kind is K.DAY_START)
    assert set(per_owner.values()) == {1}
    assert all(one.due_at.astimezone(UTC) == slept[key].due_at for key, one in awake.items())
