"""The outcomes of the nightly check, kept with the entries of the directory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ari_app.core.area import CheckResult
from ari_app.core.ids import EntryCode
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated

_STORE = """
UPDATE directory_entry SET last_checked_at = $1, last_check = found.result
FROM unnest($2::text[], $3::text[]) AS found (code, result)
WHERE directory_entry.code = found.code"""


async def store_checks(pool: Pool, results: Mapping[EntryCode, CheckResult], at: datetime) -> None:
    """Nobody is notified: what an entry reaches has not changed. Raises StoreUnavailable."""
    with translated():
        await pool.execute(_STORE, at, list(results), [result.value for result in results.values()])
