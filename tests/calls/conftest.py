"""A world per test, stopped at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.calls.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.kill()


@pytest.fixture
async def make_world() -> AsyncIterator[Callable[..., World]]:
    """For a test that wants another area or hour."""
    worlds: list[World] = []

    def make(**options: object) -> World:
        worlds.append(World(**options))  # type: ignore[arg-type]
        return worlds[-1]

    yield make
    for world in worlds:
        await world.kill()
