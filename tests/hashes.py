"""Hashes that cost a test nothing: those of the product are made to be dear, and thousands are made in a run.

Every process takes them: a hash names its own cost. What a guess costs is measured with the product's own
(`tests/storage/test_pin_hashes.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher

from ari_app.storage.accounts import passwords
from ari_app.storage.operators import pin_hashes

_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class _CheapPins(PasswordHasher):
    """Says of itself what the product's says: hashes of another cost cover the PIN alone."""

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        pin, _, thrown_away = str(password).rpartition("/")
        assert len(thrown_away) == 1
        return _CHEAP.hash(pin, salt=salt)


_DEAR_PINS, _DEAR_PASSWORDS = pin_hashes._HASHER, passwords._HASHER
_CHEAP_PINS = _CheapPins(_DEAR_PINS.time_cost, _DEAR_PINS.memory_cost, _DEAR_PINS.parallelism)


def be_cheap() -> None:
    pin_hashes._HASHER, passwords._HASHER = _CHEAP_PINS, _CHEAP


@contextmanager
def as_in_the_product() -> Iterator[None]:
    pin_hashes._HASHER, passwords._HASHER = _DEAR_PINS, _DEAR_PASSWORDS
    try:
        yield
    finally:
        be_cheap()
