"""Personal data goes at the end of its period, to the second; what is open, young or another municipality's stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ari_app.core.retention import DataKind
from ari_app.core.retention_rules import PERSONAL_COLUMNS
from ari_app.jobs.retention import Erased, past_now
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story
from ari_app.storage.db.engine import Database
from ari_app.storage.retention.batches import erase_batch
from tests.storage.retention_values import (
    AREA,
    NOW,
    SECOND,
    facts_kept,
    first_kept,
    kept,
    run,
    stored_call,
    stored_deed,
    stored_reminder,
    stored_request,
    stored_wrap_up,
)
from tests.storage.values import ELDERLO, WIERDAM

pytestmark = pytest.mark.postgres


async def test_numbers_and_facts_of_calls_go_to_the_second(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    """Of the older kind both, of a call between both periods the number only; one second later nothing."""
    facts, numbers = first_kept(DataKind.FACTS), first_kept(DataKind.NUMBERS)
    old = await stored_call(ledger, facts - SECOND)
    between = await stored_call(ledger, facts)
    almost = await stored_call(ledger, numbers - SECOND)
    young = await stored_call(ledger, numbers)
    unended = await stored_call(ledger, facts - SECOND, is_open=True)
    nobodys = await stored_call(ledger, facts - SECOND, None)
    for call in (almost, young):
        await stored_wrap_up(owner, call)
    await run(database)
    notes = {row["call_id"]: row["pii_note"] for row in await owner.pool.fetch("SELECT * FROM call_wrap_up")}
    assert notes == {almost.id: "", young.id: "belt zelf nog eens"}
    assert await kept(owner, "call", *PERSONAL_COLUMNS[DataKind.NUMBERS]["call"]) == {young.id, unended.id}
    transfers = await owner.pool.fetch(
        "SELECT call_id FROM transfer WHERE pii_to_number IS NOT NULL OR pii_subject <> ''"
    )
    assert {row["call_id"] for row in transfers} == {young.id, unended.id}
    assert await facts_kept(owner, "call_fact", "call_id") == {between.id, almost.id, young.id, unended.id}
    story = await call_story(database.background, None, old.id, with_personal_data=True)
    assert story is not None, "the call itself stays, for the figures"
    assert [dict(fact.detail) for fact in story.facts] == [{"dialled": "140119"}, {"why": "x"}]
    assert story.call == replace(old, pii_caller_number=None)
    assert (await call_story(database.background, None, nobodys.id)) is not None


async def test_requests_go_by_their_closing_and_an_open_one_never(database: Database, owner: Database) -> None:
    edge = first_kept(DataKind.CALLBACKS)
    old, young = await stored_request(owner, edge - SECOND), await stored_request(owner, edge)
    promised = await stored_request(owner, None)
    await run(database)
    assert await kept(owner, "callback_request", *PERSONAL_COLUMNS[DataKind.CALLBACKS]["callback_request"]) == {
        young,
        promised,
    }
    assert await facts_kept(owner, "callback_fact", "request_id") == {young, promised}
    proof = "SELECT state FROM callback_proof WHERE request_id = $1"
    assert await owner.pool.fetchval(proof, old) == "closed"
    left = await owner.pool.fetchval("SELECT detail FROM callback_fact WHERE request_id = $1", old)
    assert json.loads(left) == {"team": "kcc"}


async def test_reminders_and_audit_rows_go_whole(database: Database, owner: Database) -> None:
    reminders, audit = first_kept(DataKind.REMINDERS), first_kept(DataKind.AUDIT)
    await stored_reminder(owner, reminders - SECOND, WIERDAM)
    young = await stored_reminder(owner, reminders, WIERDAM)
    unsent = await stored_reminder(owner, reminders - SECOND, WIERDAM, done=False)
    await stored_deed(owner, audit - SECOND, WIERDAM)
    deeds = {await stored_deed(owner, audit, WIERDAM), await stored_deed(owner, audit - SECOND, None)}
    await run(database)
    assert await kept(owner, "callback_reminder") == {young, unsent}
    assert await kept(owner, "audit_log") == deeds, "a row of no municipality is kept as long as anybody needs it"


async def test_messages_to_other_systems_go_with_the_shortest_period_once_they_were_sent(
    database: Database, owner: Database
) -> None:
    edge = first_kept(DataKind.REMINDERS)
    ids = [
        await owner.pool.fetchval(
            "INSERT INTO outbox (created_at, kind, payload, done_at) VALUES ($1, 'webhook', '{}', $2) RETURNING id",
            at,
            done_at,
        )
        for at, done_at in ((edge - SECOND, edge), (edge - SECOND, None), (edge, edge))
    ]
    expected = [Erased(DataKind.REMINDERS, None, 1, edge)]
    assert await past_now(database.background, AREA, NOW) == expected
    assert await run(database) == expected
    assert await kept(owner, "outbox") == set(ids[1:])


async def test_only_a_closed_request_may_be_without_its_number(owner: Database) -> None:
    closed, promised = await stored_request(owner, NOW), await stored_request(owner, None)
    empty = "UPDATE callback_request SET pii_number = '' WHERE id = $1"
    await owner.pool.execute(empty, closed)
    with pytest.raises(asyncpg.CheckViolationError, match="number_is_e164"):
        await owner.pool.execute(empty, promised)


async def test_another_municipality_keeps_its_rows(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    long_ago = NOW - timedelta(days=300)
    await stored_call(ledger, long_ago)
    theirs = await stored_call(ledger, long_ago, ELDERLO)
    await stored_request(owner, long_ago)
    request = await stored_request(owner, long_ago, ELDERLO)
    await stored_reminder(owner, long_ago, WIERDAM)
    reminder = await stored_reminder(owner, long_ago, ELDERLO)
    await stored_deed(owner, long_ago, WIERDAM)
    deed = await stored_deed(owner, long_ago, ELDERLO)
    for kind in DataKind:
        await erase_batch(database.background, kind, WIERDAM, datetime(1970, 1, 1, tzinfo=UTC), NOW, NOW)
    assert await kept(owner, "call", "pii_caller_number") == {theirs.id}
    assert await facts_kept(owner, "call_fact", "call_id") == {theirs.id}
    assert await kept(owner, "callback_request", "pii_number") == {request}
    assert await facts_kept(owner, "callback_fact", "request_id") == {request}
    assert await kept(owner, "callback_reminder") == {reminder}
    assert await kept(owner, "audit_log") == {deed}
