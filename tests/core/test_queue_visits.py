"""The stays of a call in queues, as its row changes: which begins, goes on, or ends, and how."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ari_app.core.call import Call, EndReason, Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.callbacks import RequestKind
from ari_app.core.ids import (
    AsteriskId,
    CallId,
    ChannelId,
    Endpoint,
    LegId,
    MunicipalityCode,
    OperatorNumber,
    TeamCode,
    TransferId,
)
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason, after, at_position, left_for_fallback
from ari_app.core.transfer import Transfer, TransferKind, TransferState

pytestmark = pytest.mark.pure

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HERE, THERE = MunicipalityCode("GM9901"), MunicipalityCode("GM9902")


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def call(stage: Stage, seconds: float, **more: Any) -> Call:
    row = Call(
        id=CallId(UUID(int=1)),
        asterisk_id=AsteriskId("node1"),
        channel_id=ChannelId("c"),
        dialled="140119",
        stage=stage,
        stage_entered_at=at(seconds),
        arrived_at=at(0),
        municipality=HERE,
    )
    return replace(row, **more)


def ended(seconds: float, reason: EndReason, **more: Any) -> Call:
    return call(Stage.ENDED, seconds, ended_at=at(seconds), end_reason=reason, **more)


CHOOSING, WAITING, OFFERED = call(Stage.CHOOSING, 1), call(Stage.WAITING, 3), call(Stage.CONNECTING, 10)
TALKING, ASKED = call(Stage.TALKING, 14, answered_at=at(14)), call(Stage.LEAVING_CALLBACK, 20)
RINGS = call(Stage.WAITING, 3, only_operator=OperatorNumber("101"), direct_until_at=at(23))
LEG = Leg(LegId(UUID(int=2)), CALL := WAITING.id, ChannelId("o"), LegRole.OPERATOR, "101", at(10), team=TeamCode("kcc"))
INTO_QUEUE = Transfer(
    id=TransferId(UUID(int=3)),
    call_id=CALL,
    number=1,
    kind=TransferKind.QUEUE,
    state=TransferState.QUEUED,
    requested_at=at(30),
    from_party="101",
    from_leg=LEG.id,
    to_party=THERE,
)
DIRECT_FAILED = Fact(at(23), FactKind.OFFER_FAILED, {"why": "no_answer", "direct": "101"})
UNHEARD = Fact(at(14.3), FactKind.OFFER_FAILED, {"why": "operator_left"})


def entered(before: Call = CHOOSING, now: Call = WAITING, *facts: Fact, transfer: Transfer | None = None) -> QueueVisit:
    (visit,) = after(None, before, now, facts, transfer)
    return visit


OPEN = entered()
ANSWERED = after(OPEN, OFFERED, TALKING, (), None, LEG)[0]


def test_a_stay_begins_with_the_stage_in_which_a_caller_waits() -> None:
    assert (OPEN.reason, OPEN.entered_at, OPEN.municipality) == (VisitReason.MENU, at(3), HERE)
    assert OPEN.is_open and OPEN.left_at is None


@pytest.mark.parametrize(
    ("before", "now", "facts", "transfer", "reason"),
    [
        pytest.param(CHOOSING, WAITING, (), None, VisitReason.MENU, id="chosen"),
        pytest.param(RINGS, WAITING, (DIRECT_FAILED,), None, VisitReason.DIRECT, id="the person let it ring"),
        pytest.param(CHOOSING, WAITING, (DIRECT_FAILED,), None, VisitReason.DIRECT, id="the person was not there"),
        pytest.param(
            replace(OFFERED, direct_endpoint=Endpoint("PJSIP/x")), WAITING, (), None, VisitReason.DIRECT, id="a phone"
        ),
        pytest.param(TALKING, WAITING, (), INTO_QUEUE, VisitReason.TRANSFER, id="a transfer into the queue"),
        pytest.param(TALKING, replace(WAITING, returned_at=at(3)), (), None, VisitReason.RETURNED, id="came back"),
        pytest.param(TALKING, WAITING, (UNHEARD,), None, VisitReason.RETURNED, id="unheard, and its stay not known"),
        pytest.param(
            OFFERED,
            OFFERED,
            (Fact(at(10), FactKind.CALLING_BACK, {"kind": "virtual_hold"}),),
            None,
            VisitReason.VIRTUAL_HOLD,
            id="the turn of a place that was kept",
        ),
    ],
)
def test_why_a_call_came_into_the_queue(
    before: Call, now: Call, facts: tuple[Fact, ...], transfer: Transfer | None, reason: VisitReason
) -> None:
    assert entered(before, now, *facts, transfer=transfer).reason is reason


@pytest.mark.parametrize(
    ("before", "now", "facts"),
    [
        (CHOOSING, RINGS, ()),
        (CHOOSING, call(Stage.CONNECTING, 3, direct_endpoint=Endpoint("PJSIP/x")), ()),
        (CHOOSING, call(Stage.LEAVING_CALLBACK, 3), ()),
        (OFFERED, OFFERED, (Fact(at(10), FactKind.CALLING_BACK, {"kind": "promise"}),)),
        (TALKING, call(Stage.CONNECTING, 30), ()),
        (WAITING, ended(9, EndReason.CLOSED), ()),
    ],
    ids=["a person rings", "a phone rings", "a callback from the menu", "a promise", "a cold transfer", "no queue"],
)
def test_where_no_stay_begins(before: Call, now: Call, facts: tuple[Fact, ...]) -> None:
    assert after(None, before, now, facts) == ()


@pytest.mark.parametrize("now", [WAITING, replace(WAITING, has_music=True), OFFERED, call(Stage.WAITING, 17), ASKED])
def test_a_stay_goes_on_while_the_caller_keeps_the_place(now: Call) -> None:
    assert after(OPEN, WAITING, now) == ()


def test_an_answer_ends_the_stay_with_the_operator_and_the_team_of_that_moment() -> None:
    assert (ANSWERED.outcome, ANSWERED.left_at) == (VisitOutcome.ANSWERED, at(14))
    assert (ANSWERED.operator, ANSWERED.team, ANSWERED.end_is_estimated) == ("101", "kcc", False)
    assert after(ANSWERED, TALKING, replace(TALKING, held_at=at(15)), (), None, LEG) == ()


def test_waiting_for_another_municipality_is_another_stay() -> None:
    there = call(Stage.WAITING, 30, municipality=THERE, answered_at=at(14))
    (visit,) = after(ANSWERED, TALKING, there, (), INTO_QUEUE)
    assert (visit.municipality, visit.from_municipality, visit.entered_at) == (THERE, HERE, at(30))
    moved, begun = after(OPEN, WAITING, there)
    assert (moved.id, moved.outcome, moved.left_at) == (OPEN.id, VisitOutcome.MOVED, at(30))
    assert (begun.municipality, begun.is_open) == (THERE, True)


def test_the_queue_of_a_team_and_the_subject_of_the_entry_are_kept() -> None:
    queued = Fact(at(30), FactKind.QUEUED, {"subject": "Burgerzaken"})
    now = replace(call(Stage.WAITING, 30), only_team=TeamCode("bz"))
    visit = entered(TALKING, now, queued, transfer=INTO_QUEUE)
    assert (visit.only_team, visit.subject) == ("bz", "Burgerzaken")


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (ended(40, EndReason.ABANDONED_WAITING), VisitOutcome.ABANDONED),
        (ended(40, EndReason.CALLER_LEFT_IN_TRANSFER), VisitOutcome.ABANDONED),
        (ended(40, EndReason.LOST), VisitOutcome.LOST),
        (ended(40, EndReason.FAULT), VisitOutcome.LOST),
        (ended(40, EndReason.FAULT, handled_by_fallback=True), VisitOutcome.FALLBACK),
        (ended(40, EndReason.HANDLED_BY_FALLBACK, handled_by_fallback=True), VisitOutcome.FALLBACK),
    ],
)
def test_a_call_that_ends_in_the_queue_says_how(end: Call, outcome: VisitOutcome) -> None:
    (visit,) = after(OPEN, WAITING, end)
    assert (visit.outcome, visit.left_at, visit.end_is_estimated) == (outcome, at(40), False)
    assert after(visit, end, end) == ()


def test_an_end_that_nobody_saw_is_an_estimate() -> None:
    (visit,) = after(OPEN, WAITING, ended(40, EndReason.LOST, end_is_estimated=True))
    assert visit.end_is_estimated


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (ended(40, EndReason.CALLBACK_PROMISED), VisitOutcome.CALLBACK),
        (ended(40, EndReason.CALLBACK_PROMISED, callback_kind=RequestKind.VIRTUAL_HOLD), VisitOutcome.VIRTUAL_HOLD),
        (ended(40, EndReason.WAITED_TOO_LONG), VisitOutcome.WAITED_TOO_LONG),
        (ended(40, EndReason.NOBODY_AVAILABLE), VisitOutcome.NOBODY_AVAILABLE),
        (ended(40, EndReason.LOST, end_is_estimated=True), VisitOutcome.LOST),
    ],
)
def test_a_caller_who_went_on_to_a_callback_waited_until_then(end: Call, outcome: VisitOutcome) -> None:
    (visit,) = after(OPEN, ASKED, end)
    assert (visit.outcome, visit.left_at, visit.end_is_estimated) == (outcome, at(20), False)


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_of_a_call_is_an_outcome(reason: EndReason) -> None:
    (visit,) = after(OPEN, WAITING, ended(40, reason))
    assert visit.outcome is not None


def test_a_clock_that_was_set_back_makes_no_stay_of_less_than_nothing() -> None:
    (visit,) = after(OPEN, WAITING, ended(1, EndReason.ABANDONED_WAITING))
    assert visit.left_at == visit.entered_at


def test_an_operator_who_left_as_the_caller_came_in_was_no_answer() -> None:
    again = call(Stage.WAITING, 14.3)
    assert after(ANSWERED, TALKING, again, (UNHEARD,)) == (OPEN,)
    assert after(ANSWERED, replace(TALKING, stage_entered_at=at(13)), again, (UNHEARD,))[0].id != OPEN.id


def test_the_newest_offer_says_whether_a_helping_team_was_asked() -> None:
    offer = Fact(at(10), FactKind.OFFERED, {"operator": "102", "ring": False, "overflow": True})
    (visit,) = after(OPEN, WAITING, OFFERED, (offer,))
    assert visit == replace(OPEN, overflowed=True)
    (own,) = after(visit, WAITING, OFFERED, (replace(offer, detail={"operator": "101", "overflow": False}),))
    assert not own.overflowed


def test_the_position_is_that_of_the_beginning() -> None:
    visit = at_position(OPEN, 4)
    assert visit == replace(OPEN, position=4)
    assert at_position(visit, 2) is None
    assert (at_position(None, 1), at_position(ANSWERED, 1), at_position(OPEN, None)) == (None, None, None)


def test_asterisks_log_tells_when_the_dialplan_took_the_caller() -> None:
    (lost,) = after(OPEN, WAITING, ended(40, EndReason.LOST, end_is_estimated=True))
    (known,) = left_for_fallback((ANSWERED, lost), at(12))
    assert (known.outcome, known.left_at, known.end_is_estimated) == (VisitOutcome.FALLBACK, at(12), False)
    assert left_for_fallback((ANSWERED,), at(12)) == ()
