"""The reducer of hand-overs: no sequence of events strands anybody, exceeds two, or connects the wrong people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.core.ids import CallId, LegId, TransferId
from ari_app.core.transfer import (
    CallerLeft,
    Cancel,
    Complete,
    Conference,
    CountReason,
    HolderLeft,
    Swap,
    Taken,
    TargetAnswered,
    TargetBriefed,
    TargetFailed,
    TargetLeft,
    TimeUp,
    Transfer,
    TransferEvent,
    TransferKind,
    TransferOutcome,
    TransferState,
)
from ari_app.core.transfer_rules import MOST_TRANSFERS, Party, Then, layout, may_transfer, over, step

pytestmark = pytest.mark.pure

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FAILURES = (TransferOutcome.NO_ANSWER, TransferOutcome.BUSY, TransferOutcome.UNREACHABLE)


def asked(kind: TransferKind) -> Transfer:
    state = TransferState.QUEUED if kind is TransferKind.QUEUE else TransferState.RINGING
    return Transfer(
        id=TransferId(uuid4()),
        call_id=CallId(uuid4()),
        number=1,
        kind=kind,
        state=state,
        requested_at=START,
        from_party="101",
        from_leg=LegId(uuid4()),
        to_party="200",
        to_leg=None if kind is TransferKind.QUEUE else LegId(uuid4()),
        in_presence=kind is TransferKind.WARM,
        until_at=START + timedelta(seconds=25),
    )


moments = st.integers(-2, 400).map(lambda seconds: START + timedelta(seconds=seconds))
events: st.SearchStrategy[TransferEvent] = st.one_of(
    *(
        st.builds(event, at=moments)
        for event in (
            TargetAnswered,
            TargetBriefed,
            TargetLeft,
            HolderLeft,
            CallerLeft,
            TimeUp,
            Complete,
            Cancel,
            Swap,
            Conference,
        )
    ),
    st.builds(TargetFailed, outcome=st.sampled_from(FAILURES), at=moments),
    st.builds(Taken, by=st.sampled_from(("101", "102")), at=moments),
)
kinds = st.sampled_from(TransferKind)


class People:
    """Who is really there, as far as the events tell."""

    def __init__(self, transfer: Transfer) -> None:
        self.caller = True
        self.holder = transfer.in_presence
        self.target = False

    def could_be(self, transfer: Transfer, event: TransferEvent) -> bool:
        """Only what people who are there can do."""
        match event:
            case HolderLeft() | Complete() | Cancel() | Swap() | Conference():
                return self.holder
            case TargetAnswered() | TargetFailed():
                return not self.target and transfer.state is TransferState.RINGING
            case TargetLeft() | TargetBriefed():
                return self.target
            case Taken():
                return transfer.kind is not TransferKind.WARM and not self.target
            case _:
                return True

    def saw(self, event: TransferEvent) -> None:
        match event:
            case HolderLeft() | Complete():
                self.holder = False
            case TargetAnswered() | Taken():
                self.target = True
            case TargetLeft():
                self.target = False
            case CallerLeft():
                self.caller = False


@given(kinds, st.lists(events, max_size=30))
def test_nobody_is_stranded_and_nobody_hears_what_is_not_for_them(
    kind: TransferKind, happened: list[TransferEvent]
) -> None:
    transfer = asked(kind)
    people = People(transfer)
    for event in happened:
        if not people.could_be(transfer, event):
            continue
        people.saw(event)
        transfer, then = step(transfer, event)
        match then:
            case Then.GO_ON:
                assert transfer.is_open
                _is_sound(transfer, people)
                continue
            case Then.HOLDER_TALKS:
                assert people.caller and people.holder
            case Then.TARGET_TALKS:
                assert people.caller and people.target and transfer.outcome is TransferOutcome.COMPLETED
            case Then.COME_BACK:
                assert people.caller and not people.holder
            case Then.CALL_OVER:
                assert not people.caller
        assert not transfer.is_open
        break


def _is_sound(transfer: Transfer, people: People) -> None:
    wanted = layout(transfer)
    assert not wanted.together & wanted.on_hold
    assert Party.CALLER in wanted.together | wanted.on_hold
    if Party.CALLER in wanted.together:
        others = wanted.together - {Party.CALLER}
        assert len(others) == 1 or transfer.state is TransferState.CONFERENCED
        assert people.holder or people.target
    assert (Party.HOLDER in wanted.together) == people.holder
    if people.target and transfer.state is not TransferState.BRIEFING:
        assert Party.TARGET in wanted.together | wanted.on_hold
    # A caller on hold has somebody who can take them back, or a moment at which that is given up.
    waits_for_ever = not people.holder and transfer.until_at is None and transfer.state is not TransferState.QUEUED
    assert Party.CALLER in wanted.together or not waits_for_ever


@given(st.lists(st.tuples(kinds, st.lists(events, max_size=12)), max_size=8), st.integers(0, 2))
def test_no_sequence_of_transfers_counts_more_than_two_without_a_supervisor(
    transfers: list[tuple[TransferKind, list[TransferEvent]]], allowed: int
) -> None:
    count = 0
    for kind, happened in transfers:
        if not may_transfer(count, allowed):
            break
        transfer = asked(kind)
        for event in happened:
            transfer, _ = step(transfer, event)
        count += int(over(transfer, TransferOutcome.LOST, START).counted)
    assert count <= MOST_TRANSFERS + allowed


@given(kinds, st.lists(events, max_size=30))
def test_only_what_was_completed_counts_and_an_end_is_for_ever(
    kind: TransferKind, happened: list[TransferEvent]
) -> None:
    transfer = asked(kind)
    for event in happened:
        before = transfer
        transfer, then = step(transfer, event)
        if not before.is_open:
            assert transfer is before and then is Then.GO_ON
    if transfer.is_open:
        assert (transfer.outcome, transfer.counted, transfer.count_reason) == (None, False, None)
    else:
        assert transfer.state is TransferState.ENDED and transfer.outcome is not None
        assert transfer.counted == (transfer.count_reason is CountReason.HANDED_OVER)
        assert transfer.counted <= (transfer.outcome is TransferOutcome.COMPLETED)
        assert transfer.ended_at is not None and transfer.ended_at >= transfer.requested_at
        assert (transfer.completed_at is not None) == (transfer.outcome is TransferOutcome.COMPLETED)


W, C, Q = TransferKind.WARM, TransferKind.COLD, TransferKind.QUEUE


@pytest.mark.parametrize(
    ("kind", "happened", "then", "outcome"),
    [
        (W, [TargetFailed(TransferOutcome.BUSY, START)], Then.HOLDER_TALKS, TransferOutcome.BUSY),
        (C, [TargetFailed(TransferOutcome.BUSY, START)], Then.COME_BACK, TransferOutcome.BUSY),
        (W, [TimeUp(START)], Then.HOLDER_TALKS, TransferOutcome.NO_ANSWER),
        (C, [TargetAnswered(START), TimeUp(START)], Then.COME_BACK, TransferOutcome.NO_ANSWER),
        (C, [TargetAnswered(START), TargetBriefed(START)], Then.TARGET_TALKS, TransferOutcome.COMPLETED),
        (C, [TargetAnswered(START), TargetLeft(START)], Then.COME_BACK, TransferOutcome.REFUSED),
        (C, [Taken("102", START)], Then.TARGET_TALKS, TransferOutcome.COMPLETED),
        (W, [TargetAnswered(START), TargetBriefed(START), Complete(START)], Then.TARGET_TALKS, "completed"),
        (W, [TargetAnswered(START), TargetBriefed(START), HolderLeft(START)], Then.TARGET_TALKS, "completed"),
        (W, [TargetAnswered(START), TargetBriefed(START), TargetLeft(START)], Then.HOLDER_TALKS, "refused"),
        (W, [Cancel(START)], Then.HOLDER_TALKS, TransferOutcome.CANCELLED),
        (W, [HolderLeft(START), TargetAnswered(START), TargetBriefed(START)], Then.TARGET_TALKS, "completed"),
        (W, [Complete(START), TimeUp(START)], Then.COME_BACK, TransferOutcome.NO_ANSWER),
        (Q, [TimeUp(START), TargetLeft(START), Taken("102", START)], Then.TARGET_TALKS, TransferOutcome.COMPLETED),
        (Q, [CallerLeft(START)], Then.CALL_OVER, TransferOutcome.CALLER_LEFT),
    ],
)
def test_how_a_transfer_ends(
    kind: TransferKind, happened: list[TransferEvent], then: Then, outcome: TransferOutcome
) -> None:
    transfer, follows = asked(kind), Then.GO_ON
    for event in happened:
        transfer, follows = step(transfer, event)
    assert (follows, transfer.outcome) == (then, outcome)


def test_a_caller_who_comes_back_to_the_same_operator_was_not_handed_over() -> None:
    transfer, _ = step(asked(TransferKind.QUEUE), Taken("101", START))
    assert (transfer.outcome, transfer.counted) == (TransferOutcome.COMPLETED, False)
    assert transfer.count_reason is CountReason.SAME_PERSON


@pytest.mark.parametrize(
    ("count", "allowed", "may"), [(0, 0, True), (1, 0, True), (2, 0, False), (2, 1, True), (3, 1, False), (3, 2, True)]
)
def test_at_most_two_and_once_more_for_each_that_a_supervisor_allowed(count: int, allowed: int, may: bool) -> None:
    assert may_transfer(count, allowed) is may


def test_an_end_that_is_said_before_it_was_asked_for_is_drawn_up_to_it() -> None:
    early = replace(asked(TransferKind.COLD), requested_at=START + timedelta(seconds=5))
    assert step(early, CallerLeft(START))[0].ended_at == early.requested_at
