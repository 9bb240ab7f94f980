"""Until when a citizen is to be called back: at latest on the working day after the first contact (AV §2).

Three calendars meet here and stay apart: the law's working days set the day, the municipality's hours set the time of
day, and the hours for calling citizens say when it can be done. Spans are pairs of instants in UTC, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ari_app.core.area import Municipality
from ari_app.core.calendar import instant_of, is_working_day, local_date, next_working_day, openings_of_day

#: the deadline on a working day on which the municipality is closed by its own choice
CLOSED_DAY_DEADLINE = time(17, 0)
#: with less than this left, there is nothing to plan
LEAST_OPEN = timedelta(hours=2)
_SEARCH_DAYS = 30
_ONE_SECOND = timedelta(seconds=1)

Span = tuple[datetime, datetime]
SpecialDays = Mapping[date, str]


@dataclass(frozen=True, slots=True)
class Deadline:
    """`plan_by_at` is the last moment at which the call can be made, in the best way there is (`ways_to_call`)."""

    deadline_at: datetime
    plan_by_at: datetime
    escalate_at_once: bool


def callback_deadline(municipality: Municipality, first_contact_at: datetime, special_days: SpecialDays) -> Deadline:
    """The end of the opening hours on the working day after the first contact.

    A municipality that closes at midnight has the last second of that day, so that a deadline lies on its own day.
    Where it is closed all that day by its own choice, the deadline is 17:00: the norm knows no local closings. It is
    to be escalated at once when less than two open hours are left before that.
    Raises ValueError when `first_contact_at` has no timezone.
    """
    if first_contact_at.tzinfo is None:
        raise ValueError("an instant without timezone")
    first_day = local_date(first_contact_at)
    day = next_working_day(first_day, special_days)
    own_hours = list(openings_of_day(municipality, special_days, day))
    deadline_at = own_hours[-1][1] if own_hours else instant_of(day, CLOSED_DAY_DEADLINE)
    if local_date(deadline_at) != day:
        deadline_at -= _ONE_SECOND
    plan_by_at = ways_to_call(municipality, special_days, first_contact_at, deadline_at)[-1][1]
    too_little = open_time(municipality, special_days, first_contact_at, deadline_at) < LEAST_OPEN
    return Deadline(deadline_at, plan_by_at, escalate_at_once=not own_hours and too_little)


def open_time(municipality: Municipality, special_days: SpecialDays, start: datetime, end: datetime) -> timedelta:
    """How long the municipality is open between two instants."""
    days = (local_date(start) + timedelta(days=n) for n in range((local_date(end) - local_date(start)).days + 1))
    spans = (span for day in days for span in openings_of_day(municipality, special_days, day))
    return sum((closes - opens for opens, closes in _clipped(spans, start, end)), timedelta())


def open_time_after(
    municipality: Municipality, special_days: SpecialDays, start: datetime, wanted: timedelta
) -> datetime | None:
    """When the municipality has been open for `wanted` since `start`; None when that is more than a month ahead."""
    for ahead in range(_SEARCH_DAYS):
        day = local_date(start) + timedelta(days=ahead)
        for opens_at, closes_at in openings_of_day(municipality, special_days, day):
            opens_at = max(opens_at, start)
            if closes_at - opens_at >= wanted:
                return opens_at + wanted
            wanted -= max(closes_at - opens_at, timedelta())
    return None


def calling_spans(
    municipality: Municipality, special_days: SpecialDays, first_day: date, last_day: date
) -> Iterator[Span]:
    """The spans in which citizens can be called: the municipality is open, within its hours for calling."""
    for ahead in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=ahead)
        may = calling_hours(municipality, day)
        yield from _clipped(openings_of_day(municipality, special_days, day), *may)


def ways_to_call(municipality: Municipality, special_days: SpecialDays, start: datetime, end: datetime) -> list[Span]:
    """The spans between `start` and a deadline in which the call can be made; never none, `start` being before `end`.

    The best way there is: in opening hours, within the hours for calling; else within the hours for calling on a day at
    work, whoever works then; else in opening hours; else, since a promise was made, in the last two hours before it.
    """
    first_day, last_day = local_date(start), local_date(end)
    days = [first_day + timedelta(days=ahead) for ahead in range((last_day - first_day).days + 1)]
    at_work = (calling_hours(municipality, day) for day in days if is_day_at_work(municipality, special_days, day))
    openings = (span for day in days for span in openings_of_day(municipality, special_days, day))
    for way in (calling_spans(municipality, special_days, first_day, last_day), at_work, openings):
        found = list(_clipped(way, start, end))
        if found:
            return found
    return [(max(start, end - LEAST_OPEN), end)]


def next_planned(
    municipality: Municipality, special_days: SpecialDays, start: datetime, deadline_at: datetime
) -> datetime:
    """The first moment at or after `start` to plan a call for: before the deadline, as long as `start` is."""
    usual = next_callable(municipality, special_days, start)
    if usual < deadline_at or start >= deadline_at:
        return usual
    return ways_to_call(municipality, special_days, start, deadline_at)[0][0]


def next_callable(municipality: Municipality, special_days: SpecialDays, start: datetime) -> datetime:
    """The first moment at or after `start` at which a citizen can be called.

    A municipality that has no opening in sight still keeps its promise: then any hour for calling will do.
    """
    first_day = local_date(start)
    last_day = first_day + timedelta(days=_SEARCH_DAYS)
    for opens_at, closes_at in calling_spans(municipality, special_days, first_day, last_day):
        if start < closes_at:
            return max(opens_at, start)
    return next_calling_hour(municipality, special_days, start)


def may_call_now(municipality: Municipality, special_days: SpecialDays, now: datetime) -> bool:
    """Whether a citizen may be called: at the set hours, on a working day or a day on which it is open."""
    begins_at, ends_at = calling_hours(municipality, local_date(now))
    return begins_at <= now < ends_at and is_day_at_work(municipality, special_days, local_date(now))


def next_calling_hour(municipality: Municipality, special_days: SpecialDays, start: datetime) -> datetime:
    """The first moment at or after `start` at which `may_call_now` holds; within a month there is one."""
    for ahead in range(_SEARCH_DAYS):
        day = local_date(start) + timedelta(days=ahead)
        begins_at, ends_at = calling_hours(municipality, day)
        if start < ends_at and is_day_at_work(municipality, special_days, day):
            return max(begins_at, start)
    return start


def is_day_at_work(municipality: Municipality, special_days: SpecialDays, day: date) -> bool:
    """Whether people work on this day: a working day of the law, or a day on which the municipality is open."""
    return is_working_day(day, special_days) or any(openings_of_day(municipality, special_days, day))


def day_start(municipality: Municipality, special_days: SpecialDays, day: date) -> datetime:
    """When the work of a day begins: the first opening, and within the hours for calling where that leaves any time."""
    begins_at, _ = calling_hours(municipality, day)
    spans = list(openings_of_day(municipality, special_days, day))
    if not spans:
        return begins_at
    return max(spans[0][0], begins_at) if begins_at < spans[-1][1] else spans[0][0]


def calling_hours(municipality: Municipality, day: date) -> Span:
    rules = municipality.callback
    return instant_of(day, rules.call_from), instant_of(day, rules.call_until, fold=1)


def _clipped(spans: Iterator[Span], start: datetime, end: datetime) -> Iterator[Span]:
    for opens_at, closes_at in spans:
        if opens_at < end and closes_at > start:
            yield max(opens_at, start), min(closes_at, end)
