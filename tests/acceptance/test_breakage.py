"""When things break, under a running load of at least five calls a second: DESIGN's rules on the real thing."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.postgres import LocalPostgres
from tests.acceptance import audio
from tests.acceptance import phones as scenarios
from tests.acceptance.application import Application, eventually, import_into, questions
from tests.acceptance.crowd import BUSY, SLOW, Crowd, crowd_area, ended
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.network_conf import Exchange

pytestmark = pytest.mark.asterisk

LOAD_PER_SECOND = 5.0
TONE = 700


@pytest.fixture
async def crowd(
    application: Application, asterisk: LocalAsterisk, exchange: Exchange, database_url: str, tmp_path: Path
) -> Crowd:
    await import_into(database_url, crowd_area())
    return Crowd(asterisk, exchange, database_url, tmp_path)


async def open_call(database_url: str, stage: str) -> None:
    await eventually(
        database_url, "SELECT count(*) > 0 FROM call WHERE stage = $1", stage, equals=True, within_seconds=20
    )


def assert_steady(sound: audio.Samples) -> None:
    """The tone was there in every tenth of a second: not a click."""
    window = int(audio.TONE_WINDOW_SECONDS * audio.RATE)
    broken = [at for at in range(0, len(sound) - window, window) if not audio.has_tone(sound[at : at + window], TONE)]
    assert not broken, f"no tone at {[at / audio.RATE for at in broken]} s of {len(sound) / audio.RATE:.1f} s"


async def test_given_talks_and_waiting_callers_when_the_application_is_killed_then_they_go_on_and_nothing_is_lost(
    application: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    since = datetime.now(UTC)
    await application.start()
    operator = await phones.operator("phone01", "301", "4301")
    await eventually(database_url, "SELECT state FROM operator_session WHERE operator = '301'", equals="ready")
    talker = await phones.citizen(SLOW)
    await open_call(database_url, "talking")
    await talker.speak_tone(TONE)
    await operator.hears_tone(TONE)
    waiter = await phones.citizen(SLOW)
    await waiter.answered()
    await open_call(database_url, "waiting")
    async with questions(database_url) as record:
        queued_at = await record.fetchval("SELECT queued_at FROM call WHERE stage = 'waiting'")

    async with crowd.operators(6), crowd.load(calls=60, per_second=LOAD_PER_SECOND) as load:
        await eventually(database_url, "SELECT count(*) >= 15 FROM call", equals=True, within_seconds=30)
        ear = await operator.listen()
        before_the_kill = ear.position
        await application.kill()
        await waiter.hears_something()  # the music goes on
        started = time.monotonic()
        ready = await application.start()
        assert time.monotonic() - started < 4.0  # with Python's own start on a busy machine
        assert ready["seconds"] < 2.0
        await ear.wait_until(lambda sound: len(sound) > 3 * audio.RATE, before_the_kill, 10)
        assert_steady(ear.heard(before_the_kill))
        result = await load.ended()
        assert result.created == 60
        await crowd.empty_but(2)
        # A kept place: the operator becomes free, and the caller of before is next.
        await talker.hang_up()
        await operator.press("#")
        await eventually(
            database_url, "SELECT stage FROM call WHERE queued_at = $1", queued_at, equals="talking", within_seconds=40
        )
        await waiter.hang_up()
    await operator.hang_up()
    await crowd.empty()
    async with questions(database_url) as record:
        estimated = await record.fetchval("SELECT count(*) FROM call_leg WHERE end_is_estimated AND owns_channel")
    await crowd.fallback_is_recorded()
    await application.stop()
    report = await crowd.audit(since)
    assert report.agrees, report.as_text()
    assert len(report.estimated_ends) <= estimated


async def test_given_no_application_when_citizens_call_then_the_fallback_helps_them_and_the_record_shows_it(
    application: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    await application.start()
    await application.kill()
    citizen = await phones.citizen(BUSY)
    desk = await phones.incoming("phone01", within_seconds=20)
    await desk.pick_up()
    await citizen.speak_tone(TONE)
    await desk.hears_tone(TONE)
    await desk.hang_up()
    await citizen.ended()
    await application.start()
    await eventually(
        database_url, "SELECT end_reason FROM call WHERE handled_by_fallback", equals="handled_by_fallback"
    )
    async with questions(database_url) as record:
        call = await record.fetchrow("SELECT * FROM call WHERE handled_by_fallback")
        legs = await record.fetch("SELECT role, joined_at IS NOT NULL AS joined FROM call_leg ORDER BY started_at")
    assert call is not None and call["municipality"] == "GM9911" and call["answered_at"] is not None
    assert ("caller", True) in [tuple(leg) for leg in legs]
    assert ("operator", True) in [tuple(leg) for leg in legs]


async def test_given_a_frozen_application_when_citizens_call_then_the_fallback_helps_and_afterwards_all_is_well(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    async with crowd.operators(4), crowd.load(calls=30, per_second=LOAD_PER_SECOND) as load:
        await eventually(database_url, "SELECT count(*) >= 5 FROM call", equals=True, within_seconds=20)
        application.signal(signal.SIGSTOP)
        await asterisk_says_heartbeat_is_old(asterisk)
        citizen = await phones.citizen(BUSY)
        desk = await phones.incoming("phone02", within_seconds=20)
        await desk.pick_up()
        await citizen.answered()
        application.signal(signal.SIGCONT)
        await desk.hang_up()
        await citizen.ended()
        await load.ended()
        await eventually(
            database_url, "SELECT count(*) FROM call WHERE handled_by_fallback AND answered_at IS NOT NULL",
            equals=1, within_seconds=20,
        )  # fmt: skip
        await crowd.empty()
        again = crowd.citizens.start(scenarios.citizen_calls(BUSY, 1.0), calls=5, per_second=5)
        await ended([await again.__aenter__()])
    await crowd.empty()


async def asterisk_says_heartbeat_is_old(asterisk: LocalAsterisk) -> None:
    """Wait until the dialplan would take the application for frozen."""
    async with asyncio.timeout(20):
        while True:
            answer = await asyncio.to_thread(asterisk.cli, "dialplan show globals")
            beat = next((line for line in answer.splitlines() if "ARI_APP_HEARTBEAT=" in line), "=0")
            if time.time() - int(beat.rpartition("=")[2] or 0) > 7:
                return
            await asyncio.sleep(0.05)


async def test_given_another_socket_takes_the_applications_name_then_it_stops_acting_and_the_fallback_helps(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    talker_desk = await phones.operator("phone01", "301", "4301")
    await eventually(database_url, "SELECT state FROM operator_session", equals="ready")
    talker = await phones.citizen(SLOW)
    await open_call(database_url, "talking")
    url = f"{asterisk.ari_url}/events?app=ari_app"
    headers = {"Authorization": aiohttp.encode_basic_auth(asterisk.ari_user, asterisk.ari_password)}
    async with aiohttp.ClientSession(headers=headers) as session, session.ws_connect(url):
        assert await application.gone() == 1
        citizen = await phones.citizen(BUSY)
        desk = await phones.incoming("phone03", within_seconds=20)
        await desk.pick_up()
        await citizen.answered()
        assert talker.ending is None
        # An orchestrator starts it again; it takes its place back, with the talk still going on.
        await application.start()
        await desk.hang_up()
    await talker.hang_up()
    await eventually(database_url, "SELECT count(*) FROM call WHERE end_reason = 'caller_hung_up'", equals=1)
    await talker_desk.hang_up()
    await crowd.empty()


async def test_given_asterisk_is_killed_when_it_is_back_then_rows_are_closed_and_calls_are_handled_within_five_seconds(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    await phones.operator("phone01", "301", "4301")
    await eventually(database_url, "SELECT state FROM operator_session", equals="ready", within_seconds=20)
    async with AsyncExitStack() as stack:
        for at in range(3):
            await stack.enter_async_context(crowd.operator(at, 60))
        await eventually(
            database_url, "SELECT count(*) FROM operator_session WHERE state = 'ready'", equals=4, within_seconds=30
        )
        await stack.enter_async_context(crowd.load(calls=25, per_second=LOAD_PER_SECOND))
        await eventually(database_url, "SELECT count(*) >= 5 FROM call", equals=True, within_seconds=20)
        application.forget_log()
        await asyncio.to_thread(asterisk.kill)
    await asyncio.to_thread(asterisk.start)
    up_at = time.monotonic()
    ready = await application.says("asterisk_connected")
    assert time.monotonic() - up_at < 5.0
    assert ready["asterisk_restarted"] is True
    await crowd.empty(within_seconds=3)
    for nothing_left in (
        "SELECT count(*) FROM operator_line WHERE ended_at IS NULL AND operator IS NOT NULL",
        "SELECT count(*) FROM operator_session WHERE logout_reason IS DISTINCT FROM 'asterisk_restarted'",
    ):
        await eventually(database_url, nothing_left, equals=0)
    # The operator's phone rings to say so, and they log in again on that very call.
    desk = await phones.incoming("phone01")
    await desk.pick_up()
    await desk.press("301#4301#")
    await eventually(
        database_url,
        "SELECT state FROM operator_session WHERE logged_out_at IS NULL",
        equals="ready",
        within_seconds=30,
    )
    citizen = await phones.citizen(SLOW)
    await open_call(database_url, "talking")
    await citizen.hang_up()
    await desk.hang_up()
    await crowd.empty()


async def test_given_postgres_is_away_then_new_calls_go_to_the_fallback_talks_go_on_and_nothing_is_inconsistent_after(
    application: Application,
    crowd: Crowd,
    phones: PhoneNetwork,
    postgres_server: LocalPostgres,
    database_url: str,
) -> None:
    await application.start()
    operator = await phones.operator("phone01", "301", "4301")
    await eventually(database_url, "SELECT state FROM operator_session", equals="ready")
    talker = await phones.citizen(SLOW)
    await open_call(database_url, "talking")
    await talker.speak_tone(TONE)
    await operator.hears_tone(TONE)
    waiter = await phones.citizen(SLOW)
    await open_call(database_url, "waiting")

    application.forget_log()
    await asyncio.to_thread(postgres_server.stop)
    await application.says("store_away")
    citizen = await phones.citizen(BUSY)
    desk = await phones.incoming("phone04", within_seconds=20)
    await desk.pick_up()
    await citizen.answered()
    await operator.hears_tone(TONE)
    await asyncio.to_thread(postgres_server.start)
    await application.says("lock_regained", within_seconds=20)
    await desk.hang_up()
    await citizen.ended()
    await talker.hang_up()
    await waiter.hang_up()
    await crowd.empty()
    async with questions(database_url) as record:
        ends = await record.fetch("SELECT end_reason, handled_by_fallback FROM call ORDER BY arrived_at")
        open_legs = await record.fetchval("SELECT count(*) FROM call_leg WHERE ended_at IS NULL")
    assert ends[0]["end_reason"] == "caller_hung_up"
    assert open_legs == 0
    await eventually(
        database_url,
        "SELECT count(*) FROM call WHERE end_reason = 'handled_by_fallback' AND municipality = 'GM9911'",
        equals=1,
        within_seconds=15,
    )
    await operator.hang_up()
    await crowd.empty()


async def test_given_a_standby_when_the_first_copy_dies_then_it_takes_over_within_five_seconds(
    application: Application, crowd: Crowd, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    standby = Application(asterisk, database_url)
    await standby.start(wait_for="waiting_for_lock")
    try:
        async with crowd.operators(4), crowd.load(calls=40, per_second=LOAD_PER_SECOND) as load:
            await eventually(database_url, "SELECT count(*) >= 10 FROM call", equals=True, within_seconds=20)
            killed_at = time.monotonic()
            await application.kill()
            await standby.says("asterisk_connected")
            assert time.monotonic() - killed_at < 5.0
            result = await load.ended()
            assert result.created == 40
        await crowd.empty()
    finally:
        await standby.stop()
