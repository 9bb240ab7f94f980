"""When operators are away; their own requests belong to their team meanwhile."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.callbacks import Absence
from ari_app.core.ids import OperatorNumber
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.scopes import reading, scope_codes

#: on or planned at $1; a planned one that was called off ends where it begins
_NOT_OVER = "(until_at IS NULL OR (until_at > $1 AND until_at > from_at))"
_ADD = """
INSERT INTO operator_absence (operator, from_at, until_at, reason, author, created_at)
SELECT number, $2, $3, $4, $5, $6 FROM operator WHERE number = $1 RETURNING operator"""
_END = f"""
UPDATE operator_absence SET until_at = greatest(from_at, $1) WHERE operator = $2 AND {_NOT_OVER} RETURNING operator"""
_LIST = f"""
SELECT operator, from_at, until_at, reason FROM operator_absence WHERE {_NOT_OVER}
  AND ($2::text[] IS NULL OR operator IN (SELECT operator FROM operator_skill WHERE municipality = ANY($2)))
ORDER BY from_at, operator"""

#: whether `{operator}` is away at the moment `{now}`
IS_ABSENT = """
EXISTS (SELECT FROM operator_absence absence WHERE absence.operator = {operator} AND absence.from_at <= {now}
  AND (absence.until_at IS NULL OR absence.until_at > {now}))"""


class AbsenceRefused(InputRefused):
    """There is no such operator."""


async def add_absence(pool: Pool, absence: Absence, author: str, now: datetime) -> None:
    """Add an absence. Raises AbsenceRefused, StoreUnavailable."""
    if absence.until_at is not None and absence.until_at <= absence.from_at:
        raise AbsenceRefused("until: it would end before it begins")
    values = (absence.operator, absence.from_at, absence.until_at, absence.reason, author, now)
    with translated():
        if await pool.fetchrow(_ADD, *values) is None:
            raise AbsenceRefused(f"there is no operator {absence.operator}")


async def end_absences(pool: Pool, operator: OperatorNumber, now: datetime) -> int:
    """The operator is back, and planned absences are called off; returns how many ended. Raises StoreUnavailable."""
    with translated():
        return len(await pool.fetch(_END, now, operator))


async def list_absences(pool: Pool, scope: Scope, now: datetime) -> list[Absence]:
    """Those that are on or planned, by their beginning: of operators with a skill for a municipality of the scope.

    Raises StoreUnavailable.
    """
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_LIST, now, scope_codes(scope))
    return [Absence(OperatorNumber(row["operator"]), row["from_at"], row["until_at"], row["reason"]) for row in rows]
