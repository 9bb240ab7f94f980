"""Numbers of callers, for whoever may see them: that somebody looked is in the audit log first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.ids import CallId
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import scope_codes, set_scope

_NUMBER = """
SELECT pii_caller_number AS pii_number FROM call WHERE id = $1 AND ($2::text[] IS NULL OR municipality = ANY ($2))"""

_NUMBERS = """
SELECT id, municipality, pii_caller_number FROM call
WHERE id = ANY ($1::uuid[]) AND ($2::text[] IS NULL OR municipality = ANY ($2))"""


@dataclass(frozen=True, slots=True)
class CallersNumber:
    """None: it was withheld, or has been erased."""

    pii_number: str | None = field(repr=False)


async def callers_number(pool: Pool, scope: Scope, call_id: CallId, author: str, now: datetime) -> CallersNumber | None:
    """None: there is no such call in the scope. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            row = await connection.fetchrow(_NUMBER, call_id, scope_codes(scope))
            if row is None:
                return None
            await record_deed(connection, now, author, "call.number_shown", {"call": str(call_id)})
    return CallersNumber(row["pii_number"])


async def callers_numbers(
    pool: Pool, scope: Scope, calls: Sequence[CallId], author: str, now: datetime
) -> dict[CallId, str | None]:
    """Of many calls at once, those of the scope; the audit log names each of them. Raises StoreUnavailable."""
    with translated():
        async with transaction(pool) as connection:
            await set_scope(connection, scope)
            rows = await connection.fetch(_NUMBERS, list(calls), scope_codes(scope))
            of_towns: dict[str | None, list[str]] = defaultdict(list)
            for row in rows:
                of_towns[row["municipality"]].append(str(row["id"]))
            for town, ids in of_towns.items():  # each municipality reads of its own
                detail = {"municipality": town, "count": len(ids), "calls": ids}
                await record_deed(connection, now, author, "calls.numbers_exported", detail)
    return {CallId(row["id"]): row["pii_caller_number"] for row in rows}
