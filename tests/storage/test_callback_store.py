"""Rows of callbacks over Postgres: every field, what the tables refuse, programs that race, and notifications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.core.callbacks import AttemptOutcome, CallbackRequest, Created, RequestState
from ari_app.core.ids import new_call_id
from ari_app.core.ledger import RequestClosed
from ari_app.storage.callbacks.statements import ATTEMPT, REQUEST
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import RowRefused
from ari_app.storage.db.notifications import CALLBACK_CHANNEL, GATHER_SECONDS
from tests.patience import PATIENCE_SECONDS
from tests.storage.callback_values import (
    ANNA,
    DIRECTORY,
    FULL_ATTEMPT,
    FULL_REQUEST,
    LEASED,
    OOSTERWENDE,
    TEN,
    ZANDERMEER,
    asked,
    at,
    number,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
async def store(database: Database) -> AsyncIterator[PostgresCallbackStore]:
    store = PostgresCallbackStore(database.pool)
    yield store
    await store.close()


@pytest.fixture
def service(store: PostgresCallbackStore) -> CallbackService:
    return CallbackService(store, lambda: DIRECTORY)


@pytest.fixture
async def programs(database_url: str) -> AsyncIterator[list[CallbackService]]:
    """Two programs on one database."""
    async with Database(database_url) as one, Database(database_url) as other:
        stores = [PostgresCallbackStore(one.pool), PostgresCallbackStore(other.pool)]
        yield [CallbackService(store, lambda: DIRECTORY) for store in stores]
        for store in stores:
            await store.close()


async def created(service: CallbackService, **changes: object) -> CallbackRequest:
    made = await service.create_or_join(asked(TEN, **changes), TEN)
    assert isinstance(made, Created)
    return made.request


@pytest.mark.parametrize("value", [FULL_REQUEST, LEASED], ids=["closed", "leased"])
async def test_every_field_of_a_request_comes_back(
    store: PostgresCallbackStore, database: Database, value: CallbackRequest
) -> None:
    await database.pool.execute(
        f"INSERT INTO callback_request ({REQUEST.listed()}) VALUES ({REQUEST.parameters(1)})", *REQUEST.values(value)
    )
    assert await store.request(value.id) == value


async def test_every_field_of_an_attempt_comes_back(store: PostgresCallbackStore, database: Database) -> None:
    statement = "INSERT INTO {} ({}) VALUES ({})"
    for table, columns, parameters, values in (
        (REQUEST.table, REQUEST.listed(), REQUEST.parameters(1), REQUEST.values(FULL_REQUEST)),
        (ATTEMPT.table, ATTEMPT.listed(), ATTEMPT.parameters(1), ATTEMPT.values(FULL_ATTEMPT)),
    ):
        await database.pool.execute(statement.format(table, columns, parameters), *values)
    async with store.transaction() as rows:
        assert await rows.attempts(FULL_REQUEST.id) == [FULL_ATTEMPT]
        assert await rows.request_and_attempt(FULL_ATTEMPT.id) == (FULL_REQUEST, FULL_ATTEMPT)


@pytest.mark.parametrize("column", ["pii_number", "deadline_at", "owner_team", "reference", "plan_by_at"])
async def test_no_request_without(service: CallbackService, database: Database, column: str) -> None:
    request = await created(service)
    with pytest.raises(Exception, match="not-null"):
        await database.pool.execute(f"UPDATE callback_request SET {column} = NULL WHERE id = $1", request.id)


async def test_reached_without_an_answered_leg_and_a_talk_is_refused_and_nothing_is_lost(
    service: CallbackService,
) -> None:
    request = await created(service)
    await service.claim_next(ANNA, at(1), lease_owner="a")
    attempt = await service.start_attempt(request.id, "a", ANNA, None, at(1))
    for moments in ({}, {"answered_at": at(2)}, {"reached_at": at(2)}):
        with pytest.raises(RowRefused, match="reached_was_answered"):
            await service.end_attempt(attempt.id, AttemptOutcome.REACHED, at(3), **moments)
    assert (await service.request(request.id)).state is RequestState.IN_PROGRESS  # type: ignore[union-attr]


# --- programs that race ---


async def test_twenty_wishes_at_once_are_one_promise(programs: list[CallbackService], database: Database) -> None:
    made = await asyncio.gather(*(programs[n % 2].create_or_join(asked(call_id=new_call_id()), TEN) for n in range(20)))
    found = [one for one in made if isinstance(one, Created)]
    assert len({one.request.id for one in found}) == 1
    assert [one.joined for one in found].count(False) == 1
    assert await database.pool.fetchval("SELECT count(*) FROM callback_fact") == 20


async def test_many_workers_never_hold_one_number_twice(programs: list[CallbackService]) -> None:
    """Six numbers, each with a request in two municipalities; twelve workers claim, try and end."""
    held: set[str] = set()
    done: list[str] = []

    async def work(service: CallbackService, name: str) -> None:
        while (request := await service.claim_next(ANNA, at(1), lease_owner=name)) is not None or len(done) < 12:
            if request is None:
                await asyncio.sleep(0)
                continue
            assert request.pii_number not in held
            held.add(request.pii_number)
            attempt = await service.start_attempt(request.id, name, ANNA, new_call_id(), at(1))
            await asyncio.sleep(0.001)
            held.remove(request.pii_number)
            ended = await service.end_attempt(
                attempt.id, AttemptOutcome.REACHED, at(2), answered_at=at(1), reached_at=at(1)
            )
            assert ended.state is RequestState.CLOSED
            done.append(str(request.id))

    for n in range(6):
        for town in (OOSTERWENDE, ZANDERMEER):
            await created(programs[0], municipality=town, pii_number=number(n))
    await asyncio.gather(*(work(programs[n % 2], f"worker {n}") for n in range(12)))
    assert sorted(done) == sorted(set(done))
    assert len(done) == 12
    assert list(await programs[0].open_requests()) == []


async def test_each_lease_expires_once(programs: list[CallbackService], database: Database) -> None:
    requests = [await created(programs[0], pii_number=number(n)) for n in range(8)]
    for n in range(8):
        assert await programs[0].claim_next(ANNA, at(1), lease_owner=str(n)) is not None
    swept = await asyncio.gather(*(service.sweep_leases(at(9)) for service in programs * 4))
    assert sorted(one for found in swept for one in found) == sorted(request.id for request in requests)
    assert await database.pool.fetchval("SELECT count(*) FROM callback_fact WHERE kind = 'lease_expired'") == 8


# --- notifications ---


async def test_a_change_is_notified_after_its_commit_and_never_when_it_is_undone(
    store: PostgresCallbackStore, service: CallbackService, database: Database
) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    async with database.pool.acquire() as listener:
        await listener.add_listener(CALLBACK_CHANNEL, lambda *sent: heard.put_nowait(str(sent[-1]).split(" ")[0]))
        request = await created(service)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(request.id), "that it was made"
        async with store.transaction() as rows:
            await rows.update(request, [])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(heard.get(), 10 * GATHER_SECONDS)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(request.id)
        with pytest.raises(RequestClosed):
            async with store.transaction() as rows:
                await rows.update(request, [])
                raise RequestClosed("undone")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.get(), 10 * GATHER_SECONDS)
        await listener.reset()
