"""Passwords as argon2id hashes, made and compared in threads: each takes some 50 ms, in which the pages go on."""

from __future__ import annotations

import asyncio
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: KiB; twice the least that OWASP names would keep the pages waiting, since the cores are those of the calls
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
AT_ONCE = 2


class Passwords:
    """For one event loop. `AT_ONCE` are computed at a time; the others wait their turn."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; takes equally long when there is none to compare with."""
        async with self._turns:
            return await asyncio.to_thread(_fits, password, password_hash)


def _fits(password: str, password_hash: str | None) -> bool:
    try:
        fits = _HASHER.verify(password_hash or _of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash is not None


@cache
def _of_nobody() -> str:
    return _HASHER.hash("the password of nobody")
