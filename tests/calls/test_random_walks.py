"""Citizens, operators, Asterisk, the store and the process do anything in any order: nobody is stranded.

A failure names its flavour and seed, which repeat it: `make walks ARGS="--flavour store --seed 17"`.
"""

from __future__ import annotations

import pytest

from tests.calls.flavours import FLAVOURS
from tests.calls.walks import walk

pytestmark = pytest.mark.pure

#: of each flavour; 2,160 walks in all
WALKS, TOGETHER, STEPS = 240, 20, 60


@pytest.mark.parametrize("first", range(0, WALKS, TOGETHER))
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_nobody_is_stranded(flavour: str, first: int) -> None:
    for seed in range(first, first + TOGETHER):
        await walk(flavour, seed, STEPS)
