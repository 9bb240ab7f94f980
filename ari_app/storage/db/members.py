"""The rule of a column of an enumeration, in a table where each row is written often."""

from __future__ import annotations

from collections.abc import Iterable


def known_by_function(table: str, column: str) -> str:
    """The condition of a column of an enumeration in a table that each call writes several times.

    Postgres reads the text of each rule again for every statement that writes a row, and a list of values is most of
    that text: of an update of `call` the rules took two thirds.
    """
    return f"known_{table}_{column}({column})"


def known_function(table: str, column: str, members: Iterable[str]) -> str:
    """The SQL that makes, or changes, the function of `known_by_function`."""
    listed = ", ".join(f"'{member}'" for member in members)
    return (
        f"CREATE OR REPLACE FUNCTION known_{table}_{column}(value text) RETURNS boolean "
        f"LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN value IN ({listed}); END $$"
    )
