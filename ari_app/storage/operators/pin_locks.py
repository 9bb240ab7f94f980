"""Who has to wait after wrong PINs, and the end of that. Apart from their checking, whose library is slow to import."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ari_app.core.ids import Endpoint, OperatorNumber
from ari_app.storage.db.audit import record_deed
from ari_app.storage.db.connections import transaction
from ari_app.storage.db.engine import Connection, Pool
from ari_app.storage.db.errors import translated

#: what was keyed and is no operator's number may be a PIN in the wrong place: it is shown to nobody
_LOCKED = """
SELECT operator AS number, NULL AS phone, failed_attempts, locked_until_at FROM pin_attempt
WHERE locked_until_at > $1 AND operator IN (SELECT number FROM operator)
UNION ALL
SELECT NULL, endpoint, failed_attempts, locked_until_at FROM phone_pin_attempt WHERE locked_until_at > $1
ORDER BY 1, 2"""
_UNLOCK_NUMBER = "DELETE FROM pin_attempt WHERE operator = $1 RETURNING operator"
_UNLOCK_PHONE = "DELETE FROM phone_pin_attempt WHERE endpoint = $1 RETURNING endpoint"


@dataclass(frozen=True, slots=True)
class Locked:
    """A number or a phone on which nobody may log in until that moment."""

    number: OperatorNumber | None
    phone: Endpoint | None
    failed_attempts: int
    locked_until_at: datetime


async def list_locked(pool: Pool, now: datetime) -> list[Locked]:
    """Operators and phones that have to wait now. Raises StoreUnavailable."""
    with translated():
        return [Locked(**row) for row in await pool.fetch(_LOCKED, now)]


async def unlock_number(pool: Pool, operator: OperatorNumber, author: str, now: datetime) -> bool:
    """Forget the wrong PINs for this number; False: there were none. Raises StoreUnavailable."""
    return await _unlock(pool, _UNLOCK_NUMBER, operator, "operator", author, now)


async def unlock_phone(pool: Pool, endpoint: Endpoint, author: str, now: datetime) -> bool:
    """Forget the wrong PINs that were keyed on this phone; False: there were none. Raises StoreUnavailable."""
    return await _unlock(pool, _UNLOCK_PHONE, endpoint, "phone", author, now)


async def unlock_number_in(connection: Connection, operator: OperatorNumber, author: str, now: datetime) -> bool:
    """As `unlock_number`, in a transaction of the caller."""
    return await _unlock_in(connection, _UNLOCK_NUMBER, operator, "operator", author, now)


async def _unlock(pool: Pool, statement: str, name: str, kind: str, author: str, now: datetime) -> bool:
    with translated():
        async with transaction(pool) as connection:
            return await _unlock_in(connection, statement, name, kind, author, now)


async def _unlock_in(connection: Connection, statement: str, name: str, kind: str, author: str, now: datetime) -> bool:
    if await connection.fetchrow(statement, name) is None:
        return False
    await record_deed(connection, now, author, f"{kind}.unlock", {kind: name})
    return True
