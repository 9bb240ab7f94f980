"""Attempts to prove with a PIN who an operator is: at most three wrong ones in a row.

Attempts are counted for every number that is keyed in, known or not, and take equally long. An attempt is counted
before it is judged, so that guesses on many lines at once get no extra tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from ari_app.core.ledger import PinVerdict
from ari_app.storage.operators.pin_hashes import hash_of_nobody, pin_fits

MAX_FAILURES = 3
LOCKED_FOR = timedelta(minutes=5)

#: longer input is no operator's number; it is counted under its first digits
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


async def check_pin(fetch: Fetch, operator: str, pin: str, now: datetime) -> PinVerdict:
    """Count an attempt and judge it; a right one forgets the wrong ones before it. Raises what `fetch` raises."""
    number = operator[:_KEYED_LENGTH]
    counted = await fetch(_COUNT, number, now, LOCKED_FOR, MAX_FAILURES)
    pin_hash = counted[0]["pin_hash"] if counted else None
    nobody = await asyncio.to_thread(hash_of_nobody)
    fits = await asyncio.to_thread(pin_fits, pin, pin_hash or nobody)
    if not counted:
        return PinVerdict.LOCKED
    if fits and pin_hash is not None and number == operator:
        await fetch(_FORGET, number)
        return PinVerdict.OK
    return PinVerdict.LOCKED if counted[0]["failed_attempts"] >= MAX_FAILURES else PinVerdict.WRONG
