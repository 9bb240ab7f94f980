"""Killed between any two steps of a callback, before or after what it was writing arrived: nothing lost, nothing twice.

Given a process that dies at a step, when it is started again and goes through the steps from the beginning, then there
is one request, one attempt, and a citizen who was reached once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest

from ari_app.core.callbacks import AttemptOutcome, CallbackRequest, RequestState
from ari_app.core.ids import CallId, new_call_id
from ari_app.core.ledger import RequestClosed
from ari_app.storage.callbacks.requests import PostgresCallbacks
from ari_app.storage.callbacks.store import Connection
from ari_app.storage.db.engine import Database
from tests.storage.callback_values import ANNA, DIRECTORY, TEN, asked, at

pytestmark = pytest.mark.postgres

#: writes of one callback: asked for, claimed, attempt, picked up, talk, end
STEPS = 6


class Killed(BaseException):
    """The process is no more."""


class Mortal(PostgresCallbacks):
    """Dies at its so-manieth write: after it arrived, or before."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], dies_at: int, *, after: bool) -> None:
        super().__init__(pool)
        self._writes = 0
        self._dies_at = dies_at
        self._after = after

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        self._writes += 1
        is_last = self._writes == self._dies_at
        async with super().transaction() as connection:
            yield connection
            if is_last and not self._after:
                raise Killed
        if is_last:
            raise Killed


async def call_back(book: PostgresCallbacks, asked_in: CallId, call: CallId, now: datetime) -> CallbackRequest:
    """What an application does that knows its two calls and nothing else."""
    request = (await book.create_or_join(asked(TEN, created_at=now, call_id=asked_in), DIRECTORY)).request
    try:
        leased = await book.claim(
            request.id, ANNA, now, lease_until_at=now + timedelta(minutes=2), lease_owner="session of Anna"
        )
    except RequestClosed:
        return request
    assert leased is not None
    attempt = await book.start_attempt(request.id, "session of Anna", ANNA, call, now)
    await book.attempt_answered(attempt.id, now)
    await book.talk_began(attempt.id, now)
    return await book.end_attempt(attempt.id, AttemptOutcome.REACHED, DIRECTORY, now)


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "after it arrived"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_given_a_kill_at_a_step_when_it_goes_on_then_nothing_is_lost_or_doubled(
    database: Database, step: int, after: bool
) -> None:
    asked_in, call = new_call_id(), new_call_id()
    with pytest.raises(Killed):
        await call_back(Mortal(database.pool, step, after=after), asked_in, call, at(1))
    book = PostgresCallbacks(database.pool)
    request = await call_back(book, asked_in, call, at(1.5))
    await expect_one_promise_kept(database, book, request)


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "after it arrived"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_given_a_kill_at_a_step_when_nobody_goes_on_then_another_operator_can(
    database: Database, step: int, after: bool
) -> None:
    asked_in = new_call_id()
    with pytest.raises(Killed):
        await call_back(Mortal(database.pool, step, after=after), asked_in, new_call_id(), at(1))
    book = PostgresCallbacks(database.pool)
    await book.sweep_leases(DIRECTORY, at(60))
    request = await call_back(book, asked_in, new_call_id(), at(61))
    stored = await book.request(request.id)
    assert stored is not None
    assert stored.state is RequestState.CLOSED
    outcomes = [attempt.outcome for attempt in await book.attempts(request.id)]
    assert outcomes.count(AttemptOutcome.REACHED) == 1
    assert set(outcomes) <= {AttemptOutcome.REACHED, AttemptOutcome.LOST}
    assert await database.pool.fetchval("SELECT count(*) FROM callback_request") == 1
    await book.close()


async def expect_one_promise_kept(database: Database, book: PostgresCallbacks, request: CallbackRequest) -> None:
    stored = await book.request(request.id)
    assert stored is not None
    assert (stored.state, stored.attempts_count, stored.lease_owner) == (RequestState.CLOSED, 1, None)
    assert stored.reached_at is not None
    (attempt,) = await book.attempts(request.id)
    assert attempt.outcome is AttemptOutcome.REACHED
    told = Counter(fact.kind.value for fact in await book.facts(request.id))
    assert set(told.values()) == {1}, told
    assert stored.last_seq == told.total()
    assert await database.pool.fetchval("SELECT count(*) FROM callback_request") == 1
    await book.close()
