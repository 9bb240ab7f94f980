"""The heartbeat of the controller: what a store that is slow, away or back makes of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ari_app import controller as program
from ari_app.calls.door import Door
from ari_app.controller import Controller
from ari_app.core.ledger import StoreUnavailable
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.pure


class Around:
    """Everything around a controller, as it would be in a program that has closed its gap."""

    def __init__(self) -> None:
        self.beats: list[datetime | None] = []
        self.has_beaten = asyncio.Event()  # five times
        self.is_held = True
        self.store: str = "there"
        self.clock = FakeClock()
        self.door = Door(self.clock)
        exchange = SimpleNamespace(stream=SimpleNamespace(is_connected=True), switch=SimpleNamespace(beat=self._beat))
        node = SimpleNamespace(beat=self._ask)
        self.controller = Controller(
            cast(Any, exchange),
            cast(Any, node),
            cast(Any, self),
            cast(Any, None),
            self.clock,
            self.door,
            cast(Any, None),
            None,
            self.clock.now(),
        )
        self.controller._gap_closed = True

    async def wait_until_sure(self) -> None:
        """As the lock's."""

    async def _beat(self, at: datetime | None) -> None:
        self.beats.append(at)
        if len(self.beats) == 5:
            self.has_beaten.set()

    async def _ask(self) -> None:
        if self.store == "frozen":
            await asyncio.Event().wait()
        if self.store == "gone":
            raise StoreUnavailable("gone")

    async def seconds_later(self, seconds: float) -> None:
        """One question and one heartbeat, so long after the last ones."""
        await self.clock.advance(seconds)
        await self.controller._ask_store()
        await self.controller._write_beat()


async def test_a_store_that_does_not_answer_delays_no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "BEAT_SECONDS", 0.0)
    around = Around()
    around.store = "frozen"
    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(around.controller.watch_store()), tasks.create_task(around.controller.beat())]
        await around.has_beaten.wait()
        for task in both:
            task.cancel()
    assert len(around.beats) >= 5 and None not in around.beats


async def test_while_the_store_is_away_the_heartbeat_goes_on_for_half_a_minute_also_without_the_lock() -> None:
    around = Around()
    await around.seconds_later(1)
    around.store, around.is_held = "gone", False
    for seconds in (1, 20, 9):
        await around.seconds_later(seconds)
        assert around.controller.is_ready
    await around.seconds_later(1)
    assert around.beats[-1] is None and not around.controller.is_ready
    around.store = "there"
    await around.seconds_later(1)
    assert not around.controller.is_ready, "another copy may have the lock by now"
    around.is_held = True
    await around.seconds_later(1)
    assert around.controller.is_ready and around.beats[-1] is not None


async def test_the_door_hears_from_the_heartbeat_that_the_store_is_away_and_back() -> None:
    around = Around()
    around.store = "gone"
    await around.seconds_later(1)
    assert around.door.is_away
    around.store = "there"
    await around.seconds_later(1)
    assert not around.door.is_away
