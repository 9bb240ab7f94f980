"""The invariants of the random walks find what they are to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.calls.messages import StateAsked
from ari_app.core.area import Reach
from ari_app.core.call import Stage
from ari_app.core.ids import OperatorNumber, TeamCode, new_command_id
from ari_app.core.operators import OperatorState, PauseReason
from ari_app.core.state_commands import TakePauseAfterCall
from tests.calls.invariants import Invariants
from tests.calls.scenes import talking
from tests.calls.standing_rules import Silence, check_plans
from tests.calls.test_switch_trouble import Fails
from tests.calls.transfers import consulting, talk
from tests.calls.world import ESDAM_ALONE, World, an_area
from tests.core.callback_values import made
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure
Make = Callable[..., World]


async def test_an_operator_who_talks_with_a_caller_in_the_queue_is_found(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    Invariants(world).check_that_everything_fits()
    call = world.call(scene.citizen)
    world.switch.bridges[call.bridge_id].discard(scene.citizen)  # type: ignore[index]
    world.switch.waiting.add(scene.citizen)
    world.switch.music.add(scene.citizen)
    world.ledger.calls[call.id] = replace(
        call, stage=Stage.WAITING, has_music=True, operator_session=None, bridge_id=None, handled_by=None
    )
    with pytest.raises(AssertionError):
        Invariants(world).check_that_everything_fits()


@pytest.mark.parametrize("reach", Reach)
async def test_an_operator_who_consults_a_colleague_fits(make_world: Make, reach: Reach) -> None:
    t, _ = await consulting(make_world, reach=reach)
    Invariants(t.world).check_that_everything_fits()
    assert t.transfer.in_presence


async def test_an_operator_who_reaches_a_colleague_fits(make_world: Make) -> None:
    t = await talk(make_world)
    await t.keys("*1200#")
    assert t.rings()
    Invariants(t.world).check_that_everything_fits()


async def test_a_caller_who_talks_and_hears_nobody_for_too_long_is_found(make_world: Make) -> None:
    scene = await talking(make_world)
    world = scene.world
    Silence(world, lambda: False)
    await world.clock.advance(60)
    world.switch.bridges[world.call(scene.citizen).bridge_id].clear()  # type: ignore[index]
    await world.clock.advance(1.9)
    with pytest.raises(AssertionError, match="in silence"):
        await world.clock.advance(0.2)


async def test_two_operators_with_one_call_are_found_but_for_one_whose_row_cannot_be_written(make_world: Make) -> None:
    """A phone refuses while the store owes its operator an answer: the next operator has the caller at once."""
    area = an_area(reach=Reach.RING)
    both = replace(area.teams[TeamCode("both")], reach=Reach.LINE)
    world = make_world(area=replace(area, teams={**area.teams, both.code: both}))
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen(ESDAM_ALONE)
    operator = await world.operator("102")
    rules = Invariants(world)
    world.ledger.lose_answers = 1
    entry = world.registry.session_of(OperatorNumber("101"))
    assert entry is not None
    entry.mailbox.post(StateAsked(TakePauseAfterCall(PauseReason.BREAK), lambda answer: None, new_command_id()))
    await settle()
    world.switch.leave(world.ringing_at("PJSIP/phone07"), 17)
    await settle()
    assert world.switch.partners(citizen) == {operator}
    assert {world.session(number).call_id for number in ("101", "102")} == {world.call(citizen).id}
    rules.check()
    with pytest.raises(AssertionError):
        Invariants(world).check()  # it does not know of the answer that is owed
    await world.clock.advance(1)
    assert (world.session("101").state, world.session("101").call_id) == (OperatorState.PAUSED, None)
    Invariants(world).check()


async def test_a_caller_who_hangs_up_while_the_step_into_a_queue_is_carried_out_was_in_it_for_no_time(
    make_world: Make,
) -> None:
    """Their operator keys it after a wrong code; what they hear about an earlier one cannot be stopped at once."""
    t = await talk(make_world, reach=Reach.RING)
    await t.world.hang_up(await t.world.operator("102", phone="phone02"))
    rules = Invariants(t.world)
    t.world.switch.prompts_last = True
    await t.keys("*57")
    Fails(t.world, "stop", times=1)
    await t.keys("*57*2250#")
    await t.world.hang_up(t.citizen)
    await t.world.clock.advance(1)
    _, there = t.world.ledger.visits_of(t.call.id)
    assert t.call.ended_at is not None and t.call.ended_at < there.entered_at == there.left_at
    rules.check_waiting()


def test_a_promise_without_a_plan_is_found() -> None:
    request = made()
    check_plans([request])
    late = request.deadline_at + timedelta(seconds=1)
    for wrong in (replace(request, next_attempt_at=None), replace(request, next_attempt_at=late)):
        with pytest.raises(AssertionError):
            check_plans([wrong])
