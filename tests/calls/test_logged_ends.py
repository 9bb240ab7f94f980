"""A channel that ended unseen has its moment and cause from Asterisk's own log, when that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from ari_app.calls.messages import Left
from ari_app.core.call import EndReason, LegEndReason, LegRole, Stage
from ari_app.core.callbacks import AttemptOutcome
from ari_app.core.ids import ChannelId
from ari_app.core.operators import LogoutReason
from ari_app.core.transfer import TransferOutcome
from tests.calls.promises import at_work, attempts, promised, ringing
from tests.calls.scenes import choosing, connecting_direct, estimated_ends, legs_of, talking, talking_rung, waiting
from tests.calls.transfers import consulting
from tests.calls.world import World

pytestmark = pytest.mark.pure
Make = Callable[..., World]


def ends(world: World, channel_id: ChannelId, cause: int = 16) -> datetime:
    """The channel ends, and only Asterisk's log tells of it."""
    world.switch.vanish_one(channel_id)
    world.logged_ends[channel_id] = Left(channel_id, world.clock.now(), cause)
    return world.clock.now()


@pytest.mark.parametrize(
    ("make_scene", "cause", "reason"),
    [
        (choosing, 0, EndReason.ABANDONED_IN_MENU),
        (waiting, 16, EndReason.ABANDONED_WAITING),
        (talking, 16, EndReason.CALLER_HUNG_UP),
        (talking_rung, 16, EndReason.CALLER_HUNG_UP),
        (talking, 44, EndReason.CALLER_LINE_LOST),
    ],
)
async def test_given_no_process_when_the_caller_leaves_then_the_end_and_its_cause_are_those_of_the_log(
    make_world: Make, make_scene: Callable[..., object], cause: int, reason: EndReason
) -> None:
    scene = await make_scene(make_world)  # type: ignore[misc]
    world = scene.world
    await world.kill()
    at = ends(world, scene.citizen, cause)
    await world.clock.advance(15)
    world.switch.prompts_last = False
    await world.restart()
    call = world.call(scene.citizen)
    assert (call.end_reason, call.ended_at, call.end_is_estimated) == (reason, at, False)
    (leg,) = [leg for leg in legs_of(scene) if leg.role is LegRole.CALLER]
    assert (leg.ended_at, leg.hangup_cause, leg.end_is_estimated) == (at, cause, False)
    if make_scene is not talking_rung:
        assert not estimated_ends(scene)


@pytest.mark.parametrize("cause", [16, 44])
async def test_given_no_process_when_the_operator_leaves_then_a_goodbye_ends_the_talk_and_a_loss_does_not(
    make_world: Make, cause: int
) -> None:
    scene = await talking(make_world)
    world = scene.world
    assert scene.other is not None
    await world.kill()
    at = ends(world, scene.other, cause)
    await world.clock.advance(10)
    await world.restart()
    call, session, line = world.call(scene.citizen), world.session("101"), world.line(scene.other)
    is_goodbye = cause == 16
    assert (call.end_reason is EndReason.OPERATOR_HUNG_UP, call.stage is Stage.WAITING) == (is_goodbye, not is_goodbye)
    why = LegEndReason.HUNG_UP if is_goodbye else LegEndReason.LINE_LOST
    assert (line.ended_at, line.end_reason, line.hangup_cause, line.end_is_estimated) == (at, why, cause, False)
    logout = LogoutReason.HUNG_UP if is_goodbye else LogoutReason.LINE_LOST
    assert (session.logged_out_at, session.logout_reason) == (at, logout)
    assert not estimated_ends(scene)


async def test_given_no_process_when_the_operator_says_goodbye_before_the_caller_then_it_was_the_operator(
    make_world: Make,
) -> None:
    scene = await talking(make_world)
    world = scene.world
    assert scene.other is not None
    await world.kill()
    ends(world, scene.other)
    await world.clock.advance(2)
    at = ends(world, scene.citizen)
    await world.clock.advance(10)
    await world.restart()
    call = world.call(scene.citizen)
    assert (call.end_reason, call.ended_at, call.end_is_estimated) == (EndReason.OPERATOR_HUNG_UP, at, False)


async def test_given_a_closed_socket_when_a_party_leaves_then_the_end_is_that_of_the_log(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    at = ends(world, scene.citizen)
    await world.clock.advance(4)
    await world.close_gap()
    await world.clock.advance(1)
    call = world.call(scene.citizen)
    assert (call.end_reason, call.ended_at, call.end_is_estimated) == (EndReason.CALLER_HUNG_UP, at, False)


@pytest.mark.parametrize(
    ("cause", "outcome", "why"),
    [
        (17, AttemptOutcome.BUSY, LegEndReason.BUSY),
        (19, AttemptOutcome.NO_ANSWER, LegEndReason.NO_ANSWER),
    ],
)
async def test_given_no_process_when_a_citizen_does_not_answer_then_the_attempt_says_what_the_log_does(
    make_world: Make, cause: int, outcome: AttemptOutcome, why: LegEndReason
) -> None:
    world, operator = await at_work(make_world)
    await promised(world)
    await world.press(operator, "*7")
    citizen = ringing(world)
    await world.kill()
    ends(world, citizen, cause)
    await world.clock.advance(10)
    await world.restart()
    assert world.call(citizen).end_reason is EndReason.CALLBACK_NOT_ANSWERED
    (leg,) = [leg for leg in world.ledger.legs.values() if leg.channel_id == citizen]
    assert leg.end_reason is why
    assert attempts(world) == [outcome]


async def test_given_no_process_when_the_caller_leaves_in_a_transfer_then_the_transfer_says_so_too(
    make_world: Make,
) -> None:
    t, _ = await consulting(make_world)
    await t.world.kill()
    at = ends(t.world, t.citizen)
    await t.world.clock.advance(10)
    await t.world.restart()
    assert t.call.end_reason is EndReason.CALLER_LEFT_IN_TRANSFER
    (transfer,) = t.world.ledger.transfers.values()
    assert (transfer.outcome, transfer.ended_at) == (TransferOutcome.CALLER_LEFT, at)


async def test_given_no_log_when_the_caller_leaves_then_the_end_is_an_estimate(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    await world.kill()
    world.switch.vanish_one(scene.citizen)
    await world.clock.advance(15)
    await world.restart()
    call = world.call(scene.citizen)
    assert (call.end_reason, call.end_is_estimated) == (EndReason.LOST, True)


async def test_given_a_log_when_asterisk_restarted_then_the_session_of_a_living_process_ends_for_that_reason(
    make_world: Make,
) -> None:
    scene = await talking(make_world)
    world = scene.world
    for channel_id in list(world.switch.channels):
        world.logged_ends[channel_id] = Left(channel_id, world.clock.now(), 16)
    await world.restart_asterisk()
    for channel_id, left in world.logged_ends.items():
        world.logged_ends[channel_id] = replace(left, at=world.clock.now())
    await world.close_gap()
    await world.clock.advance(5)
    assert world.session("101").logout_reason is LogoutReason.ASTERISK_RESTARTED
    assert world.line(scene.other).ended_at is not None  # type: ignore[arg-type]
    assert not any(call.is_open for call in world.ledger.calls.values())


@pytest.mark.parametrize("stays", [False, True])
async def test_given_no_process_when_the_caller_was_answered_then_the_answer_is_that_of_the_log(
    make_world: Make, stays: bool
) -> None:
    scene = await connecting_direct(make_world)
    world, citizen = scene.world, scene.citizen
    assert world.call(citizen).line_answered_at is None
    await world.kill()
    answered_at = world.logged_answers[citizen] = world.clock.now()
    world.switch.up.add(citizen)
    await world.clock.advance(5)
    ended_at = None if stays else ends(world, citizen)
    await world.clock.advance(1)
    await world.restart()
    await world.clock.advance(30)  # what was noted is written with the next step of the call
    (leg,) = [leg for leg in legs_of(scene) if leg.role is LegRole.CALLER]
    assert (leg.answered_at, world.call(citizen).line_answered_at) == (answered_at, answered_at)
    assert leg.ended_at == ended_at
