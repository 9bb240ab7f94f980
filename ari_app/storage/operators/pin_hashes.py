"""PINs as argon2 hashes: made by an import, and compared with what an operator keys in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ari_app.core.area_contents import Pin
from ari_app.core.ids import OperatorNumber

#: the least that is advised for argon2id; a PIN is too short for a hash to protect it, the lock does
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # KiB


@cache
def hash_of_nobody() -> str:
    """The hash to compare with when there is no operator of a number, so that it takes equally long."""
    return hash_pin("the PIN of nobody")


def hash_pin(pin: str) -> str:
    """Takes some 20 ms of CPU."""
    return _HASHER.hash(pin)


def pin_fits(pin: str, pin_hash: str) -> bool:
    """Takes some 20 ms of CPU."""
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


async def hash_pins(
    pins: Mapping[OperatorNumber, Pin], before: Mapping[OperatorNumber, str]
) -> dict[OperatorNumber, str]:
    """The hash to keep of each operator's PIN: the one there was before where the PIN still fits."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        hashes = (
            loop.run_in_executor(threads, partial(_hash, pin, before.get(number))) for number, pin in pins.items()
        )
        return dict(zip(pins, await asyncio.gather(*hashes), strict=True))


def _hash(pin: Pin, before: str | None) -> str:
    if pin.hashed is not None:
        return pin.hashed
    typed = pin.typed or ""
    return before if before is not None and pin_fits(typed, before) else hash_pin(typed)
