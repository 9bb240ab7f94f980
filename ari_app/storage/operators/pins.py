"""Attempts to prove with a PIN who an operator is: after wrong ones, number and phone have to wait (core.pin_limits).

Attempts are counted for every number that is keyed in, known or not, and take equally long. An attempt is counted
before it is judged, so that guesses on many lines at once get no extra tries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from ari_app.core.ledger import PinVerdict
from ari_app.core.pin_limits import FORGOTTEN_AFTER, OF_NUMBER, OF_PHONE
from ari_app.storage.operators.pin_hashes import hash_of_nobody, pin_fits

#: longer input is no operator's number; it is counted under its first digits
_KEYED_LENGTH = 32


def _counted(waits: str) -> str:
    """SQL: one more failure in the row `old`, which may be tried again at $2; none while it has to wait."""
    failures = "CASE WHEN old.last_at <= $2 - $6::interval THEN 1 ELSE old.failed_attempts + 1 END"
    wait = f"({waits}::interval[])[least({failures}, cardinality({waits}::interval[]))]"
    return (
        f"UPDATE SET failed_attempts = {failures}, locked_until_at = $2 + {wait}, last_at = $2"
        " WHERE old.locked_until_at IS NULL OR old.locked_until_at <= $2"
    )


_COUNT = f"""
WITH forgotten AS (DELETE FROM pin_attempt WHERE last_at < $2::timestamptz - interval '1 day' AND operator <> $1),
forgotten_phones AS (
  DELETE FROM phone_pin_attempt WHERE last_at < $2::timestamptz - interval '1 day' AND endpoint <> $3),
phone AS (
  INSERT INTO phone_pin_attempt AS old (endpoint, failed_attempts, last_at) VALUES ($3::text, 1, $2)
  ON CONFLICT (endpoint) DO {_counted("$5")} RETURNING locked_until_at)
INSERT INTO pin_attempt AS old (operator, failed_attempts, last_at) SELECT $1::text, 1, $2 FROM phone
ON CONFLICT (operator) DO {_counted("$4")}
RETURNING coalesce(locked_until_at, (SELECT locked_until_at FROM phone)) IS NOT NULL AS is_last,
  (SELECT pin_hash FROM operator WHERE number = $1) AS pin_hash"""
_FORGET = """
WITH phone AS (DELETE FROM phone_pin_attempt WHERE endpoint = $2) DELETE FROM pin_attempt WHERE operator = $1"""
Fetch = Callable[..., Awaitable[list[Any]]]


async def check_pin(fetch: Fetch, operator: str, pin: str, endpoint: str, now: datetime) -> PinVerdict:
    """Count an attempt and judge it; a right one forgets the wrong ones before it. Raises what `fetch` raises."""
    number = operator[:_KEYED_LENGTH]
    counted = await fetch(_COUNT, number, now, endpoint, OF_NUMBER.waits, OF_PHONE.waits, FORGOTTEN_AFTER)
    pin_hash = counted[0]["pin_hash"] if counted else None
    nobody = await asyncio.to_thread(hash_of_nobody)
    fits = await asyncio.to_thread(pin_fits, pin, pin_hash or nobody)
    if not counted:
        return PinVerdict.LOCKED
    if fits and pin_hash is not None and number == operator:
        await fetch(_FORGET, number, endpoint)
        return PinVerdict.OK
    return PinVerdict.LOCKED if counted[0]["is_last"] else PinVerdict.WRONG
