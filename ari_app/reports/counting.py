"""What calls and promises count for: whole numbers under keys, by bucket. Pure.

Everything of a call belongs to the quarter of an hour in which it arrived, to the municipality for which it came first
(a transfer takes it elsewhere, a figure does not), to the team that answered first, and to the number that was dialled.
Only a stay in the queue of another municipality, after a transfer, belongs to that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ari_app.core.call import ChoiceKind, EndReason, FactKind
from ari_app.core.callbacks import RequestReason
from ari_app.core.queue_visits import VisitOutcome, VisitReason
from ari_app.core.service_level import FIRST_REASONS
from ari_app.reports.periods import quarter_of
from ari_app.reports.waits import Clock, end_of, wait_key, whole_seconds

MILLISECOND = timedelta(milliseconds=1)
#: transfers of one call are counted up to here; AV §2 allows two
MOST_TRANSFERS = 3


class Count(StrEnum):
    """The keys of a bucket; beside them are those of `end_key`, `transfers_key`, `subject_key` and `waits.wait_key`."""

    ARRIVED = "in"  # a citizen called
    OPEN = "open"  # and nobody has answered yet
    ANSWERED = "answered"  # by a human, the fallback's included
    CALAMITY = "calamity"  # heard a calamity text
    CLOSED = "closed"  # heard that we are closed
    FALLBACK = "fallback"
    ESTIMATED = "estimated"  # nobody saw how it ended
    TRANSFERS_ASKED = "transfers_asked"
    TRANSFERS_REFUSED = "transfers_refused"  # by a rule
    TALKED, TALK_MS = "talked", "talk_ms"  # somebody had the caller, holds included
    HELD, HOLD_MS = "held", "hold_ms"
    WRAPPED_UP, WRAP_UP_MS = "wrapped_up", "wrap_up_ms"  # talks, each with a wrap-up of its own
    ASKED = "asked"  # for the municipality
    NO_CHOICE = "no_choice"  # and pressed no key of the menu
    WRONG_KEY = "wrong_key"
    REPEATED = "repeated"  # called the same municipality in the days before
    FROM_ELSEWHERE, ELSEWHERE_MS = "from_elsewhere", "elsewhere_ms"  # transferred into this queue by others; their wait
    CALLED_BACK = "called_back"  # we called a citizen
    PROMISED = "promised"  # a call, by the first contact
    DUE, DUE_TRIED, DUE_REACHED = "due", "due_tried", "due_reached"  # by the deadline; both in time


def end_key(reason: EndReason) -> str:
    return f"end:{reason}"


def transfers_key(count: int) -> str:
    return f"transfers:{min(count, MOST_TRANSFERS)}"


def subject_key(code: str) -> str:
    return f"subject:{code}"


#: municipality, team, number; empty where there is none
Place = tuple[str, str, str]
#: by quarter and place, then by key
Buckets = defaultdict[tuple[datetime, Place], defaultdict[str, int]]
#: by quarter and team: milliseconds by state
TeamTimes = defaultdict[tuple[datetime, str], defaultdict[str, int]]


def no_buckets() -> Buckets:
    return defaultdict(lambda: defaultdict(int))


def no_team_times() -> TeamTimes:
    return defaultdict(lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class CallRow:
    """What the row of a call says. `number`: as the bucket has it. `is_ours`: we called the citizen."""

    arrived_at: datetime
    municipality: str | None
    number: str
    choice: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    end_is_estimated: bool
    calamity: bool
    handled_by_fallback: bool
    is_ours: bool
    callback_reason: str | None
    transfer_count: int
    transfers_asked: int


@dataclass(frozen=True, slots=True)
class VisitRow:
    municipality: str | None
    reason: str
    entered_at: datetime
    from_municipality: str | None
    calamity: bool
    left_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class TalkRow:
    """A person who had the caller, from when to when; `wrap_up_ms`: their wrap-up after it, None: there was none."""

    team: str | None
    joined_at: datetime
    left_at: datetime | None
    wrap_up_ms: int | None


@dataclass(frozen=True, slots=True)
class CallParts:
    """Everything else of a call; visits and talks in their order. `facts`: kind and moment of those that count."""

    visits: Sequence[VisitRow] = ()
    talks: Sequence[TalkRow] = ()
    facts: Sequence[tuple[str, datetime]] = ()
    subjects: Sequence[str] = ()
    is_repeated: bool = False


def count_call(buckets: Buckets, call: CallRow, parts: CallParts) -> None:
    """Add what this call counts for."""
    quarter = quarter_of(call.arrived_at)
    team = next((talk.team for talk in parts.talks if talk.team), None) or ""
    counts = buckets[quarter, (_first_municipality(call, parts.visits) or "", team, call.number)]
    _count_talks(counts, call, parts)
    for visit in parts.visits:
        if visit.reason == VisitReason.TRANSFER and visit.left_at is not None:
            elsewhere = buckets[quarter, (visit.municipality or "", "", call.number)]
            elsewhere[Count.FROM_ELSEWHERE] += 1
            elsewhere[Count.ELSEWHERE_MS] += _ms(visit.left_at - visit.entered_at)
    if call.is_ours:
        counts[Count.CALLED_BACK] += 1
        return
    counts[Count.ARRIVED] += 1
    if call.end_reason is not None:
        counts[end_key(EndReason(call.end_reason))] += 1
    elif call.answered_at is None:
        counts[Count.OPEN] += 1
    if call.answered_at is not None:
        counts[Count.ANSWERED] += 1
        counts[transfers_key(call.transfer_count)] += 1
    if call.calamity:
        counts[Count.CALAMITY] += 1
    if call.end_reason == EndReason.CLOSED or call.callback_reason == RequestReason.CLOSED:
        counts[Count.CLOSED] += 1
    if call.handled_by_fallback:
        counts[Count.FALLBACK] += 1
    if call.end_is_estimated:
        counts[Count.ESTIMATED] += 1
    if parts.is_repeated:
        counts[Count.REPEATED] += 1
    _count_choice(counts, call, parts)
    for subject in set(parts.subjects):
        if subject:
            counts[subject_key(subject)] += 1
    if call.transfers_asked:
        counts[Count.TRANSFERS_ASKED] += call.transfers_asked
    if parts.visits:
        _count_wait(counts, call, parts.visits[0])


def _first_municipality(call: CallRow, visits: Sequence[VisitRow]) -> str | None:
    if not visits:
        return call.municipality
    return visits[0].from_municipality or visits[0].municipality


def _count_choice(counts: defaultdict[str, int], call: CallRow, parts: CallParts) -> None:
    if call.choice in (ChoiceKind.KEY, ChoiceKind.DEFAULT) or call.end_reason == EndReason.ABANDONED_IN_MENU:
        counts[Count.ASKED] += 1
    if call.choice == ChoiceKind.DEFAULT:
        counts[Count.NO_CHOICE] += 1
    if any(kind == FactKind.WRONG_KEY for kind, _ in parts.facts):
        counts[Count.WRONG_KEY] += 1


def _count_wait(counts: defaultdict[str, int], call: CallRow, first: VisitRow) -> None:
    if first.left_at is None or first.outcome is None or first.reason not in FIRST_REASONS:
        return
    end = end_of(VisitOutcome(first.outcome))
    if end is None:
        return
    for clock, since in ((Clock.QUEUE, first.entered_at), (Clock.ARRIVAL, call.arrived_at)):
        counts[wait_key(clock, end, first.calamity, whole_seconds(first.left_at - since))] += 1


def _count_talks(counts: defaultdict[str, int], call: CallRow, parts: CallParts) -> None:
    """Of calls that we made as well: a talk costs an operator the same time."""
    talked = _union((talk.joined_at, talk.left_at or call.ended_at) for talk in parts.talks)
    if talked is not None:
        counts[Count.TALKED] += 1
        counts[Count.TALK_MS] += _ms(talked)
    held, since = timedelta(), None
    for kind, at in parts.facts:
        if kind == FactKind.HELD:
            since = since or at
        elif kind == FactKind.HELD_NO_MORE and since is not None:
            held, since = held + max(at - since, timedelta()), None
    if since is not None and call.ended_at is not None:
        held += max(call.ended_at - since, timedelta())
    if held:
        counts[Count.HELD] += 1
        counts[Count.HOLD_MS] += _ms(held)
    for talk in parts.talks:
        if talk.wrap_up_ms is not None:
            counts[Count.WRAPPED_UP] += 1
            counts[Count.WRAP_UP_MS] += talk.wrap_up_ms
    refused = sum(kind == FactKind.TRANSFER_REFUSED for kind, _ in parts.facts)
    if refused:
        counts[Count.TRANSFERS_REFUSED] += refused


def _union(spans: Iterable[tuple[datetime, datetime | None]]) -> timedelta | None:
    """The time in which anybody had the caller, counted once; None while it goes on, or when nobody had."""
    total, until = timedelta(), None
    for since, end in spans:
        if end is None:
            return None
        if until is not None:
            since = max(since, until)
        if end > since:
            total += end - since
        until = end if until is None else max(until, end)
    return None if until is None else total


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A request to be called back. Its deadline is that of the first contact, and never moves."""

    municipality: str
    team: str
    first_contact_at: datetime
    deadline_at: datetime
    first_attempt_at: datetime | None
    reached_at: datetime | None


def count_promise(buckets: Buckets, promise: PromiseRow) -> None:
    """By its first contact what was promised, by its deadline what was kept. Callbacks have no number."""
    place = (promise.municipality, promise.team, "")
    buckets[quarter_of(promise.first_contact_at), place][Count.PROMISED] += 1
    due = buckets[quarter_of(promise.deadline_at), place]
    due[Count.DUE] += 1
    for count, at in ((Count.DUE_TRIED, promise.first_attempt_at), (Count.DUE_REACHED, promise.reached_at)):
        if at is not None and at <= promise.deadline_at:
            due[count] += 1


def state_key(state: str, pause_reason: str | None) -> str:
    """Of the time of a team."""
    return state if pause_reason is None else f"{state}:{pause_reason}"


def _ms(duration: timedelta) -> int:
    return duration // MILLISECOND
