"""A migration lets an enumeration have another member while calls go on."""

from __future__ import annotations

import re

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.call import Fact, FactKind, Stage
from ari_app.storage.calls.ledger import PostgresLedger
from ari_app.storage.db.constraints import set_members_by_function, validate
from ari_app.storage.db.engine import Database
from ari_app.storage.db.errors import RowRefused, translated
from ari_app.storage.db.revision import migrations_directory
from tests.storage.values import NINE, new_call

pytestmark = pytest.mark.postgres

STAGES = tuple(stage.value for stage in Stage)
ARRIVED = Fact(NINE, FactKind.ARRIVED)
RULE = "SELECT convalidated FROM pg_constraint WHERE conname = 'ck_call_stage_known'"


async def migrated(engine: AsyncEngine, *members: str) -> dict[str, int]:
    """Give the stage of a call these members, as a migration does; returns how that read and locked the table."""

    def work(connection: Connection) -> dict[str, int]:
        with connection.begin():
            with Operations.context(MigrationContext.configure(connection)):
                set_members_by_function("call", "stage", members)
            read = connection.execute(
                text("SELECT seq_scan, seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'call'")
            ).one()
        return dict(read._mapping)

    async with engine.connect() as connection:
        return await connection.run_sync(work)


async def validated(engine: AsyncEngine) -> None:
    with translated():
        async with engine.connect() as connection:
            await connection.run_sync(validate)


async def test_a_member_is_added_without_reading_the_rows(owner: Database, ledger: PostgresLedger) -> None:
    for _ in range(10):
        await ledger.store(new_call(), [ARRIVED])
    assert await migrated(owner.engine, *STAGES, "surveyed") == {"seq_scan": 0, "seq_tup_read": 0}
    assert await owner.pool.fetchval(RULE) is False
    call = await ledger.store(new_call(), [ARRIVED])
    await owner.pool.execute("UPDATE call SET stage = 'surveyed' WHERE id = $1", call.id)
    with pytest.raises(RowRefused, match="ck_call_stage_known"), translated():
        await owner.pool.execute("UPDATE call SET stage = 'nonsense' WHERE id = $1", call.id)


async def test_calls_are_written_while_a_rule_is_validated(owner: Database, ledger: PostgresLedger) -> None:
    """An open transaction that wrote a call would hold up any lock that is stronger than SHARE UPDATE EXCLUSIVE."""
    call = await ledger.store(new_call(), [ARRIVED])
    await migrated(owner.engine, *STAGES, "surveyed")
    async with owner.pool.acquire() as writer, writer.transaction():
        await writer.execute("UPDATE call SET stage = 'surveyed' WHERE id = $1", call.id)
        await validated(owner.engine)
        assert await owner.pool.fetchval(RULE) is True
    await validated(owner.engine)


async def test_a_row_that_breaks_the_rule_is_reported_and_the_rule_counts_for_others(
    owner: Database, ledger: PostgresLedger
) -> None:
    await ledger.store(new_call(), [ARRIVED])
    await migrated(owner.engine, *(stage for stage in STAGES if stage != Stage.ARRIVED))
    with pytest.raises(RowRefused, match="ck_call_stage_known"):
        await validated(owner.engine)
    with pytest.raises(RowRefused, match="ck_call_stage_known"):
        await ledger.store(new_call(), [ARRIVED])


async def test_no_rule_of_a_table_that_each_call_writes_holds_a_list(owner: Database) -> None:
    """Postgres would read the list again for every row that is written."""
    rules = await owner.pool.fetch(
        "SELECT conname, pg_get_constraintdef(oid) AS rule FROM pg_constraint WHERE contype = 'c' "
        "AND conrelid = ANY ($1::text[]::regclass[])",
        ["call", "call_leg", "call_fact", "queue_visit", "operator_state", "operator_session"],
    )
    assert len(rules) >= 20
    assert [one["conname"] for one in rules if "ARRAY" in one["rule"]] == []


def test_no_migration_adds_a_rule_that_reads_the_whole_table() -> None:
    versions = {path.name: path.read_text() for path in migrations_directory().glob("versions/*.py")}
    assert len(versions) >= 9
    assert [name for name, source in versions.items() if re.search(r"create_check_constraint", source)] == []
