"""A process wakes up from a freeze with timers that are due, and another one has its calls (decision 0020)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from inspect import iscoroutinefunction
from typing import Any, cast

import pytest

from ari_app.calls.ports import Ledger, Switch
from ari_app.core.area import Reach, Whisper
from ari_app.core.call import Stage
from ari_app.core.ids import ChannelId
from tests.calls.transfers import DESK, with_directory
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.fakes.clock import settle
from tests.fakes.ledger import FakeLedger
from tests.fakes.switch import FakeSwitch

pytestmark = pytest.mark.pure

#: longer than any phone rings
RUNG_OUT_SECONDS = 60


class Sure:
    """In front of Asterisk and the store, as in the program: orders and rows wait until the lock is sure to be ours."""

    def __init__(self, behind: Switch | Ledger, is_sure: asyncio.Event) -> None:
        self._behind = behind
        self._is_sure = is_sure

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if not iscoroutinefunction(found):
            return found

        async def waits(*arguments: object, **named: object) -> object:
            await self._is_sure.wait()
            return await found(*arguments, **named)

        return waits


@asynccontextmanager
async def replaced_when_frozen(world: World) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """`world` with a process that is frozen and replaced by another one, when what is given is called.

    It wakes up at once, so that its timers run; it learns in the end that it was replaced, and dies.
    """
    await world.stop()
    is_sure, switch, ledger = asyncio.Event(), world.switch, world.ledger
    is_sure.set()
    world.switch, world.ledger = cast(FakeSwitch, Sure(switch, is_sure)), cast(FakeLedger, Sure(ledger, is_sure))
    world.start_process()
    world.switch, world.ledger = switch, ledger
    frozen = world._running

    async def freeze() -> None:
        is_sure.clear()
        world.start_process()
        await settle()
        await world.close_gap()

    yield freeze
    before = (len(switch.orders), ledger.writes)
    frozen.cancel()
    with suppress(asyncio.CancelledError):
        await frozen
    await settle()
    assert (len(switch.orders), ledger.writes) == before


async def is_picked_up(world: World, phone: ChannelId) -> None:
    world.switch.pick_up(phone)
    await world.clock.advance(1)


async def test_the_ring_time_of_a_phone_that_was_picked_up_meanwhile_ends_no_talk(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(reach=Reach.RING, whisper=Whisper.NONE))
    async with replaced_when_frozen(world) as freeze:
        await world.hang_up(await world.operator("101", phone="phone07"))
        citizen = await world.citizen(ESDAM_ALONE)
        phone = world.ringing_at("PJSIP/phone07")
        await freeze()
        await is_picked_up(world, phone)
        orders = len(world.switch.orders)
        await world.clock.advance(RUNG_OUT_SECONDS)
        assert world.switch.partners(citizen) == {phone}
        assert world.call(citizen).stage is Stage.TALKING
        assert world.switch.orders[orders:] == []


async def test_the_ring_time_of_a_colleague_who_picked_up_meanwhile_ends_no_consultation(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=with_directory())
    async with replaced_when_frozen(world) as freeze:
        operator = await world.operator("101")
        await world.citizen(ESDAM_ALONE)
        await world.press(operator, "*1200#")
        colleague = world.ringing_at(DESK)
        await freeze()
        await is_picked_up(world, colleague)
        await world.clock.advance(RUNG_OUT_SECONDS)
        assert world.switch.partners(operator) == {colleague}


async def test_the_patience_of_a_caller_who_was_answered_meanwhile_sends_nobody_away(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    async with replaced_when_frozen(world) as freeze:
        citizen = await world.citizen(ESDAM_ALONE)
        await freeze()
        operator = await world.operator("101")
        await world.clock.advance(5)
        assert world.switch.partners(citizen) == {operator}
        await world.clock.advance(2000)
        assert world.switch.partners(citizen) == {operator}
        assert citizen not in world.switch.fallback
