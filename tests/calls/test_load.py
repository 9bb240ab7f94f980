"""Asterisk answers late or not at all, because it has too much to do: nothing is made worse, and nobody is stranded."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ari_app.calls.clock import sleep_until
from ari_app.calls.errors import NoAnswer, PartyLeft, SwitchUnavailable, TooLate
from ari_app.calls.load import Load
from ari_app.calls.messages import Left
from ari_app.core.area import Reach
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.orders import FEWEST_RETRIES, MOST_AT_ONCE, Urgency
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.fakes.clock import FakeClock, settle

pytestmark = pytest.mark.pure

TIMEOUT = timedelta(seconds=5)
METHODS = {
    "answer": "ensure_answered",
    "play": "play",
    "wait": "ensure_waiting",
    "join": "ensure_in_bridge",
    "hang up": "hang_up",
}


class Sluggish:
    """Orders of these names are answered after a while, or (`lost`) never within the client's time."""

    def __init__(self, world: World, *names: str, after: timedelta = TIMEOUT, lost: bool = True) -> None:
        self.world, self.after, self.lost, self.is_over = world, after, lost, False
        self.given: list[tuple[str, datetime, tuple[Any, ...]]] = []
        self.out = self.most_out = 0
        for name in names or METHODS:
            method = getattr(world.switch, METHODS[name])
            setattr(world.switch, METHODS[name], self._slowed(name, method))

    def _slowed(self, name: str, method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def slowed(*args: Any, **options: Any) -> None:
            if self.is_over:
                await method(*args, **options)
                return
            clock = self.world.clock
            self.given.append((name, clock.now(), args))
            self.out += 1
            self.most_out = max(self.most_out, self.out)
            try:
                await sleep_until(clock, clock.now() + self.after)
            finally:
                self.out -= 1
            if self.lost:
                raise NoAnswer("ordered by the test")
            await method(*args, **options)

        return slowed


async def test_given_no_answers_when_asterisk_is_overloaded_then_nobody_goes_to_the_fallback(world: World) -> None:
    slow = Sluggish(world, "answer", "play", "wait")
    citizens = [await world.citizen() for _ in range(6)] + [await world.citizen(ESDAM_ALONE) for _ in range(6)]
    await world.clock.advance(90)
    assert world.switch.fallback == {} and not any(world.call(c).ended_at for c in citizens)
    slow.is_over = True
    await world.clock.advance(20)
    for citizen in citizens[:6]:
        await world.press(citizen, "1")
    await world.clock.advance(2)
    assert {world.call(citizen).stage for citizen in citizens} == {Stage.WAITING}
    assert world.switch.waiting == set(citizens) and not world.load.is_overloaded


async def test_one_call_that_gets_no_answer_beside_others_that_do_goes_to_the_fallback(world: World) -> None:
    """It is no overload: something is wrong with this channel."""
    lucky = [await world.citizen() for _ in range(30)]
    Sluggish(world, "answer")
    unlucky = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    for citizen in lucky:
        await world.press(citizen, "1")
    await world.clock.advance(8)
    assert world.switch.fallback == {}
    for citizen in lucky:
        await world.hang_up(citizen)
    await world.clock.advance(10)
    assert world.switch.fallback == {unlucky: "switch_unavailable"}


async def test_given_a_crowd_without_answers_then_only_a_share_of_the_orders_is_given_again(world: World) -> None:
    slow = Sluggish(world, "play")
    citizens = [await world.citizen() for _ in range(50)]
    await world.clock.advance(60)
    times = Counter(args[0] for _, _, args in slow.given)
    assert slow.most_out < MOST_AT_ONCE
    again = sum(count - 1 for count in times.values())
    assert 0 < again <= 7 * FEWEST_RETRIES, "per ten seconds"
    assert world.switch.fallback == {}
    for citizen in citizens:
        await world.hang_up(citizen)
    given = len(slow.given)
    await world.clock.advance(60)
    assert len(slow.given) == given, "nothing is ordered about callers who are gone"
    assert {world.call(citizen).end_reason for citizen in citizens} == {EndReason.ABANDONED_IN_MENU}


async def test_given_every_answer_cut_off_once_when_a_crowd_calls_then_each_order_is_given_again_and_nobody_is_lost(
    world: World,
) -> None:
    """More retries than the budget of late answers has: Asterisk is quick, and only the connection is not."""
    lost: set[tuple[str, ...]] = set()

    def once(order: tuple[str, ...], is_done: bool) -> bool:
        if is_done and order not in lost:
            lost.add(order)
            raise SwitchUnavailable("the connection ended before the answer")
        return False

    world.switch.trouble = once
    citizens = [await world.citizen(ESDAM_ALONE) for _ in range(2 * FEWEST_RETRIES)]
    await world.clock.advance(10)
    assert len(lost) > 2 * FEWEST_RETRIES
    assert world.switch.fallback == {}
    assert all(world.call(c).stage is Stage.WAITING and c in world.switch.waiting for c in citizens)


async def test_given_a_crowd_waiting_for_music_when_operators_are_free_then_they_are_connected_at_once(
    world: World,
) -> None:
    slow = Sluggish(world, "wait", after=timedelta(seconds=3), lost=False)
    citizens = []
    for _ in range(60):
        citizens.append(await world.citizen(ESDAM_ALONE))
        await world.clock.advance(0.01)  # the first of them are first in the queue, and have their music already
    await world.clock.advance(3)
    assert 0 < slow.out < MOST_AT_ONCE and 3 <= len(world.switch.waiting) < 20
    for number in ("101", "102", "103"):
        operator = await world.operator(number, phone=f"phone{number}")
        await world.clock.advance(1)
        assert world.switch.partners(operator), "although music is behind"
    await world.clock.advance(60)
    assert {world.call(citizen).stage for citizen in citizens} <= {Stage.WAITING, Stage.TALKING}
    waiting = {citizen for citizen in citizens if world.call(citizen).stage is Stage.WAITING}
    assert world.switch.waiting == waiting, "and everybody has music in the end"


@pytest.mark.parametrize("is_free_already", [False, True])
async def test_given_a_caller_whose_music_came_too_late_when_a_phone_rings_for_them_then_they_hear_music(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, is_free_already: bool
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    ensure_waiting = world.shell.switch.ensure_waiting

    async def has_no_turn(channel_id: ChannelId, until: datetime | None = None) -> None:
        if until is not None:
            raise TooLate("ordered by the test")
        await ensure_waiting(channel_id)

    monkeypatch.setattr(world.shell.switch, "ensure_waiting", has_no_turn)
    if is_free_already:
        await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen()
    await world.press(citizen, "1")
    if not is_free_already:
        await world.clock.advance(5)
        assert citizen in world.switch.up and citizen not in world.switch.waiting
        await world.hang_up(await world.operator("101", phone="phone07"))
    assert world.ringing_at("PJSIP/phone07") and world.call(citizen).stage is Stage.CONNECTING
    assert citizen in world.switch.waiting & world.switch.music


async def test_a_hang_up_that_is_told_late_is_awaited_while_asterisk_is_overloaded(world: World) -> None:
    operator = await world.operator("101")
    await world.press(operator, "*91")
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    Sluggish(world, "play")
    for _ in range(4):
        await world.citizen()
    await world.clock.advance(6)
    assert world.load.is_overloaded
    world.switch.vanish_one(citizen)
    left_at = world.clock.now()
    await world.press(operator, "*0")
    await world.clock.advance(8)
    assert world.call(citizen).is_open, "an order found them gone, and nobody said so yet"
    world.post(citizen, Left(citizen, left_at, 16))
    await world.clock.advance(1)
    call = world.call(citizen)
    assert (call.end_reason, call.ended_at, call.end_is_estimated) == (EndReason.ABANDONED_WAITING, left_at, False)


# --- the line itself ---


class Orders:
    """Orders to a switch that answers when the test says so."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.load = Load(self.clock, jitter=lambda: 0.5)
        self.given: list[str] = []
        self.answers: dict[str, asyncio.Future[None]] = {}

    def ask(
        self, name: str, urgency: Urgency, about: str | None = None, until: datetime | None = None
    ) -> asyncio.Task[None]:
        async def order() -> None:
            self.given.append(name)
            self.answers[name] = asyncio.get_running_loop().create_future()
            await self.answers[name]

        channel_id = None if about is None else ChannelId(about)
        return asyncio.create_task(self.load.carry_out(order, urgency, channel_id, until))


@pytest.fixture
async def orders() -> Orders:
    return Orders()


async def crowded(orders: Orders) -> list[asyncio.Task[None]]:
    """Every place is taken."""
    out = [orders.ask(f"out {at}", Urgency.CONNECT) for at in range(MOST_AT_ONCE)]
    await settle()
    assert len(orders.given) == MOST_AT_ONCE
    return out


async def end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_an_order_whose_time_passes_in_line_is_not_given(orders: Orders) -> None:
    out = await crowded(orders)
    late = orders.ask("late", Urgency.COMFORT, until=orders.clock.now() + timedelta(seconds=1))
    await orders.clock.advance(1)
    with pytest.raises(TooLate):
        await late
    with pytest.raises(TooLate):
        await orders.load.carry_out(asyncio.Event().wait, Urgency.COMFORT, until=orders.clock.now())  # type: ignore[arg-type]
    await end(out)
    assert "late" not in orders.given


async def test_an_order_about_a_party_that_leaves_is_not_given_in_line_or_again(orders: Orders) -> None:
    out = await crowded(orders)
    in_line = orders.ask("in line", Urgency.SERVE, about="c1")
    await settle()
    orders.load.channel_left(ChannelId("c1"))
    with pytest.raises(PartyLeft):
        await in_line
    await end(out)
    failed = orders.ask("failed", Urgency.SERVE, about="c2")
    await settle()
    orders.answers["failed"].set_exception(SwitchUnavailable("ordered by the test"))
    await settle()
    orders.load.channel_left(ChannelId("c2"))
    await orders.clock.advance(1)
    with pytest.raises(PartyLeft):
        await failed
    assert orders.given.count("failed") == 1 and "in line" not in orders.given


async def test_a_task_that_is_stopped_leaves_its_place_in_line_and_out(orders: Orders) -> None:
    out = await crowded(orders)
    stopped, kept = orders.ask("stopped", Urgency.CONNECT), orders.ask("kept", Urgency.CONNECT)
    await settle()
    await end([stopped])
    await end(out[:1])
    await settle()
    assert orders.given[MOST_AT_ONCE:] == ["kept"]
    orders.answers["kept"].set_result(None)
    await kept
    await end(out[1:])
