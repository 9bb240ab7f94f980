"""Whatever changes what a screen shows is in the log, whoever writes it; and the log of an older database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command

import ari_app.sample
from ari_app.area_file.imports import import_area
from ari_app.callbacks.service import CallbackService
from ari_app.core.area import AfterCalamity, Calamity
from ari_app.core.call import EndReason, Fact, FactKind, Stage
from ari_app.core.callbacks import AttemptOutcome, Created
from ari_app.core.changes import ChangeKind, Position
from ari_app.core.retention import DataKind
from ari_app.storage.area.calamities import end_calamity, set_calamity
from ari_app.storage.callbacks import statements
from ari_app.storage.callbacks.statements import ATTEMPT
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.allowances import allow_transfer
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.db import migrate
from ari_app.storage.db.alchemy import create_migration_engine
from ari_app.storage.db.engine import Database, connect
from ari_app.storage.db.feed import AreaChanged, CallbackChanged, Feed, Resync
from ari_app.storage.retention.batches import erase_batch
from tests.storage.callback_values import DIRECTORY, FULL_ATTEMPT, OOSTERWENDE, TEN, asked
from tests.storage.retention_values import stored_call, stored_reminder, stored_request, stored_wrap_up
from tests.storage.values import NINE, WIERDAM, after, new_call

pytestmark = pytest.mark.postgres

SAMPLE = (Path(ari_app.sample.__file__).parent / "area.toml").read_text(encoding="utf-8")
SLOWER = """
[[municipality]]
code = "GM9901"
name = "Oosterwende"
norms = { answer_within_seconds = 40 }
"""
Found = set[tuple[ChangeKind, str, str | None]]


class Log:
    """The changes since this was asked last."""

    def __init__(self, database: Database, position: Position) -> None:
        self.database = database
        self.position = position

    async def new(self) -> Found:
        page = await changes_since(self.database.background, None, self.position)
        assert not page.start_anew
        self.position = page.position
        return {(change.kind, change.id, change.municipality) for change in page.changes}


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    await keep_up(database.pool, datetime.now(UTC))
    yield Log(database, (await changes_since(database.pool, None, None)).position)


async def test_a_callback_from_its_promise_to_its_end(log: Log, database_url: str) -> None:
    store = PostgresCallbackStore(log.database.pool)
    service = CallbackService(store, lambda: DIRECTORY)
    async with Feed(database_url) as feed:
        assert await anext(feed) == Resync()
        created = await service.create_or_join(asked(), TEN)
        assert isinstance(created, Created)
        heard = await anext(feed)
    request = created.request
    assert heard == CallbackChanged(request.id)
    assert isinstance(heard, CallbackChanged)
    assert heard.number is not None
    assert not log.position.has(heard.number)
    assert await log.new() == {(ChangeKind.REQUEST, str(request.id), OOSTERWENDE)}
    assert log.position.has(heard.number)
    async with store.transaction() as rows:
        locked = await rows.request(request.id)
        assert locked is not None
        await rows.update(locked, [])
    assert await log.new() == set(), "a row that is written as it was"
    async with store.transaction() as rows:
        await rows.update(replace(locked, deadline_at=locked.deadline_at + timedelta(hours=1)), [])
    assert await log.new() == {(ChangeKind.REQUEST, str(request.id), OOSTERWENDE)}
    await store.close()


async def test_a_calamity_is_switched_on_and_off(log: Log, database_url: str) -> None:
    owner = await connect(database_url, "test")
    await owner.execute("INSERT INTO municipality (code, name) VALUES ('GM9901', 'Wierdam')")
    await owner.close()
    now = datetime.now(UTC)
    async with Feed(database_url) as feed:
        assert await anext(feed) == Resync()
        await set_calamity(
            log.database.background, Calamity(WIERDAM, now, None, "Brand.", AfterCalamity.QUEUE, "a"), now
        )
        heard = await anext(feed)
    ((kind, row, town),) = await log.new()
    assert (kind, town) == (ChangeKind.CALAMITY, WIERDAM)
    assert isinstance(heard, AreaChanged)
    assert heard.number is not None
    assert log.position.has(heard.number)
    await end_calamity(log.database.background, WIERDAM, "a", now + timedelta(minutes=1))
    assert await log.new() == {(ChangeKind.CALAMITY, row, WIERDAM)}


async def test_an_import_is_a_change_of_the_municipalities_that_notice_it(log: Log) -> None:
    await import_area(log.database.engine, SAMPLE, "test", NINE)
    everybody = await log.new()
    towns = await log.database.pool.fetch("SELECT code FROM municipality")
    assert everybody == {(ChangeKind.AREA, town["code"], town["code"]) for town in towns}
    assert len(everybody) > 2
    await import_area(log.database.engine, SAMPLE, "test", NINE)
    assert await log.new() == set()
    await import_area(log.database.engine, SLOWER, "test", NINE)
    assert await log.new() == {(ChangeKind.AREA, WIERDAM, WIERDAM)}


async def test_what_is_erased_and_what_is_allowed_is_a_change_of_the_call(log: Log, ledger: PostgresLedger) -> None:
    call = replace(new_call(), municipality=WIERDAM, pii_caller_number="+31612345678")
    call = await ledger.store(call, [Fact(NINE, FactKind.ARRIVED, {"pii_from": "+31612345678"})])
    here = {(ChangeKind.CALL, str(call.id), WIERDAM)}
    assert await log.new() == here
    assert await allow_transfer(log.database.background, None, call.id, "Truus", "waarom", NINE)
    assert await log.new() == here
    over = replace(
        call, stage=Stage.ENDED, stage_entered_at=after(9), ended_at=after(9), end_reason=EndReason.CALLER_HUNG_UP
    )
    await ledger.store(over, [Fact(after(9), FactKind.ENDED)])
    await log.new()
    for kind in (DataKind.NUMBERS, DataKind.FACTS):
        batch = await erase_batch(log.database.background, kind, WIERDAM, after(-1), after(60), datetime.now(UTC))
        assert batch.rows == 1
        assert await log.new() == here, kind


async def test_a_part_that_changes_alone_is_a_change_of_its_whole(
    log: Log, database_url: str, ledger: PostgresLedger
) -> None:
    """Each trigger that is in the database was seen at work here, in this module, or in the tests of commands."""
    async with Database(database_url) as owner:
        call = await stored_call(ledger, datetime.now(UTC) - timedelta(days=100))
        await stored_wrap_up(owner, call)
        request = await stored_request(owner, datetime.now(UTC) - timedelta(days=100))
        reminder = await stored_reminder(owner, datetime.now(UTC), WIERDAM, done=False)
        made = await log.new()
        whole, promise = (ChangeKind.CALL, str(call.id), WIERDAM), (ChangeKind.REQUEST, str(request), WIERDAM)
        reminded = (ChangeKind.REMINDER, str(reminder), WIERDAM)
        assert {whole, promise, reminded} <= made
        for statement, expected in (
            ("UPDATE transfer SET pii_subject = 'x' WHERE ended_at IS NOT NULL", {whole}),
            ("UPDATE call_fact SET detail = '{}'", {whole}),
            ("UPDATE call_wrap_up SET pii_note = ''", {whole}),
            (f"INSERT INTO transfer_wish VALUES ('{call.id}', '101', now())", {whole}),
            ("UPDATE transfer_wish SET asked_at = now()", {whole}),
            (
                f"INSERT INTO call_script (call_id, operator, at, subject) VALUES ('{call.id}', '101', now(), '')",
                {whole},
            ),
            ("UPDATE callback_fact SET detail = '{}'", {promise}),
            ("UPDATE callback_reminder SET tries_count = 7", set()),  # nobody sees that
            ("UPDATE callback_reminder SET done_at = now(), outcome = 'sent'", {reminded}),
            ("DELETE FROM callback_reminder", {reminded}),
        ):
            await owner.pool.execute(statement)
            assert await log.new() == expected, statement
        attempt = replace(FULL_ATTEMPT, request_id=request)
        for outcome in (FULL_ATTEMPT.outcome, AttemptOutcome.BUSY):
            values = ATTEMPT.values(replace(attempt, outcome=outcome))
            await owner.pool.execute(statements.WRITE_ATTEMPT, *values)
            assert await log.new() == {promise}, outcome
        names = await owner.pool.fetch(
            "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname LIKE 'change%' AND NOT tgisinternal"
        )
    assert {row["name"] for row in names} == {
        *("call", "call_fact", "transfer", "transfer_allowance", "transfer_wish", "queue_visit", "operator_session"),
        *("callback_request", "callback_attempt", "callback_fact", "callback_reminder", "calamity"),
        *("command", "call_wrap_up", "call_script"),
    }


async def test_the_log_of_an_older_database_begins_with_its_migration(empty_database_url: str) -> None:
    engine = create_migration_engine(empty_database_url)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0021"))
    owner = await connect(empty_database_url, "test")
    await owner.execute(
        """INSERT INTO call (id, asterisk_id, channel_id, dialled, stage, stage_entered_at, arrived_at, last_seq,
        municipality) VALUES (gen_random_uuid(), 'node1', 'c', '140119', 'waiting', now(), now(), 1, 'GM9901')"""
    )
    call = str(await owner.fetchval("SELECT id FROM call"))
    running = await connect(empty_database_url, "test")  # a program of before
    await migrate.upgrade_to_head(empty_database_url)
    assert await owner.fetchval("SELECT count(*) FROM change") == 0
    async with Database(empty_database_url) as database:
        page = await changes_since(database.background, None, None)
        assert page.start_anew
        log = Log(database, page.position)
        assert await log.new() == set()
        await running.execute("UPDATE call SET last_seq = 2")
        assert await log.new() == {(ChangeKind.CALL, call, "GM9901")}
        await keep_up(database.pool, datetime.now(UTC))
        assert await log.new() == set(), "the log goes on: it is this database's from the first"
    await running.close()
    await owner.close()
    await engine.dispose()
