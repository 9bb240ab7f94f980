"""A call of a page of the demonstration, as far as that page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import CallId, MunicipalityCode
from ari_app.storage.db.engine import Pool
from ari_app.storage.db.errors import translated
from ari_app.storage.db.scopes import reading

_CALL = "SELECT stage, municipality, position_told, held_at IS NOT NULL AS is_held, end_reason FROM call WHERE id = $1"


@dataclass(frozen=True, slots=True)
class TrialCall:
    """`position_told`: the place in the queue that the caller heard last; 0: none yet."""

    stage: Stage
    municipality: MunicipalityCode | None
    position_told: int
    is_held: bool
    end_reason: EndReason | None


async def read_trial_call(pool: Pool, call_id: CallId) -> TrialCall | None:
    """None: its row is not there yet. Raises StoreUnavailable.

    Whoever asks has shown that it is their call; there is no login, and so no scope.
    """
    with translated():
        async with reading(pool, None) as connection:
            row = await connection.fetchrow(_CALL, call_id)
    if row is None:
        return None
    town = row["municipality"]
    reason = row["end_reason"]
    return TrialCall(
        Stage(row["stage"]),
        None if town is None else MunicipalityCode(town),
        row["position_told"],
        row["is_held"],
        None if reason is None else EndReason(reason),
    )
