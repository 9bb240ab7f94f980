"""What the pages cannot do without runs beside them: when one task ends, all of them do, and the process with them.

Its supervisor starts it anew, and pages come back by themselves; a process that went on without it would look alive and
show what is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any


class TaskEnded(Exception):
    """A task that should have gone on ended; `task` is its name, and the cause is what it raised, if it did."""

    def __init__(self, task: str) -> None:
        super().__init__(f"the task {task!r} of the pages ended, and the process with it")
        self.task = task


async def run_together(tasks: Mapping[str, Coroutine[Any, Any, None]]) -> None:
    """Run them, by their names, until cancelled. Raises TaskEnded for the first that ends, in whatever way."""
    running = [asyncio.create_task(work, name=name) for name, work in tasks.items()]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    first = next(task for task in running if task in done)
    raise TaskEnded(first.get_name()) from (None if first.cancelled() else first.exception())
