"""The process dies before and after every order and write of a request to be called back: one promise, or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from ari_app.core.area import CallbackRules, Reach
from ari_app.core.call import Call, EndReason, FactKind, Stage
from ari_app.core.callbacks import RequestReason
from ari_app.core.ids import ChannelId
from tests.calls.requests import KEYS, SHOWN, TYPED, Make, asked_for_number, asking, the_request
from tests.calls.test_killed_at_every_step import Stalls
from tests.calls.world import CLOSED_AT, ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


class Begin(Protocol):
    """A caller to whom a promise is owed, and the process that is to make it; it dies at this moment, or goes on."""

    async def __call__(self, make: Make, at: int | None = None) -> tuple[World, ChannelId, Stalls]: ...


class Caller:
    """Keys one answer to each question; keys are lost while no process runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.channel_id: ChannelId | None = None
        self._answered = 0

    @property
    def is_there(self) -> bool:
        return self.channel_id in self.world.switch.channels

    async def call(self, stalls: Stalls) -> None:
        """Until the end of the call, or of the process."""
        if self.channel_id is None:
            self.channel_id = await self.world.citizen(ESDAM_ALONE)
        for _ in range(60):
            if stalls.stopped or not self.is_there:
                return
            await self.answer()
            await self.world.clock.advance(1)

    async def answer(self) -> None:
        assert self.channel_id is not None
        said = [names for channel_id, names in self.world.switch.said if channel_id == self.channel_id]
        if len(said) > self._answered:
            self._answered = len(said)
            await self.world.press(self.channel_id, next((KEYS[k] for k in KEYS if f"nl/{k}" in said[-1]), ""))


def start(make: Make, at: int | None = None) -> tuple[World, Caller, Stalls]:
    world = make(area=asking(), now=CLOSED_AT)
    stalls = Stalls(world, at)
    return world, Caller(world), stalls


async def moments(make: Make) -> int:
    world, caller, stalls = start(make)
    await caller.call(stalls)
    assert the_request(world).pii_number == TYPED
    assert stalls.moments >= 40
    return stalls.moments


async def died(make: Make) -> AsyncIterator[tuple[int, World, Caller, ChannelId, Stalls]]:
    """Before each of its orders and writes in turn; no other is there yet, and the caller is as this one left them."""
    for at in range(await moments(make)):
        world, caller, stalls = start(make, at)
        await caller.call(stalls)
        assert stalls.stopped, at
        assert caller.channel_id is not None
        await world.kill()
        yield at, world, caller, caller.channel_id, stalls
        await world.kill()


async def test_wherever_the_process_dies_the_caller_gets_one_promise_and_hears_it(make_world: Make) -> None:
    async for at, world, caller, channel_id, stalls in died(make_world):
        was_there = caller.is_there
        await world.clock.advance(1)
        await world.restart()
        stalls.stopped = False
        await caller.call(stalls)
        await world.clock.advance(5)
        await world.sweep()
        call = world.call(channel_id)
        request = the_request(world)
        assert (request.pii_number, request.joined_count) == (TYPED, 0), at
        assert call.end_reason is EndReason.CALLBACK_PROMISED, at
        assert call.callback_reference == request.reference, at
        assert world.ledger.kinds(call.id).count(FactKind.CALLBACK_REQUESTED) == 1, at
        assert not was_there or "nl/terug-kenmerk" in world.switch.heard(channel_id), at
        assert not world.switch.channels and not [leg for leg in world.ledger.legs.values() if leg.is_open], at


async def test_a_caller_who_hangs_up_while_no_process_is_there_has_the_promise_if_the_number_was_confirmed(
    make_world: Make,
) -> None:
    async for at, world, caller, channel_id, _ in died(make_world):
        if caller.is_there:
            await world.hang_up(channel_id)
        rows = list(world.ledger.calls.values())
        is_confirmed = bool(rows) and rows[0].pii_callback_number is not None
        await world.restart()
        assert len(world.callback_rows.requests) == int(is_confirmed), at
        ends = [call.end_reason for call in world.ledger.calls.values()]
        if is_confirmed:
            assert ends == [EndReason.CALLBACK_PROMISED], at
        assert not any(call.is_open for call in world.ledger.calls.values()), at


async def test_a_caller_whom_the_fallback_took_while_no_process_is_there_has_the_promise_if_the_number_was_confirmed(
    make_world: Make,
) -> None:
    """The dialplan helps them meanwhile; the next process finds them there, and their number in the row."""
    confirmed = 0
    async for at, world, caller, channel_id, _ in died(make_world):
        if not caller.is_there:
            continue
        world.switch.fallback[channel_id] = "no_controller"
        rows = list(world.ledger.calls.values())
        is_confirmed = bool(rows) and rows[0].pii_callback_number is not None
        await world.restart()
        assert len(world.callback_rows.requests) == int(is_confirmed), at
        assert [call.is_open for call in world.ledger.calls.values()] == [False] * len(rows), at
        confirmed += is_confirmed
    assert confirmed > 5


async def test_a_process_that_dies_after_it_noted_the_end_leaves_the_request_to_the_next(make_world: Make) -> None:
    """The caller hung up while a phone rang for them: the phone is silenced first, and the request is made after it."""
    rules = CallbackRules(offered=True, abandoned=True)
    world = make_world(area=an_area(reach=Reach.RING, callback=rules))
    await world.hang_up(await world.operator("101"))
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.trouble = lambda order, is_done: order[0] == "hang up"
    await world.clock.advance(10)
    await world.hang_up(citizen)
    assert world.call(citizen).ending is EndReason.ABANDONED_WAITING
    await world.kill()
    for phone in list(world.switch.ringing):
        await world.hang_up(phone)
    await world.restart()
    assert (world.call(citizen).is_open, world.call(citizen).end_reason) == (False, EndReason.ABANDONED_WAITING)
    assert the_request(world).reason is RequestReason.ABANDONED


async def one_promise_each(make: Make, begin: Begin, *, least: int) -> AsyncIterator[tuple[int, Call]]:
    """The call as the next process left it, wherever one dies after `begin`, in `least` moments or more."""
    world, _, counted = await begin(make)
    assert the_request(world).pii_number == SHOWN
    assert counted.moments >= least
    for at in range(counted.moments):
        world, citizen, stalls = await begin(make, at)
        assert stalls.stopped, at
        await world.kill()
        await world.restart()
        stalls.stopped = False
        await world.clock.advance(5)
        assert (the_request(world).pii_number, the_request(world).joined_count) == (SHOWN, 0), at
        assert not [leg for leg in world.ledger.legs.values() if leg.is_open], at
        yield at, world.call(citizen)
        await world.kill()


async def handed_over(make: Make, at: int | None = None) -> tuple[World, ChannelId, Stalls]:
    """The store went away after the caller confirmed the number, so they went to the fallback; now it comes back."""
    world, citizen = await asked_for_number(make)
    world.callback_store.available = False
    await world.press(citizen, "1")
    world.ledger.available = False
    await world.clock.advance(31)
    assert world.switch.fallback == {citizen: "store_unavailable"}
    stalls = Stalls(world, at)
    world.callback_store.available = world.ledger.available = True
    await world.clock.advance(2)
    return world, citizen, stalls


async def test_wherever_the_process_dies_after_the_fallback_took_the_caller_they_have_the_promise(
    make_world: Make,
) -> None:
    async for at, call in one_promise_each(make_world, handed_over, least=6):
        assert (call.end_reason, call.handled_by_fallback) == (EndReason.HANDLED_BY_FALLBACK, True), at


async def hung_up(make: Make, at: int | None = None) -> tuple[World, ChannelId, Stalls]:
    """The store went away, and a caller gave up before anybody answered; now it comes back."""
    world = make(area=asking(abandoned=True))
    citizen = await world.citizen(ESDAM_ALONE, number=SHOWN)
    assert world.call(citizen).stage is Stage.WAITING
    world.callback_store.available = world.ledger.available = False
    await world.hang_up(citizen)
    await world.clock.advance(3)
    stalls = Stalls(world, at)
    world.callback_store.available = world.ledger.available = True
    await world.clock.advance(3)
    return world, citizen, stalls


async def test_wherever_the_process_dies_after_a_caller_gave_up_without_a_store_they_have_the_promise(
    make_world: Make,
) -> None:
    async for at, call in one_promise_each(make_world, hung_up, least=4):
        assert call.end_reason in (EndReason.ABANDONED_WAITING, EndReason.LOST), at  # LOST: nothing of it was written
