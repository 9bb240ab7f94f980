"""When operators are away; their own requests belong to their team meanwhile."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.access import Scope
from ari_app.core.callbacks import Absence
from ari_app.core.ids import OperatorNumber
from ari_app.storage import tables as t
from ari_app.storage.db.errors import InputRefused, translated
from ari_app.storage.db.scopes import in_scope


class AbsenceRefused(InputRefused):
    """There is no such operator."""


async def add_absence(engine: AsyncEngine, absence: Absence, author: str, now: datetime) -> None:
    """Add an absence. Raises AbsenceRefused, StoreUnavailable."""
    if absence.until_at is not None and absence.until_at <= absence.from_at:
        raise AbsenceRefused("it would end before it begins")
    with translated():
        async with engine.begin() as connection:
            known = sa.select(t.operator.c.number).where(t.operator.c.number == absence.operator)
            if (await connection.execute(known)).first() is None:
                raise AbsenceRefused(f"there is no operator {absence.operator}")
            row = {
                "operator": absence.operator,
                "from_at": absence.from_at,
                "until_at": absence.until_at,
                "reason": absence.reason,
                "author": author,
                "created_at": now,
            }
            await connection.execute(sa.insert(t.operator_absence), row)


async def end_absences(engine: AsyncEngine, operator: OperatorNumber, now: datetime) -> int:
    """The operator is back, and planned absences are called off; returns how many ended. Raises StoreUnavailable."""
    column = t.operator_absence.c
    statement = (
        sa.update(t.operator_absence)
        .where(column.operator == operator, _not_over(now))
        .values(until_at=sa.func.greatest(column.from_at, now))
    )
    with translated():
        async with engine.begin() as connection:
            return (await connection.execute(statement)).rowcount


async def list_absences(engine: AsyncEngine, scope: Scope, now: datetime) -> list[Absence]:
    """Those that are on or planned, by their beginning: of operators with a skill for a municipality of the scope.

    Raises StoreUnavailable.
    """
    column = t.operator_absence.c
    skilled = sa.select(t.operator_skill.c.operator).where(in_scope(t.operator_skill.c.municipality, scope))
    wanted = (
        sa.select(column.operator, column.from_at, column.until_at, column.reason)
        .where(_not_over(now), sa.true() if scope is None else column.operator.in_(skilled))
        .order_by(column.from_at, column.operator)
    )
    with translated():
        async with engine.connect() as connection:
            rows = (await connection.execute(wanted)).all()
    return [Absence(OperatorNumber(row.operator), row.from_at, row.until_at, row.reason) for row in rows]


def _not_over(now: datetime) -> sa.ColumnElement[bool]:
    """On or planned; a planned one that was called off ends where it begins."""
    column = t.operator_absence.c
    return sa.or_(column.until_at.is_(None), sa.and_(column.until_at > now, column.until_at > column.from_at))
