"""Transfers of calls to a direct number, on fakes: a transferred caller is no longer for the number's person."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.area import DirectNumber
from ari_app.core.call import Stage
from ari_app.core.ids import Endpoint, OperatorNumber, TeamCode
from ari_app.core.transfer import TransferOutcome, TransferState
from tests.calls.transfers import DESK, Talk, with_directory
from tests.calls.world import ESDAM, ESDAM_ALONE, VEENDIJK, World, an_area

pytestmark = pytest.mark.pure
Make = Callable[..., World]

NUMBER = "+31119555777"
PERSON = Endpoint("PJSIP/phone25")
OPERATOR = DirectNumber(NUMBER, ESDAM, operator=OperatorNumber("101"))
PHONE = DirectNumber(NUMBER, ESDAM, endpoint=PERSON)


async def _operators_talk(make: Make, number: DirectNumber = OPERATOR) -> Talk:
    """Operator 101 has the citizen who dialled their direct number, for a minute."""
    world = make(area=with_directory(an_area(direct_numbers=(number,))))
    operator = await world.operator("101", phone="phone07")
    citizen = await world.citizen(NUMBER)
    await world.clock.advance(60)
    assert world.switch.partners(citizen) == {operator}
    return Talk(world, operator, citizen)


async def _persons_talk(make: Make) -> Talk:
    """The person whose phone the direct number rings has the citizen."""
    world = make(area=with_directory(an_area(direct_numbers=(PHONE,))))
    citizen = await world.citizen(NUMBER)
    person = world.ringing_at(PERSON)
    world.switch.pick_up(person)
    await world.clock.advance(60)
    assert world.switch.partners(citizen) == {person}
    return Talk(world, person, citizen)


@pytest.mark.parametrize("keys", ["*52", "*2250#"])
@pytest.mark.parametrize("number", [OPERATOR, DirectNumber(NUMBER, ESDAM, team=TeamCode("front"))])
async def test_given_a_direct_call_when_it_goes_into_another_queue_then_that_queue_takes_the_caller(
    make_world: Make, number: DirectNumber, keys: str
) -> None:
    t = await _operators_talk(make_world, number)
    bram = await t.world.operator("102", phone="phone08")
    await t.world.press(bram, "*91")
    await t.keys(keys)
    assert t.call.stage is Stage.WAITING and t.call.municipality == VEENDIJK and t.has_music(t.citizen)
    await t.world.clock.advance(60)
    assert t.call.stage is Stage.WAITING and t.transfer.state is TransferState.QUEUED
    await t.world.press(bram, "*0")
    assert t.hears(t.citizen) == {bram}
    assert (t.transfer.outcome, t.call.transfer_count) == (TransferOutcome.COMPLETED, 1)


async def test_given_a_direct_call_when_nobody_of_another_queue_is_there_then_it_is_refused(make_world: Make) -> None:
    t = await _operators_talk(make_world)
    await t.keys("*52")
    assert t.hears(t.citizen) == {t.operator}
    assert t.world.switch.heard(t.operator)[-1] == "nl/niemand-aangemeld"
    assert not t.transfers


async def test_given_a_direct_call_to_a_phone_when_it_goes_to_an_operator_then_they_get_the_caller(
    make_world: Make,
) -> None:
    t = await _persons_talk(make_world)
    bram = await t.world.operator("102", phone="phone08")
    await t.keys("*2220#")
    await t.world.clock.advance(1)
    assert PERSON not in t.world.switch.ringing.values()
    assert t.hears(t.citizen) == {bram}
    assert t.call.transfer_count == 1


async def test_given_a_direct_call_when_its_cold_transfer_comes_to_nothing_then_the_caller_is_back_with_that_person(
    make_world: Make,
) -> None:
    t = await _persons_talk(make_world)
    other = await t.world.operator("103", phone="phone08")
    await t.keys("*2200#")
    await t.world.clock.advance(26)
    assert t.hears(other) == set()
    again = await t.picked_up(PERSON)
    assert t.hears(t.citizen) == {again} and t.call.transfer_count == 0


async def test_given_a_direct_call_that_was_transferred_when_a_later_transfer_comes_back_then_not_to_the_numbers_phone(
    make_world: Make,
) -> None:
    t = await _persons_talk(make_world)
    bram = await t.world.operator("102", phone="phone08")
    await t.keys("*2200#")
    colleague = await t.picked_up(DESK)
    await t.world.press(colleague, "*2201#")
    await t.world.clock.advance(26)
    assert PERSON not in t.world.switch.ringing.values()
    again = await t.picked_up(DESK)
    assert t.hears(t.citizen) == {again}
    assert t.hears(bram) == set()


async def test_given_another_municipalitys_colleague_when_their_cold_transfer_comes_to_nothing_then_they_are_rung(
    make_world: Make,
) -> None:
    """The operator serves both municipalities; their colleague is found although the caller's may not see the entry."""
    world = make_world(area=with_directory())
    operator = await world.operator("102", phone="phone08")
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(60)
    t = Talk(world, operator, citizen)
    await t.keys("*2240#")
    colleague = await t.picked_up(DESK)
    await world.press(colleague, "*2201#")
    await world.clock.advance(26)
    again = await t.picked_up(DESK)
    assert t.hears(citizen) == {again}
