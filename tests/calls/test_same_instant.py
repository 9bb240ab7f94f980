"""Two things happen in the same instant: an operator leaves as the caller is moved in, both hang up; on fakes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.calls.errors import PartyLeft, SwitchUnavailable
from ari_app.core.area import Reach
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.operators import OperatorState
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("error", [SwitchUnavailable("no such bridge"), None], ids=["bridge unknown", "caller unknown"])
async def test_an_operator_who_hangs_up_as_the_caller_is_moved_in_costs_the_caller_nothing_but_the_wait(
    world: World, error: SwitchUnavailable | None
) -> None:
    """Asterisk may answer for the bridge that is gone as it would for a caller who is gone."""
    operator = await world.operator("101")

    def leave(order: tuple[str, ...], is_done: bool) -> bool:
        if order[0] == "join" and order[2] != operator and not is_done:
            if operator in world.switch.channels:
                world.switch.leave(operator)
            raise error or PartyLeft(ChannelId(order[2]))
        return False

    world.switch.trouble = leave
    citizen = await world.citizen(ESDAM_ALONE)
    queued_at = world.call(citizen).queued_at
    await world.clock.advance(2)
    call = world.call(citizen)
    assert (call.stage, call.queued_at, call.answered_at) == (Stage.WAITING, queued_at, None)
    assert citizen in world.switch.music
    world.switch.trouble = lambda order, is_done: False
    other = await world.operator("102", phone="phone02")
    assert world.switch.partners(citizen) == {other}
    await world.clock.advance(5)
    await world.hang_up(citizen)
    legs = [leg for leg in world.ledger.legs.values() if leg.call_id == call.id]
    assert not [leg for leg in legs if leg.is_open or leg.end_is_estimated]


@pytest.mark.parametrize("reach", Reach)
async def test_an_operator_who_hangs_up_before_being_heard_gives_the_caller_back_to_the_queue(
    make_world: Callable[..., World], reach: Reach
) -> None:
    world = make_world(area=an_area(reach=reach))
    operator = await world.operator("101", phone="phone07")
    if reach is Reach.RING:
        await world.hang_up(operator)
    citizen = await world.citizen(ESDAM_ALONE)
    if reach is Reach.RING:
        operator = world.ringing_at("PJSIP/phone07")
        world.switch.pick_up(operator)
    await world.clock.advance(0.3)
    assert world.switch.partners(citizen) == {operator}
    await world.hang_up(operator)
    call = world.call(citizen)
    assert (call.stage, call.answered_at, call.operator_session) == (Stage.WAITING, None, None)
    if reach is Reach.RING:
        assert world.session("101").state is OperatorState.READY
        assert call.refused_by == ("101",) and not world.switch.bridges
    await world.hang_up(citizen)
    assert world.call(citizen).end_reason is EndReason.ABANDONED_WAITING
    caller = next(leg for leg in world.ledger.legs.values() if leg.channel_id == citizen)
    assert (caller.joined_at, caller.left_at) == (None, None)


async def test_both_hang_up_in_the_same_instant(world: World) -> None:
    operator, citizen = await world.talk()
    await world.clock.advance(5)
    world.switch.leave(operator)
    world.switch.leave(citizen)
    await world.clock.advance(3)
    assert world.call(citizen).end_reason in (EndReason.CALLER_HUNG_UP, EndReason.OPERATOR_HUNG_UP)
    assert not world.switch.channels and not world.switch.bridges
    assert not [leg for leg in world.ledger.legs.values() if leg.is_open or leg.end_is_estimated]
