"""Asterisk does not carry out an order, or does and its answer is lost: nobody is stranded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.calls.errors import SwitchUnavailable
from ari_app.core.area import Reach
from ari_app.core.call import EndReason, LegEndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operators import OperatorState, PauseReason
from tests.calls.scenes import connecting_rung, talking
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure

ORDERS = ["answer", "play", "stop", "wait", "no music", "bridge", "join", "create", "dial", "hang up", "destroy"]


class Fails:
    """Orders of one name fail: `times` of them, before they are obeyed or (`answer_lost`) after."""

    def __init__(
        self, world: World, name: str, times: int = 10**9, *, answer_lost: bool = False, about: str = ""
    ) -> None:
        self.name, self.times, self.answer_lost, self.about = name, times, answer_lost, about
        world.switch.trouble = self

    def __call__(self, order: tuple[str, ...], is_done: bool) -> bool:
        is_meant = order[0] == self.name and any(part.startswith(self.about) for part in order)
        if is_meant and is_done == self.answer_lost and self.times > 0:
            self.times -= 1
            raise SwitchUnavailable("ordered by the test")
        return False


async def a_call_by_menu(world: World) -> ChannelId:
    """Waits for an operator, is rung through or joined, talks, hangs up."""
    citizen = await world.citizen()
    await world.press(citizen, "1")
    await world.clock.advance(5)
    operator = await world.operator("101", phone="phone07")
    if world.area.teams["front"].reach is Reach.RING:  # type: ignore[index]
        await world.hang_up(operator)
    await world.clock.advance(3)
    for phone in list(world.switch.ringing):
        world.switch.pick_up(phone)
    await world.clock.advance(5)
    return citizen


@pytest.mark.parametrize("answer_lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("order", ORDERS)
async def test_a_hiccup_in_any_order_is_not_noticed(
    make_world: Callable[..., World], order: str, reach: Reach, answer_lost: bool
) -> None:
    world = make_world(area=an_area(reach=reach))
    for _ in range(3):
        Fails(world, order, times=1, answer_lost=answer_lost)
        citizen = await a_call_by_menu(world)
        assert world.call(citizen).stage is Stage.TALKING
        assert len(world.switch.partners(citizen)) == 1
        await world.hang_up(citizen)
        await world.clock.advance(40)
        call = world.call(citizen)
        assert (call.end_reason, call.end_is_estimated) == (EndReason.CALLER_HUNG_UP, False)
        assert not [leg for leg in world.ledger.legs.values() if leg.is_open or leg.end_is_estimated]
        for line in [line for line in world.ledger.lines.values() if line.ended_at is None]:
            await world.hang_up(line.channel_id)
        await world.clock.advance(5)
        assert not world.switch.channels and not world.switch.bridges


@pytest.mark.parametrize("order", ["answer", "play", "wait", "join", "no music"])
async def test_a_caller_for_whom_asterisk_does_nothing_any_more_is_helped_by_the_fallback(
    world: World, order: str
) -> None:
    operator = await world.operator("101")
    await world.press(operator, "*91")
    Fails(world, order, about="node1-citizen")
    citizen = await world.citizen() if order == "play" else await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    await world.press(operator, "*0")
    await world.clock.advance(5)
    assert world.switch.fallback == {citizen: "switch_unavailable"}
    call = world.call(citizen)
    assert (call.end_reason, call.handled_by_fallback, call.answered_at) == (EndReason.HANDLED_BY_FALLBACK, True, None)
    assert not world.registry.is_owned(citizen)
    assert world.session("101").state is OperatorState.READY
    assert not [leg for leg in world.ledger.legs.values() if leg.is_open and leg.call_id == call.id]


@pytest.mark.parametrize("order", ["create", "dial"])
async def test_an_operator_whose_phone_cannot_be_rung_does_not_take_every_caller_down(
    make_world: Callable[..., World], order: str
) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    await world.hang_up(await world.operator("101", phone="phone07"))
    Fails(world, order)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(25)
    assert world.call(citizen).stage is Stage.WAITING
    assert world.session("101").pause_reason is PauseReason.NO_ANSWER
    leg = next(leg for leg in world.ledger.legs.values() if leg.party == "101")
    assert leg.end_reason is (LegEndReason.UNREACHABLE if order == "create" else LegEndReason.NO_ANSWER)
    assert world.switch.channels == {citizen}


@pytest.mark.parametrize("lasts", [1.0, 60.0])
async def test_a_caller_leaves_the_application_for_the_fallback_and_not_for_nowhere(world: World, lasts: float) -> None:
    """Asterisk refuses the way to the fallback too: row and task stay open until it is done."""
    citizen = await world.citizen(ESDAM_ALONE)

    def refuse(order: tuple[str, ...], is_done: bool) -> bool:
        raise SwitchUnavailable("ordered by the test")

    world.switch.trouble = refuse
    await world.clock.advance(60 + lasts)
    assert world.call(citizen).is_open and world.registry.is_owned(citizen)
    world.switch.trouble = lambda order, is_done: False
    await world.clock.advance(5)
    assert citizen in world.switch.fallback and not world.call(citizen).is_open


async def test_a_caller_who_hangs_up_while_the_fallback_cannot_be_reached_ends_as_abandoned(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    Fails(world, "play")
    Fails(world, "fallback")

    def refuse(order: tuple[str, ...], is_done: bool) -> bool:
        raise SwitchUnavailable("ordered by the test")

    world.switch.trouble = refuse
    await world.clock.advance(65)
    left_at = world.clock.now()
    await world.hang_up(citizen)
    await world.clock.advance(1)
    call = world.call(citizen)
    assert (call.end_reason, call.ended_at, call.handled_by_fallback) == (EndReason.ABANDONED_WAITING, left_at, False)


async def test_a_caller_without_a_trace_is_lost_and_not_recorded_as_a_hang_up(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.channels.discard(citizen)  # and no event of it, ever
    await world.clock.advance(70)
    call = world.call(citizen)
    assert (call.end_reason, call.end_is_estimated, call.handled_by_fallback) == (EndReason.LOST, True, False)


async def test_a_lost_answer_of_asterisk_about_the_fallback_does_not_make_the_call_abandoned(world: World) -> None:
    citizen = await world.citizen(ESDAM_ALONE)
    refused = iter([True, True, True])

    def trouble(order: tuple[str, ...], is_done: bool) -> bool:
        if (order[0] == "play" and next(refused, False)) or (order[0] == "fallback" and is_done):
            raise SwitchUnavailable("ordered by the test")
        return False

    world.switch.trouble = trouble
    await world.clock.advance(70)
    assert citizen in world.switch.fallback
    call = world.call(citizen)
    assert (call.end_reason, call.handled_by_fallback) == (EndReason.HANDLED_BY_FALLBACK, True)


async def test_a_hang_up_that_asterisk_refuses_is_retried_until_it_is_done(make_world: Callable[..., World]) -> None:
    scene = await talking(make_world)
    assert scene.other is not None
    Fails(scene.world, "hang up")
    await scene.world.hang_up(scene.other)
    await scene.world.clock.advance(60)
    assert scene.world.call(scene.citizen).ending is EndReason.OPERATOR_HUNG_UP
    scene.world.switch.trouble = lambda order, is_done: False
    await scene.world.clock.advance(3)
    assert scene.citizen not in scene.world.switch.channels
    call = scene.world.call(scene.citizen)
    assert (call.end_reason, call.end_is_estimated) == (EndReason.OPERATOR_HUNG_UP, False)


async def test_an_operator_whose_line_cannot_be_set_up_is_hung_up_and_can_log_in_again(world: World) -> None:
    Fails(world, "bridge")
    operator = await world.operator("101")
    await world.clock.advance(5)
    assert operator not in world.switch.channels and not world.registry.sessions()
    assert world.line(operator).ended_at is not None
    world.switch.trouble = lambda order, is_done: False
    await world.operator("101")
    assert world.session("101").state is OperatorState.READY


async def test_an_operator_does_without_a_prompt_that_cannot_be_played(world: World) -> None:
    Fails(world, "play")
    operator = await world.operator("101")
    await world.clock.advance(5)
    assert world.session("101").state is OperatorState.READY
    world.switch.trouble = lambda order, is_done: False
    citizen = await world.citizen(ESDAM_ALONE)
    Fails(world, "play", about=operator)
    await world.clock.advance(5)
    assert world.switch.partners(citizen) == {operator}


async def test_a_prompt_without_any_sound_is_not_ordered(world: World) -> None:
    """Asterisk refuses a play without media (22.10.1: 500)."""

    class Mute:
        def media(self, names: object, municipality: str | None) -> tuple[str, ...]:
            return ()

        def seconds(self, names: object, municipality: str | None) -> float:
            return 0.0

    object.__setattr__(world.shell, "voice", Mute())
    object.__setattr__(world.supervisor._shell, "voice", Mute())
    operator = await world.operator("101")
    citizen = await world.citizen()
    await world.press(citizen, "1")
    assert world.switch.partners(citizen) == {operator}
    assert "play" not in {order[0] for order in world.switch.orders}


async def test_a_phone_that_rings_for_a_call_that_was_lost_is_hung_up_once_asterisk_does_it(
    make_world: Callable[..., World],
) -> None:
    scene = await connecting_rung(make_world)
    await scene.world.kill()
    await scene.world.hang_up(scene.citizen)
    Fails(scene.world, "hang up")
    await scene.world.restart()
    assert scene.other in scene.world.switch.channels
    scene.world.switch.trouble = lambda order, is_done: False
    await scene.world.clock.advance(5)
    assert not scene.world.switch.channels
