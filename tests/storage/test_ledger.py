"""The ledger when a row is not as it should be, and what its writes and PINs cost."""

from __future__ import annotations

import asyncio
import time
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.ids import BridgeId, ChannelId, Endpoint, new_leg_id
from ari_app.core.ledger import AlreadyTaken, OpenRows, PinVerdict, StaleRow
from ari_app.core.operator_rules import step
from ari_app.core.operators import Pause, PauseReason, Resume
from ari_app.storage.calls import statements
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.statements import CALL, LEG, LINE, SESSION
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import RowRefused
from ari_app.storage.db.rows import RowShape
from ari_app.storage.operators.pin_hashes import hash_pin
from tests.storage.values import (
    DESK,
    FULL_CALL,
    FULL_LEG,
    FULL_LINE,
    FULL_SESSION,
    NINE,
    NODE1,
    after,
    eventually,
    new_call,
    new_leg,
    new_session,
)

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)
QUEUED = Fact(after(3), FactKind.QUEUED)


async def test_every_field_of_every_row_comes_back(database: Database, ledger: PostgresLedger) -> None:
    stored = await ledger.store(FULL_CALL, [ARRIVED], [FULL_LEG])
    await ledger.store_line(FULL_LINE)
    await ledger.store_session(FULL_SESSION)

    async def only(shape: RowShape[Any]) -> object:
        (row,) = await database.pool.fetch(f"SELECT {shape.listed()} FROM {shape.table}")
        return shape.read(row)

    assert await only(CALL) == stored
    assert await only(LEG) == FULL_LEG
    assert await only(LINE) == FULL_LINE
    assert await only(SESSION) == FULL_SESSION


async def test_of_two_controllers_exactly_one_continues_a_call(ledger: PostgresLedger) -> None:
    call = await ledger.store(new_call(), [ARRIVED])
    outcomes = await asyncio.gather(
        *(ledger.store(replace(call, menu_tries=tries), [QUEUED]) for tries in range(8)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Call"] + ["StaleRow"] * 7
    assert await ledger.facts(call.id) == (ARRIVED, QUEUED)


async def test_a_refused_leg_takes_row_and_fact_with_it(ledger: PostgresLedger) -> None:
    call = await ledger.store(new_call(), [ARRIVED])
    half_ended = replace(new_leg(call), ended_at=after(1))
    with pytest.raises(RowRefused, match="ck_call_leg_ended_is_whole"):
        await ledger.store(replace(call, menu_tries=1), [QUEUED], [half_ended])
    assert await ledger.open_rows(NODE1) == OpenRows(calls=(call,))
    assert await ledger.facts(call.id) == (ARRIVED,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"stage": Stage.ENDED},
        {"stage": Stage.ENDED, "ended_at": after(1)},
        {"ended_at": after(1), "end_reason": EndReason.LOST},
        {"dialled": "1" * 33},
        {"channel_id": ChannelId("a\x00b")},
        {"transfer_count": "many"},
    ],
)
async def test_a_row_that_cannot_be_true_is_refused_without_showing_whose_it_is(
    ledger: PostgresLedger, wrong: dict[str, object]
) -> None:
    call = replace(new_call(), pii_caller_number="+31612345678", **wrong)  # type: ignore[arg-type]
    with pytest.raises(RowRefused) as refusal:
        await ledger.store(call, [ARRIVED])
    told = "".join(traceback.format_exception(refusal.value))
    assert "+31612345678" not in told
    assert "many" not in str(refusal.value)


async def test_personal_data_is_not_in_the_text_of_a_taken_row(ledger: PostgresLedger) -> None:
    await ledger.store_session(new_session("101"))
    with pytest.raises(AlreadyTaken, match="uq_operator_session_open") as refusal:
        await ledger.store_session(new_session("101"))
    assert "(101)" not in "".join(traceback.format_exception(refusal.value))


async def test_two_writes_of_one_session_at_one_instant_leave_stretches_that_touch(
    database: Database, ledger: PostgresLedger
) -> None:
    session = new_session()
    await ledger.store_session(session)
    lunch = step(session, Pause(PauseReason.LUNCH, after(1)))
    connection = await database.pool.acquire()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statements.STORE_SESSION, *SESSION.values(lunch), False)
    newer = asyncio.create_task(ledger.store_session(step(lunch, Resume(after(2)))))
    await eventually(lambda: connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    await transaction.commit()
    await newer
    await database.pool.release(connection)
    stretches = await database.pool.fetch("SELECT state, from_at, until_at FROM operator_state ORDER BY from_at")
    assert [tuple(row) for row in stretches] == [("ready", NINE, after(1)), ("paused", after(1), after(2))]


async def test_guesses_on_many_lines_at_once_get_no_extra_tries(database: Database, ledger: PostgresLedger) -> None:
    await database.pool.execute("INSERT INTO operator VALUES ('101', 'Anna', $1)", hash_pin("4711"))
    guesses = [f"{guess:04}" for guess in range(19)]
    verdicts = await asyncio.gather(
        *(ledger.check_pin("101", guess, Endpoint(f"PJSIP/desk{guess}"), NINE) for guess in guesses)
    )
    assert verdicts.count(PinVerdict.WRONG) == 2
    assert await ledger.check_pin("101", "4711", DESK, after(1)) is PinVerdict.LOCKED


async def test_an_unknown_number_takes_as_long_as_a_wrong_pin(database: Database, ledger: PostgresLedger) -> None:
    await database.pool.execute("INSERT INTO operator VALUES ('101', 'Anna', $1)", hash_pin("4711"))

    async def fastest(number: str) -> float:  # in CPU: what else the machine does is not our doing
        took = []
        for attempt in range(8):
            started = time.process_time()
            await ledger.check_pin(number, "0000", DESK, NINE + timedelta(hours=attempt))
            took.append(time.process_time() - started)
        return min(took)

    known, unknown = await fastest("101"), await fastest("999")
    assert 0.5 < known / unknown < 2


async def test_numbers_keyed_in_by_strangers_are_forgotten_after_a_day(
    database: Database, ledger: PostgresLedger
) -> None:
    for number in range(5):
        await ledger.check_pin(f"99{number}", "0000", Endpoint(f"PJSIP/desk{number}"), NINE)
    await ledger.check_pin("101", "0000", DESK, NINE + timedelta(days=2))
    assert await database.pool.fetchval("SELECT array_agg(operator) FROM pin_attempt") == ["101"]
    assert await database.pool.fetchval("SELECT array_agg(endpoint) FROM phone_pin_attempt") == [DESK]


def test_a_pin_is_kept_as_a_salted_hash() -> None:
    assert "4711" not in hash_pin("4711")
    assert hash_pin("4711") != hash_pin("4711")


async def test_a_pin_that_was_stored_in_another_way_fits_nobody(database: Database, ledger: PostgresLedger) -> None:
    await database.pool.execute("INSERT INTO operator VALUES ('101', 'Anna', '4711')")
    assert await ledger.check_pin("101", "4711", DESK, NINE) is PinVerdict.WRONG


async def test_the_state_of_a_call_changes_without_new_index_entries(
    database: Database, ledger: PostgresLedger
) -> None:
    """Ten changes in the life of every call: only those that an index must know of may touch one."""
    calls = [await ledger.store(new_call(), [ARRIVED]) for _ in range(5)]
    for seconds in range(3):
        calls = [
            await ledger.store(
                replace(
                    call,
                    stage=Stage.WAITING,
                    stage_entered_at=after(seconds),
                    queued_at=after(seconds),
                    bridge_id=BridgeId(f"talk-{seconds}"),
                ),
                [QUEUED],
            )
            for call in calls
        ]
    await ledger.close()
    await database.pool.expire_connections()
    updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'call'"

    async def are_all_counted() -> bool:
        """Each connection adds its counts when it ends, shortly after it was closed."""
        return bool((await database.pool.fetch(updates))[0]["n_tup_upd"] == 15)

    await eventually(are_all_counted)
    (row,) = await database.pool.fetch(updates)
    assert tuple(row) == (15, 15)


async def test_many_calls_at_once(ledger: PostgresLedger) -> None:
    async def live() -> None:
        call = new_call()
        leg = replace(new_leg(call), id=new_leg_id())
        call = await ledger.store(call, [ARRIVED], [leg])
        for _ in range(5):
            call = await ledger.store(call, [QUEUED], [leg])
        with pytest.raises(StaleRow):
            await ledger.store(replace(call, last_seq=2), [QUEUED])

    await asyncio.gather(*(live() for _ in range(40)))
    rows = await ledger.open_rows(NODE1)
    assert (len(rows.calls), len(rows.legs)) == (40, 40)
    assert {call.last_seq for call in rows.calls} == {6}
