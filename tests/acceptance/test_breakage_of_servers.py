"""Asterisk or Postgres breaks, under a running load of at least five calls a second: DESIGN's rules, for real."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import pytest

from ari_app.core.event_log.audit import DifferenceKind
from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.postgres import LocalPostgres
from tests.acceptance.absence import MOST_SILENCE_SECONDS, away, silence_seconds
from tests.acceptance.application import Application
from tests.acceptance.crowd import SHARED, SLOW, SLOW_KEY, TONE, Crowd, ended
from tests.acceptance.helped import HELP, assert_the_record_shows_it, is_helped_by_the_fallback
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.record import eventually, questions

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.silence_meant("Asterisk or the store breaks"),
]


async def test_given_asterisk_is_killed_when_it_is_back_then_rows_are_closed_and_calls_are_handled(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    await phones.operator("phone01", "301", "4301")
    await eventually(database_url, "SELECT state FROM operator_session", equals="ready")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(crowd.load(calls=100))  # what comes while Asterisk is away is not answered
        async with AsyncExitStack() as operators:
            for at in range(3):
                await operators.enter_async_context(crowd.operator(at, 60))
            ready = "SELECT count(*) FROM operator_session WHERE state <> 'away' AND logged_out_at IS NULL"
            await eventually(database_url, ready, equals=4)
            await crowd.load_runs()
            application.forget_log()
            await asyncio.to_thread(asterisk.kill)
        killed_at = datetime.now(UTC)
        await asyncio.to_thread(asterisk.start)
        connected = await application.says("asterisk_connected")
        assert connected["asterisk_restarted"] is True
        await eventually(
            database_url, "SELECT count(*) FROM call WHERE ended_at IS NULL AND arrived_at < $1", killed_at, equals=0
        )
        lines_with_somebody = "SELECT count(*) FROM operator_line WHERE ended_at IS NULL AND operator IS NOT NULL"
        await eventually(database_url, lines_with_somebody, equals=0)
        reasons = "SELECT array_agg(DISTINCT logout_reason) FROM operator_session"
        await eventually(database_url, reasons, equals=["asterisk_restarted"])
        # The operator's phone rings to say so, and they log in again on that very call.
        desk = await phones.incoming("phone01")
        await desk.pick_up()
        await desk.press("301#4301#")
        again = "SELECT state FROM operator_session WHERE logged_out_at IS NULL"
        await eventually(database_url, again, equals="ready")
        citizen = await phones.citizen(SLOW)
        await crowd.newest_slow_call_is("talking")
        arrived = "SELECT count(*) > 0 FROM call WHERE municipality = 'GM9911' AND arrived_at > $1"
        await eventually(database_url, arrived, killed_at)  # the load went on
        await citizen.hang_up()
        await desk.hang_up()
    asterisk.cli("channel request hangup all")
    await crowd.empty()


async def test_given_asterisk_and_the_application_are_killed_when_both_are_back_then_operators_phones_ring(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    """The machine was rebooted: no process is left that saw Asterisk go."""
    await application.start()
    await phones.operator("phone01", "301", "4301")
    await eventually(database_url, "SELECT state FROM operator_session", equals="ready")
    await application.kill()
    await asyncio.to_thread(asterisk.kill)
    await asyncio.to_thread(asterisk.start)
    await application.start()
    await eventually(database_url, "SELECT logout_reason FROM operator_session", equals="asterisk_restarted")
    desk = await phones.incoming("phone01")
    await desk.pick_up()
    await desk.press("301#4301#")
    again = "SELECT state FROM operator_session WHERE logged_out_at IS NULL"
    await eventually(database_url, again, equals="ready")
    citizen = await phones.citizen(SLOW)
    await crowd.newest_slow_call_is("talking")
    await citizen.hang_up()
    await desk.hang_up()
    await crowd.empty()


@pytest.mark.parametrize("how", ["stopped", "frozen"])
async def test_given_postgres_is_away_for_a_while_then_new_callers_are_held_at_the_door_and_served_when_it_is_back(
    application: Application,
    crowd: Crowd,
    phones: PhoneNetwork,
    asterisk: LocalAsterisk,
    postgres_server: LocalPostgres,
    database_url: str,
    how: str,
) -> None:
    since = datetime.now(UTC)
    music = asterisk.sounds_dir / "music/wachtmuziek.wav"
    await application.start()
    async with crowd.operators(6), crowd.talk_and_waiting(phones) as (operator, talker, waiter):
        async with crowd.load(calls=120) as load:
            await crowd.load_runs()
            application.forget_log()
            async with away(postgres_server, how):
                first = await phones.citizen(HELP, "+31201111111", listens=True)
                await first.answered()
                await application.says("store_away")
                citizen = await phones.citizen(HELP, "+31202222222", listens=True)
                chooser = await phones.citizen(SHARED, "+31203333333", listens=True)
                await citizen.hears_recording(asterisk.sounds_dir / "gemeente/GM9911/welkom-gemeente.wav", since=0)
                await chooser.hears_recording(asterisk.sounds_dir / "nl/welke-gemeente.wav", since=0)
                await chooser.press(SLOW_KEY)
                for phone in (first, citizen, chooser):
                    await phone.hears_part_of(music)
                await operator.hears_tone(TONE)
                await waiter.hears_part_of(music)
                ears = [await phone.listen() for phone in (first, citizen, chooser)]
                assert [seconds for ear in ears if (seconds := silence_seconds(ear, 0)) > MOST_SILENCE_SECONDS] == []
            await application.says("lock_regained")
            for number in ("+31201111111", "+31202222222"):
                stage = "SELECT stage FROM call WHERE pii_caller_number = $1"
                await eventually(database_url, stage, number, equals="talking")
            chosen = "SELECT (stage, municipality, choice) = ('waiting', 'GM9913', 'key') FROM call WHERE dialled = $1"
            await eventually(database_url, chosen, SHARED)
            for phone in (first, citizen, chooser):
                await phone.hang_up()
            await ended([load])
        assert (talker.ending, waiter.ending) == (None, None)
        await crowd.empty_but(2)
        for phone in (waiter, talker):
            await phone.hang_up()
        await crowd.empty()  # before the operator goes: two goodbyes at once may arrive in either order
    async with questions(database_url) as record:
        assert await record.fetchval("SELECT count(*) FROM call WHERE handled_by_fallback") == 0
        assert await record.fetchval("SELECT count(*) FROM call_leg WHERE ended_at IS NULL OR end_is_estimated") == 0
    await application.stop()
    await crowd.agrees(since)


async def test_given_postgres_stays_away_then_the_fallback_helps_talks_go_on_and_nothing_is_inconsistent_after(
    application: Application,
    crowd: Crowd,
    phones: PhoneNetwork,
    asterisk: LocalAsterisk,
    postgres_server: LocalPostgres,
    database_url: str,
) -> None:
    since = datetime.now(UTC)
    await application.start()
    async with crowd.operators(6), crowd.talk_and_waiting(phones) as (operator, talker, waiter):
        async with crowd.load(calls=60) as load:
            await crowd.load_runs()
            application.forget_log()
            async with away(postgres_server, "stopped"):
                await application.says("store_away")
                held = await phones.citizen(SLOW, "+31204444444", listens=True)
                await held.hears_something()
                await waiter.hears_something()
                await waiter.hang_up()
                await ended([load])
                await held.hears_recording(asterisk.sounds_dir / "nl/fallback-wait.wav", since=0)  # after half a minute
                await held.hang_up()
                citizen = await phones.citizen(HELP)
                desk = await is_helped_by_the_fallback(phones, citizen, "phone04")
                await operator.hears_tone(TONE)
            await application.says("lock_regained")
            await desk.hang_up()
            await citizen.ended()
        assert talker.ending is None
        await crowd.empty_but(1)
        await talker.hang_up()
        await crowd.empty()  # before the operator goes: two goodbyes at once may arrive in either order
    await assert_the_record_shows_it(crowd)
    assert await crowd.slow_ends() == [
        ("caller_hung_up", False),
        ("abandoned_waiting", False),
        ("abandoned_waiting", True),
    ]
    await application.stop()
    await crowd.agrees(since)


async def test_given_a_held_caller_when_a_standby_is_faster_after_the_absence_then_it_adopts_and_serves_them(
    application: Application,
    crowd: Crowd,
    phones: PhoneNetwork,
    asterisk: LocalAsterisk,
    postgres_server: LocalPostgres,
    database_url: str,
) -> None:
    since = datetime.now(UTC)
    await application.start()
    standby = Application(asterisk, database_url)
    await standby.start(wait_for="waiting_for_lock")
    try:
        async with crowd.operators(2):
            application.forget_log()
            async with away(postgres_server, "stopped"):
                await application.says("store_away")
                citizen = await phones.citizen(HELP, listens=True)
                await citizen.hears_part_of(asterisk.sounds_dir / "music/wachtmuziek.wav")
                application.signal(signal.SIGSTOP)
            found = await standby.says("asterisk_connected")
            assert found["Adopt"] == 1
            application.signal(signal.SIGCONT)
            assert await application.gone() == 1
            await eventually(database_url, "SELECT stage FROM call WHERE dialled = $1", HELP, equals="talking")
            await citizen.hears_silence()  # of this operator, who says nothing: the music does not go on in the talk
            await citizen.hang_up()
            await crowd.empty()
        async with questions(database_url) as record:
            assert await record.fetchval("SELECT count(*) FROM call WHERE handled_by_fallback") == 0
    finally:
        await standby.stop()
    report = await crowd.audit(since)
    # The copy that adopted the caller did not see when the line was answered.
    assert {found.kind for found in report.differences} <= {DifferenceKind.ANSWERED}, report.as_text()
    assert not report.estimated_ends, report.as_text()
