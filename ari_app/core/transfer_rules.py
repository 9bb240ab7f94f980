"""Handing a caller over: from a request to the moment at which somebody else has the caller, or the same one again.

`step` is the whole rule book: a transfer and an event in, the transfer afterwards and what follows for the call out.
`layout` says who hears whom in each state. The call's own task carries both out. Instants are timezone-aware UTC.

    RINGING → BRIEFING → CONSULTING ⇄ WITH_CALLER, CONFERENCED      warm: who asks stays until it is done
    RINGING → BRIEFING                                              cold: who asks is gone at once
    QUEUED                                                          into a queue
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

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
    TransferOutcome,
    TransferState,
)

#: a person hands over at most so often (AV §2)
MOST_TRANSFERS = 2


class Party(StrEnum):
    CALLER = "caller"
    HOLDER = "holder"  # who had the caller when the transfer was asked for
    TARGET = "target"  # to whom the caller is to go


@dataclass(frozen=True, slots=True)
class Layout:
    """Who hears whom: `together` in one bridge; `on_hold` each alone with music. Who is in neither is let go, but for
    a target that is still being reached.
    """

    together: frozenset[Party] = frozenset()
    on_hold: frozenset[Party] = frozenset()


_CALLER_HELD = Layout(on_hold=frozenset({Party.CALLER}))
#: who has the caller stays where the talk was, alone
HOLD = Layout(together=frozenset({Party.HOLDER}), on_hold=frozenset({Party.CALLER}))
_LAYOUTS = {
    TransferState.CONSULTING: Layout(frozenset({Party.HOLDER, Party.TARGET}), frozenset({Party.CALLER})),
    TransferState.WITH_CALLER: Layout(frozenset({Party.HOLDER, Party.CALLER}), frozenset({Party.TARGET})),
    TransferState.CONFERENCED: Layout(frozenset(Party)),
}


def layout(transfer: Transfer) -> Layout:
    """Who hears whom while this transfer is open."""
    return _LAYOUTS.get(transfer.state, HOLD if transfer.in_presence else _CALLER_HELD)


class Then(StrEnum):
    """What follows for the call."""

    GO_ON = "go_on"  # the transfer goes on, as its layout says
    HOLDER_TALKS = "holder_talks"  # it is over: caller and holder are together again
    TARGET_TALKS = "target_talks"  # it is over: the target has the caller, the holder is let go
    COME_BACK = "come_back"  # it is over, and nobody is with the caller: back to who asked
    CALL_OVER = "call_over"  # the caller is gone


_SPOKEN_WITH = frozenset({TransferState.CONSULTING, TransferState.WITH_CALLER, TransferState.CONFERENCED})


def step(transfer: Transfer, event: TransferEvent) -> tuple[Transfer, Then]:
    """The transfer after the event, the same object where the event changes nothing, and what follows."""
    if not transfer.is_open:
        return transfer, Then.GO_ON
    state = transfer.state
    match event:
        case CallerLeft(at):
            return _ended(transfer, TransferOutcome.CALLER_LEFT, at), Then.CALL_OVER
        case Taken(by, at):
            if state not in (TransferState.QUEUED, TransferState.RINGING):
                return transfer, Then.GO_ON
            answered = replace(transfer, answered_at=at)
            return _completed(answered, at, same_person=by == transfer.from_party), Then.TARGET_TALKS
        case TargetFailed(outcome, at):
            if state is not TransferState.RINGING:
                return transfer, Then.GO_ON
            return _failed(transfer, outcome, at)
        case TargetAnswered(at):
            if state is not TransferState.RINGING:
                return transfer, Then.GO_ON
            return replace(transfer, state=TransferState.BRIEFING, answered_at=at), Then.GO_ON
        case TargetBriefed(at):
            if state is not TransferState.BRIEFING:
                return transfer, Then.GO_ON
            if transfer.in_presence:
                return replace(transfer, state=TransferState.CONSULTING, until_at=None), Then.GO_ON
            return _completed(transfer, at), Then.TARGET_TALKS
        case TargetLeft(at):
            if state is TransferState.QUEUED:
                return transfer, Then.GO_ON
            return _failed(transfer, TransferOutcome.REFUSED, at)
        case TimeUp(at):
            if state not in (TransferState.RINGING, TransferState.BRIEFING):
                return transfer, Then.GO_ON
            return _failed(transfer, TransferOutcome.NO_ANSWER, at)
        case HolderLeft(at) | Complete(at) if transfer.in_presence:
            if state in _SPOKEN_WITH:
                return _completed(transfer, at), Then.TARGET_TALKS
            # Nobody waits for a phone to ring on behalf of somebody who is gone: it goes on as a cold one.
            return replace(transfer, in_presence=False), Then.GO_ON
        case Cancel(at) if transfer.in_presence:
            return _ended(transfer, TransferOutcome.CANCELLED, at), Then.HOLDER_TALKS
        case Swap():
            return _turned(transfer), Then.GO_ON
        case Conference() if state in _SPOKEN_WITH:
            if state is TransferState.CONFERENCED:
                return transfer, Then.GO_ON
            return replace(transfer, state=TransferState.CONFERENCED), Then.GO_ON
        case _:
            return transfer, Then.GO_ON


def _turned(transfer: Transfer) -> Transfer:
    match transfer.state:
        case TransferState.CONSULTING:
            return replace(transfer, state=TransferState.WITH_CALLER)
        case TransferState.WITH_CALLER | TransferState.CONFERENCED:
            return replace(transfer, state=TransferState.CONSULTING)
        case _:
            return transfer


def _failed(transfer: Transfer, outcome: TransferOutcome, at: datetime) -> tuple[Transfer, Then]:
    then = Then.HOLDER_TALKS if transfer.in_presence else Then.COME_BACK
    return _ended(transfer, outcome, at), then


def _completed(transfer: Transfer, at: datetime, *, same_person: bool = False) -> Transfer:
    return replace(
        _ended(transfer, TransferOutcome.COMPLETED, at),
        completed_at=at,
        counted=not same_person,
        count_reason=CountReason.SAME_PERSON if same_person else CountReason.HANDED_OVER,
    )


def _ended(transfer: Transfer, outcome: TransferOutcome, at: datetime) -> Transfer:
    return replace(
        transfer,
        state=TransferState.ENDED,
        ended_at=max(at, transfer.requested_at),
        outcome=outcome,
        count_reason=CountReason.NOT_HANDED_OVER,
        until_at=None,
    )


def over(transfer: Transfer, outcome: TransferOutcome, at: datetime) -> Transfer:
    """The transfer as it is closed because its call is over; one that is over already stays as it is."""
    return _ended(transfer, outcome, at) if transfer.is_open else transfer


def may_transfer(transfer_count: int, allowed_beyond: int) -> bool:
    """May this caller be handed over once more? At most twice, and once more for each that a supervisor allowed."""
    return transfer_count < MOST_TRANSFERS + allowed_beyond
