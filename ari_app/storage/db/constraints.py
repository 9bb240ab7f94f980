"""Rules of tables that hold rows already, changed without stopping the calls.

A rule that is added in the ordinary way reads the whole table while nobody else can read or write it. Here a migration
adds it NOT VALID, which counts for every write from then on and reads nothing; after the commit `validate` reads the
rows of before, and only keeps others from changing the schema meanwhile (SHARE UPDATE EXCLUSIVE).
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection

from ari_app.storage.db.members import known_by_function, known_function

_NOT_VALID = sa.text("""
SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name FROM pg_constraint
WHERE NOT convalidated AND connamespace = current_schema()::regnamespace ORDER BY 1, 2""")


def add_rule(table: str, name: str, condition: str) -> None:
    """In a migration: a CHECK that is called `ck_{table}_{name}`. SQL that is only printed validates it at once."""
    when = "" if op.get_context().as_sql else " NOT VALID"
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition}){when}")


def drop_rule(table: str, name: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")


def set_members(table: str, column: str, members: Iterable[str]) -> None:
    """In a migration: the values that the column of an enumeration may hold from now on."""
    drop_rule(table, f"{column}_known")
    add_members(table, column, members)


def add_members(table: str, column: str, members: Iterable[str]) -> None:
    """In a migration: the values that a new column of an enumeration may hold."""
    listed = ", ".join(f"'{member}'" for member in members)
    add_rule(table, f"{column}_known", f"{column} IN ({listed})")


def set_members_by_function(table: str, column: str, members: Iterable[str]) -> None:
    """In a migration: as `set_members`, for a column that has a `known_by_function`, or is to have one."""
    drop_rule(table, f"{column}_known")
    op.execute(known_function(table, column, members))
    add_rule(table, f"{column}_known", known_by_function(table, column))


def validate(connection: Connection) -> None:
    """Validate every rule that is not yet, one transaction each. The connection is in none."""
    with connection.begin():
        rules = connection.execute(_NOT_VALID).all()
    for rule in rules:
        with connection.begin():
            connection.exec_driver_sql(f"ALTER TABLE {rule.table} VALIDATE CONSTRAINT {rule.name}")
