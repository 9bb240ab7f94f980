"""Garbage is looked for among what is new: with thousands of screens a full collection holds up all pages.

Half a second for 2,000 desks, whenever a quarter of the objects was new. What is there is left out of collections
(`gc.freeze`); a screen that closes is freed all the same, but for what refers to itself in a circle. So everything is
looked through again when there are many more screens, and from time to time.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

LOOK_SECONDS = 5.0
#: everything is looked through so often
FULL_SECONDS = 600.0
#: and after so much growth of the number of screens
GROWTH = 1.25
#: fewer screens than these cost nobody anything
MANY = 100


def is_due(screens: int, screens_before: int, seconds: float) -> bool:
    """`screens_before` and `seconds`: at, and since, the last time."""
    return seconds >= FULL_SECONDS or screens > max(screens_before * GROWTH, MANY)


async def keep_collections_short(count_screens: Callable[[], int]) -> None:
    """For a process that does nothing but serve pages. Ends by cancellation only."""
    clock = asyncio.get_running_loop().time
    screens, at = 0, clock() - FULL_SECONDS
    while True:
        if is_due(count_screens(), screens, clock() - at):
            screens, at = count_screens(), clock()
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        await asyncio.sleep(LOOK_SECONDS)
