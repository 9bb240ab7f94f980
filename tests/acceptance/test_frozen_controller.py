"""The controller is frozen, under a running load: a standby takes its place, and it harms nothing when it wakes up."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from ari_app.local.asterisk import LocalAsterisk
from tests.acceptance.application import Application
from tests.acceptance.ari_proxy import AriProxy
from tests.acceptance.crowd import SLOW, TONE, Crowd, ended
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.record import eventually, questions

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

OPEN_CALLS = "SELECT id, channel_id, stage FROM call WHERE municipality = 'GM9913' AND ended_at IS NULL ORDER BY id"
#: the longest time in which nobody was helped; the load brings five callers a second
LONGEST_GAP = """
SELECT extract(epoch FROM max(gap))::float FROM (
  SELECT answered_at - lag(answered_at) OVER (ORDER BY answered_at) AS gap FROM call
  WHERE answered_at >= $1 AND NOT handled_by_fallback) gaps"""
NEW_CALLS_ARE_HANDLED = """
SELECT count(*) >= 2 FROM call WHERE arrived_at >= $1 AND answered_at IS NOT NULL AND NOT handled_by_fallback"""
#: four of them until the standby acts
MOST_SECONDS = 10
STAGE = "SELECT stage FROM call WHERE channel_id = $1"


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(asterisk: LocalAsterisk) -> AsyncIterator[AriProxy]:
    """It sees every order of the copy that will be frozen."""
    async with AriProxy(asterisk.ari_url) as proxy:
        yield proxy


@pytest_asyncio.fixture(loop_scope="module")
async def standby(application: Application, asterisk: LocalAsterisk, database_url: str) -> AsyncIterator[Application]:
    copy = Application(asterisk, database_url)
    yield copy
    await copy.stop()


async def test_given_a_frozen_controller_when_a_standby_took_over_then_all_are_served_and_the_frozen_one_harms_nothing(
    application: Application,
    standby: Application,
    proxy: AriProxy,
    crowd: Crowd,
    phones: PhoneNetwork,
    asterisk: LocalAsterisk,
    database_url: str,
) -> None:
    since = datetime.now(UTC)
    music = asterisk.sounds_dir / "music/wachtmuziek.wav"
    application.options = {"ARI_APP_ARI_URL": proxy.url}
    await application.start()
    await standby.start(wait_for="waiting_for_lock")
    async with crowd.operators(6), crowd.talk_and_waiting(phones) as (operator, talker, waiter):
        async with questions(database_url) as record:
            before = await record.fetch(OPEN_CALLS)
        async with crowd.load(calls=120) as load:
            await crowd.load_runs()
            running_at = datetime.now(UTC)
            application.signal(signal.SIGSTOP)
            await standby.says("frozen_controller_ended")
            resumed = await standby.says("asterisk_connected")
            assert resumed["ResumeLine"] == 7
            proxy.orders.clear()  # those that were on their way
            await crowd.load_runs()
            await eventually(database_url, NEW_CALLS_ARE_HANDLED, running_at)
            gap = await crowd.ask(LONGEST_GAP, running_at - timedelta(seconds=1))
            print(f"nobody was helped for {gap:.1f} s")  # noqa: T201  the figure of docs/operations.md
            assert isinstance(gap, float) and gap < MOST_SECONDS
            await operator.hears_tone(TONE)
            await waiter.hears_part_of(music)
            async with questions(database_url) as record:
                assert await record.fetch(OPEN_CALLS) == before
            # What the frozen one knows to be a talk is over, and its operator has another caller.
            await talker.hang_up()
            (waiting,) = [row["channel_id"] for row in before if row["stage"] == "waiting"]
            await eventually(database_url, STAGE, waiting, equals="talking")
            await waiter.speak_tone(TONE + 200)
            await operator.hears_tone(TONE + 200)

            application.signal(signal.SIGCONT)
            assert await application.gone() == 1
            assert proxy.orders == []
            await operator.hears_tone(TONE + 200)
            await crowd.load_runs()
            await ended([load])
        another = await phones.citizen(SLOW)
        await crowd.newest_slow_call_is("waiting")
        await waiter.hang_up()
        await crowd.newest_slow_call_is("talking")
        await another.hang_up()
        await crowd.empty()
    assert standby.is_up
    assert not [entry for entry in standby.log if entry.get("level") in ("error", "critical")]
    assert not [entry for entry in application.log if entry.get("level") in ("error", "critical")]
    async with questions(database_url) as record:
        twice = await record.fetch(
            "SELECT a.id FROM operator_session a JOIN operator_session b ON a.operator = b.operator AND a.id <> b.id"
        )
        lost = await record.fetchval("SELECT count(*) FROM call WHERE end_reason IN ('lost', 'fault')")
    assert (twice, lost) == ([], 0)
    await crowd.fallback_is_recorded()
    await standby.stop()
    await crowd.agrees(since)


async def test_given_a_controller_frozen_for_a_moment_when_it_wakes_up_then_it_goes_on_and_the_standby_stands_by(
    application: Application, standby: Application, crowd: Crowd, phones: PhoneNetwork, database_url: str
) -> None:
    await application.start()
    await standby.start(wait_for="waiting_for_lock")
    async with crowd.operators(2):
        application.signal(signal.SIGSTOP)
        unseen = "SELECT count(*) FROM node WHERE seen_at < now() - interval '2 seconds'"
        async with questions(database_url) as record:
            while not await record.fetchval(f"SELECT pg_sleep(0.05) IS NULL OR ({unseen}) = 1"):
                pass
        application.signal(signal.SIGCONT)
        async with crowd.load(calls=10) as load:
            await ended([load])
        await crowd.empty()
    assert application.is_up
    assert not [entry for entry in standby.log if entry["event"] in ("controller", "frozen_controller_ended")]
