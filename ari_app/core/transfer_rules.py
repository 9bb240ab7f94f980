"""The rules of a transfer, from the request until another person has the caller, or the same one again.

`step` is the whole rule book: a transfer and an event in, the transfer afterwards and what follows for the call out.
`layout` says which parties hear each other in each state. The call's own task carries both out. Instants are
timezone-aware UTC.

    RINGING → BRIEFING → CONSULTING ⇄ WITH_CALLER, CONFERENCED    warm: the handling party stays until it is done
    RINGING → BRIEFING                                            cold: the handling party leaves at once
    QUEUED                                                        into a queue
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

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
    TransferOutcome,
    TransferState,
)

#: a caller is transferred at most so often (AV §2)
MOST_TRANSFERS = 2


class Party(StrEnum):
    CALLER = "caller"
    HANDLING_PARTY = "handling_party"  # the person who has the caller, and asked for the transfer
    TARGET = "target"  # the colleague to whom the caller is to go


@dataclass(frozen=True, slots=True)
class Layout:
    """The parties `together` hear each other in one bridge; those `on_hold` hear music, each alone.

    A party in neither is let go, except a target that is still being reached.
    """

    together: frozenset[Party] = frozenset()
    on_hold: frozenset[Party] = frozenset()


_CALLER_HELD = Layout(on_hold=frozenset({Party.CALLER}))
#: the handling party stays in the bridge of the talk, alone
TALK = Layout(together=frozenset({Party.HANDLING_PARTY, Party.CALLER}))
HOLD = Layout(together=frozenset({Party.HANDLING_PARTY}), on_hold=frozenset({Party.CALLER}))
_LAYOUTS = {
    TransferState.CONSULTING: Layout(frozenset({Party.HANDLING_PARTY, Party.TARGET}), frozenset({Party.CALLER})),
    TransferState.WITH_CALLER: Layout(frozenset({Party.HANDLING_PARTY, Party.CALLER}), frozenset({Party.TARGET})),
    TransferState.CONFERENCED: Layout(frozenset(Party)),
}


def layout(transfer: Transfer) -> Layout:
    """The parties that hear each other while this transfer is open."""
    return _LAYOUTS.get(transfer.state, HOLD if transfer.in_presence else _CALLER_HELD)


class Then(StrEnum):
    """The consequence for the call."""

    GO_ON = "go_on"  # the transfer goes on, as its layout says
    HANDLING_PARTY_TALKS = "handling_party_talks"  # it is over: caller and handling party are together again
    TARGET_TALKS = "target_talks"  # it is over: the target has the caller, the handling party is let go
    COME_BACK = "come_back"  # it is over, and nobody is with the caller: back to the party that asked
    CALL_OVER = "call_over"  # the caller is gone


_SPOKEN_WITH = frozenset({TransferState.CONSULTING, TransferState.WITH_CALLER, TransferState.CONFERENCED})


def step(transfer: Transfer, event: TransferEvent, at: datetime) -> tuple[Transfer, Then]:
    """The transfer after what happened at this instant, and what follows for the call.

    The very same object comes back where the event changes nothing.
    """
    if not transfer.is_open:
        return transfer, Then.GO_ON
    state = transfer.state
    match event:
        case CallerLeft():
            return _ended(transfer, TransferOutcome.CALLER_LEFT, at), Then.CALL_OVER
        case Taken(by):
            if state not in (TransferState.QUEUED, TransferState.RINGING):
                return transfer, Then.GO_ON
            answered = replace(transfer, answered_at=at)
            return _completed(answered, at, same_person=by == transfer.from_party), Then.TARGET_TALKS
        case TargetFailed(outcome) if state is TransferState.RINGING:
            return _failed(transfer, outcome, at)
        case TargetAnswered() if state is TransferState.RINGING:
            return replace(transfer, state=TransferState.BRIEFING, answered_at=at), Then.GO_ON
        case TargetBriefed() if state is TransferState.BRIEFING:
            if transfer.in_presence:
                return replace(transfer, state=TransferState.CONSULTING, until_at=None), Then.GO_ON
            return _completed(transfer, at), Then.TARGET_TALKS
        case TargetLeft() if state is not TransferState.QUEUED:
            return _failed(transfer, TransferOutcome.REFUSED, at)
        case TimeUp() if state in (TransferState.RINGING, TransferState.BRIEFING):
            return _failed(transfer, TransferOutcome.NO_ANSWER, at)
        case HandlingPartyLeft() | CompleteTransfer() if transfer.in_presence:
            if state in _SPOKEN_WITH:
                return _completed(transfer, at), Then.TARGET_TALKS
            # Nobody waits for a phone to ring on behalf of somebody who is gone: it goes on as a cold transfer.
            return replace(transfer, in_presence=False), Then.GO_ON
        case CancelTransfer() if transfer.in_presence:
            return _ended(transfer, TransferOutcome.CANCELLED, at), Then.HANDLING_PARTY_TALKS
        case SwapParties() if state in _SPOKEN_WITH:
            swapped = TransferState.WITH_CALLER if state is TransferState.CONSULTING else TransferState.CONSULTING
            return replace(transfer, state=swapped), Then.GO_ON
        case Conference() if state in (TransferState.CONSULTING, TransferState.WITH_CALLER):
            return replace(transfer, state=TransferState.CONFERENCED), Then.GO_ON
        case _:
            return transfer, Then.GO_ON


def _failed(transfer: Transfer, outcome: TransferOutcome, at: datetime) -> tuple[Transfer, Then]:
    then = Then.HANDLING_PARTY_TALKS if transfer.in_presence else Then.COME_BACK
    return _ended(transfer, outcome, at), then


def _completed(transfer: Transfer, at: datetime, *, same_person: bool = False) -> Transfer:
    return replace(
        _ended(transfer, TransferOutcome.COMPLETED, at),
        completed_at=at,
        counted=not same_person,
        count_reason=CountReason.SAME_PERSON if same_person else CountReason.TO_ANOTHER_PERSON,
    )


def _ended(transfer: Transfer, outcome: TransferOutcome, at: datetime) -> Transfer:
    return replace(
        transfer,
        state=TransferState.ENDED,
        ended_at=max(at, transfer.requested_at),
        outcome=outcome,
        count_reason=CountReason.NOT_COMPLETED,
        until_at=None,
    )


def over(transfer: Transfer, outcome: TransferOutcome, at: datetime) -> Transfer:
    """The transfer, closed because its call is over; one that is closed already stays as it is."""
    return _ended(transfer, outcome, at) if transfer.is_open else transfer


def may_transfer(transfer_count: int, allowed_beyond: int) -> bool:
    """May this caller be transferred once more? At most twice, and once more for each that a supervisor allowed."""
    return transfer_count < MOST_TRANSFERS + allowed_beyond
