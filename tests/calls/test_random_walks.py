"""Whatever citizens, operators, Asterisk, the store and the process do, in whatever order: nobody is stranded."""

from __future__ import annotations

from random import Random
from unittest.mock import patch
from uuid import UUID

import pytest

from tests.calls.walks import FLAVOURS, Walk
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure

STEPS = 150


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_nobody_is_stranded(flavour: str, seed: int) -> None:
    """A failure is repeated by its flavour and seed, and tells its story."""
    dice = Random(f"{flavour} {seed}")
    ids = Random(seed)  # they decide between equals: the same walk must lead the same way twice

    def new_id() -> UUID:
        return UUID(int=ids.getrandbits(128))

    with patch("ari_app.core.ids.uuid4", new_id), patch("tests.calls.world.uuid4", new_id):
        walk = Walk(dice, flavour)
        try:
            await settle()
            for _ in range(STEPS):
                await walk.step()
            await walk.end()
        except BaseException as error:
            error.add_note("\n".join(walk.story[-40:]))
            raise
        finally:
            await walk.world.stop()
