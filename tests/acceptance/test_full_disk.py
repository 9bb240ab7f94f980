"""The disk of PostgreSQL is full: callers are held at the door, and then helped by the fallback, until there is room.

Where no disk may be mounted, PostgreSQL is told that it may write no file: it finds that out in the same way.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import ANY

import pytest

from ari_app.local.asterisk import LocalAsterisk
from ari_app.local.errors import LocalError
from ari_app.local.ports import Protocol, free_port
from ari_app.local.postgres import ROLE, LocalPostgres
from ari_app.storage.db.migrate import upgrade_to_head
from tests import privacy
from tests.acceptance.application import Application
from tests.acceptance.crowd import SLOW, TONE, Crowd
from tests.acceptance.helped import HELP, assert_the_record_shows_it, is_helped_by_the_fallback
from tests.acceptance.network import PhoneNetwork
from tests.acceptance.readiness import readiness
from tests.acceptance.record import eventually, questions
from tests.acceptance.small_disk import SmallDisk, mounted
from tests.roles import PASSWORDS

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.silence_meant("the store breaks"),
]


class Store:
    """A PostgreSQL of a test's own with one migrated database, whose disk can be full."""

    def __init__(self, server: LocalPostgres, disk: SmallDisk | None) -> None:
        self.server = server
        self._disk = disk

    def fill(self) -> None:
        """No more than a row here and there fits: into a page that is there, or where another statement gave up."""
        if self._disk is not None:
            self._disk.fill()
        else:
            self._limit("SET temp_file_limit = 0")

    def need_a_file(self) -> None:
        """Make it begin a new file of its write-ahead log, without which it cannot go on: it gives up."""
        with suppress(LocalError):
            self.server.sql("SELECT pg_switch_wal()")
            self.server.sql("SELECT pg_switch_wal() FROM (SELECT pg_logical_emit_message(true, 'any', 'text')) AS any")

    def make_room(self) -> None:
        """And start it if it gave up, as whatever looks after it does."""
        if self._disk is not None:
            self._disk.make_room()
            self.server.start()
        else:
            self._limit("RESET temp_file_limit")

    def _limit(self, setting: str) -> None:
        self.server.sql(f"ALTER DATABASE {ROLE} {setting}")
        self.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ari_app%'")


@pytest.fixture(scope="module")
def store(server_directory: Path) -> Iterator[Store]:
    password = secrets.token_hex(16)
    privacy.keep_secret([password])
    with mounted(server_directory / "small") as disk:
        server = LocalPostgres(server_directory / "small" / "postgres", password, durable=False)
        server.start()
        try:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, upgrade_to_head(server.url(), PASSWORDS)).result()
            yield Store(server, disk)
        finally:
            server.stop()


@pytest.fixture
def database_url(store: Store) -> Iterator[str]:
    """In place of the database that other tests get."""
    yield store.server.url()
    store.make_room()
    store.server.sql("TRUNCATE call, operator_session, operator_line, node CASCADE")


async def test_given_a_full_disk_then_callers_are_held_then_helped_by_the_fallback_and_with_room_all_is_well(
    store: Store,
    application: Application,
    crowd: Crowd,
    phones: PhoneNetwork,
    asterisk: LocalAsterisk,
    database_url: str,
) -> None:
    since, port = datetime.now(UTC), free_port(Protocol.TCP)
    application.options = {**application.options, "ARI_APP_WEB_PORT": str(port)}
    await application.start()
    async with crowd.talk_and_waiting(phones) as (operator, talker, waiter):
        application.forget_log()
        await asyncio.to_thread(store.fill)
        await application.says("store_away")
        held = await phones.citizen(SLOW, "+31204444444", listens=True)
        await held.hears_recording(asterisk.sounds_dir / "gemeente/GM9913/welkom-gemeente.wav", since=0)
        await held.hears_part_of(asterisk.sounds_dir / "music/wachtmuziek.wav")
        for phone in (held, waiter):
            await phone.hang_up()
        await operator.hears_tone(TONE)
        # After half a minute
        state = await readiness(port, 503)
        assert {"ready": False, "standby": False, "store": False, "recovery_ms": ANY}.items() <= state.items()
        await crowd.heartbeat_is_older_than(3)
        citizen = await phones.citizen(HELP)
        desk = await is_helped_by_the_fallback(phones, citizen, "phone04")
        await operator.hears_tone(TONE)
        await asyncio.to_thread(store.make_room)
        assert (await readiness(port, 200))["store"] is True
        await desk.hang_up()
        await citizen.ended()
        assert talker.ending is None
        await crowd.heartbeat_is_back()
        another = await phones.citizen(SLOW)
        await crowd.newest_slow_call_is("waiting")
        await talker.hang_up()
        await crowd.newest_slow_call_is("talking")
        await another.hang_up()
        await crowd.empty()
    await assert_the_record_shows_it(crowd)
    assert await crowd.slow_ends() == [
        ("caller_hung_up", False),
        ("abandoned_waiting", False),
        ("abandoned_waiting", False),
        ("caller_hung_up", False),
    ]
    await application.stop()
    await crowd.agrees(since)


async def test_given_a_disk_on_which_postgres_gives_up_then_a_caller_is_held_and_served_when_there_is_room(
    store: Store,
    application: Application,
    crowd: Crowd,
    phones: PhoneNetwork,
    asterisk: LocalAsterisk,
    database_url: str,
) -> None:
    since = datetime.now(UTC)
    await application.start()
    async with crowd.operators(1):
        application.forget_log()
        await asyncio.to_thread(store.fill)
        await asyncio.to_thread(store.need_a_file)
        await application.says("store_away")
        citizen = await phones.citizen(HELP, "+31205555555", listens=True)
        await citizen.hears_part_of(asterisk.sounds_dir / "music/wachtmuziek.wav")
        await asyncio.to_thread(store.make_room)
        stage = "SELECT stage FROM call WHERE pii_caller_number = $1"
        await eventually(database_url, stage, "+31205555555", equals="talking")
        await citizen.hang_up()
        await crowd.empty()
    async with questions(database_url) as record:
        call = await record.fetchrow("SELECT * FROM call WHERE pii_caller_number = '+31205555555'")
        assert call is not None and (call["end_reason"], call["handled_by_fallback"]) == ("caller_hung_up", False)
        assert await record.fetchval("SELECT count(*) FROM call_leg WHERE ended_at IS NULL OR end_is_estimated") == 0
    await application.stop()
    await crowd.agrees(since)
