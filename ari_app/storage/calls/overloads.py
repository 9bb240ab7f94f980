"""The rows of overloads. Each is written by the controller of its Asterisk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from ari_app.core.ids import AsteriskId
from ari_app.core.overloads import Overload
from ari_app.storage.db.connections import borrowed
from ari_app.storage.db.engine import STATEMENT_SECONDS, Pool
from ari_app.storage.db.errors import translated

_STORE = """
INSERT INTO overload (id, asterisk_id, began_at, ended_at, step, signal, turned_away)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET ended_at = $4, step = $5, signal = $6, turned_away = $7, end_is_estimated = false"""
_CLOSE = """
UPDATE overload SET ended_at = greatest($2, began_at), end_is_estimated = true
WHERE asterisk_id = $1 AND ended_at IS NULL"""


class Overloads:
    """`may_write` is awaited before each statement. All raise StoreUnavailable."""

    def __init__(self, pool: Pool, may_write: Callable[[], Awaitable[None]]) -> None:
        self._pool = pool
        self._may_write = may_write

    async def store(self, overload: Overload) -> None:
        """The row as it is now."""
        one = overload
        await self._execute(
            _STORE,
            one.id,
            one.asterisk_id,
            one.began_at,
            one.ended_at,
            one.step.word,
            one.signal.value,
            one.turned_away,
        )

    async def close_left(self, asterisk_id: AsteriskId, now: datetime) -> None:
        """End what an earlier process left open; nobody saw when that was over."""
        await self._execute(_CLOSE, asterisk_id, now)

    async def _execute(self, statement: str, *parameters: object) -> None:
        await self._may_write()
        with translated():
            async with borrowed(self._pool) as connection:
                await connection.execute(statement, *parameters, timeout=STATEMENT_SECONDS)
