"""A lost line is not a hang-up: a caller whose operator's line is lost stays in the call, and the record says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason, EndSide, FactKind, LegEndReason, LegRole, Stage
from ari_app.core.causes import is_goodbye
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.scenes import connecting, connecting_rung, legs_of, talking, talking_rung
from tests.calls.transfers import consulting, talk
from tests.calls.world import ESDAM_ALONE, World

pytestmark = pytest.mark.pure
Make = Callable[..., World]
#: no user responding, destination out of order, network out of order, temporary failure, no sound for too long
LOSSES = (18, 27, 38, 41, 44)
GOODBYES = (0, 16, 17, 21, 31)


@pytest.mark.parametrize("cause", LOSSES)
async def test_given_a_talk_when_the_operators_line_is_lost_then_the_caller_is_first_in_the_queue(
    make_world: Make, cause: int
) -> None:
    scene = await talking(make_world)
    world, other = scene.world, scene.other
    assert other is not None
    answered_at = world.call(scene.citizen).answered_at
    before = await world.citizen(ESDAM_ALONE, number="+31201111111")
    world.switch.leave(other, cause)
    await world.clock.advance(3)
    call = world.call(scene.citizen)
    assert (call.stage, call.returned_at is not None, call.answered_at) == (Stage.WAITING, True, answered_at)
    assert scene.citizen in world.switch.music & world.switch.waiting
    (leg,) = [leg for leg in legs_of(scene) if leg.role is LegRole.OPERATOR]
    assert (leg.end_reason, leg.hangup_cause, leg.end_is_estimated) == (LegEndReason.LINE_LOST, cause, False)
    assert world.line(other).end_reason is LegEndReason.LINE_LOST
    assert world.session("101").logout_reason is LogoutReason.LINE_LOST
    back = [fact for fact in world.ledger.told[call.id] if fact.kind is FactKind.CAME_BACK]
    assert [fact.detail for fact in back] == [{"to": "queue", "why": "line_lost"}]
    again = await world.operator("102", phone="phone02")
    assert world.switch.partners(scene.citizen) == {again}
    assert world.call(before).stage is Stage.WAITING


@pytest.mark.parametrize("cause", GOODBYES)
async def test_given_a_talk_when_the_operator_puts_the_phone_down_then_the_call_is_over(
    make_world: Make, cause: int
) -> None:
    scene = await talking(make_world)
    assert scene.other is not None
    scene.world.switch.leave(scene.other, cause)
    await scene.world.clock.advance(3)
    assert scene.world.call(scene.citizen).end_reason is EndReason.OPERATOR_HUNG_UP
    assert scene.world.session("101").logout_reason is LogoutReason.HUNG_UP


@pytest.mark.parametrize("cause", [None, 127])
def test_an_end_without_a_known_cause_is_no_goodbye(cause: int | None) -> None:
    assert not is_goodbye(cause)


async def test_given_a_talk_with_a_rung_operator_when_their_phone_is_lost_then_the_caller_is_first_in_the_queue(
    make_world: Make,
) -> None:
    scene = await talking_rung(make_world)
    world = scene.world
    assert scene.other is not None
    world.switch.leave(scene.other, 44)
    await world.clock.advance(3)
    call = world.call(scene.citizen)
    (leg,) = [leg for leg in legs_of(scene) if leg.role is LegRole.OPERATOR]
    assert (call.stage, leg.end_reason) == (Stage.WAITING, LegEndReason.LINE_LOST)
    assert world.session("101").state is OperatorState.WRAP_UP and not world.switch.bridges


async def test_given_a_colleague_who_has_the_caller_when_that_line_is_lost_then_the_caller_is_offered_again(
    make_world: Make,
) -> None:
    t, colleague = await consulting(make_world, reach=Reach.LINE)
    await t.keys("*33")
    await t.world.clock.advance(60)
    t.world.switch.leave(colleague, 38)
    await t.world.clock.advance(1)
    (leg,) = t.legs(LegRole.COLLEAGUE)
    assert leg.end_reason is LegEndReason.LINE_LOST
    assert t.call.is_open and t.hears(t.citizen) == {t.operator}  # who was free, and is the first to be offered them


@pytest.mark.parametrize("state", ["ringing", "consulting", "swapped", "conference"])
async def test_given_a_transfer_when_the_handling_partys_line_is_lost_then_the_caller_is_not_rung_off(
    make_world: Make, state: str
) -> None:
    if state == "ringing":
        t = await talk(make_world, reach=Reach.LINE)
        await t.keys("*1200#")
    else:
        t, _ = await consulting(make_world, reach=Reach.LINE)
        await t.keys({"consulting": "", "swapped": "*31", "conference": "*32"}[state])
    t.world.switch.leave(t.operator, 44)
    await t.world.clock.advance(2)
    assert t.call.is_open and t.citizen in t.world.switch.channels
    (leg,) = t.legs(LegRole.OPERATOR)
    assert leg.end_reason in (LegEndReason.LINE_LOST, LegEndReason.RELEASED)


async def test_given_a_whisper_when_the_operators_line_is_lost_then_the_caller_keeps_their_place(
    make_world: Make,
) -> None:
    scene = await connecting(make_world)
    assert scene.other is not None
    queued_at = scene.world.call(scene.citizen).queued_at
    scene.world.switch.leave(scene.other, 44)
    await scene.world.clock.advance(1)
    call = scene.world.call(scene.citizen)
    assert (call.stage, call.queued_at) == (Stage.WAITING, queued_at)


async def test_given_a_rung_operator_who_hears_the_whisper_when_their_phone_is_lost_then_they_are_not_blamed(
    make_world: Make,
) -> None:
    scene = await connecting_rung(make_world)
    world = scene.world
    assert scene.other is not None
    world.switch.prompts_last = True
    world.switch.pick_up(scene.other)
    await world.clock.advance(1)
    world.switch.prompts_last = False
    world.switch.leave(scene.other, 44)
    await world.clock.advance(1)
    call = world.call(scene.citizen)
    assert call.is_open and call.refused_by == ()
    assert world.session("101").state is not OperatorState.PAUSED
    leg = next(leg for leg in legs_of(scene) if leg.channel_id == scene.other)
    assert leg.end_reason is LegEndReason.LINE_LOST


async def test_given_the_wrap_up_when_the_operators_line_is_lost_then_they_are_logged_out_for_that_reason(
    make_world: Make,
) -> None:
    scene = await talking(make_world)
    assert scene.other is not None
    await scene.world.hang_up(scene.citizen)
    assert scene.world.session("101").state is OperatorState.WRAP_UP
    scene.world.switch.leave(scene.other, 44)
    await scene.world.clock.advance(1)
    assert scene.world.session("101").logout_reason is LogoutReason.LINE_LOST
    assert scene.world.call(scene.citizen).end_reason is EndReason.CALLER_HUNG_UP


async def test_given_a_talk_when_the_callers_line_is_lost_then_the_record_says_so_and_the_operator_is_free(
    make_world: Make,
) -> None:
    scene = await talking(make_world)
    scene.world.switch.leave(scene.citizen, 44)
    await scene.world.clock.advance(1)
    call = scene.world.call(scene.citizen)
    assert call.end_reason is EndReason.CALLER_LINE_LOST and call.end_reason.side is EndSide.NETWORK
    (leg,) = [leg for leg in legs_of(scene) if leg.role is LegRole.CALLER]
    assert (leg.end_reason, leg.hangup_cause) == (LegEndReason.LINE_LOST, 44)
    assert scene.world.session("101").state is OperatorState.WRAP_UP


async def test_given_a_talk_when_both_lines_are_lost_then_the_call_is_over(make_world: Make) -> None:
    scene = await talking(make_world)
    assert scene.other is not None
    scene.world.switch.leave(scene.other, 38)
    scene.world.switch.leave(scene.citizen, 38)
    await scene.world.clock.advance(3)
    assert scene.world.call(scene.citizen).end_reason is not None
    assert not [leg for leg in scene.world.ledger.legs.values() if leg.is_open]
