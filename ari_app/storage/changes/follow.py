"""Changes as they are committed, for one reader: the log tells which, notifications only when to look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from ari_app.core.access import Scope
from ari_app.core.changes import ChangePage, Position
from ari_app.core.ledger import StoreUnavailable
from ari_app.storage.changes.reads import changes_since
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.feed import RESYNC_SECONDS, RETRY_SECONDS, Feed, Resync, TrialHeard


async def follow_changes(
    url: str, pool: Pool, scope: Scope, position: Position | None = None, *, resync_seconds: float = RESYNC_SECONDS
) -> AsyncGenerator[ChangePage]:
    """Every page that says something, without end, also while Postgres is away from time to time.

    A writer that dies between its commit and its notification delays a change by `resync_seconds` at most. Close the
    generator (`contextlib.aclosing`): it holds a connection.
    """
    async with Feed(url, resync_seconds=resync_seconds) as feed:
        async for heard in feed:
            number = None if isinstance(heard, (Resync, TrialHeard)) else heard.number
            if position is not None and number is not None and position.has(number):
                continue  # it came with an earlier page
            while True:
                try:
                    page = await changes_since(pool, scope, position)
                except StoreUnavailable:
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                position = page.position
                if page.changes or page.start_anew:
                    yield page
                if not page.has_more:
                    break
