"""While callers are held at the door no callback is promised, a direct number rings, and a talk waits for its row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import CallbackRules, DirectNumber, Reach
from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.core.ids import OperatorNumber
from ari_app.core.operators import OperatorState
from tests.calls.absences import comes_back, goes_away, in_memory
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure

Make = Callable[..., World]
DIRECT = "+31119555888"
NO_USE = "nl/terug-lukt-niet"


async def test_the_menu_offers_no_callback_and_a_key_for_it_promises_none(make_world: Make) -> None:
    world = make_world(area=an_area(callback=CallbackRules(offered=True)))
    goes_away(world)
    citizen = await world.citizen()
    await world.press(citizen, "*")
    await world.clock.advance(2)
    assert in_memory(world, citizen).stage is Stage.CHOOSING
    assert not world.callback_rows.requests


async def test_a_waiting_caller_who_says_yes_is_told_that_it_is_not_possible_now_and_keeps_the_place(
    make_world: Make,
) -> None:
    world = make_world(area=an_area(callback=CallbackRules(offered=True, offer_after_seconds=5)))
    await world.hang_up(await world.operator("101", phone="phone07"))
    operator = await world.operator("102")
    await world.press(operator, "*91")
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(10)
    assert world.call(citizen).callback_offered_at is not None
    queued_at = world.call(citizen).queued_at
    goes_away(world)
    world.shell.door.heartbeat_failed()
    await world.press(citizen, "1")
    await world.clock.advance(2)
    assert NO_USE in world.switch.heard(citizen)
    assert in_memory(world, citizen).queued_at == queued_at and citizen in world.switch.music
    comes_back(world)
    await world.clock.advance(1)
    assert world.call(citizen).stage is Stage.WAITING
    assert not world.callback_rows.requests


async def test_no_callback_is_offered_while_waiting(make_world: Make) -> None:
    world = make_world(area=an_area(callback=CallbackRules(offered=True, offer_after_seconds=5)))
    operator = await world.operator("101")
    await world.press(operator, "*91")
    goes_away(world)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(15)
    assert "nl/terug-aanbod" not in world.switch.heard(citizen)
    comes_back(world)
    await world.clock.advance(2)
    assert "nl/terug-aanbod" in world.switch.heard(citizen)


@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_a_closed_municipality_says_so_and_asks_nothing_that_could_not_be_kept(
    make_world: Make, how: str
) -> None:
    world = make_world(area=an_area(callback=CallbackRules(offered=True)), now=CLOSED_AT)
    goes_away(world, how)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(6)
    assert any("gesloten" in name for name in world.switch.heard(citizen))
    assert "nl/terug-aanbod" not in world.switch.heard(citizen) and "nl/terug-blijf" not in world.switch.heard(citizen)
    assert citizen not in world.switch.channels | world.switch.up and not world.switch.fallback
    comes_back(world)
    await world.clock.advance(2)
    call = world.call(citizen)
    assert (call.end_reason, call.line_answered_at) == (EndReason.CLOSED, None)
    assert FactKind.ANNOUNCED in world.ledger.kinds(call.id)


async def test_a_direct_number_rings_until_the_store_is_back(make_world: Make) -> None:
    number = DirectNumber(DIRECT, ESDAM, operator=OperatorNumber("101"))
    world = make_world(area=an_area(direct_numbers=(number,)))
    operator = await world.operator("101")
    goes_away(world)
    citizen = await world.citizen(DIRECT)
    await world.clock.advance(10)
    assert citizen not in world.switch.up, "it rings, and costs nothing"
    comes_back(world)
    await world.clock.advance(1)
    assert world.switch.partners(citizen) == {operator}


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("how", ["gone", "frozen"])
async def test_a_caller_whose_talk_is_about_to_begin_hears_music_until_it_is_stored(
    make_world: Make, reach: Reach, how: str
) -> None:
    world = make_world(area=an_area(reach=reach))
    operator = await world.operator("101", phone="phone07")
    if reach is Reach.RING:
        await world.hang_up(operator)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    if reach is Reach.RING:
        operator = world.ringing_at("PJSIP/phone07")
    goes_away(world, how)
    world.switch.prompts_last = False
    if reach is Reach.RING:
        world.switch.pick_up(operator)
    else:
        world.switch.finish_prompt(operator)
    await world.clock.advance(1.1)
    assert citizen in world.switch.music and not world.switch.partners(citizen)
    await world.clock.advance(10)
    comes_back(world)
    await world.clock.advance(2)
    assert world.switch.partners(citizen) == {operator} and citizen not in world.switch.music
    assert world.session("101").state is OperatorState.TALKING
