"""A commit without an answer: nothing is promised on the strength of a row that may exist here and nowhere else.

Postgres waits with each commit for a standby that is out of reach, as it does when the standby's machine is gone. Then
a change may be committed here, but an answer that rests on it must wait for the standby too, also when it is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.core.call import Fact, FactKind
from ari_app.core.callbacks import AttemptOutcome, CallbackAttempt, CallbackRequest, Created
from ari_app.core.ids import new_call_id
from ari_app.core.ledger import StoreUnavailable
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from tests.storage.callback_values import ANNA, DIRECTORY, TEN, asked, at
from tests.storage.values import eventually, new_call

pytestmark = pytest.mark.postgres

#: a commit that waits for the standby is given up after this long
GIVE_UP_SECONDS = 0.5
CALL = new_call_id()


@dataclass
class Pair:
    """The primary of a pair, whose standby can be taken away."""

    server: LocalPostgres
    database: Database
    name: str

    async def standby_is_there(self, is_there: bool) -> None:
        self.server.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{'' if is_there else 'standby'}'")
        self.server.sql("SELECT pg_reload_conf()")
        expected = "" if is_there else "standby"

        async def is_read() -> bool:
            return str(await self.database.pool.fetchval("SHOW synchronous_standby_names")) == expected

        await eventually(is_read)
        if not is_there:
            await eventually(self._a_commit_waits)

    async def _a_commit_waits(self) -> bool:
        """Whether a commit waits for the standby: a process of its own decides that, once it has read the setting."""
        commit = asyncio.create_task(self.database.pool.execute("SELECT pg_logical_emit_message(true, 'asked', '')"))
        while not commit.done():
            if self._waiting():
                await self.end_waiting_backends()
                await asyncio.gather(commit, return_exceptions=True)
                return True
            await asyncio.wait({commit}, timeout=0.05)
        await commit
        return False

    def _waiting(self) -> int:
        return int(self.server.sql(f"SELECT count(*) FROM pg_stat_activity WHERE {self._waits}"))

    @property
    def _waits(self) -> str:
        return f"datname = '{self.name}' AND wait_event = 'SyncRep'"

    async def end_waiting_backends(self) -> None:
        """A commit that waits for the standby is committed on the primary only, and is visible to everybody."""
        self.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {self._waits}")

        async def none_waits() -> bool:
            return self._waiting() == 0

        await eventually(none_waits)


@pytest.fixture
async def pair(database_url: str, postgres_server: LocalPostgres) -> AsyncIterator[Pair]:
    name = database_url.partition("?")[0].rpartition("/")[2]
    postgres_server.sql(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
    async with Database(database_url) as database:
        pair = Pair(postgres_server, database, name)
        yield pair
        await pair.standby_is_there(True)


@pytest.fixture
async def service(pair: Pair) -> AsyncIterator[CallbackService]:
    store = PostgresCallbackStore(pair.database.pool, timeout_seconds=GIVE_UP_SECONDS)
    yield CallbackService(store, lambda: DIRECTORY)
    await store.close()


async def prepared(service: CallbackService) -> tuple[CallbackRequest, CallbackAttempt]:
    """A request whose attempt has begun."""
    made = await service.create_or_join(asked(TEN, call_id=CALL), TEN)
    assert isinstance(made, Created)
    assert await service.claim(made.request.id, ANNA, TEN, lease_owner="a") is not None
    return made.request, await service.start_attempt(made.request.id, "a", ANNA, CALL, TEN)


Change = Callable[[CallbackService], Awaitable[Any]]


async def _before_the_request(_: CallbackService) -> Change:
    return lambda service: service.create_or_join(asked(TEN, call_id=CALL), TEN)


async def _before_the_claim(service: CallbackService) -> Change:
    made = await service.create_or_join(asked(TEN, call_id=CALL), TEN)
    assert isinstance(made, Created)
    request = made.request
    return lambda again: again.claim(request.id, ANNA, TEN, lease_owner="a")


async def _before_the_attempt(service: CallbackService) -> Change:
    made = await service.create_or_join(asked(TEN, call_id=CALL), TEN)
    assert isinstance(made, Created)
    request = made.request
    await service.claim(request.id, ANNA, TEN, lease_owner="a")
    return lambda again: again.start_attempt(request.id, "a", ANNA, CALL, TEN)


async def _before_the_answer(service: CallbackService) -> Change:
    _, attempt = await prepared(service)
    return lambda again: again.attempt_answered(attempt.id, at(1))


async def _before_the_talk(service: CallbackService) -> Change:
    _, attempt = await prepared(service)
    return lambda again: again.talk_began(attempt.id, at(1))


async def _before_the_end(service: CallbackService) -> Change:
    _, attempt = await prepared(service)
    return lambda again: again.end_attempt(attempt.id, AttemptOutcome.BUSY, at(1))


STEPS = [
    _before_the_request,
    _before_the_claim,
    _before_the_attempt,
    _before_the_answer,
    _before_the_talk,
    _before_the_end,
]


async def rows(pair: Pair) -> tuple[int, int]:
    query = "SELECT (SELECT count(*) FROM callback_fact), (SELECT count(*) FROM callback_attempt)"
    facts, attempts = await pair.database.pool.fetchrow(query)  # type: ignore[misc]
    return facts, attempts


@pytest.mark.parametrize("step", STEPS)
async def test_given_the_standby_is_away_when_a_change_is_repeated_then_it_is_not_believed_until_the_standby_is_back(
    pair: Pair, service: CallbackService, step: Callable[[CallbackService], Awaitable[Change]]
) -> None:
    change = await step(service)
    await pair.standby_is_there(False)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await change(service)
    await pair.standby_is_there(True)
    first = await change(service)
    stored = await rows(pair)
    assert await change(service) == first
    assert await rows(pair) == stored


@pytest.mark.parametrize("step", STEPS)
async def test_given_a_change_that_only_the_primary_has_when_it_is_repeated_then_it_is_not_believed(
    pair: Pair, service: CallbackService, step: Callable[[CallbackService], Awaitable[Change]]
) -> None:
    change = await step(service)
    before = await rows(pair)
    await pair.standby_is_there(False)
    with pytest.raises(StoreUnavailable):
        await change(service)
    await pair.end_waiting_backends()
    seen = await rows(pair)
    assert seen != before, "the change is visible on the primary"
    with pytest.raises(StoreUnavailable):
        await change(service)
    await pair.end_waiting_backends()
    await pair.standby_is_there(True)
    await change(service)
    assert await rows(pair) == seen


async def test_given_a_row_of_a_call_that_only_the_primary_has_when_it_is_stored_again_then_it_is_not_believed(
    pair: Pair,
) -> None:
    ledger = PostgresLedger(pair.database.pool, timeout_seconds=GIVE_UP_SECONDS)
    call, facts = new_call(), [Fact(TEN, FactKind.ARRIVED)]
    await pair.standby_is_there(False)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await ledger.store(call, facts)
        await pair.end_waiting_backends()
    await pair.standby_is_there(True)
    assert await ledger.store(call, facts) == replace(call, last_seq=1)
    await ledger.close()


async def test_a_change_whose_answer_is_not_awaited_any_more_is_not_cancelled_on_the_server(
    pair: Pair, service: CallbackService
) -> None:
    await pair.standby_is_there(False)
    asking = asyncio.create_task(service.create_or_join(asked(TEN, call_id=CALL), TEN))

    async def waits() -> bool:
        query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{pair.name}' AND wait_event = 'SyncRep'"
        return pair.server.sql(query).strip() == "1"

    await eventually(waits)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await waits()
    assert await pair.database.pool.fetchval("SELECT count(*) FROM callback_request") == 0, "nobody sees it yet"
    await pair.standby_is_there(True)

    async def is_seen() -> bool:
        return bool(await pair.database.pool.fetchval("SELECT count(*) FROM callback_request"))

    await eventually(is_seen)
