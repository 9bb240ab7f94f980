"""Ids that are the same each time a walk is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from unittest.mock import patch
from uuid import UUID


@contextmanager
def of_one_seed(ids: Random) -> Iterator[None]:
    """In the block new ids come from `ids`, and none from the clock."""

    def new_id() -> UUID:
        return UUID(int=ids.getrandbits(128))

    no_clock = patch("ari_app.core.ids.time_ns", lambda: 0)
    with no_clock, patch("ari_app.core.ids.uuid4", new_id), patch("tests.calls.world.uuid4", new_id):
        yield
