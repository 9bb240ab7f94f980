"""What a supervisor allows beyond a rule, with who and why."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.access import Scope
from ari_app.core.ids import CallId
from ari_app.storage.db.errors import translated
from ari_app.storage.tables import audit_log, call, transfer_allowance


async def allow_transfer(
    engine: AsyncEngine, scope: Scope, call_id: CallId, by: str, reason: str, at: datetime
) -> bool:
    """One hand-over more for a call that goes on (AV §2); False when there is no such call in the scope.

    Each one adds up. It is kept with the call and in the audit log. Raises StoreUnavailable.
    """
    wanted = sa.select(call.c.id).where(call.c.id == call_id, call.c.ended_at.is_(None))
    if scope is not None:
        wanted = wanted.where(call.c.municipality.in_(scope))
    with translated():
        async with engine.begin() as connection:
            if (await connection.execute(wanted)).scalar() is None:
                return False
            allowance = {"call_id": call_id, "allowed_at": at, "allowed_by": by, "reason": reason}
            await connection.execute(sa.insert(transfer_allowance), allowance)
            detail = {"call_id": str(call_id), "reason": reason}
            entry = {"at": at, "actor": by, "action": "transfer_allowed", "detail": detail}
            await connection.execute(sa.insert(audit_log), entry)
    return True
