"""Personal data goes at the end of its period, in batches beside the calls, and its going is proved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from ari_app.core.area import Area, Municipality
from ari_app.core.call import Call, EndReason, Fact, FactKind, Stage
from ari_app.core.callbacks import CallbackFactKind, RequestState
from ari_app.core.ids import MunicipalityCode, RequestId, TransferId, new_leg_id
from ari_app.core.reminders import Audience, ReminderKind, ReminderOutcome, ReminderWay
from ari_app.core.retention import DataKind, Retention
from ari_app.core.retention_rules import PERSONAL_COLUMNS, kept_from
from ari_app.core.transfer import CountReason, Transfer, TransferKind, TransferOutcome, TransferState
from ari_app.jobs import retention
from ari_app.jobs.retention import Erased, RetentionJob, erase_past, past_now
from ari_app.storage.callbacks.statements import REQUEST
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.calls.reads import call_story
from ari_app.storage.db.engine import Database, connect
from ari_app.storage.db.nightly import is_done
from ari_app.storage.db.roles import WEB
from ari_app.storage.retention.batches import Batch, erase_batch, erase_in, looked_through
from tests.roles import as_role
from tests.storage.callback_values import FULL_REQUEST
from tests.storage.values import ELDERLO, WIERDAM, new_call

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)  # the database looks at its own clock as well
NUMBER = "+31612345678"
PERIODS = Retention(60, 70, 80, 90, 200)
AREA = Area(
    municipalities={
        WIERDAM: Municipality(WIERDAM, "Wierdam", retention=PERIODS),
        ELDERLO: Municipality(ELDERLO, "Elderlo", retention=Retention(400, 400, 400, 400, 400)),
    }
)
SECOND = timedelta(seconds=1)


def first_kept(kind: DataKind) -> datetime:
    return kept_from(NOW, PERIODS.days(kind))


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as owner:
        yield owner


async def stored_call(
    ledger: PostgresLedger, at: datetime, town: MunicipalityCode | None = WIERDAM, *, is_open: bool = False
) -> Call:
    """A call with a number, a fact and a transfer that hold personal data."""
    call = replace(new_call(at=at), municipality=town, pii_caller_number=NUMBER)
    if not is_open:
        call = replace(call, stage=Stage.ENDED, ended_at=at, end_reason=EndReason.CALLER_HUNG_UP)
    transfer = Transfer(
        id=TransferId(uuid4()),
        call_id=call.id,
        number=1,
        kind=TransferKind.COLD,
        state=TransferState.ENDED,
        requested_at=at,
        from_party="101",
        from_leg=new_leg_id(),
        to_party="outside",
        ended_at=at,
        outcome=next(iter(TransferOutcome)),
        count_reason=next(reason for reason in CountReason if reason.value != "handed_over"),
        pii_subject="paspoort van Jansen",
        pii_to_number=NUMBER,
    )
    fact = Fact(at, FactKind.ARRIVED, {"pii_from": NUMBER, "dialled": "140119"})
    return await ledger.store(call, [fact, Fact(at, FactKind.ENDED, {"why": "x"})], [], [transfer])


async def stored_request(owner: Database, closed_at: datetime | None, town: MunicipalityCode = WIERDAM) -> RequestId:
    made = RequestId(uuid4())
    request = replace(FULL_REQUEST, id=made, reference=str(made), municipality=town, closed_at=closed_at)
    if closed_at is None:
        request = replace(
            request, state=RequestState.OPEN, close_kind=None, closed_by=None, pii_close_reason=None, reached_at=None
        )
    await owner.pool.execute(
        f"INSERT INTO callback_request ({REQUEST.listed()}) VALUES ({REQUEST.parameters(1)})", *REQUEST.values(request)
    )
    await owner.pool.execute(
        "INSERT INTO callback_fact (request_id, seq, at, kind, detail) VALUES ($1, 1, $2, $3, $4)",
        made,
        NOW,
        next(iter(CallbackFactKind)).value,
        json.dumps({"pii_note": "terugbellen", "team": "kcc"}),
    )
    return made


async def stored_reminder(owner: Database, at: datetime, town: MunicipalityCode | None, *, done: bool = True) -> int:
    done_at, outcome = (at, next(iter(ReminderOutcome)).value) if done else (None, None)
    way, kind, audience = (next(iter(kind)).value for kind in (ReminderWay, ReminderKind, Audience))
    reminder: int = await owner.pool.fetchval(
        "INSERT INTO callback_reminder (key, way, kind, audience, due_at, day, owner_team, municipality, created_at,"
        " next_try_at, done_at, outcome) VALUES ($1, $2, $3, $4, $5, $6, 'kcc', $7, $5, $5, $8, $9) RETURNING id",
        str(uuid4()),
        way,
        kind,
        audience,
        at,
        at.date(),
        town,
        done_at,
        outcome,
    )
    return reminder


async def stored_deed(owner: Database, at: datetime, town: MunicipalityCode | None) -> int:
    detail = "{}" if town is None else json.dumps({"municipality": town})
    deed: int = await owner.pool.fetchval(
        "INSERT INTO audit_log (at, actor, action, detail) VALUES ($1, 'anna', 'look', $2) RETURNING id", at, detail
    )
    return deed


async def run(database: Database, **options: int) -> list[Erased]:
    return await erase_past(database.background, AREA, NOW, pause_share=0, batch_rows=options.get("batch_rows", 500))


async def kept(owner: Database, table: str, *columns: str) -> set[object]:
    """The ids of rows in which one of the columns holds something."""
    holds = " OR ".join(f"coalesce({column}, '') <> ''" for column in columns) or "true"
    return {row["id"] for row in await owner.pool.fetch(f"SELECT id FROM {table} WHERE {holds}")}


async def facts_kept(owner: Database, table: str, key: str) -> set[object]:
    rows = await owner.pool.fetch(f"SELECT {key} AS id FROM {table} WHERE detail::text LIKE '%pii_%'")
    return {row["id"] for row in rows}


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
    await run(database)
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


async def test_proof_says_of_whom_how_many_until_when(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    for minutes in range(5):
        await stored_call(ledger, first_kept(DataKind.FACTS) - timedelta(minutes=minutes + 1))
    await stored_call(ledger, first_kept(DataKind.FACTS) - SECOND, ELDERLO)
    assert sum(one.rows for one in await past_now(database.background, AREA, NOW)) == 10
    erased = await run(database, batch_rows=2)
    assert {(one.kind, one.municipality, one.rows) for one in erased} == {
        (DataKind.NUMBERS, WIERDAM, 5),
        (DataKind.FACTS, WIERDAM, 5),
    }
    rows = await owner.pool.fetch("SELECT kind, municipality, rows_count, until_at, erased_at FROM erasure ORDER BY id")
    until = {kind.value: first_kept(kind) for kind in DataKind}
    assert [tuple(row) for row in rows] == [
        (kind, WIERDAM, count, until[kind], NOW) for kind in ("numbers", "facts") for count in (2, 2, 1)
    ]
    assert await run(database) == [], "idempotent"
    assert await past_now(database.background, AREA, NOW) == []
    assert len(await owner.pool.fetch("SELECT FROM erasure")) == 6


async def test_killed_between_two_batches_it_goes_on_the_next_time(
    database: Database, owner: Database, ledger: PostgresLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minutes in range(6):
        await stored_call(ledger, first_kept(DataKind.FACTS) - timedelta(minutes=minutes + 1))
    committed = 0

    async def dies_after_two(*arguments: object) -> Batch:
        nonlocal committed
        if committed == 2:
            raise asyncio.CancelledError
        committed += 1
        return await erase_batch(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(retention, "erase_batch", dies_after_two)
    monkeypatch.setattr(retention, "recorded_towns", _only_ours)
    nobody = replace(AREA, municipalities={WIERDAM: AREA.municipalities[WIERDAM]})
    with pytest.raises(asyncio.CancelledError):
        await erase_past(database.background, nobody, NOW, batch_rows=2, pause_share=0)
    # The first batch was of the calls of no municipality; the second erased two.
    assert len(await kept(owner, "call", "pii_caller_number")) == 4
    assert await owner.pool.fetchval("SELECT sum(rows_count) FROM erasure") == 2
    monkeypatch.undo()
    await run(database, batch_rows=2)
    assert await kept(owner, "call", "pii_caller_number") == set()
    numbers = "SELECT sum(rows_count) FROM erasure WHERE kind = 'numbers'"
    assert await owner.pool.fetchval(numbers) == 6, "each row is proved once"


async def _only_ours(pool: object) -> list[MunicipalityCode]:
    return [WIERDAM]


async def test_a_call_waits_for_no_lock_of_a_batch(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    """While a batch of every kind is not committed: only locks that row changes take, and calls are written."""
    long_ago = NOW - timedelta(days=300)
    call = await stored_call(ledger, long_ago)
    await stored_request(owner, long_ago)
    await stored_reminder(owner, long_ago, WIERDAM)
    await stored_deed(owner, long_ago, WIERDAM)
    async with database.background.acquire() as connection:
        block = connection.transaction()
        await block.start()
        for kind in DataKind:
            batch = await erase_in(connection, kind, WIERDAM, long_ago, NOW, NOW, 500)
            assert batch.rows == 1, kind
        modes = await connection.fetch(
            "SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'tuple')"
        )
        assert {row["mode"] for row in modes} == {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}
        going_on = await stored_call(ledger, NOW, is_open=True)
        await ledger.store(replace(going_on, menu_tries=1), [Fact(NOW, FactKind.NOTED, {"note": "x"})])
        await block.rollback()
    assert await kept(owner, "call", "pii_caller_number") == {call.id, going_on.id}


async def test_a_row_that_is_held_is_skipped_and_found_the_next_night(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    held = await stored_call(ledger, first_kept(DataKind.NUMBERS) - SECOND)
    await stored_call(ledger, first_kept(DataKind.NUMBERS) - 2 * SECOND)
    async with owner.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM call WHERE id = $1 FOR UPDATE", held.id)
        await run(database)
        assert await kept(owner, "call", "pii_caller_number") == {held.id}
    await erase_past(database.background, AREA, NOW + timedelta(days=1), pause_share=0)
    assert await kept(owner, "call", "pii_caller_number") == set()


async def test_a_later_run_looks_back_a_week_only(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    edge = first_kept(DataKind.NUMBERS)
    await looked_through(database.background, DataKind.NUMBERS, WIERDAM, edge)
    seen = await stored_call(ledger, edge - timedelta(days=7) - SECOND)
    await stored_call(ledger, edge - timedelta(days=7))
    await run(database)
    assert await kept(owner, "call", "pii_caller_number") == {seen.id}


async def test_each_night_has_one_run_and_its_log_has_counts_only(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    three = datetime(NOW.year, NOW.month, NOW.day, 3, tzinfo=UTC)
    await stored_call(ledger, three - timedelta(days=300))
    job = RetentionJob(database, lambda: AREA, 0)
    await job.tick(three)
    assert await kept(owner, "call", "pii_caller_number") == set()
    assert await is_done(database.background, retention.JOB, three.date())
    late = await stored_call(ledger, three - timedelta(days=300))
    await job.tick(three + timedelta(hours=1))
    assert await kept(owner, "call", "pii_caller_number") == {late.id}


@pytest.mark.parametrize(
    "call",
    [
        "erase_from_call_facts('{}', '{}')",
        "erase_from_callback_facts('{}', '{}')",
        "erase_audit_rows('{}')",
    ],
)
async def test_web_erases_nothing(database_url: str, call: str) -> None:
    connection = await connect(as_role(database_url, WEB), "test")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(f"SELECT {call}")
    await connection.close()


async def test_serve_reaches_only_what_is_personal_and_over(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    """With the owner's functions: no fact of an open call or request, no young row of the audit log."""
    call, request = await stored_call(ledger, NOW, is_open=True), await stored_request(owner, None)
    deed = await stored_deed(owner, NOW - timedelta(days=181), WIERDAM)
    for function, arguments in (
        ("erase_from_call_facts", [[call.id, call.id], [1, 2]]),
        ("erase_from_callback_facts", [[request], [1]]),
        ("erase_audit_rows", [[deed]]),
    ):
        listed = ", ".join(f"${at}" for at in range(1, len(arguments) + 1))
        assert await database.background.fetchval(f"SELECT {function}({listed})", *arguments) == 0
    assert await kept(owner, "audit_log") == {deed}
    assert await facts_kept(owner, "call_fact", "call_id") == {call.id}
