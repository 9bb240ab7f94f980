"""Exceptions to a rule, allowed by a supervisor and kept with their reason."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.access import Scope
from ari_app.core.ids import CallId
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import in_scope
from ari_app.storage.tables import call, transfer_allowance


async def allow_transfer(
    engine: AsyncEngine, scope: Scope, call_id: CallId, by: str, reason: str, at: datetime
) -> bool:
    """Allow one transfer more in a call that goes on (AV §2); False when there is no such call in the scope.

    Each adds up. Kept with the call and in the audit log. Raises StoreUnavailable.
    """
    wanted = sa.select(call.c.id).where(
        call.c.id == call_id, call.c.ended_at.is_(None), in_scope(call.c.municipality, scope)
    )
    with translated():
        async with engine.begin() as connection:
            if (await connection.execute(wanted)).scalar() is None:
                return False
            allowance = {"call_id": call_id, "allowed_at": at, "allowed_by": by, "reason": reason}
            await connection.execute(sa.insert(transfer_allowance), allowance)
            detail = {"call_id": str(call_id), "reason": reason}
            await record_deed(connection, at, by, "transfer_allowed", detail)
    return True
