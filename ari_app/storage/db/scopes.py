"""A scope as a parameter of a query: rows of other municipalities do not exist for its reader."""

from __future__ import annotations

from ari_app.core.access import Scope


def scope_codes(scope: Scope) -> list[str] | None:
    """For SQL such as `($1::text[] IS NULL OR municipality = ANY($1))`: None is the whole group.

    A row without a municipality is read by the whole group only.
    """
    return None if scope is None else sorted(scope)
