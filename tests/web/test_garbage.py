"""What is there already is left out of collections, and what goes round in circles is found all the same."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from ari_app.web import garbage
from ari_app.web.garbage import FULL_SECONDS, MANY, is_due, keep_collections_short
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.pure


class Circle:
    """Only a collection finds it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def nothing_is_frozen_before() -> Iterator[None]:
    """The run itself leaves out what it collected, and does so again afterwards."""
    gc.unfreeze()
    yield
    gc.freeze()


@pytest.mark.parametrize(
    ("screens", "before", "seconds", "due"),
    [
        (MANY, 0, 5, False),
        (MANY + 1, 0, 5, True),
        (2000, 1900, 5, False),
        (2000, 1500, 5, True),
        (10, 2000, 5, False),
        (0, 0, FULL_SECONDS, True),
    ],
)
def test_everything_is_looked_through_after_growth_and_from_time_to_time(
    screens: int, before: int, seconds: float, due: bool
) -> None:
    assert is_due(screens, before, seconds) is due


async def test_what_refers_to_itself_is_found_at_the_next_full_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "LOOK_SECONDS", 0)
    screens = 0
    kept = Circle()
    found = weakref.ref(kept)
    keeping = asyncio.create_task(keep_collections_short(lambda: screens))
    await asyncio.sleep(0)
    assert gc.get_freeze_count() > 1000
    del kept
    gc.collect()
    assert found() is not None, "it is left out"
    screens = MANY + 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        while found() is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
