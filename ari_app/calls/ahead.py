"""Beginning with something whose result is wanted later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def begun(work: Coroutine[None, None, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Work that goes on while the block runs, for the block to await; given up when the block ends before it does.

    Only for reading, and for work that is done alone as well as in its task: a read that is given up changes nothing.
    """
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
