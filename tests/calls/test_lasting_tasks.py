"""A task that is to go on for as long as the process, such as taking commands: a fault ends one run of it."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from ari_app.core.ledger import StoreUnavailable
from tests.calls.world import ESDAM_ALONE, World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("error", "logged"),
    [(RuntimeError("a mistake of ours"), "task_fault"), (StoreUnavailable("away"), "task_given_up")],
)
async def test_given_a_fault_then_it_is_logged_and_the_task_begins_again(
    world: World, error: Exception, logged: str
) -> None:
    begun: list[int] = []

    async def follow() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise error
        await asyncio.Event().wait()

    await settle()
    with structlog.testing.capture_logs() as lines:
        world.supervisor.keep(follow, "commands")
        await settle()
        assert begun == [0], "a fault at each beginning must not keep the process busy"
        await world.clock.advance(5)
    assert begun == [0, 1]
    assert [(line["event"], line["task"]) for line in lines] == [(logged, "commands")]
    assert await world.citizen(ESDAM_ALONE) in world.switch.channels, "calls go on"
