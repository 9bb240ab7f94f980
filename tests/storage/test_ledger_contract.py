"""The contract between every ledger and the calls: the real one, and the one in memory that the flow tests use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest

from ari_app.core.call import Call, EndReason, Fact, FactKind, LegEndReason, Stage
from ari_app.core.ids import Endpoint, MunicipalityCode, OperatorNumber, TeamCode, new_leg_id, new_session_id
from ari_app.core.ledger import AlreadyTaken, OpenRows, PinVerdict, StaleRow, StoreUnavailable
from ari_app.core.operator_rules import step
from ari_app.core.operator_states import OperatorStretch, ended_stretch
from ari_app.core.operators import LineLost, LogoutReason, OperatorState, Pause, PauseReason, Resume
from ari_app.core.pin_limits import FORGOTTEN_AFTER, OF_NUMBER, OF_PHONE
from ari_app.core.queue_visits import VisitOutcome
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.statements import STRETCH
from ari_app.storage.db.engine import Database
from ari_app.storage.operators.pin_hashes import hash_pin
from tests.fakes.ledger import FakeLedger
from tests.storage.values import (
    DESK,
    FULL_CALL,
    FULL_LEG,
    FULL_LINE,
    FULL_SESSION,
    FULL_VISIT,
    NINE,
    NODE1,
    NODE2,
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


@dataclass
class Subject:
    ledger: PostgresLedger | FakeLedger
    add_operator: Callable[[str, str], Awaitable[None]]
    stretches: Callable[[], Awaitable[list[OperatorStretch]]]

    @property
    def store(self) -> Callable[..., Awaitable[Call]]:
        return self.ledger.store


@pytest.fixture(params=["postgres", "fake"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        fake = FakeLedger()

        async def add(number: str, pin: str) -> None:
            fake.add_operator(number, pin)

        async def kept() -> list[OperatorStretch]:
            return fake.stretches

        yield Subject(fake, add, kept)
        return
    async with Database(request.getfixturevalue("database_url")) as database:

        async def insert(number: str, pin: str) -> None:
            await database.pool.execute("INSERT INTO operator VALUES ($1, 'Anna', $2)", number, hash_pin(pin))

        async def stored() -> list[OperatorStretch]:
            return [
                STRETCH.read(row) for row in await database.pool.fetch("SELECT * FROM operator_state ORDER BY from_at")
            ]

        ledger = PostgresLedger(database.pool)
        yield Subject(ledger, insert, stored)
        await ledger.close()


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


async def test_a_leg_that_an_ended_call_left_open_is_still_shown(subject: Subject) -> None:
    call = await subject.store(new_call(), [ARRIVED])
    legs = [new_leg(call), replace(new_leg(call), id=new_leg_id(), ended_at=after(9), end_reason=LegEndReason.HUNG_UP)]
    await ended(subject, await subject.store(call, [QUEUED], legs))
    assert await subject.ledger.open_rows(NODE1) == OpenRows(legs=(legs[0],))
    assert await subject.ledger.open_rows(NODE2) == OpenRows()


async def test_a_line_is_one_row_from_start_to_end(subject: Subject) -> None:
    line = new_line()
    await subject.ledger.store_line(line)
    line = replace(line, operator=OperatorNumber("101"), failed_logins=1, answered_at=after(1), version=1)
    await subject.ledger.store_line(line)
    await subject.ledger.store_line(line)  # again, as its answer was lost
    assert (await subject.ledger.open_rows(NODE1)).lines == (line,)
    over = replace(line, ended_at=after(2), end_reason=LegEndReason.HUNG_UP, version=2)
    await subject.ledger.store_line(over)
    await subject.ledger.store_line(replace(over, hangup_cause=16, version=3))
    assert (await subject.ledger.open_rows(NODE1)).lines == ()
    with pytest.raises(StaleRow):
        await subject.ledger.store_line(replace(line, version=4))


async def test_an_older_write_that_arrives_late_undoes_nothing(subject: Subject) -> None:
    line, session = new_line(), new_session()
    failed, named = replace(line, failed_logins=1, version=1), replace(line, failed_logins=2, version=2)
    lunch = step(session, Pause(PauseReason.LUNCH, after(1)))
    ready = step(lunch, Resume(after(2)))
    for row in (line, named):
        await subject.ledger.store_line(row)
    for state in (session, lunch, ready):
        await subject.ledger.store_session(state)
    for late in (line, failed, replace(named, failed_logins=3)):
        with pytest.raises(StaleRow):
            await subject.ledger.store_line(late)
    for too_late in (session, lunch, replace(ready, pause_pending=PauseReason.BREAK)):
        with pytest.raises(StaleRow):
            await subject.ledger.store_session(too_late)
    rows = await subject.ledger.open_rows(NODE1)
    assert (rows.lines, rows.sessions) == ((named,), (ready,))
    assert await subject.stretches() == [ended_stretch(session, lunch), ended_stretch(lunch, ready)]


async def test_a_session_is_one_row_from_login_to_logout(subject: Subject) -> None:
    session = new_session()
    await subject.ledger.store_session(session)
    session = replace(session, state=OperatorState.TALKING, state_since_at=after(1), logout_pending=True, version=1)
    await subject.ledger.store_session(session)
    assert (await subject.ledger.open_rows(NODE1)).sessions == (session,)
    over = replace(session, state=OperatorState.AWAY, logged_out_at=after(2), logout_reason=LogoutReason.KEY, version=2)
    await subject.ledger.store_session(over)
    assert (await subject.ledger.open_rows(NODE1)).sessions == ()
    with pytest.raises(StaleRow):
        await subject.ledger.store_session(replace(session, version=3))


async def test_an_operator_is_logged_in_once(subject: Subject) -> None:
    first = new_session("101")
    await subject.ledger.store_session(first)
    second = replace(new_session("101", NODE2), id=new_session_id())
    with pytest.raises(AlreadyTaken):
        await subject.ledger.store_session(second)
    await subject.ledger.store_session(step(first, LineLost(after(1), LogoutReason.REPLACED)))
    await subject.ledger.store_session(second)
    assert (await subject.ledger.open_rows(NODE2)).sessions == (second,)


async def test_a_state_that_is_over_becomes_a_stretch_once(subject: Subject) -> None:
    session = replace(new_session(), teams=(TeamCode("b"), TeamCode("a")))
    await subject.ledger.store_session(session)
    paused = replace(step(session, Pause(PauseReason.LUNCH, after(5))), teams=())
    await subject.ledger.store_session(paused)
    await subject.ledger.store_session(paused, True)  # again, as its answer was lost
    meeting = step(paused, Pause(PauseReason.MEETING, after(5)))  # at the same instant
    await subject.ledger.store_session(meeting)
    paused = replace(paused, pause_pending=PauseReason.BREAK, version=meeting.version + 1)
    await subject.ledger.store_session(paused)
    over = step(paused, LineLost(after(7), LogoutReason.LOST))
    await subject.ledger.store_session(over, True)
    await subject.ledger.store_session(over, True)
    with pytest.raises(StaleRow):
        await subject.ledger.store_session(replace(session, state_since_at=after(9), version=9))
    ready, pause = await subject.stretches()
    assert ready == ended_stretch(session, paused)
    assert pause == ended_stretch(paused, over, is_estimated=True)


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


@pytest.mark.parametrize("pin", ["4712", "", "4711 ", "4" * 300])
async def test_a_wrong_pin_is_wrong(subject: Subject, pin: str) -> None:
    await subject.add_operator("101", "4711")
    assert await subject.ledger.check_pin("101", pin, DESK, NINE) is PinVerdict.WRONG


async def test_a_right_pin_is_right_and_forgets_the_wrong_ones(subject: Subject) -> None:
    await subject.add_operator("101", "4711")
    for _ in range(3):
        assert await subject.ledger.check_pin("101", "1", DESK, NINE) is PinVerdict.WRONG
        assert await subject.ledger.check_pin("101", "2", DESK, NINE) is PinVerdict.WRONG
        assert await subject.ledger.check_pin("101", "4711", DESK, NINE) is PinVerdict.OK


def _desk(number: int) -> Endpoint:
    return Endpoint(f"PJSIP/desk{number}")


@pytest.mark.parametrize("number", ["101", "999", "9" * 300])
async def test_the_third_wrong_pin_locks_known_and_unknown_numbers_alike_for_longer_and_longer(
    subject: Subject, number: str
) -> None:
    await subject.add_operator("101", "4711")
    desks = map(_desk, count())
    at = NINE
    for failures in range(1, 10):
        verdict = await subject.ledger.check_pin(number, "0000", next(desks), at)
        wait = OF_NUMBER.wait_after(failures)
        assert verdict is (PinVerdict.WRONG if wait is None else PinVerdict.LOCKED)
        if wait is not None:
            at += wait
            too_early = at - timedelta(seconds=1)
            assert await subject.ledger.check_pin(number, "4711", next(desks), too_early) is PinVerdict.LOCKED
    expected = PinVerdict.OK if number == "101" else PinVerdict.LOCKED
    assert await subject.ledger.check_pin(number, "4711", next(desks), at) is expected
    if number == "101":
        assert await subject.ledger.check_pin(number, "0000", next(desks), at) is PinVerdict.WRONG


async def test_wrong_pins_an_hour_ago_do_not_count(subject: Subject) -> None:
    await subject.add_operator("101", "4711")
    for _ in range(2):
        await subject.ledger.check_pin("101", "0000", DESK, NINE)
    an_hour_later = NINE + FORGOTTEN_AFTER
    assert await subject.ledger.check_pin("101", "0000", DESK, an_hour_later) is PinVerdict.WRONG


async def test_a_lock_is_of_its_number_and_its_phone_and_of_nobody_else(subject: Subject) -> None:
    await subject.add_operator("102", "4711")
    for _ in range(3):
        await subject.ledger.check_pin("101", "0000", DESK, NINE)
    assert await subject.ledger.check_pin("102", "4711", DESK, NINE) is PinVerdict.LOCKED
    assert await subject.ledger.check_pin("101", "4711", _desk(2), NINE) is PinVerdict.LOCKED
    assert await subject.ledger.check_pin("102", "4711", _desk(2), NINE) is PinVerdict.OK


async def test_a_phone_that_guesses_for_everybody_is_locked_before_anybody_else(subject: Subject) -> None:
    numbers = [f"1{number:02}" for number in range(12)]
    for number in numbers:
        await subject.add_operator(number, "4711")
    verdicts = [await subject.ledger.check_pin(number, "0000", DESK, NINE) for number in numbers]
    assert verdicts == [PinVerdict.WRONG] * 2 + [PinVerdict.LOCKED] * 10
    for number in numbers:
        assert await subject.ledger.check_pin(number, "4711", _desk(2), NINE) is PinVerdict.OK
    locked_until = NINE + OF_PHONE.first
    assert await subject.ledger.check_pin("100", "4711", DESK, locked_until - timedelta(seconds=1)) is PinVerdict.LOCKED
    assert await subject.ledger.check_pin("100", "4711", DESK, locked_until) is PinVerdict.OK


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
