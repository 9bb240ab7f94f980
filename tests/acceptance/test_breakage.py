"""When things break, under a running load of at least five calls a second: DESIGN's rules on the real thing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

import aiohttp
import pytest

from ari_app.core.event_log.audit import DifferenceKind
from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.postgres import LocalPostgres
from tests.acceptance import audio
from tests.acceptance.absence import MOST_SILENCE_SECONDS, away, silence_seconds
from tests.acceptance.application import Application, eventually, questions
from tests.acceptance.crowd import BUSY, SHARED, SLOW, SLOW_KEY, TONE, Crowd, ended
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.phone import Phone
from tests.acceptance.remote_control import RemoteError

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

#: the busy municipality's number in another notation: the citizen of a test among those of the load
HELP = "+31" + BUSY[1:]


async def is_helped_by_the_fallback(phones: PhoneNetwork, citizen: Phone, account: str) -> Phone:
    """Somebody turns away those of the load, picks up when the display says that it is this citizen, and hears them."""
    await citizen.answered()
    await citizen.speak_tone(TONE)
    while HELP not in await (desk := await phones.incoming(account)).header("From"):
        with suppress(RemoteError):  # they had just given up
            await desk.decline()
    await desk.pick_up()
    await desk.hears_tone(TONE)
    return desk


async def assert_the_record_shows_it(crowd: Crowd) -> None:
    """The citizen's call, as what it was: helped by somebody, in the fallback."""
    await crowd.fallback_is_recorded()
    await eventually(
        crowd.database_url,
        "SELECT end_reason FROM call WHERE dialled = $1",
        HELP,
        equals="handled_by_fallback",
    )
    async with questions(crowd.database_url) as record:
        call = await record.fetchrow("SELECT * FROM call WHERE dialled = $1", HELP)
        assert call is not None
        legs = await record.fetch(
            "SELECT role, party FROM call_leg WHERE call_id = $1 AND joined_at IS NOT NULL ORDER BY started_at",
            call["id"],
        )
    assert call["handled_by_fallback"] and call["answered_at"] is not None
    assert call["municipality"] == "GM9911"
    assert ("caller", None) in [tuple(leg) for leg in legs]
    assert "operator" in [leg["role"] for leg in legs]


@asynccontextmanager
async def replaced(asterisk: LocalAsterisk) -> AsyncIterator[None]:
    """Another socket under the application's name."""
    headers = {"Authorization": aiohttp.encode_basic_auth(asterisk.ari_user, asterisk.ari_password)}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{asterisk.ari_url}/events?app=ari_app"),
    ):
        yield


async def test_given_talks_and_waiting_callers_when_the_application_is_killed_then_they_go_on_and_nothing_is_lost(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk, database_url: str
) -> None:
    since = datetime.now(UTC)
    music = asterisk.sounds_dir / "music/wachtmuziek.wav"
    queue = "SELECT channel_id, queued_at, wait_until_at FROM call WHERE stage = 'waiting' AND municipality = 'GM9913'"
    stage_of = "SELECT stage FROM call WHERE channel_id = $1"
    await application.start()
    async with crowd.operators(6), crowd.talk_and_waiting(phones) as (operator, talker, first):
        second = await phones.citizen(SLOW)
        await crowd.newest_slow_call_is("waiting")
        await first.hears_part_of(music)
        async with questions(database_url) as record:
            places = await record.fetch(f"{queue} ORDER BY queued_at")
        ear = await operator.listen()
        async with crowd.load(calls=60) as load:
            await crowd.load_runs()
            before_the_kill = ear.position
            await application.kill()
            await first.hears_part_of(music)
            await application.start()
            await first.hears_part_of(music)
            result = await load.ended()
            assert result.failed == 0, result.complaint
            assert audio.clicks(ear.heard(before_the_kill), TONE) == []
        await crowd.empty_but(3)
        async with questions(database_url) as record:
            assert await record.fetch(f"{queue} ORDER BY queued_at") == places
        await talker.hang_up()
        for waiter, place in ((first, places[0]), (second, places[1])):
            await eventually(database_url, stage_of, place["channel_id"], equals="talking")
            await waiter.hang_up()
            await eventually(database_url, stage_of, place["channel_id"], equals="ended")
        await crowd.empty()
    await crowd.fallback_is_recorded()
    async with questions(database_url) as record:
        lost = await record.fetchval("SELECT count(*) FROM call WHERE end_reason = 'lost' OR end_is_estimated")
    await application.stop()
    report = await crowd.audit(since)
    assert report.agrees, report.as_text()
    assert lost == 0 and not report.estimated_ends, report.as_text()  # Asterisk's own log has seen their ends


async def test_given_no_application_when_citizens_call_then_the_fallback_helps_them_and_the_record_shows_it(
    application: Application, crowd: Crowd, phones: PhoneNetwork
) -> None:
    await application.start()
    async with crowd.operators(4), crowd.load(calls=60) as load:
        await crowd.load_runs()
        await application.kill()
        citizen = await phones.citizen(HELP)
        desk = await is_helped_by_the_fallback(phones, citizen, "phone01")
        await desk.hang_up()
        await citizen.ended()
        await application.start()
        await ended([load])
        await crowd.empty()
    await assert_the_record_shows_it(crowd)


async def test_given_a_frozen_application_when_citizens_call_then_the_fallback_helps_and_afterwards_all_is_well(
    application: Application, crowd: Crowd, phones: PhoneNetwork
) -> None:
    since = datetime.now(UTC)
    await application.start()
    pid = application.pid
    async with crowd.operators(6), crowd.load(calls=120) as load:
        await crowd.load_runs()
        application.signal(signal.SIGSTOP)
        await crowd.heartbeat_is_older_than(11)
        citizen = await phones.citizen(HELP)
        desk = await is_helped_by_the_fallback(phones, citizen, "phone02")
        application.signal(signal.SIGCONT)
        await desk.hang_up()
        await citizen.ended()
        await ended([load])
        await crowd.empty()
        async with crowd.load(calls=10) as again:
            await ended([again])
        await crowd.empty()
    assert application.is_up and application.pid == pid
    await assert_the_record_shows_it(crowd)
    await application.stop()
    report = await crowd.audit(since)
    assert report.agrees, report.as_text()


async def test_given_another_socket_takes_the_applications_name_then_it_stops_acting_and_the_fallback_helps(
    application: Application, crowd: Crowd, phones: PhoneNetwork, asterisk: LocalAsterisk
) -> None:
    await application.start()
    async with crowd.operators(4), crowd.talk_and_waiting(phones) as (operator, talker, waiter):
        async with crowd.load(calls=60) as load:
            await crowd.load_runs()
            async with replaced(asterisk):
                assert await application.gone() == 1
                citizen = await phones.citizen(HELP)
                desk = await is_helped_by_the_fallback(phones, citizen, "phone03")
                await operator.hears_tone(TONE)
                assert (talker.ending, waiter.ending) == (None, None)
                # An orchestrator starts it again; it takes its place back, with the talk still going on.
                await application.start()
                await desk.hang_up()
            await operator.hears_tone(TONE)
            await ended([load])
        await crowd.empty_but(2)
    await crowd.empty()
    await assert_the_record_shows_it(crowd)


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
    report = await crowd.audit(since)
    assert report.agrees, report.as_text()


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
    async with questions(database_url) as record:
        ends = await record.fetch(
            "SELECT end_reason, handled_by_fallback FROM call WHERE municipality = 'GM9913' ORDER BY arrived_at"
        )
        open_legs = await record.fetchval("SELECT count(*) FROM call_leg WHERE ended_at IS NULL")
    assert [tuple(row) for row in ends] == [
        ("caller_hung_up", False),
        ("abandoned_waiting", False),
        ("abandoned_waiting", True),
    ]
    assert open_legs == 0
    await application.stop()
    report = await crowd.audit(since)
    assert report.agrees, report.as_text()


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


async def test_given_a_standby_when_the_first_copy_dies_then_it_takes_over_what_is_there(
    application: Application, crowd: Crowd, asterisk: LocalAsterisk, database_url: str
) -> None:
    await application.start()
    standby = Application(asterisk, database_url)
    await standby.start(wait_for="waiting_for_lock")
    try:
        async with crowd.operators(6), crowd.load(calls=40) as load:
            await crowd.load_runs()
            assert not [entry for entry in standby.log if entry["event"] == "controller"]
            await application.kill()
            resumed = await standby.says("asterisk_connected")
            assert resumed["ResumeLine"] == 6
            await ended([load])
            await crowd.empty()
    finally:
        await standby.stop()
