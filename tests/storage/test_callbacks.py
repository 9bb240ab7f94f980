"""Requests to be called back: made once, joined, claimed by one, tried, closed; whoever races."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.callbacks import (
    AttemptOutcome,
    CallbackFactKind,
    CallbackRequest,
    CloseKind,
    RequestKind,
    RequestReason,
    RequestState,
)
from ari_app.core.ids import AttemptId, CallId, OperatorNumber, RequestId, new_call_id
from ari_app.core.ledger import AttemptOpen, CloseRefused, LeaseLost, NoSuchRequest, RequestClosed
from ari_app.core.references import is_reference
from ari_app.storage.callbacks.requests import PostgresCallbacks
from ari_app.storage.callbacks.store import ATTEMPT, REQUEST
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import RowRefused
from ari_app.storage.db.notifications import CALLBACK_CHANNEL, GATHER_SECONDS
from tests.fakes.callbacks import FakeCallbacks
from tests.patience import PATIENCE_SECONDS
from tests.storage.callback_values import (
    ANNA,
    BRAM,
    DIRECTORY,
    FULL_ATTEMPT,
    FULL_REQUEST,
    KCC,
    LEASED,
    OOSTERWENDE,
    TEN,
    ZAND,
    ZANDERMEER,
    asked,
    at,
    number,
)
from tests.storage.values import new_call

pytestmark = pytest.mark.postgres

NOWHERE = RequestId(new_call_id())


Book = PostgresCallbacks | FakeCallbacks


@pytest.fixture(params=["postgres", "fake"])
async def book(request: pytest.FixtureRequest) -> AsyncIterator[Book]:
    """What the calls are promised is kept by the real book and by the one of the flow tests."""
    if request.param == "fake":
        yield FakeCallbacks()
        return
    async with Database(request.getfixturevalue("database_url")) as database:
        book = PostgresCallbacks(database.pool)
        yield book
        await book.close()


@pytest.fixture
async def real_book(database: Database) -> AsyncIterator[PostgresCallbacks]:
    book = PostgresCallbacks(database.pool)
    yield book
    await book.close()


async def created(book: Book, now: datetime = TEN, **changes: object) -> CallbackRequest:
    return (await book.create_or_join(asked(now, **changes), DIRECTORY)).request


async def claimed(
    book: Book, now: datetime = TEN, lease_owner: str = "a", operator: OperatorNumber = ANNA
) -> CallbackRequest | None:
    until = now + timedelta(minutes=2)
    return await book.claim_next(
        operator, [KCC], [OOSTERWENDE, ZANDERMEER], now, lease_until_at=until, lease_owner=lease_owner
    )


async def tried(book: Book, request: CallbackRequest, outcome: AttemptOutcome, now: datetime) -> CallbackRequest:
    """One whole attempt."""
    assert await book.claim(request.id, ANNA, now, lease_until_at=now + timedelta(minutes=2), lease_owner="a")
    attempt = await book.start_attempt(request.id, "a", ANNA, new_call_id(), now)
    talk = {"answered_at": now, "reached_at": now} if outcome is AttemptOutcome.REACHED else {}
    return await book.end_attempt(attempt.id, outcome, DIRECTORY, now + timedelta(minutes=1), **talk)


async def kinds(book: Book, request_id: RequestId) -> list[str]:
    return [fact.kind.value for fact in await book.facts(request_id)]


@pytest.mark.parametrize("value", [FULL_REQUEST, LEASED], ids=["closed", "leased"])
async def test_every_field_of_a_request_comes_back(database: Database, value: CallbackRequest) -> None:
    await database.pool.execute(
        f"INSERT INTO callback_request ({REQUEST.listed()}) VALUES ({REQUEST.parameters(1)})", *REQUEST.values(value)
    )
    assert await PostgresCallbacks(database.pool).request(value.id) == value


async def test_every_field_of_an_attempt_comes_back(database: Database) -> None:
    statement = "INSERT INTO {} ({}) VALUES ({})"
    for table, columns, parameters, values in (
        (REQUEST.table, REQUEST.listed(), REQUEST.parameters(1), REQUEST.values(FULL_REQUEST)),
        (ATTEMPT.table, ATTEMPT.listed(), ATTEMPT.parameters(1), ATTEMPT.values(FULL_ATTEMPT)),
    ):
        await database.pool.execute(statement.format(table, columns, parameters), *values)
    assert await PostgresCallbacks(database.pool).attempts(FULL_REQUEST.id) == (FULL_ATTEMPT,)


async def test_a_request_has_number_deadline_owner_and_reference_from_the_first_second(book: Book) -> None:
    request = await created(book, pii_note="belt over een paspoort")
    assert request == await book.request(request.id)
    assert (request.pii_number, request.owner_team) == ("+31612345678", KCC)
    assert request.deadline_at == datetime.fromisoformat("2026-03-03T17:00+01:00")
    assert is_reference(request.reference)
    assert await kinds(book, request.id) == ["created"]


@pytest.mark.parametrize("column", ["pii_number", "deadline_at", "owner_team", "reference", "plan_by_at"])
async def test_no_request_without(real_book: PostgresCallbacks, database: Database, column: str) -> None:
    request = await created(real_book)
    with pytest.raises(Exception, match="not-null"):
        await database.pool.execute(f"UPDATE callback_request SET {column} = NULL WHERE id = $1", request.id)


async def test_given_an_open_request_when_the_same_number_asks_again_then_it_joins_with_the_first_deadline(
    book: Book,
) -> None:
    first = await created(book, pii_note="paspoort")
    again = await book.create_or_join(
        asked(at(300), reason=RequestReason.OPERATOR, pii_note="nu dringend", subject="reizen"), DIRECTORY
    )
    assert again.joined
    assert again.request.id == first.id
    assert again.request.reference == first.reference
    assert again.request.deadline_at == first.deadline_at
    assert again.request.pii_note == "paspoort\nnu dringend"
    assert again.request.joined_count == 1
    facts = await book.facts(first.id)
    assert [(fact.kind, fact.detail["reason"]) for fact in facts] == [("created", "menu"), ("joined", "operator")]


async def test_another_municipality_or_a_closed_request_is_another_promise(book: Book) -> None:
    first = await created(book)
    other = await created(book, municipality=ZANDERMEER)
    assert other.id != first.id
    await book.close_by_person(first.id, "opgelost", "Anna", at(5))
    assert (await created(book, at(6))).id not in (first.id, other.id)


async def test_given_a_crash_after_the_commit_when_the_same_call_asks_the_same_again_then_nothing_is_added(
    book: Book,
) -> None:
    call_id = new_call_id()
    first = await book.create_or_join(asked(call_id=call_id), DIRECTORY)
    repeated = await book.create_or_join(asked(at(0.1), first_contact_at=TEN, call_id=call_id), DIRECTORY)
    assert repeated == first
    other = new_call_id()
    joined = [await book.create_or_join(asked(at(1), call_id=other), DIRECTORY) for _ in range(2)]
    assert joined[0].joined
    assert joined[1] == joined[0]
    assert await kinds(book, first.request.id) == ["created", "joined"]


async def test_a_promise_becomes_a_place_in_line_when_its_caller_keeps_one(book: Book) -> None:
    await created(book)
    kept = await book.create_or_join(asked(at(5), kind=RequestKind.VIRTUAL_HOLD, queued_at=at(4)), DIRECTORY)
    assert (kept.request.kind, kept.request.queued_at) == (RequestKind.VIRTUAL_HOLD, at(4))


async def test_twenty_programs_ask_at_once_and_there_is_one_promise(database_url: str) -> None:
    async with Database(database_url) as one, Database(database_url) as other:
        books = [PostgresCallbacks(one.pool), PostgresCallbacks(other.pool)]
        made = await asyncio.gather(
            *(books[n % 2].create_or_join(asked(call_id=new_call_id()), DIRECTORY) for n in range(20))
        )
        assert len({found.request.id for found in made}) == 1
        assert [found.joined for found in made].count(False) == 1
        assert len(await books[0].facts(made[0].request.id)) == 20
        await asyncio.gather(*(book.close() for book in books))


# --- claims ---


async def test_the_request_that_must_be_done_first_is_claimed_first(book: Book) -> None:
    monday = await created(book, at(30), pii_number=number(1))
    friday = await created(book, at(31), first_contact_at=at(-3 * 24 * 60), pii_number=number(2))
    assert [await claimed(book, at(40), lease_owner) for lease_owner in "ab"] == [
        await book.request(friday.id),
        await book.request(monday.id),
    ]
    assert await claimed(book, at(40), "c") is None


async def test_only_what_is_due_of_the_own_teams_where_calling_is_allowed_is_claimed(book: Book) -> None:
    request = await created(book)
    until = at(5)
    for teams, towns, now in (
        ([ZAND], [OOSTERWENDE], at(1)),
        ([KCC], [ZANDERMEER], at(1)),
        ([KCC], [OOSTERWENDE], at(-1)),
    ):
        assert await book.claim_next(ANNA, teams, towns, now, lease_until_at=until, lease_owner="a") is None
    found = await book.claim_next(ANNA, [KCC], [OOSTERWENDE], at(1), lease_until_at=until, lease_owner="a")
    assert found is not None
    assert (found.id, found.state, found.lease_owner, found.lease_until_at) == (
        request.id,
        RequestState.IN_PROGRESS,
        "a",
        until,
    )


async def test_somebodys_own_request_is_theirs_until_they_are_away_or_late(
    real_book: PostgresCallbacks, database: Database
) -> None:
    request = await created(real_book, owner_operator=ANNA)
    assert await claimed(real_book, at(1), operator=BRAM) is None
    await database.pool.execute(
        "INSERT INTO operator_absence (operator, from_at, until_at, author, created_at)"
        " VALUES ('101', $1, $2, 'x', $1)",
        at(10),
        at(20),
    )
    assert await claimed(real_book, at(9), operator=BRAM) is None
    assert await claimed(real_book, at(15), operator=BRAM) is not None
    await real_book.release(request.id, "a", at(16))
    assert await claimed(real_book, at(25), operator=BRAM) is None
    assert request.personal_until_at == at(240)
    assert await claimed(real_book, at(241), operator=BRAM) is not None


async def test_never_two_calls_to_one_number_also_for_different_municipalities(book: Book) -> None:
    first = await created(book)
    second = await created(book, at(0.5), municipality=ZANDERMEER)
    assert await claimed(book, at(1), "a") is not None
    assert await claimed(book, at(1), "b") is None
    assert await book.claim(second.id, BRAM, at(1), lease_until_at=at(3), lease_owner="b") is None
    assert await book.claim(first.id, BRAM, at(1), lease_until_at=at(3), lease_owner="b") is None
    await book.release(first.id, "a", at(2))
    assert await book.claim(second.id, BRAM, at(2), lease_until_at=at(4), lease_owner="b") is not None


async def test_two_programs_and_many_workers_never_hold_one_number_twice(database_url: str) -> None:
    """Six numbers, each with a request in two municipalities; twelve workers claim, hold, release or try."""
    held: set[str] = set()
    done: list[str] = []

    async def work(book: Book, name: str) -> None:
        while (request := await claimed(book, at(1), name)) is not None or len(done) < 12:
            if request is None:
                await asyncio.sleep(0)
                continue
            assert request.pii_number not in held
            held.add(request.pii_number)
            attempt = await book.start_attempt(request.id, name, ANNA, new_call_id(), at(1))
            await asyncio.sleep(0.001)
            held.remove(request.pii_number)
            ended = await book.end_attempt(
                attempt.id, AttemptOutcome.REACHED, DIRECTORY, at(2), answered_at=at(1), reached_at=at(1)
            )
            assert ended.state is RequestState.CLOSED
            done.append(str(request.id))

    async with Database(database_url) as one, Database(database_url) as other:
        books = [PostgresCallbacks(one.pool), PostgresCallbacks(other.pool)]
        for n in range(6):
            for town in (OOSTERWENDE, ZANDERMEER):
                await created(books[0], municipality=town, pii_number=number(n))
        await asyncio.gather(*(work(books[n % 2], f"worker {n}") for n in range(12)))
        assert sorted(done) == sorted(set(done))
        assert len(done) == 12
        assert await books[0].open_requests() == ()
        await asyncio.gather(*(book.close() for book in books))


# --- attempts ---


async def test_an_attempt_that_reaches_somebody_keeps_the_promise(book: Book) -> None:
    request = await created(book)
    assert await claimed(book, at(1)) is not None
    attempt = await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    await book.attempt_answered(attempt.id, at(2))
    closed = await book.end_attempt(attempt.id, AttemptOutcome.REACHED, DIRECTORY, at(9), reached_at=at(2.1))
    assert (closed.state, closed.close_kind, closed.closed_by) == (RequestState.CLOSED, CloseKind.REACHED, ANNA)
    assert (closed.reached_at, closed.first_attempt_at, closed.lease_owner) == (at(2.1), at(1), None)
    assert (await book.attempts(request.id))[0].answered_at == at(2)
    told = ["created", "claimed", "attempt_started", "attempt_answered", "attempt_ended", "closed"]
    assert await kinds(book, request.id) == told
    assert closed.last_seq == len(told)


async def test_reached_without_an_answered_leg_and_a_talk_is_refused_and_nothing_is_lost(
    real_book: PostgresCallbacks,
) -> None:
    request = await created(real_book)
    await claimed(real_book, at(1))
    attempt = await real_book.start_attempt(request.id, "a", ANNA, None, at(1))
    for moments in ({}, {"answered_at": at(2)}, {"reached_at": at(2)}):
        with pytest.raises(RowRefused, match="reached_was_answered"):
            await real_book.end_attempt(attempt.id, AttemptOutcome.REACHED, DIRECTORY, at(3), **moments)
    assert (await real_book.request(request.id)).state is RequestState.IN_PROGRESS  # type: ignore[union-attr]


async def test_who_was_not_reached_is_tried_again_and_then_a_person_decides(book: Book) -> None:
    request = await created(book)
    first = await tried(book, request, AttemptOutcome.NO_ANSWER, at(1))
    assert (first.state, first.attempts_count) == (RequestState.PLANNED, 1)
    assert first.next_attempt_at == datetime.fromisoformat("2026-03-02T12:02+01:00")
    second = await tried(book, request, AttemptOutcome.VOICEMAIL, at(150))
    assert second.attempts_count == 2
    third = await tried(book, request, AttemptOutcome.NO_ANSWER, at(300))
    assert (third.state, third.next_attempt_at, third.escalated_at) == (RequestState.OPEN, None, at(301))
    assert await claimed(book, at(400)) is None
    decided = await book.assign(request.id, None, BRAM, DIRECTORY, "Chef", at(401))
    assert (decided.owner_operator, decided.next_attempt_at) == (BRAM, at(401))
    assert decided.deadline_at == request.deadline_at


async def test_a_place_in_line_that_was_not_reached_is_an_ordinary_promise(book: Book) -> None:
    request = await created(book, kind=RequestKind.VIRTUAL_HOLD, queued_at=TEN)
    assert await claimed(book, at(1)) is None
    assert (await tried(book, request, AttemptOutcome.BUSY, at(1))).kind is RequestKind.PROMISE


async def test_an_attempt_told_twice_is_one(book: Book) -> None:
    request = await created(book)
    await claimed(book, at(1))
    call_id = new_call_id()
    attempts = [await book.start_attempt(request.id, "a", ANNA, call_id, at(n)) for n in (1, 2)]
    assert attempts[0] == attempts[1]
    for _ in range(2):
        await book.attempt_answered(attempts[0].id, at(3))
    ends = [await book.end_attempt(attempts[0].id, AttemptOutcome.BUSY, DIRECTORY, at(4)) for _ in range(2)]
    assert ends[0] == ends[1]
    with pytest.raises(LeaseLost):
        await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(5))


async def test_under_a_lease_there_is_one_attempt_at_a_time(book: Book) -> None:
    request = await created(book)
    await claimed(book, at(1))
    await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    with pytest.raises(AttemptOpen):
        await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(2))
    with pytest.raises(AttemptOpen):
        await book.release(request.id, "a", at(2))
    with pytest.raises(LeaseLost):
        await book.release(request.id, "b", at(2))


# --- leases that run out ---


async def test_a_lease_that_is_not_extended_is_swept_and_its_attempt_lost(book: Book) -> None:
    request = await created(book)
    await claimed(book, at(1))
    attempt = await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    assert await book.extend_lease(request.id, "a", at(5))
    assert not await book.extend_lease(request.id, "b", at(9))
    assert await book.sweep_leases(DIRECTORY, at(4)) == ()
    assert await book.sweep_leases(DIRECTORY, at(5)) == (request.id,)
    assert await book.sweep_leases(DIRECTORY, at(5)) == ()
    swept = await book.request(request.id)
    assert swept is not None
    assert (swept.state, swept.attempts_count, swept.next_attempt_at) == (RequestState.PLANNED, 0, at(10))
    assert [one.outcome for one in await book.attempts(request.id)] == [AttemptOutcome.LOST]
    late = await book.end_attempt(
        attempt.id, AttemptOutcome.REACHED, DIRECTORY, at(6), answered_at=at(2), reached_at=at(2)
    )
    assert (late.state, late.reached_at) == (RequestState.CLOSED, at(2))


async def test_the_late_truth_of_an_attempt_does_not_undo_what_came_after_it(book: Book) -> None:
    request = await created(book)
    await claimed(book, at(1))
    lost = await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    await book.sweep_leases(DIRECTORY, at(5))
    planned = await tried(book, request, AttemptOutcome.NO_ANSWER, at(10))
    late = await book.end_attempt(lost.id, AttemptOutcome.BUSY, DIRECTORY, at(12))
    assert (late.next_attempt_at, late.state) == (planned.next_attempt_at, planned.state)
    assert [one.outcome for one in await book.attempts(request.id)] == [AttemptOutcome.BUSY, AttemptOutcome.NO_ANSWER]


async def test_given_a_talk_that_had_begun_when_its_process_dies_then_the_citizen_was_reached(book: Book) -> None:
    request = await created(book)
    await claimed(book, at(1))
    attempt = await book.start_attempt(request.id, "a", ANNA, new_call_id(), at(1))
    await book.attempt_answered(attempt.id, at(1.5))
    for minutes in (2, 2.5):
        await book.talk_began(attempt.id, at(minutes))
    await book.sweep_leases(DIRECTORY, at(9))
    closed = await book.request(request.id)
    assert closed is not None
    assert (closed.state, closed.close_kind, closed.reached_at) == (RequestState.CLOSED, CloseKind.REACHED, at(2))
    assert (await kinds(book, request.id)).count("talk_began") == 1


async def test_a_lease_without_an_attempt_is_given_back(book: Book) -> None:
    request = await created(book)
    await claimed(book, at(1))
    await book.sweep_leases(DIRECTORY, at(9))
    again = await claimed(book, at(9), "b")
    assert again is not None
    assert again.id == request.id


async def test_many_leases_expire_at_once(book: Book) -> None:
    requests = [await created(book, pii_number=number(n)) for n in range(120)]
    for n in range(120):
        assert await claimed(book, at(1), str(n)) is not None
    assert sorted(await book.sweep_leases(DIRECTORY, at(9))) == sorted(request.id for request in requests)


async def test_two_programs_sweep_and_each_lease_expires_once(database_url: str) -> None:
    async with Database(database_url) as one, Database(database_url) as other:
        books = [PostgresCallbacks(one.pool), PostgresCallbacks(other.pool)]
        requests = [await created(books[0], pii_number=number(n)) for n in range(8)]
        for n in range(8):
            assert await claimed(books[0], at(1), str(n)) is not None
        swept = await asyncio.gather(*(book.sweep_leases(DIRECTORY, at(9)) for book in books * 4))
        assert sorted(one for found in swept for one in found) == sorted(request.id for request in requests)
        for request in requests:
            assert (await kinds(books[0], request.id)).count("lease_expired") == 1
        await asyncio.gather(*(book.close() for book in books))


async def test_leases_of_calls_that_go_on_are_extended(real_book: PostgresCallbacks, database: Database) -> None:
    from ari_app.core.call import Fact, FactKind
    from ari_app.storage.calls.ledger import PostgresLedger
    from tests.storage.values import NODE1, NODE2, new_call

    call = new_call()
    ledger = PostgresLedger(database.pool)
    await ledger.store(call, [Fact(TEN, FactKind.ARRIVED)])
    request = await created(real_book)
    await claimed(real_book, at(1))
    await real_book.start_attempt(request.id, "a", ANNA, call.id, at(1))
    for node, until in ((NODE2, at(3)), (NODE1, at(30))):
        await real_book.extend_leases_of_calls(node, at(30))
        assert (await real_book.request(request.id)).lease_until_at == until  # type: ignore[union-attr]
    await ledger.close()


# --- the end ---


async def test_a_person_closes_with_a_reason_and_never_under_a_call(book: Book) -> None:
    request = await created(book)
    with pytest.raises(CloseRefused, match="reason"):
        await book.close_by_person(request.id, "  ", "Anna", at(1))
    await claimed(book, at(1))
    with pytest.raises(CloseRefused, match="being called"):
        await book.close_by_person(request.id, "opgelost", "Anna", at(1))
    await book.release(request.id, "a", at(2))
    closed = await book.close_by_person(request.id, "opgelost", "Anna", at(3))
    assert (closed.closed_by, closed.pii_close_reason, closed.reached_at) == ("Anna", "opgelost", None)
    with pytest.raises(RequestClosed):
        await book.close_by_person(request.id, "nog eens", "Anna", at(4))
    with pytest.raises(NoSuchRequest):
        await book.close_by_person(NOWHERE, "niets", "Anna", at(4))


async def test_who_called_again_and_was_helped_is_reached_by_that_talk(book: Book) -> None:
    request = await created(book)
    assert await book.open_of_number("+31612345678", [OOSTERWENDE]) == (request,)
    assert await book.open_of_number("+31612345678", [ZANDERMEER]) == ()
    call_id = CallId(new_call_id())
    closed = await book.close_as_helped(request.id, ANNA, at(30), at(35), call_id)
    assert (closed.close_kind, closed.reached_at) == (CloseKind.HELPED, at(30))
    assert (await book.facts(request.id))[-1].detail["call_id"] == str(call_id)
    assert await book.open_of_number("+31612345678", [OOSTERWENDE]) == ()


async def test_a_row_that_moved_on_is_not_overwritten(real_book: PostgresCallbacks) -> None:
    request = await created(real_book)
    await real_book.assign(request.id, ZAND, None, DIRECTORY, "Chef", at(1))
    assert not await real_book.change(request, [])


async def test_an_unknown_attempt_is_told_as_such(book: Book) -> None:
    with pytest.raises(NoSuchRequest, match="no attempt"):
        await book.attempt_answered(AttemptId(NOWHERE), TEN)


async def test_personal_data_of_a_fact_stands_under_its_own_key(book: Book) -> None:
    request = await created(book, pii_note="mevrouw Jansen")
    (fact,) = await book.facts(request.id)
    assert fact.kind is CallbackFactKind.CREATED
    assert [key for key, value in fact.detail.items() if "Jansen" in str(value)] == ["pii_note"]


async def test_listeners_hear_of_a_request_after_its_commit(real_book: PostgresCallbacks, database: Database) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    async with database.pool.acquire() as listener:
        await listener.add_listener(CALLBACK_CHANNEL, lambda *notified: heard.put_nowait(notified[-1]))
        request = await created(real_book)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(request.id), "that it was made"
        async with real_book.transaction() as connection:
            await real_book.write(connection, request, [])
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(heard.get(), 10 * GATHER_SECONDS)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == str(request.id)
        with pytest.raises(RequestClosed):
            async with real_book.transaction() as connection:
                await real_book.write(connection, request, [])
                raise RequestClosed("undone")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.get(), 10 * GATHER_SECONDS)
        await listener.reset()


async def test_a_promise_that_was_closed_in_the_talk_it_was_made_in_can_be_made_again(book: Book) -> None:
    call_id = new_call_id()
    first = await book.create_or_join(asked(TEN, call_id=call_id), DIRECTORY)
    assert (await book.create_or_join(asked(TEN, call_id=call_id), DIRECTORY)).request.id == first.request.id
    await book.close_as_helped(first.request.id, ANNA, at(1), at(2), call_id)
    again = await book.create_or_join(asked(at(3), call_id=call_id), DIRECTORY)
    assert again.request.is_open and again.request.id != first.request.id


async def test_who_is_on_the_line_with_us_is_not_called(real_book: PostgresCallbacks, database: Database) -> None:
    request = await created(real_book)
    ledger = PostgresLedger(database.pool)
    line = await ledger.store(
        replace(new_call(at=TEN), pii_caller_number=request.pii_number), [Fact(TEN, FactKind.ARRIVED)]
    )
    until = TEN + timedelta(minutes=2)
    assert await claimed(real_book) is None
    assert await real_book.claim(request.id, ANNA, TEN, lease_until_at=until, lease_owner="b") is None
    over = replace(line, stage=Stage.ENDED, ended_at=TEN, end_reason=EndReason.CALLER_HUNG_UP)
    await ledger.store(over, [Fact(TEN, FactKind.ENDED)])
    await ledger.close()
    assert await claimed(real_book) is not None
