"""The reminders of open requests that are due: computed from rows and a moment, whenever somebody asks.

A reminder is stored once, by its `key`. After a gap of any length the reminders of each request are still due; of the
daily ones only today's, which covers everything that is open now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from ari_app.core.area import Area, Municipality
from ari_app.core.calendar import local_date
from ari_app.core.callback_rules import Owner, owner_now, town_of
from ari_app.core.callbacks import (
    Absence,
    CallbackFact,
    CallbackFactKind,
    CallbackRequest,
    Change,
    RequestState,
)
from ari_app.core.deadlines import day_start, is_day_at_work
from ari_app.core.ids import MunicipalityCode, OperatorNumber, RequestId, TeamCode


class Audience(StrEnum):
    OWNER = "owner"
    SUPERVISOR = "supervisor"


class ReminderKind(StrEnum):
    DAY_START = "day_start"  # everything that is due today, per owner
    BEFORE_DEADLINE = "before_deadline"
    NO_TIME_LEFT = "no_time_left"  # the request was made with too little opening time left
    NEEDS_DECISION = "needs_decision"  # no attempt is planned any more
    CALLS_FAIL = "calls_fail"  # several in a row, for reasons of ours
    AT_DEADLINE = "at_deadline"
    OVERDUE = "overdue"  # every working day after the deadline, until it is closed

    @property
    def audience(self) -> Audience:
        is_owners = self in (ReminderKind.DAY_START, ReminderKind.BEFORE_DEADLINE)
        return Audience.OWNER if is_owners else Audience.SUPERVISOR


class ReminderWay(StrEnum):
    SCREEN = "screen"  # a fact, and a notification to the screens
    EMAIL = "email"
    WEBHOOK = "webhook"
    PHONE = "phone"  # spoken


class ReminderOutcome(StrEnum):
    SENT = "sent"
    NOT_NEEDED = "not_needed"  # the requests were done before it was sent
    GIVEN_UP = "given_up"  # tried often enough


#: with these, the request is marked as escalated
_ESCALATING = (ReminderKind.AT_DEADLINE, ReminderKind.NO_TIME_LEFT)


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder to an owner. Without `request_id` and `municipality` it is about all requests of their day."""

    kind: ReminderKind
    due_at: datetime
    day: date  # in the Netherlands
    owner_team: TeamCode
    owner_operator: OperatorNumber | None = None
    request_id: RequestId | None = None
    municipality: MunicipalityCode | None = None
    round: int = 0  # attempts so far: after new ones, a decision may be needed again

    @property
    def key(self) -> str:
        if self.request_id is None:
            return f"{self.kind} {self.owner_team} {self.owner_operator or '-'} {self.day}"
        if self.kind is ReminderKind.OVERDUE:
            return f"{self.kind} {self.request_id} {self.day}"
        if self.kind is ReminderKind.NEEDS_DECISION:
            return f"{self.kind} {self.request_id} {self.round}"
        return f"{self.kind} {self.request_id}"


def due_reminders(
    requests: Sequence[CallbackRequest], absences: Sequence[Absence], area: Area, now: datetime
) -> list[Reminder]:
    """Every reminder of these open requests that is due, those that were sent before included."""
    today = _Today(area, now)
    owned = [(request, owner_now(request, absences, now)) for request in requests if request.is_open]
    found = list(_day_starts(owned, today))
    for request, owner in owned:
        # While it is in progress somebody calls, or talks; what is still due afterwards is found then.
        if request.state is not RequestState.IN_PROGRESS:
            found += _of_request(request, owner, today)
    return sorted(found, key=lambda reminder: (reminder.due_at, reminder.key))


class _Today:
    """Today in each municipality, looked up once however many requests there are."""

    def __init__(self, area: Area, now: datetime) -> None:
        self.now = now
        self.day = local_date(now)
        self._area = area
        self._known: dict[MunicipalityCode, tuple[Municipality, datetime | None]] = {}

    def town(self, code: MunicipalityCode) -> Municipality:
        return self._look_up(code)[0]

    def start(self, code: MunicipalityCode) -> datetime | None:
        """When the work of today begins there; None on a day without work."""
        return self._look_up(code)[1]

    def _look_up(self, code: MunicipalityCode) -> tuple[Municipality, datetime | None]:
        if code not in self._known:
            town, special_days = town_of(self._area, code), self._area.special_days
            is_at_work = is_day_at_work(town, special_days, self.day)
            self._known[code] = town, day_start(town, special_days, self.day) if is_at_work else None
        return self._known[code]


def _of_request(request: CallbackRequest, owner: Owner, today: _Today) -> Iterator[Reminder]:
    for kind, due_at in _moments(request, today):
        if due_at <= today.now:
            yield Reminder(
                kind,
                due_at,
                local_date(due_at),
                owner.team,
                owner.operator,
                request.id,
                request.municipality,
                request.attempts_count,
            )


def _moments(request: CallbackRequest, today: _Today) -> Iterator[tuple[ReminderKind, datetime]]:
    ahead = timedelta(minutes=today.town(request.municipality).callback.remind_before_minutes)
    yield ReminderKind.BEFORE_DEADLINE, max(request.created_at, request.plan_by_at - ahead)
    yield ReminderKind.AT_DEADLINE, request.deadline_at
    if request.escalate_at_once:
        yield ReminderKind.NO_TIME_LEFT, request.created_at
    if request.escalated_at is not None and request.next_attempt_at is None:
        yield ReminderKind.NEEDS_DECISION, request.escalated_at
    elif _calls_fail(request):
        yield ReminderKind.CALLS_FAIL, request.escalated_at or request.created_at
    start = today.start(request.municipality)
    if start is not None and local_date(request.deadline_at) < today.day:
        yield ReminderKind.OVERDUE, start


def _calls_fail(request: CallbackRequest) -> bool:
    """Whether it was escalated because calls fail, and not because time ran out."""
    escalated_at = request.escalated_at
    is_early = escalated_at is not None and escalated_at < request.deadline_at
    return request.state is RequestState.PLANNED and is_early and not request.escalate_at_once


def is_due_by(request: CallbackRequest, day: date) -> bool:
    """Whether it must be done on this day, or should have been done before."""
    return local_date(request.plan_by_at) <= day


def _day_starts(owned: Iterable[tuple[CallbackRequest, Owner]], today: _Today) -> Iterator[Reminder]:
    starts: defaultdict[Owner, list[datetime]] = defaultdict(list)
    for request, owner in owned:
        start = today.start(request.municipality)
        # A request that was made today needs no reminder in the morning.
        if start is not None and is_due_by(request, today.day) and request.created_at <= start:
            starts[owner].append(start)
    for owner, moments in starts.items():
        if min(moments) <= today.now:
            yield Reminder(ReminderKind.DAY_START, min(moments), today.day, owner.team, owner.operator)


def due_of(
    requests: Iterable[CallbackRequest], absences: Sequence[Absence], owner: Owner, day: date, now: datetime
) -> list[CallbackRequest]:
    """The requests of one owner that must be done on this day, or should have been."""
    return [one for one in requests if is_due_by(one, day) and owner_now(one, absences, now) == owner]


def reminded(request: CallbackRequest, reminder: Reminder, now: datetime) -> Change:
    """The request after this reminder of it; some reminders escalate it."""
    detail = {"kind": reminder.kind, "audience": reminder.kind.audience}
    facts = [CallbackFact(now, CallbackFactKind.REMINDED, detail)]
    if reminder.kind not in _ESCALATING or request.escalated_at is not None:
        return request, facts
    facts.append(CallbackFact(now, CallbackFactKind.ESCALATED, {"why": reminder.kind}))
    return replace(request, escalated_at=now), facts
