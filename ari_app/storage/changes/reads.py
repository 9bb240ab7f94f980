"""What changed since: a page of the log for one reader, within the scope.

page = await changes_since(pool, scope, None)      # nothing yet: read everything, and keep page.position
page = await changes_since(pool, scope, page.position)

Asks the primary: a standby does not say which transactions are open.
"""

from __future__ import annotations

import asyncpg

from ari_app.core.access import Scope
from ari_app.core.changes import (
    Change,
    ChangeKind,
    ChangeLog,
    ChangePage,
    Position,
    Seen,
    each_once,
    must_start_anew,
)
from ari_app.core.ids import MunicipalityCode, OperatorNumber, optional
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes

PAGE_ROWS = 1000

_LOG = """
SELECT pg_current_snapshot()::text AS snapshot, change_origin() AS origin, log.origin AS kept_origin, log.kept_from
FROM change_log log"""
_ROW = "number, kind, id, municipality, operator, changed_at"
_IN_SCOPE = """
($1::text[] IS NULL OR municipality = ANY ($1) OR (operator IS NOT NULL AND EXISTS (SELECT FROM operator_skill skill
  WHERE skill.operator = change.operator AND skill.municipality = ANY ($1))))"""
# Numbers that were open before, and new ones: two ways through the index. A transaction is never cut in two.
_SINCE = f"""
SELECT * FROM (
  SELECT {_ROW} FROM change WHERE number = ANY ($2::bigint[]) AND {_IN_SCOPE}
  UNION ALL
  (SELECT {_ROW} FROM change WHERE number >= $3 AND number < $4 AND {_IN_SCOPE}
   ORDER BY number FETCH FIRST $5 ROWS WITH TIES)) found
ORDER BY number FETCH FIRST $5 ROWS WITH TIES"""


async def changes_since(pool: Pool, scope: Scope, position: Position | None, *, most: int = PAGE_ROWS) -> ChangePage:
    """The changes in the scope that a reader at this position has not seen, some `most` of them; None: a new reader.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope, keeps_plans=True) as connection:
            return await changes_in(connection, scope, position, most=most)


async def changes_in(
    connection: Connection, scope: Scope, position: Position | None, *, most: int = PAGE_ROWS
) -> ChangePage:
    """As `changes_since`, in a transaction of `reading`, which then reads the rows of the very same moment."""
    row = await connection.fetchrow(_LOG)
    assert row is not None, "the one row of change_log"
    now, log = Seen.parse(row["snapshot"]), ChangeLog(row["origin"], row["kept_origin"], row["kept_from"])
    if position is None or must_start_anew(position, log, now):
        return ChangePage((), Position(log.origin, now.upcoming, now.unfinished), start_anew=True)
    codes, missing = scope_codes(scope), sorted(position.missing)
    rows = await connection.fetch(_SINCE, codes, missing, position.upcoming, now.upcoming, most)
    has_more = len(rows) >= most
    moved = position.moved(now, last=rows[-1]["number"] if has_more else None)
    return ChangePage(each_once([_change(row) for row in rows]), moved, has_more=has_more)


def _change(row: asyncpg.Record) -> Change:
    return Change(
        row["number"],
        ChangeKind(row["kind"]),
        row["id"],
        optional(MunicipalityCode, row["municipality"]),
        optional(OperatorNumber, row["operator"]),
        row["changed_at"],
    )
