"""The record of one call: what is noted is written once, by the next commit, whatever the store does meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Unpack
from uuid import uuid4

import pytest

from ari_app.calls.call.record import (
    AT_ONCE,
    ENDING_PATIENCE,
    FOR_EVER,
    RESUMING_PATIENCE,
    STORE_PATIENCE,
    Patience,
    Record,
)
from ari_app.calls.door import Door
from ari_app.core.call import Call, Fact, FactKind, Leg, LegRole, Stage
from ari_app.core.call_changes import CallChanges
from ari_app.core.ids import AsteriskId, CallId, ChannelId, MunicipalityCode, TransferId, new_leg_id
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.transfer import Transfer, TransferKind, TransferState
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ARRIVED, QUEUED = Fact(NOW, FactKind.ARRIVED), Fact(NOW, FactKind.QUEUED)
ESDAM = MunicipalityCode("GM9901")


CLOCK = FakeClock(NOW)


async def committed(record: Record, *facts: Fact, **changes: Unpack[CallChanges]) -> bool:
    """Whether a commit that waits for the store no longer than it must, which is one try more, succeeded."""
    work = asyncio.create_task(record.commit(*facts, patience=AT_ONCE, **changes))
    await CLOCK.advance(1)
    try:
        await work
    except StoreUnavailable:
        return False
    return True


def a_record(ledger: FakeLedger, door: Door | None = None) -> Record:
    call = Call(
        id=CallId(uuid4()),
        asterisk_id=AsteriskId("node1"),
        channel_id=ChannelId("citizen"),
        dialled="140119",
        stage=Stage.ARRIVED,
        stage_entered_at=NOW,
        arrived_at=NOW,
    )
    return Record(ledger, CLOCK, door or Door(CLOCK), call, ())


async def test_what_was_noted_is_written_by_one_commit() -> None:
    ledger = FakeLedger()
    record = a_record(ledger)
    record.note(ARRIVED)
    record.note(QUEUED, municipality=ESDAM)
    assert not ledger.calls
    await record.commit(has_music=True)
    assert ledger.writes == 1
    assert ledger.calls[record.call.id] == record.call
    assert (record.call.municipality, record.call.has_music, record.call.last_seq) == (ESDAM, True, 2)
    assert ledger.kinds(record.call.id) == [FactKind.ARRIVED, FactKind.QUEUED]


async def test_a_change_without_a_fact_gets_one_with_the_names_of_the_fields() -> None:
    ledger = FakeLedger()
    record = a_record(ledger)
    await record.commit(ARRIVED)
    record.note(menu_tries=1)
    await record.commit(has_music=True)
    assert ledger.told[record.call.id][-1].detail == {"what": "has_music, menu_tries"}


async def test_nothing_noted_is_no_write_and_a_changed_leg_is_one_without_a_fact() -> None:
    ledger = FakeLedger()
    record = a_record(ledger)
    await record.commit(ARRIVED)
    await record.commit()
    assert ledger.writes == 1
    leg = Leg(new_leg_id(), record.call.id, record.caller, LegRole.CALLER, None, NOW)
    record.change_leg(leg)
    await record.commit()
    assert (ledger.writes, ledger.legs[leg.id]) == (2, leg)
    assert ledger.kinds(record.call.id) == [FactKind.ARRIVED]


async def test_what_a_commit_could_not_write_has_not_happened_and_what_was_noted_before_it_has() -> None:
    ledger = FakeLedger()
    record = a_record(ledger)
    await record.commit(ARRIVED)
    record.note(QUEUED, municipality=ESDAM)
    ledger.available = False
    assert not await committed(record, answered_at=NOW)
    assert (record.call.municipality, record.call.answered_at) == (ESDAM, None)


@pytest.mark.parametrize("is_answer_lost", [False, True])
async def test_a_commit_of_which_nobody_knows_whether_it_arrived_is_made_sure_and_written_once(
    is_answer_lost: bool,
) -> None:
    ledger = FakeLedger()
    record = a_record(ledger)
    await record.commit(ARRIVED)
    ledger.lose_answers = 2
    ledger.available = is_answer_lost
    assert not await committed(record, QUEUED)
    ledger.available, ledger.lose_answers = True, 0
    await record.commit(Fact(NOW, FactKind.ENDED), patience=FOR_EVER)
    assert ledger.kinds(record.call.id) == [FactKind.ARRIVED, FactKind.QUEUED, FactKind.ENDED]


async def test_a_call_that_the_store_never_took_is_written_once_however_often_it_is_tried() -> None:
    ledger = FakeLedger(available=False)
    record = a_record(ledger)
    record.note(ARRIVED)
    record.note(Fact(NOW, FactKind.ENDED), stage=Stage.ENDED)
    for _ in range(3):
        assert not await committed(record)
    ledger.available, ledger.lose_answers = True, 2
    assert not await committed(record)
    assert await committed(record)
    assert ledger.kinds(record.call.id) == [FactKind.ARRIVED, FactKind.ENDED]


async def test_a_transfer_that_was_noted_goes_on_counting_when_the_commit_beside_it_failed() -> None:
    ledger = FakeLedger()
    record = a_record(ledger)
    await record.commit(ARRIVED)
    leg = record.change_leg(Leg(new_leg_id(), record.call.id, record.caller, LegRole.OPERATOR, "101", NOW))
    record.change_transfer(
        Transfer(
            id=TransferId(uuid4()),
            call_id=record.call.id,
            number=1,
            kind=TransferKind.COLD,
            state=TransferState.ENDED,
            requested_at=NOW,
            from_party="101",
            from_leg=leg.id,
            to_party="102",
            counted=True,
        )
    )
    ledger.available = False
    assert not await committed(record, answered_at=NOW, transfer_count=1)
    ledger.available = True
    await record.commit(Fact(NOW, FactKind.ENDED), patience=FOR_EVER)
    assert ledger.calls[record.call.id].transfer_count == 1
    assert [transfer.counted for transfer in ledger.transfers.values()] == [True]


@pytest.mark.parametrize("are_others_written", [False, True])
async def test_a_write_that_takes_long_is_an_absence_unless_others_arrive_meanwhile(are_others_written: bool) -> None:
    slow, door = FakeLedger(), Door(CLOCK)
    record, other = a_record(slow, door), a_record(FakeLedger(), door)
    await record.commit(ARRIVED)
    slow.freeze()
    work = asyncio.create_task(record.commit(QUEUED, patience=ENDING_PATIENCE))
    await CLOCK.advance(0.5)
    if are_others_written:
        await other.commit(ARRIVED)
    await CLOCK.advance(1)
    assert door.is_away is not are_others_written
    slow.thaw()
    await CLOCK.advance(1)
    with pytest.raises(StoreUnavailable):
        await work


@pytest.mark.parametrize(("patience", "is_absence"), [(STORE_PATIENCE, True), (RESUMING_PATIENCE, False)])
async def test_the_first_write_of_a_resumed_call_is_not_cut_short(patience: Patience, is_absence: bool) -> None:
    ledger, door = FakeLedger(clock=CLOCK), Door(CLOCK)
    record = a_record(ledger, door)
    await record.commit(ARRIVED)
    ledger.freeze()
    work = asyncio.create_task(record.commit(QUEUED, patience=patience))
    await CLOCK.advance(1.5)
    assert door.is_away is is_absence
    ledger.thaw()
    await CLOCK.advance(1)
    await work
    assert ledger.kinds(record.call.id) == [FactKind.ARRIVED, FactKind.QUEUED]
