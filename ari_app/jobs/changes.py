"""Keeps the log of changes short, and the commands of before."""

from __future__ import annotations

from datetime import UTC, datetime

from ari_app.storage.changes.upkeep import keep_up
from ari_app.storage.commands.upkeep import forget_commands
from ari_app.storage.db.engine import Database

#: after a failover or a crash readers read everything until the log has begun anew
CHANGES_SECONDS = 60.0


class ChangeUpkeep:
    """Due every minute. Several processes may do it at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tick(self) -> None:
        """Raises StoreUnavailable."""
        now = datetime.now(UTC)
        await keep_up(self._database.background, now)
        await forget_commands(self._database.background, now)
