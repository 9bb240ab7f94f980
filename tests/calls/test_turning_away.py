"""More callers than this machine can carry: those who are there stay, new ones hear why and are called back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ari_app.core.admission import Step
from ari_app.core.area import AfterCalamity, Area
from ari_app.core.call import EndReason, EndSide, FactKind, LegEndReason, Stage
from ari_app.core.callbacks import Confirmed, RequestReason
from tests.calls.crowds import LATER, THIS_NUMBER, TOMORROW, VEENDIJK_ALONE, WHY, ended, full, samples
from tests.calls.requests import TOMORROW_FIVE, Make, asking, flooded, the_request
from tests.calls.world import ESDAM, ESDAM_ALONE, an_area

pytestmark = pytest.mark.pure


async def test_a_caller_for_whom_there_is_no_room_hears_why_and_is_called_back(make_world: Make) -> None:
    world = await full(make_world)
    citizen = await world.citizen(ESDAM_ALONE)
    call = ended(world, citizen)
    assert (call.end_reason, call.line_answered_at, call.queued_at) == (EndReason.TURNED_AWAY, None, None)
    assert world.switch.heard(citizen) == [WHY, TOMORROW, THIS_NUMBER]
    assert ("hang up", citizen, "17") in world.switch.orders, "busy: the network may know better"
    request = the_request(world)
    assert (request.reason, request.number_confirmed_how) == (RequestReason.OVERLOAD, Confirmed.UNCONFIRMED)
    assert (request.pii_number, request.municipality) == ("+31201234567", ESDAM)
    assert (request.first_contact_at, request.deadline_at) == (call.arrived_at, TOMORROW_FIVE)
    assert call.callback_reference == request.reference
    kinds = world.ledger.kinds(call.id)
    assert kinds.index(FactKind.CALLBACK_REQUESTED) < kinds.index(FactKind.ANNOUNCED), "stored before it is said"
    legs = [leg for leg in world.ledger.legs.values() if leg.call_id == call.id]
    assert [leg.end_reason for leg in legs] == [LegEndReason.RELEASED]
    assert EndReason.TURNED_AWAY.side is EndSide.US and not EndReason.TURNED_AWAY.is_abandoned
    assert not world.ledger.visits or all(visit.call_id != call.id for visit in world.ledger.visits.values())
    assert {c.stage for c in world.ledger.calls.values() if c.id != call.id} == {Stage.WAITING}, "nobody pays for them"


@pytest.mark.parametrize(
    ("area", "number"),
    [(asking(), ""), (asking(), "+319001234"), (an_area(), "+31201234567"), (asking(most_per_hour=0), "+31201234567")],
    ids=["withheld", "paid", "not offered", "limit"],
)
async def test_a_caller_who_cannot_be_called_back_hears_to_try_later(make_world: Make, area: Area, number: str) -> None:
    world = await full(make_world, area=area)
    citizen = await world.citizen(ESDAM_ALONE, number=number)
    assert world.switch.heard(citizen) == [WHY, LATER]
    assert ended(world, citizen).end_reason is EndReason.TURNED_AWAY
    assert not world.callback_rows.requests


async def test_another_municipality_has_the_room_that_is_kept_for_it(make_world: Make) -> None:
    world = await full(make_world)
    own = await world.citizen(VEENDIJK_ALONE)
    assert world.call(own).stage is Stage.WAITING
    assert ended(world, await world.citizen(VEENDIJK_ALONE)).end_reason is EndReason.TURNED_AWAY, "now it is full"
    await world.hang_up(own)
    await world.citizen(ESDAM_ALONE)
    assert world.call(await world.citizen(VEENDIJK_ALONE)).stage is Stage.WAITING


async def test_on_a_shared_number_the_question_comes_first(make_world: Make) -> None:
    world = await full(make_world)
    esdam, veendijk = await world.citizen(), await world.citizen()
    assert {world.call(esdam).stage, world.call(veendijk).stage} == {Stage.CHOOSING}
    await world.press(esdam, "1")
    await world.press(veendijk, "2")
    call = ended(world, esdam)
    assert (call.end_reason, call.municipality) == (EndReason.TURNED_AWAY, ESDAM)
    assert call.line_answered_at is not None and world.switch.heard(esdam)[-3:] == [WHY, TOMORROW, THIS_NUMBER]
    assert world.call(veendijk).stage is Stage.WAITING


async def test_whoever_waits_or_talks_keeps_what_they_have(make_world: Make) -> None:
    world = await full(make_world)
    waiting = list(world.switch.waiting)
    operator = await world.operator("101")
    talking = next(iter(world.switch.partners(operator)))
    for _ in range(5):
        await world.citizen(ESDAM_ALONE)
    await samples(world, 3)
    assert world.admission.step >= Step.TURNING_AWAY
    await world.press(operator, "*52")
    await world.clock.advance(1)
    stages = {world.call(citizen).stage for citizen in waiting}
    assert stages <= {Stage.WAITING, Stage.TALKING, Stage.CONNECTING} and talking in world.switch.channels


async def test_a_calamity_text_goes_first(make_world: Make) -> None:
    world = await full(make_world, area=asking())
    world.area = replace(world.area, calamities=flooded(AfterCalamity.QUEUE).calamities)
    citizen = await world.citizen(ESDAM_ALONE)
    heard = world.switch.heard(citizen)
    assert heard.index("nl/mededeling") < heard.index(WHY)
    assert (ended(world, citizen).end_reason, the_request(world).reason) == (
        EndReason.TURNED_AWAY,
        RequestReason.CALAMITY,
    )


async def test_a_caller_who_hangs_up_meanwhile_was_turned_away_and_is_called_back(make_world: Make) -> None:
    world = await full(make_world)
    world.switch.prompts_last = True
    citizen = await world.citizen(ESDAM_ALONE)
    await world.hang_up(citizen)
    assert world.call(citizen).end_reason is EndReason.TURNED_AWAY
    assert the_request(world).reason is RequestReason.OVERLOAD


async def test_wherever_the_process_dies_the_caller_is_turned_away_once_and_has_one_request(make_world: Make) -> None:
    world = await full(make_world)
    before = world.switch.orders.copy()
    await world.citizen(ESDAM_ALONE)
    orders = len(world.switch.orders) - len(before)
    for at in range(2 * orders):
        world = await full(make_world)
        moments = iter(range(1_000_000))
        world.switch.trouble = lambda order, is_done, moments=moments, at=at: next(moments) == at  # type: ignore[misc]
        citizen = await world.citizen(ESDAM_ALONE)
        await world.kill()
        await world.clock.advance(1)
        world.switch.trouble = lambda order, is_done: False
        await world.restart()
        await world.clock.advance(5)
        call = ended(world, citizen)
        assert (call.end_reason, call.line_answered_at) == (EndReason.TURNED_AWAY, None)
        assert the_request(world).reference == call.callback_reference


async def test_while_the_store_is_away_nothing_is_promised(make_world: Make) -> None:
    world = await full(make_world)
    world.ledger.available = False
    await world.clock.advance(5)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(2)
    assert world.switch.heard(citizen) == [WHY, LATER]
    world.ledger.available = True
    await world.clock.advance(5)
    assert ended(world, citizen).end_reason is EndReason.TURNED_AWAY
