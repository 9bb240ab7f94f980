"""The contract between every ledger and the operators: lines, sessions, states and PINs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from ari_app.core.call import LegEndReason
from ari_app.core.ids import Endpoint, OperatorNumber, TeamCode, new_session_id
from ari_app.core.ledger import AlreadyTaken, PinVerdict, StaleRow
from ari_app.core.operator_rules import step
from ari_app.core.operator_states import ended_stretch
from ari_app.core.operators import LineLost, LogoutReason, OperatorState, Pause, PauseReason, Resume
from ari_app.core.pin_limits import FORGOTTEN_AFTER, OF_NUMBER, OF_PHONE
from tests.storage.subject import Subject
from tests.storage.values import (
    DESK,
    NINE,
    NODE1,
    NODE2,
    after,
    new_line,
    new_session,
)

pytestmark = pytest.mark.postgres


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
