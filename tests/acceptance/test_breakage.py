"""The application breaks, under a running load of at least five calls a second: DESIGN's rules, for real."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance import audio
from tests.acceptance.application import Application
from tests.acceptance.crowd import SLOW, TONE, Crowd, ended
from tests.acceptance.helped import HELP, assert_the_record_shows_it, is_helped_by_the_fallback
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.record import eventually, questions

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.silence_meant("Asterisk, the application or the store breaks"),
]


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
            await application.start(from_disk=True)
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
    report = await crowd.agrees(since)
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
    await crowd.agrees(since)


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
