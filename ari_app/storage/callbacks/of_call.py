"""Promises to call back and the calls that they are about: from either side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ari_app.core.access import Scope
from ari_app.core.call import Call
from ari_app.core.callbacks import RequestState
from ari_app.core.ids import CallId
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.rows import RowShape
from ari_app.storage.db.scopes import reading, scope_codes

_OF_CALL = """
SELECT reference, state, coalesce(id = $2, false) AS is_made_for FROM callback_request
WHERE (id = $2 OR call_id = $3 OR reference = $4) AND ($1::text[] IS NULL OR municipality = ANY ($1))
ORDER BY first_contact_at, id"""
_KNOWN = "SELECT id FROM call WHERE id = ANY ($2::uuid[]) AND ($1::text[] IS NULL OR municipality = ANY ($1))"


@dataclass(frozen=True, slots=True)
class RequestOfCall:
    """`is_made_for`: the call is a callback, and keeps this promise."""

    reference: str
    state: RequestState
    is_made_for: bool


_SHAPE = RowShape(RequestOfCall, "callback_request")


async def requests_of_call(pool: Pool, scope: Scope, call: Call) -> list[RequestOfCall]:
    """The promise for which the call was made, and those made in it, of the scope. Raises StoreUnavailable."""
    asked = (scope_codes(scope), call.callback_request, call.id, call.callback_reference)
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_OF_CALL, *asked)
    return [_SHAPE.read(row) for row in rows]


async def known_calls(pool: Pool, scope: Scope, calls: Collection[CallId]) -> frozenset[CallId]:
    """Those of the scope: a call in which something was promised may have gone elsewhere. Raises StoreUnavailable."""
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_KNOWN, scope_codes(scope), list(calls))
    return frozenset(CallId(row["id"]) for row in rows)
