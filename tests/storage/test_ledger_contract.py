"""The contract between every ledger and the calls: the real one, and the one in memory that the flow tests use."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from ari_app.core.call import Call, EndReason, Fact, FactKind, LegEndReason, Stage
from ari_app.core.ids import MunicipalityCode, OperatorNumber, answer_id_of, new_leg_id
from ari_app.core.ledger import AlreadyTaken, OpenRows, StaleRow, StoreUnavailable
from ari_app.core.queue_visits import VisitOutcome
from ari_app.core.survey import SurveyAnswer, SurveyQuestion
from tests.fakes.ledger import FakeLedger
from tests.storage.subject import Subject
from tests.storage.values import (
    FULL_CALL,
    FULL_LEG,
    FULL_LINE,
    FULL_SESSION,
    FULL_VISIT,
    NINE,
    NODE1,
    NODE2,
    WIERDAM,
    after,
    new_call,
    new_leg,
    new_line,
    new_session,
    new_visit,
)

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)
QUEUED = Fact(after(3), FactKind.QUEUED, {"position": 2, "late": False, "share": 0.5, "who": None, "team": "kcc – één"})


async def ended(subject: Subject, call: Call) -> Call:
    end = replace(call, stage=Stage.ENDED, ended_at=after(9), end_reason=EndReason.ABANDONED_WAITING)
    return await subject.store(end, [Fact(after(9), FactKind.ENDED)])


async def test_a_call_comes_back_as_it_was_stored(subject: Subject) -> None:
    call = new_call()
    leg = new_leg(call)
    stored = await subject.store(call, [ARRIVED], [leg])
    assert stored == replace(call, last_seq=1)
    queued = replace(
        stored,
        stage=Stage.WAITING,
        stage_entered_at=after(3),
        municipality=MunicipalityCode("GM9901"),
        queued_at=after(3),
        refused_by=(OperatorNumber("101"),),
        pii_caller_number="+31612345678",
    )
    answered = replace(leg, answered_at=after(1))
    stored = await subject.store(queued, [QUEUED], [answered])
    assert stored == replace(queued, last_seq=2)
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(stored,), legs=(answered,))
    assert await subject.ledger.facts(call.id) == (ARRIVED, QUEUED)


async def test_several_facts_are_one_commit_and_count_on(subject: Subject) -> None:
    call = await subject.store(new_call(), [ARRIVED, QUEUED])
    assert call.last_seq == 2
    call = await subject.store(call, [Fact(after(4), FactKind.OFFERED), Fact(after(5), FactKind.ANSWERED)])
    assert call.last_seq == 4
    kinds = [fact.kind for fact in await subject.ledger.facts(call.id)]
    assert kinds == [FactKind.ARRIVED, FactKind.QUEUED, FactKind.OFFERED, FactKind.ANSWERED]


async def test_a_change_without_a_fact_is_stored_too(subject: Subject) -> None:
    call = await subject.store(new_call(), [ARRIVED])
    leg = new_leg(call)
    changed = await subject.store(replace(call, menu_tries=1), [], [leg])
    assert changed == replace(call, menu_tries=1)
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(changed,), legs=(leg,))


async def test_several_legs_at_once(subject: Subject) -> None:
    call = await subject.store(new_call(), [ARRIVED])
    legs = [new_leg(call), replace(new_leg(call), id=new_leg_id(), started_at=after(1))]
    await subject.store(call, [QUEUED], legs)
    assert (await subject.ledger.open_rows(NODE1)).legs == tuple(legs)


async def test_an_older_copy_of_a_call_cannot_continue_it(subject: Subject) -> None:
    first = await subject.store(new_call(), [ARRIVED])
    second = await subject.store(replace(first, menu_tries=1), [QUEUED])
    leg = new_leg(first)
    with pytest.raises(StaleRow):
        await subject.store(replace(first, menu_tries=2), [QUEUED], [leg])
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(second,))
    assert await subject.ledger.facts(first.id) == (ARRIVED, QUEUED)


async def test_a_call_cannot_be_new_twice(subject: Subject) -> None:
    call = new_call()
    await subject.store(call, [ARRIVED])
    with pytest.raises(StaleRow):
        await subject.store(replace(call, dialled="140570"), [ARRIVED])


async def test_a_call_that_was_never_stored_cannot_be_continued(subject: Subject) -> None:
    call = replace(new_call(), last_seq=3)
    with pytest.raises(StaleRow):
        await subject.store(call, [QUEUED], [new_leg(call)])
    assert await subject.ledger.open_rows(NODE1) == OpenRows()


async def test_a_repeated_write_adds_nothing_but_its_legs(subject: Subject) -> None:
    new = new_call()
    first = await subject.store(new, [ARRIVED])
    assert await subject.store(new, [ARRIVED]) == first
    leg = new_leg(first)
    second = await subject.store(first, [QUEUED], [leg])
    later = replace(leg, answered_at=after(2))
    assert await subject.store(first, [QUEUED], [later]) == second
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(second,), legs=(later,))
    assert await subject.ledger.facts(first.id) == (ARRIVED, QUEUED)


async def test_the_same_row_with_another_fact_is_no_repetition(subject: Subject) -> None:
    first = await subject.store(new_call(), [ARRIVED])
    await subject.store(first, [QUEUED])
    with pytest.raises(StaleRow):
        await subject.store(first, [replace(QUEUED, at=after(3.5))])


async def test_mistakes_of_a_caller_are_told_as_such(subject: Subject) -> None:
    call = new_call()
    with pytest.raises(ValueError, match="at least one fact"):
        await subject.store(call, [])
    with pytest.raises(ValueError, match="with their own call"):
        await subject.store(call, [ARRIVED], [new_leg(new_call())])
    assert await subject.ledger.open_rows(NODE1) == OpenRows()


async def test_open_rows_are_those_of_one_asterisk_oldest_first(subject: Subject) -> None:
    later = await subject.store(new_call(at=after(1)), [ARRIVED])
    sooner = await subject.store(new_call(), [ARRIVED])
    await subject.store(new_call(NODE2), [ARRIVED])
    await ended(subject, await subject.store(new_call(), [ARRIVED]))
    line, session = new_line(), new_session("101")
    await subject.ledger.store_line(line)
    await subject.ledger.store_line(new_line(NODE2))
    await subject.ledger.store_session(session)
    await subject.ledger.store_session(new_session("102", NODE2))
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(sooner, later), lines=(line,), sessions=(session,))
    written: dict[UUID, int] = {call.id: call.last_seq for call in (sooner, later)}
    written |= {line.id: line.version, session.id: session.version}
    assert await subject.ledger.open_versions(NODE1) == written


async def test_a_leg_that_an_ended_call_left_open_is_still_shown(subject: Subject) -> None:
    call = await subject.store(new_call(), [ARRIVED])
    legs = [new_leg(call), replace(new_leg(call), id=new_leg_id(), ended_at=after(9), end_reason=LegEndReason.HUNG_UP)]
    await ended(subject, await subject.store(call, [QUEUED], legs))
    assert await subject.ledger.open_rows(NODE1) == OpenRows(legs=(legs[0],))
    assert await subject.ledger.open_rows(NODE2) == OpenRows()


async def test_every_field_of_every_row_is_kept(subject: Subject) -> None:
    await subject.store(FULL_CALL, [ARRIVED], [FULL_LEG], [], [FULL_VISIT])
    await subject.ledger.store_line(FULL_LINE)
    await subject.ledger.store_session(FULL_SESSION)
    assert await subject.ledger.open_rows(NODE1) == OpenRows()


async def test_a_visit_is_written_with_its_call_and_is_open_until_it_has_an_outcome(subject: Subject) -> None:
    call = new_call()
    visit = new_visit(call)
    first = await subject.store(call, [ARRIVED], [], [], [visit])
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(first,), visits=(visit,))
    left = replace(visit, left_at=after(4), outcome=VisitOutcome.MOVED)
    other = new_visit(call, after(4))
    second = await subject.store(first, [QUEUED], [], [], [left, other])
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(second,), visits=(other,))
    over = replace(other, left_at=after(9), outcome=VisitOutcome.ABANDONED)
    again = replace(over, end_is_estimated=True)
    third = await subject.store(second, [QUEUED], [], [], [over])
    assert await subject.store(second, [QUEUED], [], [], [again]) == third
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(third,))


async def test_a_call_is_in_one_queue_at_a_time(subject: Subject) -> None:
    call = await subject.store(visited := new_call(), [ARRIVED], [], [], [new_visit(visited)])
    with pytest.raises(AlreadyTaken):
        await subject.store(call, [QUEUED], [], [], [new_visit(call, after(1))])


async def test_a_stale_write_changes_no_visit(subject: Subject) -> None:
    first = await subject.store(new_call(), [ARRIVED])
    second = await subject.store(first, [QUEUED])
    with pytest.raises(StaleRow):
        await subject.store(replace(first, menu_tries=2), [QUEUED], [], [], [new_visit(first)])
    with pytest.raises(ValueError, match="own call"):
        await subject.store(second, [QUEUED], [], [], [new_visit(new_call())])
    assert await subject.ledger.open_rows(NODE1) == OpenRows(calls=(second,))


async def test_the_ledger_in_memory_can_be_away_and_can_lose_its_answers() -> None:
    fake = FakeLedger(available=False)
    call = new_call()
    with pytest.raises(StoreUnavailable):
        await fake.store(call, [ARRIVED])
    fake.available = True
    fake.lose_answers = 1
    with pytest.raises(StoreUnavailable):
        await fake.store(call, [ARRIVED])
    assert await fake.store(call, [ARRIVED]) == replace(call, last_seq=1)
    assert fake.kinds(call.id) == [FactKind.ARRIVED]


async def test_an_answer_of_a_survey_is_stored_with_its_call_and_overwritten_by_a_later_value(subject: Subject) -> None:
    first = await subject.store(new_call(), [ARRIVED])
    asked = SurveyAnswer(answer_id_of(first.id, 0), first.id, WIERDAM, SurveyQuestion.MARK, after(1))
    second = await subject.store(first, [QUEUED], answers=[asked])
    given = replace(asked, value=8, answered_at=after(2))
    assert await subject.store(first, [QUEUED], answers=[given]) == second, "a repeated write"
    with pytest.raises(StaleRow):
        await subject.store(replace(first, menu_tries=2), [ARRIVED], answers=[replace(given, value=1)])
    assert await subject.answers() == [given]
