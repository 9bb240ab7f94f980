"""The choices of municipalities in the database; each change is in the audit log."""

from __future__ import annotations

from ari_app.core.access import Scope
from ari_app.core.ids import MunicipalityCode
from ari_app.reports.choices import Choices, Definition, Denominator, EarlyAbandons
from ari_app.reports.waits import Clock
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import Named
from ari_app.storage.db.scopes import reading, scope_codes

_SELECT = """
SELECT municipality, from_day, clock, short_abandon_seconds, denominator, early_abandons, counts_calamities,
  norm_seconds, fewest_calls, author, created_at
FROM measure_definition WHERE $1::text[] IS NULL OR municipality = ANY ($1) ORDER BY municipality, from_day, id"""
_ADD = """
INSERT INTO measure_definition (municipality, from_day, clock, short_abandon_seconds, denominator, early_abandons,
  counts_calamities, norm_seconds, fewest_calls, author, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""


async def definitions_of(pool: Pool, scope: Scope) -> list[Definition]:
    """By municipality and day. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            return await definitions_in(connection, scope)


async def definitions_in(connection: Connection, scope: Scope) -> list[Definition]:
    """As `definitions_of`, in a transaction of `reading`."""
    return [_definition(row) for row in await connection.fetch(_SELECT, scope_codes(scope))]


async def add_definition(pool: Pool, definition: Definition) -> None:
    """Raises StoreUnavailable."""
    choices = definition.choices
    detail = {"municipality": definition.municipality, "from_day": definition.from_day.isoformat()}
    with translated():
        async with transaction(pool) as connection:
            await connection.execute(
                _ADD,
                definition.municipality,
                definition.from_day,
                choices.clock,
                choices.short_abandon_seconds,
                choices.denominator,
                choices.early_abandons,
                choices.counts_calamities,
                choices.norm_seconds,
                choices.fewest_calls,
                definition.author,
                definition.created_at,
            )
            await record_deed(connection, definition.created_at, definition.author, "figures.define", detail)


def _definition(row: Named) -> Definition:
    return Definition(
        MunicipalityCode(row["municipality"]),
        row["from_day"],
        Choices(
            clock=Clock(row["clock"]),
            short_abandon_seconds=row["short_abandon_seconds"],
            denominator=Denominator(row["denominator"]),
            early_abandons=EarlyAbandons(row["early_abandons"]),
            counts_calamities=row["counts_calamities"],
            norm_seconds=row["norm_seconds"],
            fewest_calls=row["fewest_calls"],
        ),
        row["author"],
        row["created_at"],
    )
