"""PINs of operators: kept as argon2 hashes, tried at most three times in a row.

Every number that is keyed in is counted and takes equally long, known or not. An attempt is counted before it is
judged, so guesses on many lines at once get no extra tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ari_app.core.ledger import PinVerdict

MAX_FAILURES = 3
LOCKED_FOR = timedelta(minutes=5)

#: a fifth of a second of guessing would be wasted on so short a secret; the lock is what protects it
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # KiB
_NOBODY = _HASHER.hash("the PIN of nobody")
#: longer input is not a number of ours; it is counted under its first digits
_KEYED_LENGTH = 32

_COUNT = """
WITH forgotten AS (DELETE FROM pin_attempt WHERE last_at < $2::timestamptz - interval '1 day' AND operator <> $1)
INSERT INTO pin_attempt AS old (operator, failed_attempts, last_at) VALUES ($1::text, 1, $2)
ON CONFLICT (operator) DO UPDATE SET
  failed_attempts = CASE WHEN old.last_at <= $2 - $3::interval THEN 1 ELSE old.failed_attempts + 1 END,
  locked_until_at = CASE WHEN old.last_at > $2 - $3::interval AND old.failed_attempts + 1 >= $4 THEN $2 + $3 END,
  last_at = $2
WHERE old.locked_until_at IS NULL OR old.locked_until_at <= $2
RETURNING failed_attempts, (SELECT pin_hash FROM operator WHERE number = $1) AS pin_hash"""
_FORGET = "DELETE FROM pin_attempt WHERE operator = $1"

Fetch = Callable[..., Awaitable[list[Any]]]


def hash_pin(pin: str) -> str:
    """Takes some 20 ms of CPU."""
    return _HASHER.hash(pin)


def pin_fits(pin: str, pin_hash: str) -> bool:
    """Takes some 20 ms of CPU."""
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


async def check_pin(fetch: Fetch, operator: str, pin: str, now: datetime) -> PinVerdict:
    """Raises StoreUnavailable when `fetch` does."""
    number = operator[:_KEYED_LENGTH]
    counted = await fetch(_COUNT, number, now, LOCKED_FOR, MAX_FAILURES)
    pin_hash = counted[0]["pin_hash"] if counted else None
    fits = await asyncio.to_thread(pin_fits, pin, pin_hash or _NOBODY)
    if not counted:
        return PinVerdict.LOCKED
    if fits and pin_hash is not None and number == operator:
        await fetch(_FORGET, number)
        return PinVerdict.OK
    return PinVerdict.LOCKED if counted[0]["failed_attempts"] >= MAX_FAILURES else PinVerdict.WRONG
