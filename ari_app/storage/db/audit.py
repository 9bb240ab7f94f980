"""The audit log: every deed with its actor, written in the transaction of the deed itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.storage.tables import audit_log


async def record_deed(
    conn: AsyncConnection, at: datetime, actor: str, action: str, detail: Mapping[str, object]
) -> None:
    """Add a row. `action` is `subject.verb`, such as "area.import"; `detail` holds no personal data of citizens."""
    await conn.execute(sa.insert(audit_log), {"at": at, "actor": actor, "action": action, "detail": detail})
