"""The rules that make it sound (DESIGN, the life of a call), on real Asterisk, under at least five calls a second.

More of rules 8 and 9, one controller and a controller that is dead or frozen, is in `test_breakage`.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import count

import asyncpg
import pytest
import pytest_asyncio

from ari_app.local.asterisk import LocalAsterisk
from ari_app.storage.db.engine import dsn
from tests.acceptance import phones as scenarios
from tests.acceptance.application import Application, import_into
from tests.acceptance.auditor import UNWRITTEN, Auditor
from tests.acceptance.crowd import (
    BUSY_KEY,
    CLOSED,
    CLOSED_KEY,
    SHARED,
    SLOW,
    TONE,
    Crowd,
    crowd_area,
    ended,
)
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.record import eventually, questions
from tests.acceptance.wire import Order, Wire
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def wire(application: Application, asterisk: LocalAsterisk) -> AsyncIterator[Wire]:
    """The application's orders go over this one."""
    async with Wire(asterisk.ari_url) as wire:
        application.options = {**application.options, "ARI_APP_ARI_URL": wire.url}
        yield wire
        await application.stop()


async def assert_facts_are_whole(database_url: str) -> None:
    """The facts of each call count from one without a gap, up to what its row says."""
    async with questions(database_url) as record:
        broken = await record.fetchval(
            "SELECT count(*) FROM call c WHERE (SELECT array_agg(seq ORDER BY seq) FROM call_fact WHERE call_id = c.id)"
            " IS DISTINCT FROM (SELECT array_agg(n) FROM generate_series(1, c.last_seq) n)"
        )
    assert broken == 0


@pytest.mark.silence_meant("each order waits until the record was asked about it")
async def test_given_calls_of_every_kind_when_each_order_is_watched_then_rule_1_the_row_and_rule_4_one_owner(
    application: Application, crowd: Crowd, wire: Wire, database_url: str
) -> None:
    async with asyncpg.create_pool(dsn(database_url), min_size=2, max_size=8) as pool:
        auditor = Auditor(pool)
        wire.look = auditor.look
        await application.start()
        citizens = crowd.citizens
        async with crowd.operators(8), crowd.load(calls=60) as load, AsyncExitStack() as stack:
            others = [
                citizens.start(scenarios.citizen_calls(SHARED, 1.0, BUSY_KEY), calls=6, per_second=1),
                citizens.start(scenarios.citizen_calls(SHARED, 20.0, CLOSED_KEY), calls=3, per_second=1),
                citizens.start(scenarios.citizen_is_refused(CLOSED, 480, True), calls=3, per_second=1),
                citizens.start(scenarios.citizen_calls(SLOW, 6.0), calls=8, per_second=1),
                crowd.lone_operator(stay_seconds=8),
            ]
            await ended([load, *[await stack.enter_async_context(run) for run in others]])
            await crowd.empty()
        wire.look = None
    assert {"answer", "play", "music", "wait", "no music", "join", "hang up"} <= set(wire.seen)
    # On a machine that is late for a second the store is away, and who is at the door has no row yet.
    was_away = any(entry["event"] == "store_away" for entry in application.log)
    wrong = [one for one in auditor.wrong if not (was_away and one.endswith(UNWRITTEN))]
    assert not wrong, wrong
    assert not wire.at_the_same_time
    await assert_facts_are_whole(database_url)


@pytest.mark.silence_meant("orders are given again after their answers were lost")
async def test_given_orders_whose_answer_is_lost_when_they_are_given_again_then_rule_2_nothing_is_done_twice(
    application: Application, crowd: Crowd, wire: Wire, database_url: str
) -> None:
    since = datetime.now(UTC)
    orders, lost = count(1), set[str]()

    def every_fifth_once(order: Order) -> bool:
        if order.text in lost or next(orders) % 5:
            return False
        lost.add(order.text)
        return True

    await application.start()
    async with crowd.operators(12):
        wire.loses = every_fifth_once
        async with (
            crowd.load(calls=60) as load,
            crowd.citizens.start(scenarios.citizen_calls(SHARED, 2.0, BUSY_KEY), calls=10) as choosing,
            crowd.citizens.start(scenarios.citizen_calls(SLOW, 4.0), calls=10) as waiting,
        ):
            await ended([load, choosing, waiting])
            await crowd.empty()
        wire.loses = lambda order: False
    assert {"answer", "join", "play", "wait"} <= set(wire.lost), wire.lost
    async with questions(database_url) as record:
        rows = await record.fetch("SELECT end_reason, count(*) FROM call GROUP BY 1")
        twice = await record.fetchval(
            "SELECT count(*) FROM (SELECT FROM call_leg WHERE role = 'operator' GROUP BY call_id HAVING count(*) > 1) t"
        )
    reasons: dict[str, int] = {row[0]: row[1] for row in rows}
    assert sum(reasons.values()) == 80
    assert reasons["caller_hung_up"] >= 60  # for the others nobody was free within a second
    assert reasons["caller_hung_up"] + reasons["abandoned_waiting"] == 80
    assert twice == 0
    await application.stop()
    report = await crowd.agrees(since)
    assert not report.estimated_ends, report.as_text()


async def test_given_a_limit_when_the_application_is_killed_in_between_then_rule_3_it_ends_the_wait_at_that_instant(
    application: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    limit = timedelta(seconds=20)
    area = crowd_area().replace("position_every_seconds = 20", f"max_wait_seconds = {limit.seconds}")
    await import_into(database_url, area)
    newest = "SELECT {} FROM call WHERE municipality = 'GM9913' ORDER BY arrived_at DESC LIMIT 1"
    of_channel = "SELECT {} FROM call WHERE channel_id = $1"
    queued: dict[str, datetime] = {}
    # A prompt that is being said at the limit is heard out; so there is none: no place, and the first words are over.
    heard = "stage = 'waiting' AND last_told_at IS NOT NULL AND NOT channel_id = ANY($1)"

    async def waits() -> str:
        await phones.citizen(SLOW)
        await eventually(database_url, newest.format(heard), list(queued))
        channel = str(await crowd.ask(newest.format("channel_id")))
        queued[channel] = await crowd.moment(of_channel.format("queued_at"), channel)
        return channel

    await application.start()
    async with crowd.operators(6), crowd.load(calls=150) as load:
        early = await waits()
        await crowd.load_runs(40)
        late = await waits()
        application.signal(signal.SIGSTOP)  # it cannot keep the first one's limit
        frozen_at = datetime.now(UTC)
        await crowd.heartbeat_is_older_than((queued[early] + limit - frozen_at).total_seconds() + 2)
        await application.kill()
        assert datetime.now(UTC) > queued[early] + limit
        await application.start()
        back_at = datetime.now(UTC)
        for channel in (early, late):
            await eventually(database_url, of_channel.format("stage <> 'waiting'"), channel)
        ended_at = {c: await crowd.moment(of_channel.format("stage_entered_at"), c) for c in (early, late)}
        assert ended_at[early] < ended_at[late], "as soon as it is back"
        assert queued[late] + limit <= ended_at[late] < back_at + limit, "counted from its own beginning"
        for channel in (early, late):
            assert await crowd.moment(of_channel.format("queued_at"), channel) == queued[channel]
        await ended([load])
        await phones.everybody_hangs_up()
        await crowd.empty()
    await assert_facts_are_whole(database_url)


async def test_given_a_talk_and_a_waiting_caller_when_the_application_is_asked_to_stop_then_rule_5_nobody_is_hung_up(
    application: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    await application.start()
    open_calls = "SELECT id, stage FROM call WHERE municipality = 'GM9913' AND ended_at IS NULL ORDER BY id"
    async with crowd.operators(6), crowd.load(calls=40) as load:
        async with crowd.talk_and_waiting(phones) as (operator, talker, waiter):
            await crowd.load_runs()
            async with questions(database_url) as record:
                before = await record.fetch(open_calls)
            assert await application.stop() == 0
            await operator.hears_tone(TONE)
            await waiter.hears_something()
            assert (talker.ending, waiter.ending, operator.ending) == (None, None, None)
            async with questions(database_url) as record:
                assert await record.fetch(open_calls) == before
            resumed = await application.start()
            assert resumed["ResumeCall"] >= len(before) == 2
            await operator.hears_tone(TONE)
        await ended([load])
        await crowd.empty()
    async with questions(database_url) as record:
        ends = await record.fetch("SELECT end_reason FROM call WHERE municipality = 'GM9913' ORDER BY arrived_at")
        estimated = await record.fetchval(
            "SELECT count(*) FROM call_leg l JOIN call c ON c.id = l.call_id"
            " WHERE c.municipality = 'GM9913' AND l.end_is_estimated"
        )
    assert [row[0] for row in ends] == ["caller_hung_up", "abandoned_waiting"]
    assert estimated == 0
    await crowd.fallback_is_recorded()


async def test_given_a_bug_when_one_call_meets_it_then_rule_6_it_costs_that_call_and_the_fallback_helps_the_caller(
    application: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    application.module = "tests.acceptance.faulty"
    application.options = {**application.options, "FAULTY_NUMBER": SLOW}
    await application.start()
    pid = application.pid
    async with crowd.operators(6), crowd.load(calls=50) as load:
        await crowd.load_runs()
        citizen = await phones.citizen(SLOW)
        await citizen.speak_tone(TONE)
        desk = await phones.incoming("phone01")
        await desk.pick_up()
        await desk.hears_tone(TONE)
        assert (await application.says("call_fault"))["stage"] == "waiting"
        await ended([load])
        await citizen.hang_up()
        await crowd.empty()
    assert application.pid == pid and application.is_up
    async with questions(database_url) as record:
        ends = await record.fetch(
            "SELECT municipality, end_reason, handled_by_fallback, count(*) FROM call GROUP BY 1, 2, 3"
        )
    assert {tuple(row) for row in ends} == {
        ("GM9911", "caller_hung_up", False, 50),
        ("GM9913", "fault", True, 1),
    }
    await crowd.fallback_is_recorded()


async def test_given_a_slow_wire_when_the_application_is_ready_then_rule_9_no_earlier_heartbeat_says_that_it_is_not(
    application: Application, wire: Wire
) -> None:
    """Else new calls would go to the fallback for a second, though somebody is there."""
    wire.zero_takes_seconds = 0.5
    await application.start()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len([beat for beat in wire.beats if beat != "0"]) < 2:
            wire.has_beaten.clear()
            await wire.has_beaten.wait()
    assert wire.beats[0] == "0" and "0" not in wire.beats[1:]


async def test_given_people_who_come_and_go_in_a_gap_when_it_is_over_then_rule_7_each_is_put_right_and_rule_10_said_so(
    application: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    since = datetime.now(UTC)
    of_slow = "SELECT * FROM call WHERE municipality = 'GM9913' ORDER BY arrived_at"
    await application.start()
    async with crowd.operators(6):
        is_paused = "SELECT state FROM operator_session WHERE operator = '212'"
        idle = await phones.operator("phone02", "212", "420111")
        await idle.press("*91")
        await eventually(database_url, is_paused, equals="paused")
        async with crowd.load(calls=60) as load, crowd.talk_and_waiting(phones) as (operator, talker, waiter):
            await crowd.load_runs()
            application.signal(signal.SIGSTOP)
            newcomer = await phones.citizen(SLOW)  # in our hands, and nobody is there to write it down
            await newcomer.rings()
            await application.kill()
            await operator.hang_up()  # the talker is alone
            await waiter.hang_up()  # a row without its caller
            await idle.hang_up()  # a bridge without its operator
            orders = await application.start()
            given = {name: orders.get(name, 0) for name in ("ResumeCall", "Adopt", "CloseCall", "DestroyBridge")}
            assert all(given.values()), given
            assert orders["CloseSession"] == 2
            await talker.ended()
            await newcomer.answered()
            await crowd.newest_slow_call_is("waiting")
            await newcomer.hang_up()
            await ended([load])
        await crowd.empty()
    await crowd.fallback_is_recorded()
    async with questions(database_url) as record:
        calls = await record.fetch(of_slow)
        legs = await record.fetch(
            "SELECT l.call_id, l.role, l.end_is_estimated FROM call_leg l JOIN call c ON c.id = l.call_id"
            " WHERE c.municipality = 'GM9913'"
        )
    estimated = {(leg["call_id"], leg["role"]): leg["end_is_estimated"] for leg in legs}
    left_alone, gone, adopted = calls
    assert left_alone["end_reason"] == "operator_hung_up"
    # Asterisk's own log has seen what nobody else did.
    assert not estimated[left_alone["id"], "operator"] and not estimated[left_alone["id"], "caller"]
    assert (gone["end_reason"], gone["end_is_estimated"]) == ("abandoned_waiting", False)
    assert not estimated[gone["id"], "caller"]
    assert (adopted["end_reason"], adopted["end_is_estimated"]) == ("abandoned_waiting", False)
    await assert_facts_are_whole(database_url)
    await application.stop()
    report = await crowd.agrees(since)
    assert not report.estimated_ends, report.as_text()
