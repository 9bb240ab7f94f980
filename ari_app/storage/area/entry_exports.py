"""Who took numbers of the directory with them in a file: in the audit log, before the file is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from ari_app.core.area import DirectoryEntry
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated


async def note_export(pool: Pool, entries: Iterable[DirectoryEntry], author: str, now: datetime) -> None:
    """A row for each municipality, with how many entries. Raises StoreUnavailable."""
    counts = Counter(entry.municipality for entry in entries)
    with translated():
        async with transaction(pool) as connection:
            for town, count in sorted(counts.items()):
                detail = {"municipality": town, "entries_count": count}
                await record_deed(connection, now, author, "directory.numbers_exported", detail)
