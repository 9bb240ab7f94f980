"""Rules 7 and 10: Asterisk restarts, or nothing of it is heard for a while; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.call import EndReason, LegEndReason, Stage
from ari_app.core.ids import Endpoint
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.scenes import (
    talking,
)
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("process", ["lives", "died too"])
async def test_rule_7_asterisk_restarted_closes_everything_and_operators_must_dial_in_again(
    make_world: Callable[..., World], process: str
) -> None:
    scene = await talking(make_world)
    world = scene.world
    await world.citizen(ESDAM_ALONE)
    await world.dial_in("phone02")
    if process == "died too":
        await world.kill()
    await world.restart_asterisk()
    await (world.restart() if process == "died too" else world.close_gap())
    await world.clock.advance(5)
    assert not any(call.is_open for call in world.ledger.calls.values())
    assert not any(leg.is_open for leg in world.ledger.legs.values())
    before = [line for line in world.ledger.lines.values() if line.channel_id not in world.switch.channels]
    assert before and all(line.ended_at is not None and line.end_is_estimated for line in before)
    assert world.session("101").logout_reason is LogoutReason.ASTERISK_RESTARTED
    reminder = world.ringing_at("PJSIP/phone01")
    world.switch.pick_up(reminder)
    await world.clock.advance(0)
    assert "nl/opnieuw-inbellen" in world.switch.heard(reminder)
    await world.press(reminder, "101#1234#")
    assert world.session("101").state is OperatorState.READY
    assert world.session("101").channel_id == reminder


async def test_a_reminder_that_nobody_picks_up_stops_ringing(make_world: Callable[..., World]) -> None:
    scene = await talking(make_world)
    world = scene.world
    await world.restart_asterisk()
    await world.close_gap()
    reminder = world.ringing_at("PJSIP/phone01")
    await world.clock.advance(31)
    assert reminder not in world.switch.channels
    assert all(line.ended_at is not None for line in world.ledger.lines.values())


async def test_an_operators_phone_that_registers_a_while_after_asterisk_restarted_rings_then(
    make_world: Callable[..., World],
) -> None:
    scene = await talking(make_world)
    world = scene.world
    world.switch.unregistered.add(Endpoint("PJSIP/phone01"))
    await world.restart_asterisk()
    await world.close_gap()
    await world.clock.advance(20)
    assert not world.switch.ringing
    world.switch.unregistered.clear()
    await world.clock.advance(6)
    assert world.ringing_at("PJSIP/phone01")


@pytest.mark.parametrize("meanwhile", ["logs in again", "stays away"])
async def test_a_phone_that_is_not_registered_after_a_restart_of_asterisk_is_not_rung_for_ever(
    make_world: Callable[..., World], meanwhile: str
) -> None:
    scene = await talking(make_world)
    world = scene.world
    world.switch.unregistered.add(Endpoint("PJSIP/phone01"))
    await world.restart_asterisk()
    await world.close_gap()
    if meanwhile == "logs in again":
        await world.operator("101", phone="phone02")
    else:
        await world.clock.advance(61)
    world.switch.unregistered.clear()
    await world.clock.advance(61)
    assert not world.switch.ringing


async def test_a_line_that_ended_while_no_process_ran_is_no_reason_to_call_its_operator(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    operator = await world.operator("101")
    await world.kill()
    world.switch.leave(operator)
    await world.restart()
    await world.clock.advance(10)
    assert world.session("101").logout_reason is LogoutReason.LOST
    assert not world.switch.ringing


async def test_rule_10_what_ended_in_a_gap_of_the_socket_is_estimated_and_what_goes_on_is_not_touched(
    make_world: Callable[..., World],
) -> None:
    """The same process goes on; it only heard nothing for a while."""
    scene = await talking(make_world)
    world = scene.world
    waits = await world.citizen(ESDAM_ALONE)
    leaves = await world.citizen(ESDAM_ALONE)
    post, world.switch.post = world.switch.post, lambda channel_id, message: None
    world.switch.leave(leaves)
    orders = len(world.switch.orders)
    await world.clock.advance(3)
    world.switch.post = post
    back_at = world.clock.now()
    await world.close_gap()
    gone = world.call(leaves)
    assert (gone.end_reason, gone.ended_at, gone.end_is_estimated) == (EndReason.LOST, back_at, True)
    assert next(leg for leg in world.ledger.legs.values() if leg.channel_id == leaves).end_reason is LegEndReason.LOST
    assert len(world.switch.orders) == orders
    assert world.call(waits).stage is Stage.WAITING and world.switch.partners(scene.citizen) == {scene.other}
