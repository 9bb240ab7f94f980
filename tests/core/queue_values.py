"""Callers and operators of the queue in short form, for its tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ari_app.core.ids import CallId, MunicipalityCode, OperatorNumber, SessionId
from ari_app.core.queue_board import Board
from ari_app.core.queue_rules import Offer, ReadyOperator, WaitingCaller

START = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def codes(names: str) -> frozenset[MunicipalityCode]:
    """Municipalities named by one letter each."""
    return frozenset(MunicipalityCode(name) for name in names)


def caller(
    number: int,
    municipality: str = "A",
    *,
    queued: float = 0,
    norm: int = 25,
    overflow: int = 60,
    only: str | None = None,
    refused_by: Iterable[str] = (),
) -> WaitingCaller:
    """A caller for one municipality, or with several letters (or none and `only`) for any of them."""
    return WaitingCaller(
        call_id=CallId(UUID(int=number)),
        municipality=MunicipalityCode(municipality) if len(municipality) == 1 else None,
        municipalities=codes(municipality),
        queued_at=at(queued),
        answer_within_seconds=norm,
        overflow_after_seconds=overflow,
        only_operator=None if only is None else OperatorNumber(only),
        refused_by=frozenset(map(OperatorNumber, refused_by)),
    )


def operator(number: int, primary: str = "A", secondary: str = "", *, idle: float = 0) -> ReadyOperator:
    """The operator with this number, in the session of the same number, idle since that second."""
    return ReadyOperator(
        session_id=SessionId(UUID(int=number)),
        operator=OperatorNumber(str(number)),
        primary=codes(primary),
        secondary=codes(secondary),
        idle_since=at(idle),
    )


def board_with(waiting: Iterable[WaitingCaller], operators: Iterable[ReadyOperator] = ()) -> Board:
    board = Board()
    for each in waiting:
        board.add_caller(each)
    for someone in operators:
        board.operator_ready(someone)
    return board


def pairs(found: Iterable[Offer]) -> list[tuple[int, int]]:
    """Offers as (caller, operator) numbers."""
    return [(offer.call_id.int, offer.session_id.int) for offer in found]
