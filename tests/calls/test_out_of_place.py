"""Somebody else changes what Asterisk has: within one sweep everybody is back, or the caller is in the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.calls.errors import SwitchUnavailable
from ari_app.core.area import Reach
from ari_app.core.call import EndReason, LegEndReason, LegRole, Stage
from ari_app.core.ids import BridgeId, ChannelId
from ari_app.core.misplaced import SETTLING, misplaced, strangers
from ari_app.core.operators import OperatorState
from tests.calls.scenes import legs_of, talking, talking_rung, waiting
from tests.calls.transfers import consulting
from tests.calls.world import World
from tests.fakes.clock import settle
from tests.fakes.switch import WAITING

pytestmark = pytest.mark.pure
Make = Callable[..., World]


def _take_out(world: World, channel_id: ChannelId) -> None:
    """Somebody takes a channel out of whatever bridge it is in."""
    for members in (*world.switch.bridges.values(), world.switch.waiting):
        members.discard(channel_id)


@pytest.mark.parametrize("make_scene", [talking, talking_rung])
@pytest.mark.parametrize("who", ["citizen", "operator", "both", "the bridge"])
async def test_given_a_talk_when_a_party_is_taken_out_of_it_then_one_sweep_brings_them_together(
    make_world: Make, make_scene: Callable[..., object], who: str
) -> None:
    scene = await make_scene(make_world)  # type: ignore[misc]
    world = scene.world
    assert await world.sweep() == 0
    if who == "the bridge":
        world.switch.bridges.clear()
    for channel_id, name in ((scene.citizen, "citizen"), (scene.other, "operator")):
        if who in (name, "both"):
            _take_out(world, channel_id)
    assert await world.sweep() > 0
    assert world.switch.partners(scene.citizen) == {scene.other}
    assert scene.citizen not in world.switch.music
    assert await world.sweep() == 0


async def test_given_a_caller_who_waits_when_they_are_taken_out_then_one_sweep_puts_them_back_with_music(
    make_world: Make,
) -> None:
    scene = await waiting(make_world)
    world = scene.world
    await world.clock.advance(5)
    _take_out(world, scene.citizen)
    world.switch.music.discard(scene.citizen)
    assert await world.sweep() == 1
    assert scene.citizen in world.switch.waiting & world.switch.music


def _refuses(order: tuple[str, ...], is_done: bool) -> bool:
    """Asterisk carries out nothing that a mend needs."""
    if order[0] in ("bridge", "join", "wait"):
        raise SwitchUnavailable("ordered by the test")
    return False


async def test_given_a_caller_whose_phone_hung_up_unseen_when_two_sweeps_find_them_then_the_call_is_over(
    make_world: Make,
) -> None:
    scene = await waiting(make_world)
    world = scene.world
    await world.clock.advance(5)
    _take_out(world, scene.citizen)
    world.switch.without_phone.add(scene.citizen)
    world.switch.trouble = _refuses
    assert await world.sweep() == 1
    await world.clock.advance(10)
    assert world.call(scene.citizen).is_open
    assert await world.sweep() == 1
    await world.clock.advance(3)
    call = world.call(scene.citizen)
    assert (call.end_reason, call.end_is_estimated) == (EndReason.LOST, True)
    assert not [leg for leg in world.ledger.legs.values() if leg.is_open]


async def test_given_a_caller_who_is_there_when_asterisk_is_late_then_they_are_put_back_by_a_later_sweep(
    make_world: Make,
) -> None:
    scene = await waiting(make_world)
    world = scene.world
    await world.clock.advance(5)
    _take_out(world, scene.citizen)
    world.switch.trouble = _refuses
    for _ in range(3):
        assert await world.sweep() == 1
        await world.clock.advance(10)
    world.switch.trouble = lambda order, is_done: False
    assert await world.sweep() == 1
    assert world.call(scene.citizen).is_open
    assert scene.citizen in world.switch.waiting & world.switch.music


@pytest.mark.parametrize("state", ["held", "consulting", "swapped", "conference"])
async def test_given_a_transfer_or_hold_when_a_party_is_taken_out_then_one_sweep_puts_them_where_they_belong(
    make_world: Make, state: str
) -> None:
    t, colleague = await consulting(make_world, reach=Reach.LINE)
    await t.keys({"held": "*34*4", "consulting": "", "swapped": "*31", "conference": "*32"}[state])
    await t.world.clock.advance(5)
    before = {c: (t.hears(c), t.has_music(c)) for c in (t.citizen, t.operator, colleague)}
    for channel_id in (t.citizen, t.operator, colleague):
        _take_out(t.world, channel_id)
    assert await t.world.sweep() > 0
    assert {c: (t.hears(c), t.has_music(c)) for c in (t.citizen, t.operator, colleague)} == before


@pytest.mark.parametrize("make_scene", [talking, talking_rung])
async def test_given_a_talk_when_the_operator_cannot_be_put_back_then_the_caller_is_first_in_the_queue(
    make_world: Make, make_scene: Callable[..., object]
) -> None:
    scene = await make_scene(make_world)  # type: ignore[misc]
    world = scene.world
    _take_out(world, scene.other)
    world.switch.fallback[scene.other] = "somebody sent it elsewhere in the dialplan"
    assert await world.sweep() > 0
    await world.clock.advance(6)
    call = world.call(scene.citizen)
    assert (call.stage, call.returned_at is not None) == (Stage.WAITING, True)
    assert scene.citizen in world.switch.waiting & world.switch.music
    (leg,) = [leg for leg in legs_of(scene) if leg.role is LegRole.OPERATOR]
    assert leg.end_reason is LegEndReason.LOST


async def test_given_a_line_out_of_place_when_asterisk_refuses_the_mend_then_the_next_sweep_tries_again(
    make_world: Make,
) -> None:
    world = make_world()
    operator = await world.operator("101")
    await world.clock.advance(10)
    _take_out(world, operator)
    world.switch.trouble = _refuses
    assert await world.sweep() == 1
    await world.clock.advance(5)
    assert world.session("101").state is OperatorState.READY and operator in world.switch.channels
    world.switch.trouble = lambda order, is_done: False
    assert await world.sweep() == 1
    await world.clock.advance(1)
    assert any(operator in members for members in world.switch.bridges.values())
    assert await world.sweep() == 0


async def test_given_a_transfer_out_of_place_when_asterisk_refuses_the_mend_then_the_next_sweep_tries_again(
    make_world: Make,
) -> None:
    t, colleague = await consulting(make_world, reach=Reach.LINE)
    world = t.world
    await world.clock.advance(5)
    _take_out(world, colleague)
    world.switch.trouble = _refuses
    assert await world.sweep() > 0
    await world.clock.advance(5)
    assert not world.switch.fallback and t.call.stage is Stage.TALKING and t.transfer.is_open
    world.switch.trouble = lambda order, is_done: False
    assert await world.sweep() > 0
    await world.clock.advance(1)
    assert t.hears(t.operator) == {colleague}
    assert t.has_music(t.citizen)


async def test_a_call_whose_stage_has_just_begun_is_not_judged(make_world: Make) -> None:
    scene = await talking(make_world)
    call, legs = scene.world.call(scene.citizen), tuple(leg for leg in legs_of(scene) if leg.is_open)
    _take_out(scene.world, scene.citizen)
    seen = scene.world.snapshot()
    assert misplaced(call, legs, None, seen)
    begun = replace(call, stage_entered_at=seen.taken_at - SETTLING + timedelta(milliseconds=1))
    assert not misplaced(begun, legs, None, seen)


async def test_a_party_that_is_gone_is_not_out_of_place_and_one_in_another_bridge_is(make_world: Make) -> None:
    scene = await talking(make_world)
    call, legs = scene.world.call(scene.citizen), tuple(leg for leg in legs_of(scene) if leg.is_open)
    seen = scene.world.snapshot()
    assert not misplaced(call, legs, None, seen)
    bridges = {bridge: members - {scene.citizen} for bridge, members in seen.bridges.items()}
    elsewhere = {**bridges, WAITING: frozenset({scene.citizen})}
    assert misplaced(call, legs, None, replace(seen, bridges=elsewhere))
    gone = {c: live for c, live in seen.channels.items() if c != scene.citizen}
    assert not misplaced(call, legs, None, replace(seen, channels=gone, bridges=bridges))
    await settle()


LISTENER = ChannelId("somebody-elses.1")


@pytest.mark.parametrize("where", ["the talk", "the free line", "those who wait"])
async def test_given_a_strangers_channel_in_a_bridge_of_ours_then_one_sweep_takes_it_out(
    make_world: Make, where: str
) -> None:
    world = make_world()
    operator, citizen = await world.talk()
    line = await world.operator("102", phone="phone02")
    waits = await world.citizen()
    await world.clock.advance(10)
    bridge_of = {c: bridge for bridge, members in world.switch.bridges.items() for c in members}
    bridge_id = {"the talk": bridge_of[citizen], "the free line": bridge_of[line], "those who wait": WAITING}[where]
    assert bridge_id != WAITING or waits in world.switch.channels
    world.switch.bring_in(LISTENER, bridge_id)
    await world.sweep()
    assert LISTENER not in world.switch.waiting | {c for members in world.switch.bridges.values() for c in members}
    assert LISTENER in world.switch.strangers, "it may go on elsewhere"
    await world.sweep()
    assert world.switch.strangers == {LISTENER}
    assert world.switch.partners(citizen) == {operator}


async def test_given_a_stranger_who_comes_back_or_cannot_be_taken_out_then_the_next_sweep_hangs_it_up(
    make_world: Make,
) -> None:
    world = make_world()
    operator, citizen = await world.talk()
    (bridge_id,) = [bridge for bridge, members in world.switch.bridges.items() if citizen in members]
    for _ in range(2):
        world.switch.bring_in(LISTENER, bridge_id)
        await world.sweep()
    assert not world.switch.strangers
    assert world.switch.partners(citizen) == {operator}


async def test_given_a_caller_in_the_menu_whom_somebody_puts_into_a_talk_then_two_sweeps_take_them_out(
    make_world: Make,
) -> None:
    """The first may have seen a party on its way."""
    world = make_world()
    operator, citizen = await world.talk()
    world.switch.prompts_last = True
    caller = await world.citizen()
    (bridge_id,) = [bridge for bridge, members in world.switch.bridges.items() if citizen in members]
    world.switch.bring_in(caller, bridge_id)
    await world.sweep()
    assert world.switch.partners(citizen) == {operator, caller}
    await world.sweep()
    assert world.switch.partners(citizen) == {operator}
    assert caller in world.switch.channels


async def test_who_belongs_where_is_what_the_rows_say(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    call, legs = world.call(scene.citizen), tuple(leg for leg in legs_of(scene) if leg.is_open)
    assert call.bridge_id is not None and scene.other is not None
    sessions = [world.session("101")]
    seen = world.snapshot()
    assert strangers([(call, legs)], sessions, seen) == set()
    assert strangers([], sessions, seen) == {(call.bridge_id, scene.citizen)}
    of_others = {BridgeId("of-another-application"): frozenset({scene.citizen})}
    assert strangers([], [], replace(seen, bridges=of_others)) == set()
    just_created = {call.bridge_id: frozenset({scene.citizen, LISTENER})}
    assert strangers([(call, legs)], [], replace(seen, bridges=just_created)) == set(), "it is not in the list yet"
    waiting_too = {WAITING: frozenset({scene.citizen, scene.other})}
    assert strangers([(call, legs)], [], replace(seen, bridges=waiting_too)) == set()
