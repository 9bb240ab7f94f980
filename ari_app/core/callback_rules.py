"""The rules for a request: its owner now, its next attempt, and its turn among the others.

Pure: rows, the area and a moment in; a value out. Instants are timezone-aware UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ari_app.core.area import Area, Municipality, Norms
from ari_app.core.calendar import instant_of, local_date
from ari_app.core.callbacks import (
    Absence,
    AttemptOutcome,
    CallbackAttempt,
    CallbackRequest,
    RequestKind,
)
from ari_app.core.deadlines import (
    Span,
    SpecialDays,
    calling_hours,
    calling_spans,
    may_call_now,
    next_calling_hour,
    next_planned,
    open_time_after,
    ways_to_call,
)
from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, TeamCode
from ari_app.core.queue_rules import WaitingCaller

#: a busy line is soon free; a fault of ours says nothing about the citizen
BUSY_RETRY = timedelta(minutes=15)
FAULT_RETRY = timedelta(minutes=5)
#: how long a lease lasts when its owner does not extend it: longer than a phone rings and a note is spoken
LEASE = timedelta(minutes=4)
#: faults in a row after which a person has to look
FAULTS_TOLERATED = 3
#: with no time left for the usual pause, the last attempt comes this long before the last moment
LAST_CHANCE = timedelta(minutes=15)
_DAY_PARTS = (time(12), time(17))  # morning, afternoon, evening


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a request at a moment; with `operator` None it is the whole team."""

    team: TeamCode
    operator: OperatorNumber | None = None


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """When to try next. `at` None: a person decides. `escalate`: the supervisor is reminded."""

    at: datetime | None
    escalate: bool = False


def town_of(area: Area, code: MunicipalityCode) -> Municipality:
    """The municipality; for one that was removed, an always closed one with the ordinary rules: its promises stay."""
    return area.municipalities.get(code) or Municipality(code, code)


def callable_towns(area: Area, now: datetime) -> frozenset[MunicipalityCode]:
    """The municipalities whose citizens may be called at this moment."""
    towns = area.municipalities.items()
    return frozenset(code for code, town in towns if may_call_now(town, area.special_days, now))


def calling_resumes(area: Area, now: datetime) -> dict[MunicipalityCode, datetime]:
    """Where citizens may not be called at this moment, and when they may again.

    A request with its deadline before that must be called all the same when its planned moment has come.
    """
    callable_now = callable_towns(area, now)
    towns = ((code, town) for code, town in area.municipalities.items() if code not in callable_now)
    return {code: next_calling_hour(town, area.special_days, now) for code, town in towns}


def owner_team_of(area: Area, code: MunicipalityCode) -> TeamCode | None:
    """The team that owns the requests of a municipality: the one that its rules name, else one that answers for it.

    Of several, one that has operators, and the first by its code. None when no team answers for it or helps it.
    """
    municipality = area.municipalities.get(code)
    if municipality is not None and municipality.callback.team in area.teams:
        return municipality.callback.team
    manned = {team for operator in area.operators.values() for team in operator.teams}
    answering = [
        (code not in team.serves, team.code not in manned, team.code)
        for team in area.teams.values()
        if code in team.towns
    ]
    return min(answering)[2] if answering else None


def personal_until(
    since: datetime, plan_by_at: datetime, municipality: Municipality, special_days: SpecialDays
) -> datetime:
    """Until when the request of one person is theirs alone; then it belongs to their team too.

    It is overdue when the municipality was open for `personal_overdue_minutes` since then, and in any case when it is
    time for the reminder before the deadline.
    """
    rules = municipality.callback
    last = plan_by_at - timedelta(minutes=rules.remind_before_minutes)
    patience = timedelta(minutes=rules.personal_overdue_minutes)
    overdue_at = open_time_after(municipality, special_days, since, patience)
    return max(since, last if overdue_at is None else min(last, overdue_at))


def owner_now(request: CallbackRequest, absences: Iterable[Absence], now: datetime) -> Owner:
    """The person for whom it is meant; the team when that person is away, or did not call in time."""
    person = request.owner_operator
    is_late = request.personal_until_at is not None and request.personal_until_at <= now
    if person is None or is_late or any(a.operator == person and a.covers(now) for a in absences):
        return Owner(request.owner_team)
    return Owner(request.owner_team, person)


def next_attempt(
    request: CallbackRequest,
    attempts: Sequence[CallbackAttempt],
    municipality: Municipality,
    special_days: SpecialDays,
    now: datetime,
) -> NextAttempt:
    """When to try again after these attempts, all of which have ended.

    Attempts are spread over the parts of the day: a part in which no attempt was made comes first, where that still
    keeps the promise. `max_attempts` count; faults of ours do not.
    """
    rules = municipality.callback
    over = sorted((one for one in attempts if one.outcome is not None), key=lambda one: one.number)
    if not over:
        return NextAttempt(next_planned(municipality, special_days, now, request.deadline_at))
    match over[-1].outcome:
        case AttemptOutcome.REACHED:
            return NextAttempt(None)
        case AttemptOutcome.WRONG_NUMBER | AttemptOutcome.REFUSED:
            return NextAttempt(None, escalate=True)
        case AttemptOutcome.FAILED | AttemptOutcome.LOST:
            in_a_row = 0
            for one in reversed(over):
                if one.outcome is None or one.outcome.counts:
                    break
                in_a_row += 1
            at = next_planned(municipality, special_days, now + FAULT_RETRY, request.deadline_at)
            return NextAttempt(at, escalate=in_a_row >= FAULTS_TOLERATED)
        case _:
            pass
    if sum(one.outcome is not None and one.outcome.counts for one in over) >= rules.max_attempts:
        return NextAttempt(None, escalate=True)
    if over[-1].outcome is AttemptOutcome.BUSY:
        return NextAttempt(_when_free(request, municipality, special_days, now))
    tried = {_day_part(one.started_at) for one in over if one.outcome is not None and one.outcome.counts}
    return NextAttempt(_spread(request, tried, municipality, special_days, now))


def _when_free(
    request: CallbackRequest, municipality: Municipality, special_days: SpecialDays, now: datetime
) -> datetime:
    """A busy line is tried sooner when the usual pause would end after the last moment, and the promise be broken."""
    usual = next_planned(municipality, special_days, now + BUSY_RETRY, request.deadline_at)
    sooner = next_planned(municipality, special_days, now + FAULT_RETRY, request.deadline_at)
    return sooner if sooner < request.plan_by_at <= usual else usual


def _spread(
    request: CallbackRequest, tried: set[int], municipality: Municipality, special_days: SpecialDays, now: datetime
) -> datetime:
    earliest = now + timedelta(minutes=municipality.callback.retry_minutes)
    ways: list[Span] = []
    if earliest < request.plan_by_at:
        ways = ways_to_call(municipality, special_days, earliest, request.plan_by_at)
    in_time = [begins_at for begins_at, _ in _by_day_part(ways)]
    fresh = [begins_at for begins_at in in_time if _day_part(begins_at) not in tried]
    if fresh or in_time:
        return (fresh or in_time)[0]
    last_chance = request.plan_by_at - LAST_CHANCE
    if last_chance >= now + LAST_CHANCE:
        return last_chance
    return next_planned(municipality, special_days, earliest, request.deadline_at)


def _by_day_part(spans: Iterable[Span]) -> Iterator[Span]:
    for begins_at, ends_at in spans:
        for border in (instant_of(local_date(begins_at), part) for part in _DAY_PARTS):
            if begins_at < border < ends_at:
                yield begins_at, border
                begins_at = border
        yield begins_at, ends_at


def _day_part(at: datetime) -> int:
    return sum(instant_of(local_date(at), part) <= at for part in _DAY_PARTS)


# --- virtual holds ---


def as_waiting(request: CallbackRequest, norms: Norms) -> WaitingCaller:
    """The virtual hold as the queue sees it: a caller who waits since the moment at which they joined the queue."""
    return WaitingCaller(
        call_id=CallId(request.id),
        municipality=request.municipality,
        queued_at=request.first_contact_at if request.queued_at is None else request.queued_at,
        answer_within_seconds=norms.answer_within_seconds,
        overflow_after_seconds=norms.overflow_after_seconds,
    )


def virtual_hold_has_lapsed(
    request: CallbackRequest, municipality: Municipality, special_days: SpecialDays, now: datetime
) -> bool:
    """Whether the hours for calling are over on the day of its place in the queue."""
    if request.kind is not RequestKind.VIRTUAL_HOLD or request.queued_at is None:
        return False
    return calling_ends_at(municipality, special_days, local_date(request.queued_at)) <= now


def calling_ends_at(municipality: Municipality, special_days: SpecialDays, day: date) -> datetime:
    """The moment from which citizens are not called any more on that day."""
    _, last = calling_hours(municipality, day)
    for _, ends_at in calling_spans(municipality, special_days, day, day):
        last = ends_at
    return last
