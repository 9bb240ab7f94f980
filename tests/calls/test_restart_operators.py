"""Rule 7 for operators: the process dies while they log in or work, and another one resumes; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.scenes import talking
from tests.calls.world import OPEN_AT, World

pytestmark = pytest.mark.pure


async def test_rule_7_an_operator_who_dialled_in_meanwhile_is_asked_for_number_and_pin(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    await world.kill()
    operator = await world.dial_in()
    await world.restart()
    await world.press(operator, "101#1234#")
    assert world.session("101").state is OperatorState.READY


async def test_rule_7_a_login_that_was_going_on_goes_on_and_keeps_the_moment_of_the_answer(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    operator = await world.dial_in()
    await world.press(operator, "101#9999#10")
    await world.kill()
    await world.clock.advance(4)
    await world.restart()
    await world.press(operator, "101#1234#")
    line = next(iter(world.ledger.lines.values()))
    assert world.session("101").state is OperatorState.READY
    assert (line.answered_at, line.failed_logins) == (OPEN_AT, 1)


@pytest.mark.parametrize("keys", ["*92", "*91*0", ""])
async def test_rule_7_the_state_of_an_operator_survives(make_world: Callable[..., World], keys: str) -> None:
    world = make_world()
    operator = await world.operator("101")
    await world.clock.advance(10)
    await world.press(operator, keys)
    before = world.session("101")
    await world.kill()
    await world.restart()
    assert world.session("101") == before
    await world.press(operator, "*8")
    assert world.session("101").logout_reason is LogoutReason.KEY


async def test_rule_7_a_wrap_up_that_ended_meanwhile_is_over(make_world: Callable[..., World]) -> None:
    scene = await talking(make_world)
    await scene.world.hang_up(scene.citizen)
    await scene.world.kill()
    await scene.world.clock.advance(31)
    await scene.world.restart()
    assert scene.world.session("101").state is OperatorState.READY


@pytest.mark.parametrize("seconds", [0, 5])
async def test_rule_7_a_line_that_an_order_finds_gone_after_asterisk_restarted_ends_for_that_reason(
    make_world: Callable[..., World], seconds: float
) -> None:
    """An order to the new Asterisk may overtake the comparison, and the reason is what has the phone rung."""
    world = make_world()
    await world.operator("101", phone="phone01")
    await world.restart_asterisk()
    await world.sweep()
    await world.clock.advance(seconds)
    assert world.session("101").is_open
    await world.close_gap()
    await world.clock.advance(3)
    assert world.session("101").logout_reason is LogoutReason.ASTERISK_RESTARTED
    assert world.ringing_at("PJSIP/phone01")


async def test_a_line_that_is_gone_without_a_restart_of_asterisk_is_lost(make_world: Callable[..., World]) -> None:
    world = make_world()
    await world.operator("101", phone="phone01")
    world.switch.vanish()
    await world.sweep()
    await world.clock.advance(3)
    assert world.session("101").logout_reason is LogoutReason.LOST


@pytest.mark.parametrize("meanwhile", ["rings on", "is picked up"])
async def test_rule_7_a_phone_that_rings_to_remind_its_operator_is_not_taken_for_one_that_dialled_in(
    make_world: Callable[..., World], meanwhile: str
) -> None:
    world = make_world()
    await world.operator("101", phone="phone01")
    await world.restart_asterisk()
    await world.close_gap()
    reminder = world.ringing_at("PJSIP/phone01")
    await world.kill()
    if meanwhile == "is picked up":
        world.switch.pick_up(reminder)
    await world.restart()
    await world.clock.advance(3)
    assert ("answer", reminder) not in world.switch.orders
    if meanwhile == "rings on":
        assert not world.switch.heard(reminder)
        world.switch.pick_up(reminder)
        await world.clock.advance(0)
    await world.press(reminder, "101#1234#")
    assert world.session("101").channel_id == reminder
