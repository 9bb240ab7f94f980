"""Passwords are dear to guess, and a hash says so itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import Type, extract_parameters

from ari_app.storage.accounts.passwords import Passwords
from tests import hashes

pytestmark = pytest.mark.pure


@pytest.fixture(autouse=True)
def dear_hashes() -> Iterator[None]:
    with hashes.as_in_the_product():
        yield


async def test_a_hash_costs_what_owasp_asks_for_and_fits_its_password_only() -> None:
    stored = await Passwords().hash("een lang wachtwoord")
    parameters = extract_parameters(stored)
    assert (parameters.type, parameters.memory_cost, parameters.time_cost) == (Type.ID, 19_456, 2)
    assert await Passwords().fits("een lang wachtwoord", stored)
    assert not await Passwords().fits("een lang wachtwoord ", stored)
    assert not await Passwords().fits("een lang wachtwoord", None)
    assert not await Passwords().fits("een lang wachtwoord", "$argon2id$")
