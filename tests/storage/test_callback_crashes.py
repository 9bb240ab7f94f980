"""Killed between any two steps of a callback, before or after its write is committed: nothing lost, nothing twice.

Given a process that dies at a step, when it is started again and goes through the steps from the beginning, then there
is one request, one attempt, and a citizen who was reached once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.core.callbacks import AttemptOutcome, CallbackAttempt, CallbackRequest, Created, RequestState
from ari_app.core.ids import CallId, new_call_id
from ari_app.core.ledger import RequestClosed
from ari_app.storage.callbacks.rows import PostgresRows
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.db.engine import Database
from tests.storage.callback_values import ANNA, DIRECTORY, TEN, asked, at

pytestmark = pytest.mark.postgres

#: writes of one callback: asked for, claimed, attempt, picked up, talk, end
STEPS = 6


class Killed(BaseException):
    """The process is no more."""


class MortalStore(PostgresCallbackStore):
    """Dies in its `dies_at`-th transaction: after it is committed, or before."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], dies_at: int, *, after: bool) -> None:
        super().__init__(pool)
        self._transactions = 0
        self._dies_at = dies_at
        self._after = after

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresRows]:
        self._transactions += 1
        is_last = self._transactions == self._dies_at
        async with super().transaction() as rows:
            yield rows
            if is_last and not self._after:
                raise Killed
        if is_last:
            raise Killed


async def call_back(store: PostgresCallbackStore, asked_in: CallId, call: CallId, now: datetime) -> CallbackRequest:
    """All steps of a callback, by a program that knows its two calls and nothing else."""
    service = CallbackService(store, lambda: DIRECTORY)
    made = await service.create_or_join(asked(TEN, call_id=asked_in), now)
    assert isinstance(made, Created)
    try:
        leased = await service.claim(made.request.id, ANNA, now, lease_owner="session of Anna")
    except RequestClosed:
        return made.request
    assert leased is not None
    attempt = await service.start_attempt(leased.id, "session of Anna", ANNA, call, now)
    await service.attempt_answered(attempt.id, now)
    await service.talk_began(attempt.id, now)
    return await service.end_attempt(attempt.id, AttemptOutcome.REACHED, now)


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "after it arrived"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_given_a_kill_at_a_step_when_it_goes_on_then_nothing_is_lost_or_doubled(
    database: Database, step: int, after: bool
) -> None:
    asked_in, call = new_call_id(), new_call_id()
    with pytest.raises(Killed):
        await call_back(MortalStore(database.pool, step, after=after), asked_in, call, at(1))
    store = PostgresCallbackStore(database.pool)
    request = await call_back(store, asked_in, call, at(1.5))
    await expect_one_promise_kept(database, store, request)


@pytest.mark.parametrize("after", [False, True], ids=["before it arrived", "after it arrived"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_given_a_kill_at_a_step_when_the_process_does_not_come_back_then_another_operator_can_go_on(
    database: Database, step: int, after: bool
) -> None:
    asked_in = new_call_id()
    with pytest.raises(Killed):
        await call_back(MortalStore(database.pool, step, after=after), asked_in, new_call_id(), at(1))
    store = PostgresCallbackStore(database.pool)
    await CallbackService(store, lambda: DIRECTORY).sweep_leases(at(60))
    request = await call_back(store, asked_in, new_call_id(), at(61))
    stored = await store.request(request.id)
    assert stored is not None
    assert stored.state is RequestState.CLOSED
    outcomes = [attempt.outcome for attempt in await attempts_of(store, request)]
    assert outcomes.count(AttemptOutcome.REACHED) == 1
    assert set(outcomes) <= {AttemptOutcome.REACHED, AttemptOutcome.LOST}
    assert await database.pool.fetchval("SELECT count(*) FROM callback_request") == 1
    await store.close()


async def expect_one_promise_kept(database: Database, store: PostgresCallbackStore, request: CallbackRequest) -> None:
    stored = await store.request(request.id)
    assert stored is not None
    assert (stored.state, stored.attempts_count, stored.lease_owner) == (RequestState.CLOSED, 1, None)
    assert stored.reached_at is not None
    (attempt,) = await attempts_of(store, request)
    assert attempt.outcome is AttemptOutcome.REACHED
    facts = await database.pool.fetch("SELECT kind FROM callback_fact WHERE request_id = $1", request.id)
    kinds = [row["kind"] for row in facts]
    assert len(kinds) == len(set(kinds)) == stored.last_seq
    assert await database.pool.fetchval("SELECT count(*) FROM callback_request") == 1
    await store.close()


async def attempts_of(store: PostgresCallbackStore, request: CallbackRequest) -> Sequence[CallbackAttempt]:
    async with store.transaction() as rows:
        return await rows.attempts(request.id)
