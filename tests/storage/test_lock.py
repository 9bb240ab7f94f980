"""One controller: who holds the lock, who gets it next, and who is told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from ari_app.local.postgres import LocalPostgres
from ari_app.storage.db import lock as lock_module
from ari_app.storage.db.engine import SERVER_SETTINGS, connect
from ari_app.storage.db.lock import ANSWER_SECONDS, PING_SECONDS, POLL_SECONDS, ControllerLock
from tests.patience import PATIENCE_SECONDS
from tests.storage.link import Link

pytestmark = pytest.mark.postgres

HOLDER = """
import asyncio, sys
from ari_app.storage.db.lock import ControllerLock

async def main():
    async with ControllerLock(sys.argv[1], "node1", "node1"):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def standby(database_url: str) -> AsyncIterator[ControllerLock]:
    lock = ControllerLock(database_url, "node1", "node1")
    yield lock
    await lock.release()


@pytest.fixture
def no_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is noticed without them."""
    monkeypatch.setattr(lock_module, "PING_SECONDS", 3600.0)


async def is_waiting(task: asyncio.Task[None]) -> bool:
    """It had the time to ask several times, and did not get it."""
    done, _ = await asyncio.wait([task], timeout=3 * POLL_SECONDS)
    return not done


async def test_the_second_waits_until_the_first_lets_go(database_url: str, standby: ControllerLock) -> None:
    async with ControllerLock(database_url, "node1", "node1") as first:
        assert first.is_held
        waiting = asyncio.create_task(standby.acquire())
        assert await is_waiting(waiting)
        assert not standby.is_held
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    assert standby.is_held
    assert not first.is_held


async def test_who_needs_the_lock_waits_until_it_is_held(database_url: str, standby: ControllerLock) -> None:
    waiting = asyncio.create_task(standby.wait_until_held())
    assert await is_waiting(waiting)
    await standby.acquire()
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    await standby.release()
    assert await is_waiting(again := asyncio.create_task(standby.wait_until_held()))
    again.cancel()


async def test_another_node_has_its_own_lock(database_url: str, standby: ControllerLock) -> None:
    async with ControllerLock(database_url, "node2", "node2"):
        await asyncio.wait_for(standby.acquire(), PATIENCE_SECONDS)


async def test_the_standby_takes_over_when_the_holder_is_killed(database_url: str, standby: ControllerLock) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database_url, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        waiting = asyncio.create_task(standby.acquire())
        assert await is_waiting(waiting)
        holder.kill()
        await asyncio.wait_for(waiting, PATIENCE_SECONDS)
        assert standby.is_held
    finally:
        if holder.returncode is None:
            holder.kill()
        await holder.communicate()


async def test_a_waiting_standby_holds_nothing_back_in_postgres(database_url: str, standby: ControllerLock) -> None:
    async with ControllerLock(database_url, "node1", "node1"):
        waiting = asyncio.create_task(standby.acquire())
        assert await is_waiting(waiting)
        connection = await connect(database_url, "test")
        held_back = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ari_app controller'"
            " AND (backend_xmin IS NOT NULL OR state <> 'idle')"
        )
        await connection.close()
        assert held_back == 0
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def test_a_standby_that_is_cancelled_leaves_nothing(database_url: str) -> None:
    lock = ControllerLock(database_url, "node1", "node1")
    async with ControllerLock(database_url, "node1", "node1"):
        waiting = asyncio.create_task(lock.acquire())
        assert await is_waiting(waiting)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert not lock.is_held
    await asyncio.wait_for(lock.acquire(), PATIENCE_SECONDS)
    await lock.release()


async def test_a_broken_connection_is_told_at_once_and_the_lock_may_be_had_again(link: Link, no_pings: None) -> None:
    lock = ControllerLock(link.url, "node1", "node1")
    await lock.acquire()
    link.break_once()
    await asyncio.wait_for(lock.lost.wait(), PATIENCE_SECONDS)
    assert not lock.is_held
    await asyncio.wait_for(lock.acquire(), PATIENCE_SECONDS)
    assert lock.is_held
    assert not lock.lost.is_set()
    await lock.release()


async def test_a_silent_connection_is_told_before_postgres_gives_the_lock_away(link: Link, database_url: str) -> None:
    lock = ControllerLock(link.url, "node1", "node1", answer_seconds=0.3)
    await lock.acquire()
    connection = await connect(database_url, "test")
    link.freeze()
    await asyncio.wait_for(lock.lost.wait(), PATIENCE_SECONDS)
    assert not lock.is_held
    assert await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == 1
    await connection.close()
    await lock.release()


async def test_a_terminated_session_is_told_at_once(database_url: str, standby: ControllerLock, no_pings: None) -> None:
    await standby.acquire()
    connection = await connect(database_url, "test")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ari_app controller'"
    )
    await connection.close()
    await asyncio.wait_for(standby.lost.wait(), PATIENCE_SECONDS)


async def test_an_absent_postgres_is_waited_for(link: Link) -> None:
    lock = ControllerLock(link.url, "node1", "node1")
    link.cut()
    waiting = asyncio.create_task(lock.acquire())
    assert await is_waiting(waiting)
    link.mend()
    await asyncio.wait_for(waiting, PATIENCE_SECONDS)
    await lock.release()


async def test_a_restarted_postgres_gives_the_lock_to_one(database_url: str, postgres_server: LocalPostgres) -> None:
    first, second = ControllerLock(database_url, "node1", "node1"), ControllerLock(database_url, "node1", "node1")
    await first.acquire()
    await asyncio.to_thread(postgres_server.restart)
    await asyncio.wait_for(first.lost.wait(), PATIENCE_SECONDS)
    tasks = [asyncio.create_task(lock.acquire()) for lock in (first, second)]
    _, waiting = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    assert [await is_waiting(task) for task in waiting] == [True]
    assert first.is_held != second.is_held
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await first.release()
    await second.release()


async def test_a_vanished_holder_is_looked_for_by_the_server(database_url: str) -> None:
    """A host cannot be made to vanish here; these are the settings by which Postgres notices it."""
    connection = await connect(database_url, "test")
    check = await connection.fetchval("SHOW client_connection_check_interval")
    await connection.close()
    assert check == "1s"
    assert SERVER_SETTINGS.keys() >= {"tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"}
    gives_up_after = sum(
        int(SERVER_SETTINGS[f"tcp_keepalives_{name}"]) * times for name, times in (("idle", 1), ("interval", 3))
    )
    assert PING_SECONDS + ANSWER_SECONDS < gives_up_after <= 5
    assert POLL_SECONDS < 1, "a standby asks again sooner than a caller notices"


async def test_releasing_what_is_not_held_does_nothing(standby: ControllerLock) -> None:
    await standby.release()
    assert not standby.is_held
    assert not standby.lost.is_set()
