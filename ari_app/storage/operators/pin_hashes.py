"""PINs as argon2 hashes: made by an import, and compared with what an operator keys in.

A hash covers the PIN and one of eight values that is thrown away: to compare a PIN is to try all eight. So a guess
costs 40 ms of CPU, and an import of two thousand PINs not 80 s but 10 (decision 0017). A secret of a few digits is
protected by the lock after wrong PINs, not by its hash.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from ari_app.core.area_contents import Pin
from ari_app.core.ids import OperatorNumber

_THROWN_AWAY = range(8)
_HASHER = PasswordHasher(time_cost=1, memory_cost=7_168, parallelism=1)  # KiB


@cache
def hash_of_nobody() -> str:
    """The hash to compare with when there is no operator of a number, so that it takes equally long."""
    return hash_pin("the PIN of nobody")


def hash_pin(pin: str) -> str:
    """Takes some 5 ms of CPU."""
    return _HASHER.hash(f"{pin}/{secrets.choice(_THROWN_AWAY)}")


def pin_fits(pin: str, pin_hash: str) -> bool:
    """Takes some 40 ms of CPU, half of that when the PIN fits."""
    try:
        parameters = extract_parameters(pin_hash)
    except InvalidHashError:
        return False
    if (parameters.time_cost, parameters.memory_cost) != (_HASHER.time_cost, _HASHER.memory_cost):
        return _verifies(pin, pin_hash)  # made before hashes covered more than the PIN
    return any(_verifies(f"{pin}/{thrown_away}", pin_hash) for thrown_away in _THROWN_AWAY)


def _verifies(text: str, text_hash: str) -> bool:
    try:
        return _HASHER.verify(text_hash, text)
    except (VerificationError, InvalidHashError):
        return False


async def hash_pins(
    pins: Mapping[OperatorNumber, Pin],
    before: Mapping[OperatorNumber, str],
    say: Callable[[str], None] = lambda _: None,
) -> dict[OperatorNumber, str]:
    """The hash to keep of each operator's PIN: the one there was before where the PIN still fits."""
    loop = asyncio.get_running_loop()
    hashes: dict[OperatorNumber, str] = {}
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        under_way = {
            number: loop.run_in_executor(threads, partial(_hash, pin, before.get(number)))
            for number, pin in pins.items()
        }
        for number, hashing in under_way.items():
            hashes[number] = await hashing
            say(f"{len(hashes):,} of {len(pins):,} PINs")
    return hashes


def _hash(pin: Pin, before: str | None) -> str:
    if pin.hashed is not None:
        return pin.hashed
    typed = pin.typed or ""
    return before if before is not None and pin_fits(typed, before) else hash_pin(typed)
