"""The kinds of columns, and the metadata that every table belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import sqlalchemy as sa

from ari_app.storage.db.members import known_by_function, known_function

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INSTANT = sa.DateTime(timezone=True)
#: a row of the record changes some ten times; free space on its page keeps those changes cheap (HOT updates)
ROOM_FOR_CHANGES = {"fillfactor": 70}


def one_of(column: str, values: type[StrEnum] | Iterable[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def quickly_one_of(table: str, column: str, values: type[StrEnum]) -> sa.CheckConstraint:
    """For a table that each call writes several times; see `db.members`."""
    made = sa.DDL(known_function(table, column, values))  # type: ignore[no-untyped-call]
    sa.event.listen(metadata, "before_create", made)
    return sa.CheckConstraint(known_by_function(table, column), name=f"{column}_known")


def text(name: str, *, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def optional_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text)


def instant(name: str) -> sa.Column[object]:
    return sa.Column(name, INSTANT, nullable=False)


def optional_instant(name: str) -> sa.Column[object]:
    return sa.Column(name, INSTANT)


def seconds(name: str, default: int) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=str(default))


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def row_id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def key(name: str, target: str | None = None) -> sa.Column[str]:
    """Part of the primary key. With a `target` the row is deleted together with the row that it refers to."""
    if target is None:
        return sa.Column(name, sa.Text, primary_key=True)
    return sa.Column(name, sa.Text, sa.ForeignKey(target, ondelete="CASCADE"), primary_key=True)


def refers(name: str, target: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, sa.ForeignKey(target), nullable=nullable)
