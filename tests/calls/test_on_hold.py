"""The phone of an operator or colleague puts its line on hold: the line is up, and nobody is there; on fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import FactKind, LegEndReason, LegRole, Stage
from ari_app.core.operator_rules import step
from ari_app.core.operators import (
    CallOver,
    LineHeld,
    LineUnheld,
    OperatorState,
    Pause,
    PauseReason,
    Resume,
    WrapUpOver,
)
from tests.calls.holding import HELD, READY, hold, holds, state_of, unhold
from tests.calls.scenes import connecting, connecting_rung, legs_of, talking, talking_rung
from tests.calls.transfers import talk
from tests.calls.world import ESDAM_ALONE, World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def test_given_a_ready_operator_when_their_phone_holds_the_line_then_another_one_gets_the_caller(
    world: World,
) -> None:
    held = await world.operator("101")
    await world.clock.advance(1)
    other = await world.operator("102", phone="phone02")
    await hold(world, held)
    assert state_of(world) == HELD
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {other}


async def test_given_a_held_line_when_it_is_taken_back_then_the_operator_is_ready_and_gets_who_waits(
    world: World,
) -> None:
    operator = await world.operator("101")
    await hold(world, operator)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.call(citizen).stage is Stage.WAITING
    await unhold(world, operator)
    assert world.switch.partners(citizen) == {operator}


async def test_given_a_held_line_whose_return_was_not_seen_when_star_zero_is_keyed_then_the_operator_is_ready(
    world: World,
) -> None:
    operator = await world.operator("101")
    await hold(world, operator)
    await world.press(operator, "*0")
    assert state_of(world) == READY


async def test_given_a_caller_who_is_announced_when_the_phone_holds_the_line_then_the_place_is_kept(
    make_world: Make,
) -> None:
    scene = await connecting(make_world)
    world = scene.world
    assert scene.other is not None
    queued_at = world.call(scene.citizen).queued_at
    await world.clock.advance(1)
    await hold(world, scene.other)
    call = world.call(scene.citizen)
    assert (call.stage, call.queued_at, call.operator_session) == (Stage.WAITING, queued_at, None)
    assert state_of(world) == HELD
    other = await world.operator("102", phone="phone02")
    world.switch.finish_prompt(other)
    world.switch.prompts_last = False
    await settle()
    world.switch.finish_prompt(other)
    await settle()
    assert world.switch.partners(scene.citizen) == {other}
    assert state_of(world) == HELD


@pytest.mark.parametrize("make_scene", [talking, talking_rung])
async def test_given_a_talk_when_the_operators_phone_holds_then_the_record_says_so_and_the_talk_goes_on(
    make_world: Make, make_scene: Callable[..., object]
) -> None:
    scene = await make_scene(make_world)  # type: ignore[misc]
    world = scene.world
    await hold(world, scene.other)
    assert holds(world, scene.citizen) == [(FactKind.HELD, "operator")]
    assert state_of(world)[0] is OperatorState.TALKING
    await unhold(world, scene.other)
    assert holds(world, scene.citizen) == [(FactKind.HELD, "operator"), (FactKind.HELD_NO_MORE, "operator")]
    assert world.switch.partners(scene.citizen) == {scene.other}


async def test_given_a_talk_on_hold_when_the_caller_hangs_up_then_no_other_caller_comes_to_the_held_line(
    make_world: Make,
) -> None:
    scene = await talking(make_world)
    world = scene.world
    assert scene.other is not None
    await hold(world, scene.other)
    await world.hang_up(scene.citizen)
    await world.clock.advance(60)  # the wrap-up time is over
    assert state_of(world) == HELD
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.call(citizen).stage is Stage.WAITING


async def test_given_a_rung_operator_when_their_phone_answers_on_hold_then_the_caller_goes_back_to_the_queue(
    make_world: Make,
) -> None:
    scene = await connecting_rung(make_world)
    world = scene.world
    assert scene.other is not None
    queued_at = world.call(scene.citizen).queued_at
    world.switch.prompts_last = True
    world.switch.pick_up(scene.other)
    await hold(world, scene.other)
    world.switch.prompts_last = False
    world.switch.finish_prompt(scene.other)
    await world.clock.advance(1)
    call = world.call(scene.citizen)
    assert (call.stage, call.queued_at, call.answered_at) == (Stage.WAITING, queued_at, None)
    leg = next(leg for leg in legs_of(scene) if leg.channel_id == scene.other)
    assert leg.end_reason is LegEndReason.NO_ANSWER


async def test_given_a_transfer_when_the_colleagues_phone_answers_on_hold_then_they_are_not_given_the_caller(
    make_world: Make,
) -> None:
    t = await talk(make_world, reach=Reach.LINE)
    await t.keys("*1200#")
    t.world.switch.prompts_last = True
    colleague = await t.picked_up()
    await hold(t.world, colleague)
    t.world.switch.prompts_last = False
    await t.world.clock.advance(2)
    (leg,) = t.legs(LegRole.COLLEAGUE)
    assert not leg.is_open and t.call.is_open
    assert t.transfer.ended_at is not None and not t.transfer.counted


async def test_given_a_held_line_when_the_process_starts_anew_then_it_is_held_and_says_how_to_be_ready(
    world: World,
) -> None:
    operator = await world.operator("101")
    await hold(world, operator)
    await world.kill()
    await world.restart()
    assert state_of(world) == HELD
    assert world.switch.heard(operator)[-1] == "nl/pauze-toestel-wacht"


AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def test_a_pause_that_the_operator_chose_outlasts_the_hold(world: World) -> None:
    operator = await world.operator("101")
    await world.press(operator, "*92")
    await hold(world, operator)
    assert state_of(world) == (OperatorState.PAUSED, PauseReason.LUNCH)
    await unhold(world, operator)
    assert state_of(world) == (OperatorState.PAUSED, PauseReason.LUNCH)


async def test_whatever_would_make_a_held_line_ready_does_not_until_it_is_taken_back(world: World) -> None:
    await world.operator("101")
    session = step(world.session("101"), LineHeld(AT))
    assert step(session, LineHeld(AT + timedelta(seconds=1))) is session
    assert step(step(session, Pause(PauseReason.LUNCH, AT)), LineUnheld(AT)).pause_reason is PauseReason.LUNCH
    assert step(session, WrapUpOver(AT)) is session
    assert step(session, CallOver(world.session("101").id, AT)) is session  # type: ignore[arg-type]
    assert step(session, Resume(AT)).may_be_offered
    assert step(session, LineUnheld(AT)).may_be_offered
