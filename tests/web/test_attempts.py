"""Tries to log in that meet: none waits for another for ever, and none takes back what another one began."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from ari_app.core.pin_limits import PinLimit
from ari_app.storage.accounts.attempts import address_subject, attempt_was_good, begin_attempt, password_subject
from tests.storage.values import eventually
from tests.web.people import Place

pytestmark = pytest.mark.postgres

ACCOUNT, ADDRESS = password_subject("anna"), address_subject("192.0.2.7")
LIMIT = PinLimit(timedelta(seconds=5), timedelta(minutes=15), free=1)
WAITING = """
SELECT count(*) FROM pg_locks WHERE NOT granted
  AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"""
BOTH = {ACCOUNT: LIMIT, ADDRESS: LIMIT}


async def test_a_good_try_and_a_new_one_do_not_wait_for_each_other(place: Place) -> None:
    """The good one is stopped between its two rows, and the new one comes meanwhile."""
    pool, began_at = place.site.pool, place.clock()
    assert await begin_attempt(pool, BOTH, began_at) is None

    async def wait(count: int) -> None:
        async def are_waiting() -> bool:
            return bool(await place.serve.pool.fetchval(WAITING) == count)

        await eventually(are_waiting)

    async with asyncio.TaskGroup() as tasks, place.serve.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM login_attempt WHERE subject = $1 FOR UPDATE", ACCOUNT)
        tasks.create_task(attempt_was_good(pool, ACCOUNT, began_at, ADDRESS))
        await wait(1)
        new = tasks.create_task(begin_attempt(pool, BOTH, place.clock()))
        await wait(2)
    assert new.result() is None
    rows = await place.serve.pool.fetch("SELECT subject, failed_attempts FROM login_attempt")
    assert {row["subject"]: row["failed_attempts"] for row in rows} == {ACCOUNT: 1, ADDRESS: 1}


async def test_a_good_try_takes_back_its_own_wait_and_not_that_of_another(place: Place) -> None:
    pool, good_at = place.site.pool, place.clock()
    await begin_attempt(pool, {ADDRESS: LIMIT}, good_at)
    place.clock.pass_by(timedelta(seconds=1))
    wrong_at = place.clock()
    assert await begin_attempt(pool, {ADDRESS: LIMIT}, wrong_at) is None
    await attempt_was_good(pool, ACCOUNT, good_at, ADDRESS)
    assert await begin_attempt(pool, {ADDRESS: LIMIT}, wrong_at) == timedelta(seconds=5)
    await attempt_was_good(pool, ACCOUNT, wrong_at, ADDRESS)
    assert await begin_attempt(pool, {ADDRESS: LIMIT}, wrong_at) is None
