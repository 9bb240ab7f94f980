"""Exceptions to a rule, allowed by a supervisor and kept with their reason."""

from __future__ import annotations

from datetime import datetime

from ari_app.core.access import Scope
from ari_app.core.ids import CallId
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import scope_codes

_IS_OPEN = "SELECT FROM call WHERE id = $1 AND ended_at IS NULL AND ($2::text[] IS NULL OR municipality = ANY($2))"
_ALLOW = "INSERT INTO transfer_allowance (call_id, allowed_at, allowed_by, reason) VALUES ($1, $2, $3, $4)"


async def allow_transfer(pool: Pool, scope: Scope, call_id: CallId, by: str, reason: str, at: datetime) -> bool:
    """Allow one transfer more in a call that goes on (AV §2); False when there is no such call in the scope.

    Each adds up. Kept with the call and in the audit log. Raises StoreUnavailable.
    """
    with translated():
        async with transaction(pool) as connection:
            return await allow_transfer_in(connection, scope, call_id, by, reason, at)


async def allow_transfer_in(
    connection: Connection, scope: Scope, call_id: CallId, by: str, reason: str, at: datetime
) -> bool:
    """As `allow_transfer`, in a transaction of the caller."""
    if await connection.fetchrow(_IS_OPEN, call_id, scope_codes(scope)) is None:
        return False
    await connection.execute(_ALLOW, call_id, at, by, reason)
    await record_deed(connection, at, by, "transfer_allowed", {"call_id": str(call_id), "reason": reason})
    return True
