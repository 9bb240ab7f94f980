"""The audit log: every deed with its actor, written in the transaction of the deed itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from ari_app.storage.db.engine import Connection

_RECORD = "INSERT INTO audit_log (at, actor, action, detail) VALUES ($1, $2, $3, $4)"


async def record_deed(conn: Connection, at: datetime, actor: str, action: str, detail: Mapping[str, object]) -> None:
    """Add a row. `action` is `subject.verb`, such as "area.import"; `detail` holds no personal data of citizens."""
    await conn.execute(_RECORD, at, actor, action, json.dumps(dict(detail), ensure_ascii=False))
