"""Rules 5 and 7: the process dies in any stage, things happen meanwhile, another process takes up; on fakes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from ari_app.core.area import Reach
from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.core.ids import Endpoint
from ari_app.core.operators import LogoutReason, OperatorState
from tests.calls.scenes import (
    Scene,
    SceneMaker,
    announcing,
    arrived,
    choosing,
    connecting,
    connecting_direct,
    connecting_rung,
    estimated_ends,
    leaving,
    legs_of,
    talking,
    talking_after_a_wait,
    talking_rung,
    waiting,
)
from tests.calls.world import CLOSED_AT, ESDAM_ALONE, World

pytestmark = pytest.mark.pure


async def _prompt_ends(scene: Scene) -> None:
    scene.world.switch.finish_prompt(scene.citizen)


async def _operator_comes(scene: Scene) -> None:
    await scene.world.operator("101")


async def _key_is_pressed(scene: Scene) -> None:
    await scene.world.press(scene.citizen, "1")
    await scene.world.operator("101")


async def _whisper_ends(scene: Scene) -> None:
    assert scene.other is not None
    scene.world.switch.finish_prompt(scene.other)


async def _is_picked_up(scene: Scene) -> None:
    assert scene.other is not None
    scene.world.switch.pick_up(scene.other)
    await scene.world.clock.advance(0)


async def _nothing(scene: Scene) -> None:
    pass


#: scene, its stage, what happens next, and how the call stands then
SCENES = [
    pytest.param(arrived, Stage.ARRIVED, _prompt_ends, EndReason.NOT_SERVED, id="arrived"),
    pytest.param(choosing, Stage.CHOOSING, _key_is_pressed, Stage.TALKING, id="choosing"),
    pytest.param(announcing, Stage.ANNOUNCING, _prompt_ends, EndReason.CLOSED, id="announcing"),
    pytest.param(waiting, Stage.WAITING, _operator_comes, Stage.TALKING, id="waiting"),
    pytest.param(connecting, Stage.CONNECTING, _whisper_ends, Stage.TALKING, id="whispering"),
    pytest.param(connecting_rung, Stage.CONNECTING, _is_picked_up, Stage.TALKING, id="ringing an operator"),
    pytest.param(connecting_direct, Stage.CONNECTING, _is_picked_up, Stage.TALKING, id="ringing a direct number"),
    pytest.param(talking, Stage.TALKING, _nothing, Stage.TALKING, id="talking"),
    pytest.param(talking_after_a_wait, Stage.TALKING, _nothing, Stage.TALKING, id="talking after a wait"),
    pytest.param(talking_rung, Stage.TALKING, _nothing, Stage.TALKING, id="talking on a rung phone"),
    pytest.param(leaving, Stage.LEAVING_CALLBACK, _prompt_ends, EndReason.NOBODY_AVAILABLE, id="leaving"),
]


WITH_OTHER = [scene for scene in SCENES if str(scene.id).startswith(("whisper", "ring", "talk"))]


@pytest.mark.parametrize(("make_scene", "stage", "then", "outcome"), SCENES)
async def test_rule_5_a_hang_up_is_a_message_cancellation_is_not(
    make_world: Callable[..., World],
    make_scene: SceneMaker,
    stage: Stage,
    then: Callable[[Scene], Awaitable[None]],
    outcome: Stage | EndReason,
) -> None:
    """The process dies: nobody is hung up, the row stays open in its stage (`kill` sees that nothing is touched)."""
    scene = await make_scene(make_world)
    assert scene.world.call(scene.citizen).stage is stage
    channels = set(scene.world.switch.channels)
    await scene.world.kill()
    assert scene.world.call(scene.citizen).stage is stage
    assert scene.world.switch.channels == channels


@pytest.mark.parametrize(("make_scene", "stage", "then", "outcome"), SCENES)
async def test_rule_7_the_call_goes_on_in_its_stage(
    make_world: Callable[..., World],
    make_scene: SceneMaker,
    stage: Stage,
    then: Callable[[Scene], Awaitable[None]],
    outcome: Stage | EndReason,
) -> None:
    scene = await make_scene(make_world)
    world, citizen = scene.world, scene.citizen
    await world.kill()
    await world.clock.advance(3)
    channels, orders = set(world.switch.channels), len(world.switch.orders)
    assert (await world.restart())["ResumeCall"] == 1
    assert world.switch.channels == channels
    if stage in (Stage.TALKING, Stage.WAITING):
        # Without a click: at most the music is taken off once more, which nobody hears.
        assert {order[0] for order in world.switch.orders[orders:]} <= {"no music"}
    await then(scene)
    await world.clock.advance(0.5)
    world.switch.prompts_last = False
    call = world.call(citizen)
    assert outcome in (call.stage, call.end_reason)
    assert world.ledger.kinds(call.id).count(FactKind.RESUMED) == 1
    if call.stage is Stage.TALKING:
        assert len(world.switch.partners(citizen)) == 1
        assert citizen not in world.switch.music | world.switch.waiting
        await world.clock.advance(10)
        await world.hang_up(citizen)
        assert world.call(citizen).end_reason is EndReason.CALLER_HUNG_UP
    await world.clock.advance(5)
    assert all(not leg.is_open for leg in legs_of(scene)) and not estimated_ends(scene)
    assert len([order for order in world.switch.orders if order[0] == "create"]) <= 1


@pytest.mark.parametrize(("make_scene", "stage", "then", "outcome"), SCENES)
async def test_rule_7_a_caller_who_left_meanwhile_is_closed_as_lost_and_the_operator_is_free(
    make_world: Callable[..., World],
    make_scene: SceneMaker,
    stage: Stage,
    then: Callable[[Scene], Awaitable[None]],
    outcome: Stage | EndReason,
) -> None:
    scene = await make_scene(make_world)
    world = scene.world
    await world.kill()
    await world.hang_up(scene.citizen)
    await world.clock.advance(3)
    world.switch.prompts_last = False
    assert (await world.restart())["CloseCall"] == 1
    await world.clock.advance(1)
    call = world.call(scene.citizen)
    assert (call.stage, call.end_reason, call.end_is_estimated) == (Stage.ENDED, EndReason.LOST, True)
    assert estimated_ends(scene) == {leg.channel_id for leg in legs_of(scene)}
    at_work = [session for session in world.ledger.sessions.values() if session.is_open]
    expected = OperatorState.WRAP_UP if stage is Stage.TALKING else OperatorState.READY
    assert all((session.state, session.call_id) == (expected, None) for session in at_work)
    standing = {session.channel_id for session in at_work}
    assert world.switch.channels == standing - {None}
    assert len(world.switch.bridges) == len(standing - {None})


@pytest.mark.parametrize(("make_scene", "stage", "then", "outcome"), WITH_OTHER)
async def test_rule_7_an_operator_who_left_meanwhile_costs_a_caller_the_wait_and_never_the_call(
    make_world: Callable[..., World],
    make_scene: SceneMaker,
    stage: Stage,
    then: Callable[[Scene], Awaitable[None]],
    outcome: Stage | EndReason,
) -> None:
    scene = await make_scene(make_world)
    world, other = scene.world, scene.other
    assert other is not None
    queued_at = world.call(scene.citizen).queued_at
    await world.kill()
    world.switch.leave(other)
    await world.clock.advance(3)
    world.switch.prompts_last = False
    world.switch.unregistered.add(Endpoint("PJSIP/phone07"))  # and does not come back
    await world.restart()
    call = world.call(scene.citizen)
    assert call.stage is Stage.WAITING and scene.citizen in world.switch.channels
    assert call.queued_at in (queued_at, world.clock.now())
    if stage is Stage.TALKING:
        assert call.returned_at is not None and estimated_ends(scene) == {other}
    if world.ledger.sessions and world.session("101").reach is Reach.LINE:
        assert world.session("101").logout_reason is LogoutReason.LOST


async def test_rule_7_a_ringing_phone_that_was_lost_in_a_gap_is_not_held_against_its_operator(
    make_world: Callable[..., World],
) -> None:
    scene = await connecting_rung(make_world)
    assert scene.other is not None
    await scene.world.kill()
    scene.world.switch.leave(scene.other)
    await scene.world.restart()
    assert scene.world.session("101").state is OperatorState.OFFERED
    scene.world.switch.pick_up(scene.world.ringing_at("PJSIP/phone07"))
    await scene.world.clock.advance(0)
    assert scene.world.call(scene.citizen).stage is Stage.TALKING


@pytest.mark.parametrize("make_scene", [connecting_rung, connecting_direct])
async def test_rule_7_a_phone_that_was_picked_up_meanwhile_is_joined_to_its_caller(
    make_world: Callable[..., World], make_scene: SceneMaker
) -> None:
    scene = await make_scene(make_world)
    assert scene.other is not None
    await scene.world.kill()
    scene.world.switch.pick_up(scene.other)
    await scene.world.clock.advance(2)
    await scene.world.restart()
    assert scene.world.switch.partners(scene.citizen) == {scene.other}


async def test_rule_7_a_caller_who_came_meanwhile_is_adopted(make_world: Callable[..., World]) -> None:
    world = make_world()
    operator = await world.operator("101")
    await world.kill()
    citizen = await world.citizen(ESDAM_ALONE)
    assert not world.ledger.calls
    assert (await world.restart()) == {"ResumeLine": 1, "Adopt": 1}
    assert world.switch.partners(citizen) == {operator}


async def test_rule_7_a_caller_about_to_be_hung_up_is_hung_up_for_the_reason_that_was_written(
    make_world: Callable[..., World],
) -> None:
    world = make_world(now=CLOSED_AT)
    world.switch.trouble = lambda order, is_done: order[0] == "hang up"
    citizen = await world.citizen()
    assert world.call(citizen).ending is EndReason.CLOSED
    heard = world.switch.heard(citizen)
    await world.kill()
    world.switch.trouble = lambda order, is_done: False
    await world.restart()
    assert world.call(citizen).end_reason is EndReason.CLOSED
    assert citizen not in world.switch.channels and world.switch.heard(citizen) == heard
