"""PINs are cheap to hash and dear to guess."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher

from ari_app.core.area_contents import Pin, PinHash
from ari_app.core.ids import OperatorNumber
from ari_app.storage.operators.pin_hashes import hash_pin, hash_pins, pin_fits
from tests import hashes

pytestmark = pytest.mark.pure

ANNA, BERT, COR = OperatorNumber("101"), OperatorNumber("102"), OperatorNumber("103")


@pytest.fixture(autouse=True, scope="module")
def dear_hashes() -> Iterator[None]:
    with hashes.as_in_the_product():
        yield


def spent(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of CPU, the least of several tries."""
    measured = []
    for _ in range(times):
        before = time.process_time()
        work()
        measured.append(time.process_time() - before)
    return min(measured)


def test_only_the_pin_itself_fits_its_hash() -> None:
    hashes = [hash_pin("4821") for _ in range(10)]
    assert len(set(hashes)) == 10
    assert all(pin_fits("4821", pin_hash) for pin_hash in hashes)
    assert not any(pin_fits(wrong, hashes[0]) for wrong in ("4822", "482", "48210", "", "4821/0", "4821/1"))


def test_a_hash_of_before_fits_as_it_did() -> None:
    old = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash("4821")
    assert pin_fits("4821", old)
    assert not pin_fits("4822", old)


@pytest.mark.parametrize("stored", ["", "4821", "$argon2id$", "$argon2id$v=19$m=7168,t=1,p=1$x$y"])
def test_a_hash_that_is_none_fits_nothing(stored: str) -> None:
    assert not pin_fits("4821", stored)


def test_a_guess_costs_several_times_what_the_hash_costs() -> None:
    pin_hash = hash_pin("4821")
    assert spent(lambda: pin_fits("9999", pin_hash)) > 4 * spent(lambda: hash_pin("4821"))


async def test_a_hash_is_kept_while_its_pin_fits() -> None:
    anna, bert, cor = hash_pin("1111"), hash_pin("2222"), PinHash(hash_pin("3333"))
    said: list[str] = []
    pins = {ANNA: Pin(typed="1111"), BERT: Pin(typed="9999"), COR: Pin(hashed=cor)}
    hashes = await hash_pins(pins, {ANNA: anna, BERT: bert, COR: anna}, said.append)
    assert (hashes[ANNA], hashes[COR]) == (anna, cor)
    assert hashes[BERT] != bert
    assert pin_fits("9999", hashes[BERT])
    assert said == ["1 of 3 PINs", "2 of 3 PINs", "3 of 3 PINs"]
