"""All that is kept about a number is found and erased, wherever it stands, and within the scope only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.area_file.imports import import_area
from ari_app.core.access import Scope
from ari_app.core.call import Call, Fact, FactKind
from ari_app.core.callbacks import Confirmed, RequestKind
from ari_app.core.numbers import E164
from ari_app.core.retention_rules import AREA_COLUMNS, PASSING_COLUMNS
from ari_app.storage import tables
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.engine import Database
from ari_app.storage.retention.person import ErasureRefused, erase_person, list_person
from tests.storage.directory_files import AREA, PLAN
from tests.storage.retention_values import stored_call, stored_request, stored_wrap_up
from tests.storage.values import ELDERLO, WIERDAM, new_call

pytestmark = pytest.mark.postgres

NOW = datetime.now(UTC)
NUMBER = E164("+31687654321")
AGO = NOW - timedelta(days=3)
OURS: Scope = frozenset({WIERDAM})


def personal_columns() -> Iterator[tuple[str, str]]:
    for table in tables.metadata.tables.values():
        for column in table.columns:
            if column.name.startswith("pii_") and table.name not in PASSING_COLUMNS:
                yield table.name, column.name


async def erase(database: Database, scope: Scope = None) -> dict[str, int]:
    return dict(await erase_person(database.background, scope, NUMBER, "verzoek 12", "anna", NOW))


async def tables_of(database: Database, scope: Scope = None) -> list[str]:
    return [kept.table for kept in await list_person(database.background, scope, NUMBER, "anna", NOW)]


async def holding(owner: Database) -> set[tuple[str, str]]:
    """Every column with personal data, and every fact, that holds the number in some notation."""
    found = set()
    for table, column in personal_columns():
        count = f"SELECT count(*) FROM {table} WHERE regexp_replace({column}, '[^0-9]', '', 'g') LIKE '%687654321%'"
        if await owner.pool.fetchval(count):
            found.add((table, column))
    for table in ("call_fact", "callback_fact"):
        count = f"SELECT count(*) FROM {table} WHERE regexp_replace(detail::text, '[^0-9]', '', 'g') LIKE '%687654321%'"
        if await owner.pool.fetchval(count):
            found.add((table, "detail"))
    return found


async def test_a_number_in_every_column_is_listed_and_erased(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    """A column that is new has no row here, or is not found: decide what becomes of it, and put a row of it here."""
    await import_area(owner.engine, AREA + PLAN, "beheer", NOW)
    await owner.pool.execute(
        "INSERT INTO directory_entry (code, kind, name, municipality, pii_number)"
        " VALUES ('arts', 'person', 'Arts', 'GM9901', $1)",
        NUMBER,
    )
    await owner.pool.execute("INSERT INTO team_contact (team, audience, pii_email) VALUES ('kcc', 'owner', 'a@b.nl')")
    await stored_wrap_up(owner, await stored_call(ledger, AGO))
    await stored_request(owner, AGO)
    await owner.pool.execute(
        "UPDATE call SET callback_kind = $1, callback_confirmed_how = $2",
        next(iter(RequestKind)).value,
        next(iter(Confirmed)).value,
    )
    for table, column in personal_columns():
        rows = "code = 'arts'" if table == "directory_entry" else "true"
        changed = await owner.pool.execute(f"UPDATE {table} SET {column} = $1 WHERE {rows}", NUMBER)
        assert changed != "UPDATE 0", f"no row of {table} is made by this test"
    for table in ("call_fact", "callback_fact"):
        await owner.pool.execute(f"UPDATE {table} SET detail = detail || $1", json.dumps({"pii_to": NUMBER}))

    found = await list_person(database.background, None, NUMBER, "anna", NOW)
    listed = {
        (kept.table, column) for kept in found for column in kept.pii_contents if not kept.table.endswith("_fact")
    }
    assert listed == set(personal_columns())
    assert {"call_fact", "callback_fact"} <= {kept.table for kept in found}

    for table in AREA_COLUMNS:  # the municipality's own: an import would bring it back
        with pytest.raises(ErasureRefused, match=f"in the area itself .{table} "):
            await erase(database)
        await owner.pool.execute(f"DELETE FROM {table} WHERE {AREA_COLUMNS[table][-1]} = $1", NUMBER)
    counts = {name: await owner.pool.fetchval(f"SELECT count(*) FROM {name}") for name in ("call", "call_fact")}
    assert await erase(database) == {
        "call": 1,
        "call_fact": 2,
        "transfer": 1,
        "call_wrap_up": 1,
        "callback_request": 1,
        "callback_fact": 1,
    }
    assert await holding(owner) == set()
    assert await tables_of(database) == []
    assert counts == {name: await owner.pool.fetchval(f"SELECT count(*) FROM {name}") for name in counts}
    assert await erase(database) == {}, "idempotent"


async def test_others_keep_what_is_theirs(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    """A text that mentions the number goes, in any notation; what else is kept about the other caller stays."""
    other = await stored_call(ledger, AGO)
    await owner.pool.execute("UPDATE transfer SET pii_to_number = $1", NUMBER)
    await owner.pool.execute(
        """INSERT INTO call_fact VALUES ($1, 3, $2, 'noted', '{"pii_note": "bel 06-87 65 43 21"}')""", other.id, AGO
    )
    request = await stored_request(owner, AGO)
    await owner.pool.execute("UPDATE callback_request SET pii_note = 'of op (06) 876 543 21'")
    assert await tables_of(database) == ["call_fact", "transfer", "callback_request"]
    await erase(database)
    assert await holding(owner) == set()
    assert await owner.pool.fetchval("SELECT pii_caller_number FROM call") == "+31612345678"
    transfer = await owner.pool.fetchrow("SELECT pii_to_number, pii_subject FROM transfer")
    assert tuple(transfer or ()) == (None, "paspoort van Jansen")
    kept = await owner.pool.fetchrow("SELECT id, pii_number, pii_note FROM callback_request")
    assert tuple(kept or ()) == (request, "+31612345678", "")


async def test_another_municipality_is_not_looked_into(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    for town in (WIERDAM, ELDERLO):
        await stored_call(ledger, AGO, town)
        await stored_request(owner, AGO, town)
    await owner.pool.execute("UPDATE call SET pii_caller_number = $1", NUMBER)
    await owner.pool.execute("UPDATE callback_request SET pii_number = $1", NUMBER)
    found = await list_person(database.background, OURS, NUMBER, "anna", NOW)
    assert {kept.municipality for kept in found} == {WIERDAM}
    await erase(database, OURS)
    assert await tables_of(database, OURS) == []
    theirs = await list_person(database.background, None, NUMBER, "anna", NOW)
    assert {kept.municipality for kept in theirs} == {ELDERLO}
    assert {kept.table for kept in theirs} >= {"call", "call_fact", "transfer", "callback_request", "callback_fact"}
    assert await owner.pool.fetchval("SELECT count(*) FROM call WHERE pii_caller_number = $1", NUMBER) == 1


async def test_an_open_promise_is_not_erased_and_says_how_to_close_it(database: Database, owner: Database) -> None:
    await stored_request(owner, None)
    await owner.pool.execute("UPDATE callback_request SET pii_number = $1, reference = '1234567'", NUMBER)
    with pytest.raises(ErasureRefused, match="`ari-app callbacks close 1234567 --reason …`"):
        await erase(database)
    assert ("callback_request", "pii_number") in await holding(owner)
    assert await owner.pool.fetchval("SELECT count(*) FROM erasure") == 0


async def test_a_call_that_goes_on_is_not_erased(database: Database, owner: Database, ledger: PostgresLedger) -> None:
    call: Call = replace(new_call(at=NOW), municipality=WIERDAM, pii_caller_number=NUMBER)
    await ledger.store(call, [Fact(NOW, FactKind.ARRIVED, {"pii_from": NUMBER})])
    with pytest.raises(ErasureRefused, match="goes on"):
        await erase(database)
    assert await holding(owner) == {("call", "pii_caller_number"), ("call_fact", "detail")}


async def test_each_look_and_each_erasure_is_audited_without_the_number(
    database: Database, owner: Database, ledger: PostgresLedger
) -> None:
    await stored_call(ledger, AGO)
    await owner.pool.execute("UPDATE call SET pii_caller_number = $1", NUMBER)
    await tables_of(database, OURS)
    await erase(database)
    rows = await owner.pool.fetch("SELECT at, actor, action, detail FROM audit_log ORDER BY id")
    counted = {"call": 1, "call_fact": 1, "transfer": 1}
    assert [(row["at"], row["actor"], row["action"], json.loads(row["detail"])) for row in rows] == [
        (NOW, "anna", "person.list", {"number_ends_in": "21", "rows": counted, "municipality": WIERDAM}),
        (NOW, "anna", "person.erase", {"number_ends_in": "21", "rows": counted, "reason": "verzoek 12"}),
    ]
    proof = await owner.pool.fetchrow("SELECT kind, municipality, rows_count, erased_at FROM erasure")
    assert tuple(proof or ()) == ("person", None, 3, NOW)


async def test_a_reason_that_holds_the_number_is_refused(database: Database, owner: Database) -> None:
    with pytest.raises(ErasureRefused, match="say it without"):
        await erase_person(database.background, None, NUMBER, "op verzoek van 06 8765 4321", "anna", NOW)
    assert await owner.pool.fetchval("SELECT count(*) FROM audit_log") == 0
