"""Calls that ended before a human answered, and whose callers have talked to nobody since."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ari_app.core.call import EndReason
from ari_app.core.ids import CallId, MunicipalityCode
from ari_app.storage.db.errors import translated

_ABANDONED = sa.text("""
SELECT call.id, call.municipality, call.arrived_at, call.transfer_count, call.pii_caller_number
FROM call
WHERE call.municipality = ANY(:municipalities) AND call.arrived_at >= :since AND call.end_reason = :reason
  AND call.pii_caller_number IS NOT NULL AND call.callback_request IS NULL
  AND NOT EXISTS (SELECT FROM call later WHERE later.pii_caller_number = call.pii_caller_number
    AND later.municipality = call.municipality AND later.arrived_at > call.arrived_at
    AND (later.answered_at IS NOT NULL OR later.ended_at IS NULL)
    AND later.arrived_at >= :since)
  AND NOT EXISTS (SELECT FROM callback_request r WHERE r.pii_number = call.pii_caller_number
    AND r.municipality = call.municipality AND (r.call_id = call.id OR r.created_at >= call.arrived_at
      OR EXISTS (SELECT FROM callback_fact f WHERE f.request_id = r.id AND f.kind = 'joined'
        AND f.at >= call.arrived_at)))
ORDER BY call.arrived_at, call.id""")


@dataclass(frozen=True, slots=True)
class AbandonedCall:
    id: CallId
    municipality: MunicipalityCode
    arrived_at: datetime
    transfer_count: int
    pii_caller_number: str = field(repr=False)


async def abandoned_calls(
    engine: AsyncEngine, municipalities: Collection[MunicipalityCode], since: datetime
) -> list[AbandonedCall]:
    """Calls since a moment whose caller gave up waiting, has a known number and was promised nothing after that.

    Calls of callers who called again and are being helped, or were helped, are left out. Raises StoreUnavailable.
    """
    parameters = {
        "municipalities": sorted(municipalities),
        "since": since,
        "reason": EndReason.ABANDONED_WAITING.value,
    }
    with translated():
        async with engine.connect() as connection:
            rows = (await connection.execute(_ABANDONED, parameters)).mappings().all()
    return [AbandonedCall(**row) for row in rows]
