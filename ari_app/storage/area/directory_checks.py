"""The outcomes of the nightly check, kept with the entries of the directory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.area import CheckResult
from ari_app.core.ids import EntryCode
from ari_app.storage.db.errors import translated

_STORE = sa.text("""
UPDATE directory_entry SET last_checked_at = :at, last_check = found.result
FROM unnest(CAST(:codes AS text[]), CAST(:results AS text[])) AS found (code, result)
WHERE directory_entry.code = found.code""")


async def store_checks(engine: AsyncEngine, results: Mapping[EntryCode, CheckResult], at: datetime) -> None:
    """Nobody is notified: what an entry reaches has not changed. Raises StoreUnavailable."""
    values = {"at": at, "codes": list(results), "results": [result.value for result in results.values()]}
    with translated():
        async with engine.begin() as conn:
            await conn.execute(_STORE, values)
