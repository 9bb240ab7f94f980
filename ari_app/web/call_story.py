"""The story of one call for its page: a picture of who was in it when, and the same in tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ari_app.core.call import Fact, FactKind, Leg, LegRole
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.transfer import Transfer
from ari_app.storage.calls.reads import CallStory
from ari_app.web.names import Names
from ari_app.web.story_words import fact_words

#: what says something of the program and not of the call
_UNSAID = frozenset({FactKind.NOTED, FactKind.RESUMED, FactKind.STAGE})
_ROLES = {LegRole.CALLER: "Beller", LegRole.CALLBACK: "Burger"}
_MARKS = 4


class BarKind(StrEnum):
    """What a bar stands for; each has a shape of its own, so that nothing hangs on colour."""

    WAIT = "wait"  # in a queue
    RING = "ring"  # a phone rings, or its owner hears what comes
    TALK = "talk"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Bar:
    """Where it begins and how long it is, in percent of the whole call."""

    kind: BarKind
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the picture."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class LegRow:
    """One party. Seconds count from the arrival of the call."""

    name: str
    leg: Leg
    began: float
    joined: float | None
    ended: float | None


@dataclass(frozen=True, slots=True)
class VisitRow:
    queue: str
    visit: QueueVisit
    entered: float
    waited_seconds: float
    taker: str


@dataclass(frozen=True, slots=True)
class TransferRow:
    transfer: Transfer
    asked: float
    by: str
    to: str


@dataclass(frozen=True, slots=True)
class FactRow:
    at: datetime
    since: float
    words: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    """What an operator said of the call. Of an operator who is outside the reader's scope there is none."""

    by: str
    subject: str
    result: str
    pii_note: str


@dataclass(frozen=True, slots=True)
class ScriptRow:
    """The answer that an operator chose for the call; without a question: it was taken back."""

    by: str
    since: float
    question: str
    version: int


@dataclass(frozen=True, slots=True)
class StoryView:
    """`marks`: seconds at equal distances, from the arrival to the end or to now."""

    town: str
    seconds: float
    marks: tuple[float, ...]
    lanes: tuple[Lane, ...]
    legs: tuple[LegRow, ...]
    visits: tuple[VisitRow, ...]
    transfers: tuple[TransferRow, ...]
    facts: tuple[FactRow, ...]
    notes: tuple[NoteRow, ...]
    scripts: tuple[ScriptRow, ...]


def story_view(story: CallStory, names: Names, now: datetime) -> StoryView:
    """Of a call of the readers' scope; names of others are not in it."""
    picture = _Picture(story, now)
    waits = [picture.bar(BarKind.WAIT, one.entered_at, one.left_at) for one in story.visits]
    legs = [(_name(one, names), one) for one in story.legs]
    lanes = [Lane("In de wachtrij", tuple(waits))] if waits else []
    lanes += [Lane(name, tuple(picture.of_leg(leg))) for name, leg in legs]
    since = picture.seconds
    known = [one for one in story.wrap_ups if names.hidden.shown(one.operator) is not None]
    facts = [fact for fact in story.facts if fact.kind not in _UNSAID]
    return StoryView(
        names.town(story.call.municipality),
        picture.whole,
        tuple(picture.whole * at / _MARKS for at in range(_MARKS + 1)),
        tuple(lanes),
        tuple(
            LegRow(name, one, since(one.started_at), picture.some(one.joined_at), picture.some(one.ended_at))
            for name, one in legs
        ),
        tuple(
            VisitRow(
                names.town(one.municipality) or "alle gemeenten van dit nummer",
                one,
                since(one.entered_at),
                since(one.left_at or picture.end) - since(one.entered_at),
                names.operator(one.operator),
            )
            for one in story.visits
        ),
        tuple(
            TransferRow(one, since(one.requested_at), names.party(one.from_party), names.party(one.to_party))
            for one in story.transfers
        ),
        tuple(FactRow(fact.at, since(fact.at), fact_words(fact, names)) for fact in facts),
        tuple(NoteRow(names.operator(one.operator), one.subject, one.result, one.pii_note) for one in known),
        tuple(
            ScriptRow(names.operator(one.operator), since(one.at), one.question, one.version or 0)
            for one in story.scripts
            if names.hidden.shown(one.operator) is not None
        ),
    )


class _Picture:
    """The time line of one call: instants as percent of it."""

    def __init__(self, story: CallStory, now: datetime) -> None:
        self.start = story.call.arrived_at
        ends = [leg.ended_at for leg in story.legs if leg.ended_at is not None]
        self.end = max([story.call.ended_at or now, self.start, *ends])
        self.whole = max(1.0, (self.end - self.start).total_seconds())
        self._holds = list(_holds(story.facts, self.end))

    def seconds(self, at: datetime) -> float:
        """Since the arrival; a clock of another machine may be behind, so never negative."""
        return max(0.0, (at - self.start).total_seconds())

    def some(self, at: datetime | None) -> float | None:
        return None if at is None else self.seconds(at)

    def bar(self, kind: BarKind, since: datetime, until: datetime | None) -> Bar:
        left = min(100.0, 100 * self.seconds(since) / self.whole)
        right = min(100.0, 100 * self.seconds(until or self.end) / self.whole)
        return Bar(kind, round(left, 2), round(max(0.0, right - left), 2))

    def of_leg(self, leg: Leg) -> Iterator[Bar]:
        """From the first ring to the talk, and the talk; what is on hold lies over the caller's."""
        end = leg.ended_at or self.end
        if leg.joined_at is None:
            yield self.bar(BarKind.RING, leg.started_at, end)
            return
        until = max(leg.joined_at, leg.left_at or end)
        if leg.joined_at > leg.started_at and leg.role is not LegRole.CALLER:
            yield self.bar(BarKind.RING, leg.started_at, leg.joined_at)
        yield self.bar(BarKind.TALK, leg.joined_at, until)
        if leg.role in _ROLES:
            for since, held_until in self._holds:
                if since < until and held_until > leg.joined_at:
                    yield self.bar(BarKind.HOLD, max(since, leg.joined_at), min(held_until, until))


def _holds(facts: Sequence[Fact], end: datetime) -> Iterator[tuple[datetime, datetime]]:
    since: datetime | None = None
    for fact in facts:
        if fact.kind is FactKind.HELD:
            since = since or fact.at
        elif fact.kind is FactKind.HELD_NO_MORE and since is not None:
            yield since, fact.at
            since = None
    if since is not None:
        yield since, end


def _name(leg: Leg, names: Names) -> str:
    return _ROLES.get(leg.role) or names.party(leg.party)
