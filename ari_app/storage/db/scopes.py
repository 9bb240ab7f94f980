"""A scope as a condition of a query: rows of other municipalities do not exist for its reader."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ari_app.core.access import Scope


def in_scope(municipality: sa.ColumnElement[Any], scope: Scope) -> sa.ColumnElement[bool]:
    """Whether a row of this municipality may be read; a row without one only by the whole group."""
    return sa.true() if scope is None else municipality.in_(sorted(scope))


def scope_parameters(scope: Scope) -> dict[str, Any]:
    """For SQL as text: `(:everything OR municipality = ANY(CAST(:scope AS text[])))`."""
    return {"everything": scope is None, "scope": sorted(scope or ())}
