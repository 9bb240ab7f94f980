"""Listeners get every change, and a resync when they may have missed one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from ari_app.callbacks.service import CallbackService
from ari_app.core.call import Fact, FactKind
from ari_app.core.callbacks import Created
from ari_app.core.ids import CallId, LineId
from ari_app.local.postgres import LocalPostgres
from ari_app.storage.callbacks.store import PostgresCallbackStore
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db import feed as feed_module
from ari_app.storage.db.engine import Database
from ari_app.storage.db.feed import (
    AreaChanged,
    CallbackChanged,
    CallChanged,
    Feed,
    LineChanged,
    Notification,
    Resync,
    SessionChanged,
    read_notification,
)
from ari_app.storage.db.notifications import (
    AREA_CHANNEL,
    CALL_CHANNEL,
    CALLBACK_CHANNEL,
    OPERATOR_CHANNEL,
    Notifier,
)
from tests.patience import PATIENCE_SECONDS
from tests.storage.callback_values import DIRECTORY, TEN, asked
from tests.storage.link import Link
from tests.storage.values import NINE, after, eventually, new_call, new_line, new_session

pytestmark = pytest.mark.postgres

ARRIVED = Fact(NINE, FactKind.ARRIVED)


@pytest.fixture
async def feed(database_url: str) -> AsyncIterator[Feed]:
    async with Feed(database_url) as feed:
        yield feed


async def heard(feed: Feed, seconds: float = PATIENCE_SECONDS) -> Notification:
    return await asyncio.wait_for(anext(feed), seconds)


async def test_a_feed_hears_only_the_channels_that_its_reader_uses(database: Database, database_url: str) -> None:
    notifier = Notifier(database.pool)
    async with Feed(database_url, (AREA_CHANNEL,)) as feed:
        assert await heard(feed) == Resync()
        notifier.notify(CALL_CHANNEL, str(uuid4()))
        notifier.notify(AREA_CHANNEL, "")
        assert await heard(feed) == AreaChanged()
    await notifier.close()


async def test_a_feed_begins_with_reading_everything(feed: Feed) -> None:
    assert await heard(feed) == Resync()


async def test_every_kind_of_row_is_told(feed: Feed, ledger: PostgresLedger, database: Database) -> None:
    assert await heard(feed) == Resync()
    call, line, session = new_call(), new_line(), new_session()
    await ledger.store(call, [ARRIVED])
    assert await heard(feed) == CallChanged(call.id)
    await ledger.store_line(line)
    assert await heard(feed) == LineChanged(line.id)
    await ledger.store_session(session)
    assert await heard(feed) == SessionChanged(session.id)
    await database.pool.execute(f"NOTIFY {AREA_CHANNEL}")
    assert await heard(feed) == AreaChanged()


async def test_what_is_told_is_committed(feed: Feed, ledger: PostgresLedger) -> None:
    assert await heard(feed) == Resync()
    call = await ledger.store(new_call(), [ARRIVED])
    for _ in range(20):
        call = await ledger.store(call, [Fact(after(call.last_seq), FactKind.POSITION_TOLD)])
        assert await heard(feed) == CallChanged(call.id)
        assert len(await ledger.facts(call.id)) == call.last_seq


async def test_changes_that_nobody_read_yet_are_one_notification(feed: Feed, ledger: PostgresLedger) -> None:
    assert await heard(feed) == Resync()
    first = await ledger.store(new_call(), [ARRIVED])
    for seconds in range(5):
        first = await ledger.store(first, [Fact(after(seconds), FactKind.POSITION_TOLD)])
    second = await ledger.store(new_call(), [ARRIVED])
    await ledger.close()
    assert [await heard(feed), await heard(feed)] == [CallChanged(first.id), CallChanged(second.id)]


async def test_the_last_notifications_are_sent_when_the_ledger_closes(feed: Feed, database: Database) -> None:
    assert await heard(feed) == Resync()
    ledger = PostgresLedger(database.pool)
    call = await ledger.store(new_call(), [ARRIVED])
    await ledger.close()
    assert await heard(feed) == CallChanged(call.id)


async def test_a_notification_that_cannot_be_sent_now_is_sent_later(feed: Feed, link: Link) -> None:
    assert await heard(feed) == Resync()
    async with Database(link.url) as database:
        notifier = Notifier(database.pool)
        link.cut()
        call_id = new_call().id
        notifier.notify(CALL_CHANNEL, str(call_id))
        before = link.accepted

        async def it_was_tried() -> bool:
            return link.accepted > before

        await eventually(it_was_tried)
        link.mend()
        assert await heard(feed) == CallChanged(call_id)
        link.cut()
        notifier.notify(CALL_CHANNEL, str(new_call().id))
        await notifier.close()


async def test_a_failed_write_notifies_nobody(feed: Feed, ledger: PostgresLedger) -> None:
    assert await heard(feed) == Resync()
    call = await ledger.store(new_call(), [ARRIVED])
    assert await heard(feed) == CallChanged(call.id)
    with pytest.raises(Exception, match="is not at fact"):
        await ledger.store(replace(call, last_seq=7), [ARRIVED])
    line = new_line()
    await ledger.store_line(line)
    assert await heard(feed) == LineChanged(line.id)


async def test_after_a_gap_everything_is_to_be_read(link: Link, ledger: PostgresLedger) -> None:
    async with Feed(link.url) as feed:
        assert await heard(feed) == Resync()
        link.cut()
        await ledger.store(new_call(), [ARRIVED])
        await ledger.close()
        hearing = asyncio.create_task(heard(feed))
        link.mend()
        assert await hearing == Resync()
        call = await ledger.store(new_call(), [ARRIVED])
        assert await heard(feed) == CallChanged(call.id)


async def test_a_silent_wire_is_found_out(link: Link) -> None:
    async with Feed(link.url, ping_seconds=0.1) as feed:
        assert await heard(feed) == Resync()
        link.freeze()
        hearing = asyncio.create_task(heard(feed))
        before = link.accepted

        async def it_connects_anew() -> bool:
            return link.accepted > before

        await eventually(it_connects_anew)
        link.mend()
        assert await hearing == Resync()


async def test_a_restarted_postgres_is_a_gap(database_url: str, postgres_server: LocalPostgres, feed: Feed) -> None:
    assert await heard(feed) == Resync()
    hearing = asyncio.create_task(heard(feed))
    await asyncio.to_thread(postgres_server.restart)
    assert await hearing == Resync()


async def test_from_time_to_time_everything_is_to_be_read(database_url: str) -> None:
    async with Feed(database_url, resync_seconds=0.2) as feed:
        assert [await heard(feed) for _ in range(3)] == [Resync()] * 3


async def test_a_reader_that_is_far_behind_reads_everything(
    feed: Feed, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "MOST_WAITING", 3)
    assert await heard(feed) == Resync()
    await database.pool.execute(
        f"SELECT pg_notify('{CALL_CHANNEL}', gen_random_uuid()::text) FROM generate_series(1, 5)"
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for notification in feed:
            if notification == Resync():
                break
    line = uuid4()
    await database.pool.execute("SELECT pg_notify($1, $2)", OPERATOR_CHANNEL, f"line {line}")
    assert await heard(feed) == LineChanged(LineId(line))


async def test_a_cancelled_reader_loses_nothing(feed: Feed, ledger: PostgresLedger) -> None:
    assert await heard(feed) == Resync()
    with pytest.raises(TimeoutError):
        await heard(feed, 0.05)
    call = await ledger.store(new_call(), [ARRIVED])
    assert await heard(feed) == CallChanged(call.id)


@pytest.mark.parametrize(
    ("channel", "payload", "notification"),
    [
        (CALL_CHANNEL, str(UUID(int=7)), CallChanged(CallId(UUID(int=7)))),
        (CALL_CHANNEL, "", Resync()),
        (CALL_CHANNEL, "not a call", Resync()),
        (OPERATOR_CHANNEL, str(UUID(int=7)), Resync()),
        (OPERATOR_CHANNEL, "session 7", Resync()),
        (AREA_CHANNEL, "", AreaChanged()),
        (AREA_CHANNEL, "GM9901", AreaChanged()),
        ("another", "", Resync()),
    ],
)
def test_a_payload_that_is_not_ours_means_that_something_changed(
    channel: str, payload: str, notification: Notification
) -> None:
    assert read_notification(channel, payload) == notification


async def test_a_change_of_a_request_to_be_called_back_is_heard(database: Database, feed: Feed) -> None:
    await heard(feed)
    store = PostgresCallbackStore(database.pool)
    created = await CallbackService(store, lambda: DIRECTORY).create_or_join(asked(), TEN)
    assert isinstance(created, Created)
    assert await heard(feed) == CallbackChanged(created.request.id)
    assert read_notification(CALLBACK_CHANNEL, "not an id") == Resync()
    await store.close()
