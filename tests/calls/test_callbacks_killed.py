"""The process dies before and after each order and write of a callback: nothing is lost, no call is made twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ari_app.core.callback_rules import LEASE
from ari_app.core.callbacks import AttemptOutcome, CallbackRequest
from ari_app.core.operators import OperatorState
from tests.calls.promises import now_is, promised
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.transfers import MOBILE, with_directory
from tests.calls.world import NODE, World

pytestmark = pytest.mark.pure
Make = Callable[..., World]
CITIZEN_PHONE = f"PJSIP/{MOBILE}@trunk"


class PromiseStalls(Stalls):
    """Also at every change of a request."""

    def __init__(self, world: World, at: int | None = None) -> None:
        super().__init__(world, at)
        for name in ("claim_next", "start_attempt", "attempt_answered", "talk_began", "end_attempt", "release"):
            setattr(world.callbacks, name, self._never(getattr(world.callbacks, name)))

    def _never(self, change: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stalling(*arguments: Any, **more: Any) -> Any:
            if self._now():
                await asyncio.Event().wait()
            changed = await change(*arguments, **more)
            if self._now():
                await asyncio.Event().wait()
            return changed

        return stalling


def dialled(world: World) -> int:
    """How many phones of the citizen exist or ring now."""
    created = world.switch.created.items()
    return sum(endpoint == CITIZEN_PHONE and phone in world.switch.channels for phone, (endpoint, _, _) in created)


async def a_callback(world: World, stalls: PromiseStalls) -> bool:
    """False when the process stopped on the way."""
    operator = next(c for c in world.switch.channels)

    async def takes_next() -> None:
        await world.press(operator, "*7")

    async def picks_up() -> None:
        for phone in list(world.switch.ringing):
            world.switch.pick_up(phone)
        await world.clock.advance(5)

    async def hangs_up() -> None:
        for channel_id, (endpoint, _, _) in list(world.switch.created.items()):
            if endpoint == CITIZEN_PHONE and channel_id in world.switch.channels:
                await world.hang_up(channel_id)
        await world.clock.advance(3)

    for deed in (takes_next, picks_up, hangs_up):
        await deed()
        assert dialled(world) <= 1
        if stalls.stopped:
            return False
    return True


async def swept(world: World) -> None:
    """The tick of the job: leases of calls that go on are extended, the others expire."""
    await world.callbacks.extend_leases_of_calls(NODE, world.clock.now())
    await world.callbacks.sweep_leases(world.clock.now())


async def test_wherever_the_process_dies_the_citizen_is_called_once_at_a_time_and_the_promise_stays(
    make_world: Make,
) -> None:
    async def begun(at: int | None) -> tuple[World, CallbackRequest, PromiseStalls]:
        world = make_world(area=with_directory())
        await world.operator("101", phone="phone07")
        request = await promised(world)
        return world, request, PromiseStalls(world, at)

    world, request, stalls = await begun(None)
    assert await a_callback(world, stalls)
    moments = stalls.moments
    assert moments > 30
    assert [one.outcome for one in world.callback_rows.tries.values()] == [AttemptOutcome.REACHED]
    for at in range(moments):
        world, request, stalls = await begun(at)
        assert not await a_callback(world, stalls), at
        await world.kill()
        await world.clock.advance(1)
        await world.restart()
        await world.clock.advance(6)
        await world.sweep()
        await swept(world)
        assert dialled(world) <= 1, at
        for phone in list(world.switch.ringing):
            world.switch.pick_up(phone)
        await world.clock.advance(5)
        for channel_id, (endpoint, _, _) in list(world.switch.created.items()):
            if endpoint == CITIZEN_PHONE and channel_id in world.switch.channels:
                await world.hang_up(channel_id)
        await world.clock.advance(LEASE.total_seconds())
        await world.sweep()
        await swept(world)
        await world.clock.advance(30)
        await world.sweep()
        after = now_is(world, request)
        outcomes = [one.outcome for one in world.callback_rows.tries.values()]
        assert None not in outcomes and after.lease_owner is None, at
        reached = outcomes.count(AttemptOutcome.REACHED)
        assert reached <= 1, at
        assert after.is_open == (reached == 0), at
        assert after.is_open is False or after.next_attempt_at is not None, at
        assert not [leg for leg in world.ledger.legs.values() if leg.is_open], at
        assert world.session("101").state in (OperatorState.READY, OperatorState.WRAP_UP), at
        if after.is_open:
            assert after.next_attempt_at is not None
            await world.clock.advance(max(0.0, (after.next_attempt_at - world.clock.now()).total_seconds()) + 1)
            operator = world.session("101").channel_id
            assert operator is not None
            await world.press(operator, "*7")
            assert dialled(world) == 1, at
        await world.kill()
