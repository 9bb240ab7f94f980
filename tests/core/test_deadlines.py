"""The deadline of a request, and the hours at which citizens can be called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.area import CallbackRules, Closing, Municipality, OpeningSpan
from ari_app.core.calendar import AMSTERDAM, DESIGNATED_DAYS
from ari_app.core.deadlines import (
    Deadline,
    callback_deadline,
    day_start,
    may_call_now,
    next_callable,
    next_calling_hour,
    next_planned,
    open_time,
    open_time_after,
    ways_to_call,
)
from ari_app.core.ids import MunicipalityCode

pytestmark = pytest.mark.pure

OFFICE = {day: (OpeningSpan(time(8, 30), time(17)),) for day in range(5)}
WIERDAM = Municipality(MunicipalityCode("GM9904"), "Wierdam", hours=OFFICE)
ALWAYS = replace(WIERDAM, hours={day: (OpeningSpan(time(0), time(0)),) for day in range(7)}, open_on_legal_days=True)


def local(text: str) -> datetime:
    """A moment on the clock in the Netherlands, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


def deadline(text: str, municipality: Municipality = WIERDAM) -> Deadline:
    return callback_deadline(municipality, local(text), DESIGNATED_DAYS)


def closed(municipality: Municipality, *periods: tuple[str, str]) -> Municipality:
    closings = tuple(Closing(local(starts), local(ends), "eigen sluiting") for starts, ends in periods)
    return replace(municipality, closings=closings)


@pytest.mark.parametrize(
    ("first_contact", "by"),
    [
        ("2025-05-02", "2025-05-06"),
        ("2025-12-31", "2026-01-05"),
        ("2026-04-02", "2026-04-07"),
        ("2026-05-04", "2026-05-06"),
        ("2026-05-13", "2026-05-18"),
        ("2026-12-24", "2026-12-28"),
        ("2027-05-04", "2027-05-10"),
        ("2028-04-26", "2028-05-01"),
    ],
)
@pytest.mark.parametrize("hour", ["00:00", "08:30", "12:00", "17:00", "23:59:59"])
def test_at_latest_at_the_end_of_the_next_working_day(first_contact: str, by: str, hour: str) -> None:
    found = deadline(f"{first_contact}T{hour}")
    assert found == Deadline(local(f"{by}T17:00"), local(f"{by}T17:00"), escalate_at_once=False)


@pytest.mark.parametrize(
    ("contact_utc", "by"),
    [
        ("2026-01-12T23:30", "2026-01-14"),  # half past midnight here: Tuesday already
        ("2026-01-12T22:59", "2026-01-13"),
        ("2026-07-13T22:30", "2026-07-15"),  # in summer the day begins at 22:00 UTC
        ("2026-07-13T21:59", "2026-07-14"),
        ("2026-06-04T22:30", "2026-06-08"),  # Friday here, so Monday
    ],
)
def test_the_day_of_first_contact_is_the_day_in_the_netherlands(contact_utc: str, by: str) -> None:
    contact = datetime.fromisoformat(contact_utc).replace(tzinfo=UTC)
    assert callback_deadline(WIERDAM, contact, DESIGNATED_DAYS).deadline_at == local(f"{by}T17:00")


@pytest.mark.parametrize(
    ("contact", "deadline_utc"),
    [
        ("2026-03-27T16:00", "2026-03-30T15:00"),  # clocks go forward on 29 March: 17:00 is 15:00 UTC by then
        ("2026-10-23T16:00", "2026-10-26T16:00"),  # and back on 25 October
        ("2027-03-25T16:00", "2027-03-30T15:00"),  # Good Friday, Easter with the change, Easter Monday
        ("2027-10-29T16:00", "2027-11-01T16:00"),
    ],
)
def test_the_deadline_is_a_time_on_the_clock_also_when_the_clock_changes(contact: str, deadline_utc: str) -> None:
    assert deadline(contact).deadline_at == datetime.fromisoformat(deadline_utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "contact_utc", ["2026-10-25T00:30", "2026-10-25T01:30", "2026-03-29T00:59", "2026-03-29T01:00"]
)
def test_a_contact_in_the_hour_that_changes_has_its_deadline_on_monday(contact_utc: str) -> None:
    contact = datetime.fromisoformat(contact_utc).replace(tzinfo=UTC)
    monday = date(2026, 10, 26) if contact.month == 10 else date(2026, 3, 30)
    assert callback_deadline(ALWAYS, contact, DESIGNATED_DAYS).deadline_at == local(f"{monday}T23:59:59")


def test_the_end_of_the_opening_hours_is_that_of_the_day_itself() -> None:
    hours = {**OFFICE, 1: (OpeningSpan(time(8, 30), time(12)), OpeningSpan(time(13), time(20)))}
    evening = replace(WIERDAM, hours=hours)
    assert deadline("2026-03-02T10:00", evening).deadline_at == local("2026-03-03T20:00")
    assert deadline("2026-03-03T10:00", evening).deadline_at == local("2026-03-04T17:00")
    early = closed(evening, ("2026-03-03T15:00", "2026-03-03T23:00"))
    assert deadline("2026-03-02T10:00", early).deadline_at == local("2026-03-03T15:00")


def test_a_municipality_that_never_closes_has_the_day_itself_and_calls_at_decent_hours() -> None:
    found = deadline("2026-03-02T10:00", ALWAYS)
    assert found == Deadline(local("2026-03-03T23:59:59"), local("2026-03-03T20:00"), escalate_at_once=False)


def test_a_day_closed_by_own_choice_is_a_working_day_all_the_same() -> None:
    """Carnival Monday: the deadline is 17:00 that day, and the call is planned for Friday."""
    maastricht = closed(WIERDAM, ("2026-02-16T00:00", "2026-02-17T00:00"))
    found = deadline("2026-02-13T10:00", maastricht)
    assert found == Deadline(local("2026-02-16T17:00"), local("2026-02-13T17:00"), escalate_at_once=False)


def test_no_hours_on_a_weekday_is_own_choice_too() -> None:
    no_wednesday = replace(WIERDAM, hours={day: spans for day, spans in OFFICE.items() if day != 2})
    assert deadline("2026-03-03T09:00", no_wednesday) == Deadline(
        local("2026-03-04T17:00"), local("2026-03-03T17:00"), escalate_at_once=False
    )


@pytest.mark.parametrize(
    ("contact", "at_once", "plan_by"),
    [
        ("2026-02-13T15:00", False, "2026-02-13T17:00"),  # two hours left: enough
        ("2026-02-13T15:01", True, "2026-02-13T17:00"),
        ("2026-02-13T17:00", True, "2026-02-16T17:00"),  # no open hour left: somebody else works on Monday
        ("2026-02-14T11:00", True, "2026-02-16T17:00"),  # on Saturday, with carnival on Monday
    ],
)
def test_with_less_than_two_open_hours_left_it_is_escalated_at_once(contact: str, at_once: bool, plan_by: str) -> None:
    maastricht = closed(WIERDAM, ("2026-02-16T00:00", "2026-02-17T00:00"))
    assert deadline(contact, maastricht) == Deadline(local("2026-02-16T17:00"), local(plan_by), at_once)


def test_a_municipality_without_any_hours_has_promises_too() -> None:
    found = deadline("2026-03-02T10:00", replace(WIERDAM, hours={}))
    assert found == Deadline(local("2026-03-03T17:00"), local("2026-03-03T17:00"), escalate_at_once=True)
    assert next_callable(replace(WIERDAM, hours={}), {}, local("2026-03-07T10:00")) == local("2026-03-09T08:30")


def test_being_open_on_a_legal_day_makes_no_working_day_of_it() -> None:
    assert deadline("2026-05-04T10:00", ALWAYS).deadline_at == local("2026-05-06T23:59:59")


def test_an_instant_without_timezone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="timezone"):
        callback_deadline(WIERDAM, datetime(2026, 3, 2), {})  # noqa: DTZ001


# --- a promise has a way before its deadline ---

CARNIVAL = closed(WIERDAM, ("2026-02-16T00:00", "2026-02-17T00:00"))
EARLY_ONLY = replace(WIERDAM, hours={day: (OpeningSpan(time(7), time(8)),) for day in range(5)})
NIGHT_CALLS = replace(CARNIVAL, callback=CallbackRules(call_from=time(18), call_until=time(20)))


@pytest.mark.parametrize(
    ("town", "start", "deadline_at", "ways"),
    [
        (WIERDAM, "2026-03-02T16:00", "2026-03-03T17:00", [("02T16:00", "02T17:00"), ("03T08:30", "03T17:00")]),
        (CARNIVAL, "2026-02-14T11:00", "2026-02-16T17:00", [("16T08:30", "16T17:00")]),
        (CARNIVAL, "2026-02-13T17:00", "2026-02-16T17:00", [("13T17:00", "13T20:00"), ("16T08:30", "16T17:00")]),
        (EARLY_ONLY, "2026-03-02T21:00", "2026-03-03T08:00", [("03T07:00", "03T08:00")]),
        (NIGHT_CALLS, "2026-02-14T11:00", "2026-02-16T17:00", [("16T15:00", "16T17:00")]),
        (NIGHT_CALLS, "2026-02-16T16:00", "2026-02-16T17:00", [("16T16:00", "16T17:00")]),
    ],
    ids=[
        "open, within the hours for calling",
        "closed, within the hours for calling",
        "closed, and still the evening of today",
        "open, outside the hours for calling",
        "neither: the last two hours",
        "neither: what is left",
    ],
)
def test_the_ways_before_a_deadline_in_their_order(
    town: Municipality, start: str, deadline_at: str, ways: list[tuple[str, str]]
) -> None:
    month = start[:8]
    expected = [(local(month + begins), local(month + ends)) for begins, ends in ways]
    assert ways_to_call(town, DESIGNATED_DAYS, local(start), local(deadline_at)) == expected
    assert next_planned(town, DESIGNATED_DAYS, local(start), local(deadline_at)) == expected[0][0]


def test_after_the_deadline_a_call_is_planned_as_usual() -> None:
    for town in (CARNIVAL, NIGHT_CALLS):
        late = local("2026-02-16T17:00")
        assert next_planned(town, DESIGNATED_DAYS, late, late) == next_callable(town, DESIGNATED_DAYS, late)


_SPANS = st.lists(st.sampled_from([(7, 8), (9, 12), (13, 17), (17, 20), (20, 23)]), unique=True, max_size=2)


@given(
    st.dictionaries(st.integers(0, 6), _SPANS),
    st.sets(st.integers(0, 20), max_size=8),
    st.tuples(st.integers(0, 22), st.integers(0, 22)).filter(lambda hours: hours[0] < hours[1]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001
)
def test_a_promise_is_planned_before_its_deadline_whatever_the_hours_and_closings(
    hours: dict[int, list[tuple[int, int]]], closed_days: set[int], calling: tuple[int, int], naive: datetime
) -> None:
    first_contact = local(naive.isoformat())
    midnight = naive.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [(midnight + timedelta(days=n), midnight + timedelta(days=n + 1)) for n in closed_days]
    closings = tuple(Closing(local(begins.isoformat()), local(ends.isoformat()), "") for begins, ends in days)
    town = replace(
        WIERDAM,
        hours={day: tuple(OpeningSpan(time(a), time(b)) for a, b in sorted(spans)) for day, spans in hours.items()},
        closings=closings,
        callback=CallbackRules(call_from=time(calling[0]), call_until=time(calling[1])),
    )
    found = callback_deadline(town, first_contact, DESIGNATED_DAYS)
    assert first_contact < found.plan_by_at <= found.deadline_at
    planned = next_planned(town, DESIGNATED_DAYS, first_contact, found.deadline_at)
    assert first_contact <= planned < found.deadline_at
    resumes = next_calling_hour(town, DESIGNATED_DAYS, planned)
    assert resumes == planned or found.deadline_at <= resumes, "an operator is offered it at that moment"


# --- when citizens can be called ---


@pytest.mark.parametrize(
    ("now", "may"),
    [
        ("2026-03-02T08:29", False),
        ("2026-03-02T08:30", True),
        ("2026-03-02T19:59", True),  # closed, but somebody works: an hour at which people may be called
        ("2026-03-02T20:00", False),
        ("2026-03-07T12:00", False),  # Saturday
        ("2026-05-05T12:00", False),
    ],
)
def test_citizens_are_called_at_decent_hours(now: str, may: bool) -> None:
    assert may_call_now(WIERDAM, DESIGNATED_DAYS, local(now)) is may


def test_a_municipality_that_is_open_on_saturday_calls_on_saturday() -> None:
    assert may_call_now(ALWAYS, DESIGNATED_DAYS, local("2026-03-07T12:00"))


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("2026-03-02T10:00", "2026-03-02T10:00"),
        ("2026-03-02T17:00", "2026-03-03T08:30"),
        ("2026-03-06T18:00", "2026-03-09T08:30"),
        ("2026-12-24T18:00", "2026-12-28T08:30"),
    ],
)
def test_the_next_moment_for_a_call(start: str, at: str) -> None:
    assert next_callable(WIERDAM, DESIGNATED_DAYS, local(start)) == local(at)


def test_open_time_goes_over_nights_weekends_and_closings() -> None:
    town = closed(WIERDAM, ("2026-03-09T08:30", "2026-03-09T10:00"))
    start, end = local("2026-03-06T16:00"), local("2026-03-09T11:00")
    assert open_time(town, {}, start, end) == timedelta(hours=2)
    assert open_time_after(town, {}, start, timedelta(hours=2)) == end
    assert open_time_after(replace(town, hours={}), {}, start, timedelta(hours=2)) is None


def test_a_day_begins_when_the_doors_open_but_not_before_people_may_be_called() -> None:
    monday = date(2026, 3, 2)
    assert day_start(WIERDAM, {}, monday) == local("2026-03-02T08:30")
    assert day_start(ALWAYS, {}, monday) == local("2026-03-02T08:30")
    assert day_start(replace(WIERDAM, hours={}), {}, monday) == local("2026-03-02T08:30")
    dawn = replace(WIERDAM, hours={0: (OpeningSpan(time(6), time(8)),)})
    assert day_start(dawn, {}, monday) == local("2026-03-02T06:00")
    late = replace(WIERDAM, callback=CallbackRules(call_from=time(10)))
    assert day_start(late, {}, monday) == local("2026-03-02T10:00")
