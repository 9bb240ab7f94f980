"""The process dies before and after every single order and every single write of a call; another one resumes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operators import OperatorState
from tests.calls.world import World, an_area

pytestmark = pytest.mark.pure


class Stalls:
    """Counts the requests of the process to Asterisk and to the store; the `at`-th is never answered.

    Each order and each write has two moments: before it is done, and after.
    """

    def __init__(self, world: World, at: int | None = None) -> None:
        self._world = world
        self.moments = 0
        self.at = at
        self.stopped = False
        world.switch.trouble = lambda order, is_done: self._now()
        for name in ("store", "store_line", "store_session"):
            setattr(world.ledger, name, self._stalling(getattr(world.ledger, name)))
        for name in ("create_or_join",):
            setattr(world.callbacks, name, self._stalling(getattr(world.callbacks, name)))

    def _now(self) -> bool:
        self.moments += 1
        stall = self.moments - 1 == self.at
        self.stopped = self.stopped or stall
        return stall

    def _stalling(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stalling(*row: Any) -> Any:
            if self._now():
                await self._until_killed()
            stored = await write(*row)
            if self._now():
                await self._until_killed()
            return stored

        return stalling

    async def _until_killed(self) -> None:
        """The process does nothing any more: no time limit of its own goes off."""
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if self._world.is_stopping:
                    raise


class People:
    """People do the same things, whatever the machine does; what they do while no process runs is lost."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.citizen: ChannelId | None = None

    async def an_operator_logs_in(self) -> None:
        if not any(session.is_open and session.operator == "101" for session in self.world.ledger.sessions.values()):
            login = await self.world.operator("101", phone="phone07")
            if self.world.area.teams["front"].reach is Reach.RING:  # type: ignore[index]
                await self.world.hang_up(login)
        await self.world.clock.advance(1)

    async def a_citizen_calls(self) -> None:
        self.citizen = await self.world.citizen()
        await self.world.clock.advance(0.1)

    async def the_citizen_chooses(self) -> None:
        assert self.citizen is not None
        await self.world.press(self.citizen, "1")
        await self.world.clock.advance(0.1)

    async def phones_are_picked_up(self) -> None:
        for phone in list(self.world.switch.ringing):
            self.world.switch.pick_up(phone)
        await self.world.clock.advance(5)

    async def the_citizen_hangs_up(self) -> None:
        assert self.citizen is not None
        if self.citizen in self.world.switch.channels:
            await self.world.hang_up(self.citizen)
        await self.world.clock.advance(5)


async def a_call(world: World, people: People, stalls: Stalls) -> bool:
    """False when the process stopped on the way."""
    steps = (people.an_operator_logs_in, people.a_citizen_calls, people.the_citizen_chooses)
    for step in (*steps, people.phones_are_picked_up, people.the_citizen_hangs_up):
        await step()
        if stalls.stopped:
            return False
    return True


async def taken_up(world: World, people: People) -> None:
    """The rest of the day, with the process that resumes the call."""
    await world.kill()
    await world.clock.advance(1)
    await world.restart()
    await world.clock.advance(6)
    await world.sweep()
    await people.an_operator_logs_in()
    if people.citizen is None:
        await people.a_citizen_calls()
    assert people.citizen is not None
    is_there = people.citizen in world.switch.channels
    if is_there and world.call(people.citizen).stage is Stage.CHOOSING:
        await people.the_citizen_chooses()
    await people.phones_are_picked_up()
    if is_there:
        assert len(world.switch.partners(people.citizen)) == 1
        assert world.call(people.citizen).stage is Stage.TALKING
        assert people.citizen not in world.switch.music
        assert world.session("101").state is OperatorState.TALKING


@pytest.mark.parametrize("reach", Reach)
async def test_wherever_the_process_dies_the_caller_talks_to_the_operator_and_all_is_closed_in_the_end(
    make_world: Callable[..., World], reach: Reach
) -> None:
    area = an_area(reach=reach)
    world = make_world(area=area)
    stalls = Stalls(world)
    assert await a_call(world, People(world), stalls)
    moments = stalls.moments
    assert moments > 40
    for at in range(moments):
        world = make_world(area=area)
        people, stalls = People(world), Stalls(world, at)
        assert not await a_call(world, people, stalls), at
        await taken_up(world, people)
        await people.the_citizen_hangs_up()
        await world.clock.advance(30)
        await world.sweep()
        assert people.citizen is not None
        call = world.call(people.citizen)
        assert call.end_reason in (EndReason.CALLER_HUNG_UP, EndReason.LOST), at
        assert not [leg for leg in world.ledger.legs.values() if leg.is_open], at
        assert world.session("101").state in (OperatorState.READY, OperatorState.WRAP_UP), at
        for line in [line.channel_id for line in world.ledger.lines.values() if line.ended_at is None]:
            await world.hang_up(line)
        await world.clock.advance(5)
        assert not world.switch.channels and not world.switch.bridges, at
        assert all(line.ended_at is not None for line in world.ledger.lines.values()), at
        await world.kill()
