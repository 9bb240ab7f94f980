"""A standby ends the lock connection of a holder that is frozen, and of no other; one that wakes up is not sure."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from structlog.testing import capture_logs

from ari_app.core import frozen
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db import lock as lock_module
from ari_app.storage.db.engine import Database, connect
from ari_app.storage.db.lock import (
    ANSWER_SECONDS,
    LOOK_SECONDS,
    PING_SECONDS,
    POLL_SECONDS,
    UNSURE_SECONDS,
    ControllerLock,
    LockTaken,
)
from ari_app.storage.db.nodes import BEAT_SECONDS, NodeRow
from ari_app.storage.db.roles import SERVE
from tests.patience import PATIENCE_SECONDS
from tests.roles import as_role
from tests.storage.link import Link
from tests.storage.values import new_session

pytestmark = pytest.mark.postgres

NODE, HERE = "node1", "an installation"
KEY = "ari_app/node1/ari_app"
IDLE_LIMIT = "idle_in_transaction_session_timeout"
#: instead of 4 s; still longer than two beats
SOON_SECONDS = 2.2
#: longer than any standby here would wait
LONG_ENOUGH_SECONDS = SOON_SECONDS + 4 * LOOK_SECONDS

CONTROLLER = """
import asyncio, sys
from ari_app.storage.db.engine import Database
from ari_app.storage.db.lock import ControllerLock, LockTaken
from ari_app.storage.db.nodes import NodeRow

async def main():
    url, beats = sys.argv[1], sys.argv[2] == "beats"
    lock = ControllerLock(url, "ari_app/node1/ari_app", "node1")
    async with Database(url) as database, lock:
        row = NodeRow(database.pool, "node1", "an installation")
        await row.beat()
        beating = asyncio.create_task(row.keep_seen()) if beats else None
        print("held", flush=True)
        await lock.lost.wait()
        try:
            await lock.regain()
        except LockTaken:
            print("taken", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen, "FROZEN_AFTER_SECONDS", SOON_SECONDS)


@asynccontextmanager
async def controller(url: str, *, beats: bool = True) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that holds the lock, and writes the row of the node every second, or once only."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CONTROLLER, url, "beats" if beats else "once", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"held\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def standby(url: str) -> AsyncIterator[asyncio.Task[None]]:
    """A lock that another process has, waited for."""
    lock = ControllerLock(url, KEY, NODE)
    task = asyncio.create_task(lock.acquire())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await lock.release()


async def keeps_waiting(task: asyncio.Task[None]) -> bool:
    done, _ = await asyncio.wait([task], timeout=LONG_ENOUGH_SECONDS)
    return not done


def test_the_times_fit_together() -> None:
    """A frozen process is seen in the second before, and has been told of it by its lock half a second before."""
    assert PING_SECONDS + ANSWER_SECONDS < UNSURE_SECONDS < frozen.FROZEN_AFTER_SECONDS - BEAT_SECONDS
    assert POLL_SECONDS + ANSWER_SECONDS < UNSURE_SECONDS


async def test_a_frozen_controller_loses_the_lock_and_knows_it_when_it_wakes_up(
    database: Database, database_url: str
) -> None:
    """With the true times, and the rights that `serve` has."""
    url = as_role(database_url, SERVE)
    async with controller(url) as process, standby(url) as waiting:
        assert await keeps_waiting(waiting)
        with capture_logs() as logs:
            process.send_signal(signal.SIGSTOP)
            await asyncio.wait_for(waiting, PATIENCE_SECONDS)
        (ended,) = [entry for entry in logs if entry["event"] == "frozen_controller_ended"]
        assert ended["unseen_seconds"] >= frozen.FROZEN_AFTER_SECONDS
        process.send_signal(signal.SIGCONT)
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS) == b"taken\n"


async def test_a_process_that_lives_and_writes_its_row_no_more_loses_the_lock(database_url: str, soon: None) -> None:
    async with controller(database_url, beats=False) as process, standby(database_url) as waiting:
        await asyncio.wait_for(waiting, PATIENCE_SECONDS)
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS) == b"taken\n"


async def test_a_row_that_nobody_can_write_says_nothing_about_its_holder(database_url: str, soon: None) -> None:
    async with controller(database_url) as process, standby(database_url) as waiting:
        owner = await connect(database_url, "test")
        block = owner.transaction()
        await block.start()
        await owner.execute("SELECT FROM node WHERE name = $1 FOR UPDATE", NODE)
        with capture_logs() as logs:
            assert await keeps_waiting(waiting)
        assert {entry["event"] for entry in logs} == {"frozen_controller_kept"}
        await block.rollback()
        await owner.close()
        assert await keeps_waiting(waiting)
        assert process.returncode is None


async def test_no_room_on_the_disk_says_nothing_about_the_holder(database_url: str, soon: None) -> None:
    name = database_url.rpartition("/")[2].partition("?")[0]
    owner = await connect(database_url, "test")
    async with controller(database_url, beats=False):
        await owner.execute(f'ALTER DATABASE "{name}" SET temp_file_limit = 0')
        async with standby(as_role(database_url, SERVE)) as waiting:
            assert await keeps_waiting(waiting)
        await owner.execute(f'ALTER DATABASE "{name}" RESET temp_file_limit')
        await owner.close()


async def test_a_holder_of_a_higher_role_is_kept_and_the_log_says_why(database_url: str, soon: None) -> None:
    async with controller(database_url, beats=False), standby(as_role(database_url, SERVE)) as waiting:
        with capture_logs() as logs:
            assert await keeps_waiting(waiting)
    assert ["terminate" in entry["error"] for entry in logs if entry["event"] == "frozen_controller_kept"] == [True]


async def test_a_standby_that_could_not_ask_gives_the_holder_its_time_anew(
    database: Database, database_url: str, link: Link, soon: None
) -> None:
    """After Postgres was away, or frozen itself, the row is old; that is not the holder's doing."""
    lock = ControllerLock(link.url, KEY, NODE, answer_seconds=0.3)
    async with controller(database_url) as process:
        waiting = asyncio.create_task(lock.acquire())
        assert await keeps_waiting(waiting)
        for trouble in (link.freeze, link.cut):
            trouble()
            await database.pool.execute("UPDATE node SET seen_at = now() - interval '1 minute'")
            assert await keeps_waiting(waiting)
            link.mend()
            assert await keeps_waiting(waiting)
        assert process.returncode is None
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_holder_that_has_just_got_the_lock_has_its_time_although_its_row_is_old(
    database: Database, database_url: str, soon: None
) -> None:
    row = NodeRow(database.pool, NODE, HERE)
    await row.beat()
    await database.pool.execute("UPDATE node SET seen_at = now() - interval '1 hour'")
    async with ControllerLock(database_url, KEY, NODE) as starting, standby(database_url) as waiting:
        done, _ = await asyncio.wait([waiting], timeout=SOON_SECONDS / 2)
        assert not done
        seen = asyncio.create_task(row.keep_seen())
        assert await keeps_waiting(waiting)
        assert starting.is_held
        seen.cancel()


async def test_another_nodes_lock_is_not_ended(database: Database, database_url: str, soon: None) -> None:
    async with ControllerLock(database_url, "ari_app/node2/ari_app", "node2") as other:
        await NodeRow(database.pool, "node2", "elsewhere").beat()
        async with controller(database_url, beats=False), standby(database_url) as waiting:
            await asyncio.wait_for(waiting, PATIENCE_SECONDS)
        assert other.is_held


async def test_who_runs_is_sure_and_waits_for_nothing(database_url: str) -> None:
    lock = ControllerLock(database_url, KEY, NODE)
    async with lock:
        await asyncio.wait_for(lock.wait_until_sure(), 0.1)


async def test_a_process_that_was_frozen_is_sure_once_postgres_has_answered(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = ControllerLock(database_url, KEY, NODE)
    async with lock:
        now = monotonic()
        monkeypatch.setattr(lock_module, "monotonic", lambda: now + 60)
        await asyncio.wait_for(lock.wait_until_sure(), PATIENCE_SECONDS)
        assert lock.is_held


async def test_a_process_that_was_frozen_is_never_sure_when_another_has_the_lock(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, other = ControllerLock(database_url, KEY, NODE), ControllerLock(database_url, KEY, NODE)
    await lock.acquire()
    connection = await connect(database_url, "test")
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await connection.close()
    await other.acquire()
    await asyncio.wait_for(lock.lost.wait(), PATIENCE_SECONDS)
    now = monotonic()
    monkeypatch.setattr(lock_module, "monotonic", lambda: now + 60)
    sure = asyncio.create_task(lock.wait_until_sure())
    with pytest.raises(LockTaken):
        await asyncio.wait_for(lock.regain(), PATIENCE_SECONDS)
    assert not sure.done()
    sure.cancel()
    await other.release()


async def test_a_process_that_was_frozen_goes_on_when_postgres_is_away(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can have taken the lock then, and those who talk need their keys."""
    lock = ControllerLock(link.url, KEY, NODE)
    await lock.acquire()
    link.cut()
    await asyncio.wait_for(lock.lost.wait(), PATIENCE_SECONDS)
    now = monotonic()
    monkeypatch.setattr(lock_module, "monotonic", lambda: now + 60)
    regaining = asyncio.create_task(lock.regain())
    await asyncio.wait_for(lock.wait_until_sure(), PATIENCE_SECONDS)
    link.mend()
    await asyncio.wait_for(regaining, PATIENCE_SECONDS)
    await lock.release()


async def test_a_process_that_runs_is_sure_when_postgres_falls_silent(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No order waits for the end of an absence of Postgres."""
    lock = ControllerLock(link.url, KEY, NODE, answer_seconds=1.0)
    await lock.acquire()
    link.freeze()
    await asyncio.wait_for(lock.lost.wait(), PATIENCE_SECONDS)
    monkeypatch.setattr(lock_module, "UNSURE_SECONDS", 1.0)  # the last answer is older
    await asyncio.wait_for(lock.wait_until_sure(), 0.1)
    link.mend()
    await asyncio.wait_for(lock.regain(), PATIENCE_SECONDS)
    await lock.release()


async def test_no_row_is_written_before_it_may(database: Database) -> None:
    asked, may = asyncio.Event(), asyncio.Event()

    async def may_write() -> None:
        asked.set()
        await may.wait()

    ledger = PostgresLedger(database.pool, may_write=may_write)
    storing = asyncio.create_task(ledger.store_session(new_session()))
    await asked.wait()
    assert await database.pool.fetchval("SELECT count(*) FROM operator_session") == 0
    may.set()
    await storing
    assert await database.pool.fetchval("SELECT count(*) FROM operator_session") == 1
    await ledger.close()


async def test_a_transaction_of_a_frozen_process_keeps_no_row(database: Database) -> None:
    """Whoever took over has to write them."""
    limit = await database.pool.fetchval("SELECT setting::float / 1000 FROM pg_settings WHERE name = $1", IDLE_LIMIT)
    assert 0 < limit <= frozen.FROZEN_AFTER_SECONDS
