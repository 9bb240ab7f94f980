"""When callers were transferred to entries of the directory last, as far as the record goes back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from ari_app.core.access import Scope
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading, scope_codes

# One look in the index of transfers for each party; of a party that others use as well, as far as their last one.
_LAST = """
SELECT party, last.requested_at FROM unnest($1::text[]) AS party
CROSS JOIN LATERAL (SELECT transfer.requested_at FROM transfer JOIN call ON call.id = transfer.call_id
  WHERE transfer.to_party = party AND ($2::text[] IS NULL OR call.municipality = ANY ($2))
  ORDER BY transfer.requested_at DESC LIMIT 1) last"""
_SINCE = """
SELECT arrived_at FROM call WHERE $1::text[] IS NULL OR municipality = ANY ($1) ORDER BY arrived_at LIMIT 1"""


@dataclass(frozen=True, slots=True)
class EntryUse:
    """`last`: by party (an extension, or the code of an entry without one); who is not in it was never transferred to.

    `since`: the oldest call of the record; None: there is none.
    """

    last: Mapping[str, datetime]
    since: datetime | None


async def entry_use(pool: Pool, scope: Scope, parties: Collection[str]) -> EntryUse:
    """Of the calls of the scope: those of other municipalities are not counted. Raises StoreUnavailable."""
    codes = scope_codes(scope)
    with translated():
        async with reading(pool, scope) as connection:
            rows = await connection.fetch(_LAST, sorted(parties), codes)
            since = await connection.fetchval(_SINCE, codes)
    return EntryUse({row["party"]: row["requested_at"] for row in rows}, since)
