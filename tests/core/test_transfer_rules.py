"""The rules of transfers: no sequence of events strands anybody, exceeds two, or connects the wrong people."""

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
    CancelTransfer,
    CompleteTransfer,
    Conference,
    CountReason,
    HandlingPartyLeft,
    SwapParties,
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
        st.just(event())
        for event in (
            TargetAnswered,
            TargetBriefed,
            TargetLeft,
            HandlingPartyLeft,
            CallerLeft,
            TimeUp,
            CompleteTransfer,
            CancelTransfer,
            SwapParties,
            Conference,
        )
    ),
    st.builds(TargetFailed, outcome=st.sampled_from(FAILURES)),
    st.builds(Taken, by=st.sampled_from(("101", "102"))),
)
#: what happened, each with its instant
stories = st.lists(st.tuples(events, moments), max_size=30)
Story = list[tuple[TransferEvent, datetime]]
kinds = st.sampled_from(TransferKind)


class People:
    """The parties that are really there, as far as the events tell."""

    def __init__(self, transfer: Transfer) -> None:
        self.caller = True
        self.handling_party = transfer.in_presence
        self.target = False

    def could_be(self, transfer: Transfer, event: TransferEvent) -> bool:
        """Only what people who are there can do."""
        match event:
            case HandlingPartyLeft() | CompleteTransfer() | CancelTransfer() | SwapParties() | Conference():
                return self.handling_party
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
            case HandlingPartyLeft() | CompleteTransfer():
                self.handling_party = False
            case TargetAnswered() | Taken():
                self.target = True
            case TargetLeft():
                self.target = False
            case CallerLeft():
                self.caller = False


@given(kinds, stories)
def test_nobody_is_stranded_and_nobody_hears_what_is_not_for_them(kind: TransferKind, story: Story) -> None:
    transfer = asked(kind)
    people = People(transfer)
    for event, at in story:
        if not people.could_be(transfer, event):
            continue
        people.saw(event)
        transfer, then = step(transfer, event, at)
        match then:
            case Then.GO_ON:
                assert transfer.is_open
                _is_sound(transfer, people)
                continue
            case Then.HANDLING_PARTY_TALKS:
                assert people.caller and people.handling_party
            case Then.TARGET_TALKS:
                assert people.caller and people.target and transfer.outcome is TransferOutcome.COMPLETED
            case Then.COME_BACK:
                assert people.caller and not people.handling_party
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
        assert people.handling_party or people.target
    assert (Party.HANDLING_PARTY in wanted.together) == people.handling_party
    if people.target and transfer.state is not TransferState.BRIEFING:
        assert Party.TARGET in wanted.together | wanted.on_hold
    # A caller on hold has somebody who can take them back, or a moment at which that is given up.
    waits_for_ever = (
        not people.handling_party and transfer.until_at is None and transfer.state is not TransferState.QUEUED
    )
    assert Party.CALLER in wanted.together or not waits_for_ever


@given(st.lists(st.tuples(kinds, stories), max_size=8), st.integers(0, 2))
def test_no_sequence_of_transfers_counts_more_than_two_without_a_supervisor(
    transfers: list[tuple[TransferKind, Story]], allowed: int
) -> None:
    count = 0
    for kind, story in transfers:
        if not may_transfer(count, allowed):
            break
        transfer = asked(kind)
        for event, at in story:
            transfer, _ = step(transfer, event, at)
        count += int(over(transfer, TransferOutcome.LOST, START).counted)
    assert count <= MOST_TRANSFERS + allowed


@given(kinds, stories)
def test_only_what_was_completed_counts_and_an_end_is_for_ever(kind: TransferKind, story: Story) -> None:
    transfer = asked(kind)
    for event, at in story:
        before = transfer
        transfer, then = step(transfer, event, at)
        if not before.is_open:
            assert transfer is before and then is Then.GO_ON
    if transfer.is_open:
        assert (transfer.outcome, transfer.counted, transfer.count_reason) == (None, False, None)
    else:
        assert transfer.state is TransferState.ENDED and transfer.outcome is not None
        assert transfer.counted == (transfer.count_reason is CountReason.TO_ANOTHER_PERSON)
        assert transfer.counted <= (transfer.outcome is TransferOutcome.COMPLETED)
        assert transfer.ended_at is not None and transfer.ended_at >= transfer.requested_at
        assert (transfer.completed_at is not None) == (transfer.outcome is TransferOutcome.COMPLETED)


W, C, Q = TransferKind.WARM, TransferKind.COLD, TransferKind.QUEUE


@pytest.mark.parametrize(
    ("kind", "happened", "then", "outcome"),
    [
        (W, [TargetFailed(TransferOutcome.BUSY)], Then.HANDLING_PARTY_TALKS, TransferOutcome.BUSY),
        (C, [TargetFailed(TransferOutcome.BUSY)], Then.COME_BACK, TransferOutcome.BUSY),
        (W, [TimeUp()], Then.HANDLING_PARTY_TALKS, TransferOutcome.NO_ANSWER),
        (C, [TargetAnswered(), TimeUp()], Then.COME_BACK, TransferOutcome.NO_ANSWER),
        (C, [TargetAnswered(), TargetBriefed()], Then.TARGET_TALKS, TransferOutcome.COMPLETED),
        (C, [TargetAnswered(), TargetLeft()], Then.COME_BACK, TransferOutcome.REFUSED),
        (C, [Taken("102")], Then.TARGET_TALKS, TransferOutcome.COMPLETED),
        (W, [TargetAnswered(), TargetBriefed(), CompleteTransfer()], Then.TARGET_TALKS, "completed"),
        (W, [TargetAnswered(), TargetBriefed(), HandlingPartyLeft()], Then.TARGET_TALKS, "completed"),
        (W, [TargetAnswered(), TargetBriefed(), TargetLeft()], Then.HANDLING_PARTY_TALKS, "refused"),
        (W, [CancelTransfer()], Then.HANDLING_PARTY_TALKS, TransferOutcome.CANCELLED),
        (W, [HandlingPartyLeft(), TargetAnswered(), TargetBriefed()], Then.TARGET_TALKS, "completed"),
        (W, [CompleteTransfer(), TimeUp()], Then.COME_BACK, TransferOutcome.NO_ANSWER),
        (Q, [TimeUp(), TargetLeft(), Taken("102")], Then.TARGET_TALKS, TransferOutcome.COMPLETED),
        (Q, [CallerLeft()], Then.CALL_OVER, TransferOutcome.CALLER_LEFT),
    ],
)
def test_how_a_transfer_ends(
    kind: TransferKind, happened: list[TransferEvent], then: Then, outcome: TransferOutcome
) -> None:
    transfer, follows = asked(kind), Then.GO_ON
    for event in happened:
        transfer, follows = step(transfer, event, START)
    assert (follows, transfer.outcome) == (then, outcome)


def test_a_caller_who_comes_back_to_the_same_operator_was_not_transferred() -> None:
    transfer, _ = step(asked(TransferKind.QUEUE), Taken("101"), START)
    assert (transfer.outcome, transfer.counted) == (TransferOutcome.COMPLETED, False)
    assert transfer.count_reason is CountReason.SAME_PERSON


@pytest.mark.parametrize(
    ("count", "allowed", "may"), [(0, 0, True), (1, 0, True), (2, 0, False), (2, 1, True), (3, 1, False), (3, 2, True)]
)
def test_at_most_two_and_once_more_for_each_that_a_supervisor_allowed(count: int, allowed: int, may: bool) -> None:
    assert may_transfer(count, allowed) is may


def test_an_end_with_an_instant_before_the_request_is_drawn_up_to_it() -> None:
    early = replace(asked(TransferKind.COLD), requested_at=START + timedelta(seconds=5))
    assert step(early, CallerLeft(), START)[0].ended_at == early.requested_at
