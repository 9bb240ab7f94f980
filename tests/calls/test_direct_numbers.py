"""Direct numbers: a person, a team or somebody's phone, and then the queue, on fakes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.area import AfterCalamity, Calamity, DirectNumber, Reach
from ari_app.core.call import FactKind, LegEndReason, Stage
from ari_app.core.ids import ChannelId, Endpoint, OperatorNumber, TeamCode
from ari_app.core.operators import OperatorState, PauseReason
from tests.calls.world import ESDAM, OPEN_AT, World, an_area

pytestmark = pytest.mark.pure


async def test_a_direct_number_rings_its_phone_and_goes_to_the_queue_after_twenty_seconds(
    make_world: Callable[..., World],
) -> None:
    direct = DirectNumber("+31119555777", ESDAM, endpoint=Endpoint("PJSIP/phone20"))
    world = make_world(area=an_area(direct_numbers=(direct,)))
    operator = await world.operator("101")
    citizen = await world.citizen("+31119555777")
    assert world.ringing_at("PJSIP/phone20")
    assert world.call(citizen).line_answered_at is None
    await world.clock.advance(21)
    assert world.switch.partners(citizen) == {operator}
    assert not world.switch.ringing


@pytest.mark.parametrize(
    "target", [{"operator": OperatorNumber("102")}, {"team": TeamCode("both")}], ids=["person", "team"]
)
async def test_a_direct_number_of_an_operator_or_team_passes_others_by(
    make_world: Callable[..., World], target: dict[str, str]
) -> None:
    direct = DirectNumber("+31119555777", ESDAM, **target)  # type: ignore[arg-type]
    world = make_world(area=an_area(direct_numbers=(direct,)))
    other = await world.operator("101")
    citizen = await world.citizen("+31119555777")
    assert world.call(citizen).stage is Stage.WAITING
    wanted = await world.operator("102", phone="phone02")
    assert world.switch.partners(citizen) == {wanted}
    await world.hang_up(citizen)
    assert world.switch.partners(other) == set()


async def test_a_direct_number_rings_its_twenty_seconds_however_long_the_announcement_before_it_was(
    make_world: Callable[..., World],
) -> None:
    direct = DirectNumber("+31119555777", ESDAM, endpoint=Endpoint("PJSIP/phone20"))
    calamity = Calamity(ESDAM, OPEN_AT - timedelta(hours=1), None, "Geen water.", AfterCalamity.QUEUE, "teamleider")
    world = make_world(area=an_area(direct_numbers=(direct,), calamities=(calamity,)))
    world.switch.prompts_last = True
    citizen = await world.citizen("+31119555777")
    await world.clock.advance(25)
    world.switch.prompts_last = False
    world.switch.finish_prompt(citizen)
    await world.clock.advance(19)
    world.switch.pick_up(world.ringing_at("PJSIP/phone20"))
    await world.clock.advance(0)
    assert world.call(citizen).stage is Stage.TALKING


# -- with a deputy ----------------------------------------------------------------------------------------------------

NUMBER = "+31119555777"
PERSON, DEPUTY = Endpoint("PJSIP/phone20"), Endpoint("PJSIP/phone21")
PHONES = DirectNumber(NUMBER, ESDAM, endpoint=PERSON, deputy_endpoint=DEPUTY)
OPERATORS = DirectNumber(NUMBER, ESDAM, operator=OperatorNumber("101"), deputy_operator=OperatorNumber("102"))
PHONE_THEN_OPERATOR = DirectNumber(NUMBER, ESDAM, endpoint=PERSON, deputy_operator=OperatorNumber("102"))
OPERATOR_THEN_PHONE = DirectNumber(NUMBER, ESDAM, operator=OperatorNumber("101"), deputy_endpoint=DEPUTY)


def passed_by(world: World, citizen: ChannelId) -> list[tuple[str, str]]:
    """The targets that did not take the call, and why, by its facts."""
    facts = world.ledger.told[world.call(citizen).id]
    details = [fact.detail for fact in facts if fact.kind is FactKind.OFFER_FAILED]
    return [(str(detail["direct"]), str(detail["why"])) for detail in details if "direct" in detail]


async def test_a_person_rings_and_then_the_deputy_and_then_it_is_a_call_for_the_queue(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(direct_numbers=(PHONES,)))
    operator = await world.operator("103")
    citizen = await world.citizen(NUMBER)
    assert world.ringing_at(PERSON)
    await world.clock.advance(20)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    await world.clock.advance(19)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    assert world.call(citizen).line_answered_at is None, "the caller does not pay for ringing"
    await world.clock.advance(1)
    assert world.switch.partners(citizen) == {operator}
    assert not world.switch.ringing
    assert passed_by(world, citizen) == [(PERSON, "no_answer"), (DEPUTY, "no_answer")]


async def test_a_deputy_who_picks_up_has_the_caller_and_that_is_no_transfer(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(direct_numbers=(PHONES,)))
    citizen = await world.citizen(NUMBER)
    await world.clock.advance(21)
    deputy = world.ringing_at(DEPUTY)
    world.switch.pick_up(deputy)
    await world.clock.advance(1)
    assert world.switch.partners(citizen) == {deputy}
    call = world.call(citizen)
    assert (call.stage, call.transfer_count) == (Stage.TALKING, 0)
    ends = [leg.end_reason for leg in world.ledger.legs.values() if leg.party == PERSON]
    assert ends == [LegEndReason.NO_ANSWER]


@pytest.mark.parametrize("why", ["busy", "unreachable"])
async def test_a_person_who_is_busy_or_unreachable_is_not_waited_for(
    make_world: Callable[..., World], why: str
) -> None:
    world = make_world(area=an_area(direct_numbers=(PHONES,)))
    if why == "unreachable":
        world.switch.unregistered.add(PERSON)
    citizen = await world.citizen(NUMBER)
    if why == "busy":
        world.switch.leave(world.ringing_at(PERSON), 17)
        await world.clock.advance(0)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    assert passed_by(world, citizen) == [(PERSON, why)]
    await world.clock.advance(19)
    assert list(world.switch.ringing.values()) == [DEPUTY], "twenty seconds of their own"


async def test_a_person_who_is_not_logged_in_or_in_a_call_or_paused_is_passed_by_at_once(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(direct_numbers=(OPERATORS,)))
    deputy = await world.operator("102", phone="phone02")
    first = await world.citizen(NUMBER)
    assert world.switch.partners(first) == {deputy}
    assert passed_by(world, first) == [("101", "absent")]
    assert world.call(first).transfer_count == 0

    person = await world.operator("101")
    second = await world.citizen(NUMBER)
    assert world.switch.partners(second) == {person}

    third = await world.citizen(NUMBER)
    assert passed_by(world, third) == [("101", "busy"), ("102", "busy")]
    assert world.call(third).direct_until_at is None, "a call for everybody in the queue"
    other = await world.operator("103", phone="phone03")
    assert world.switch.partners(third) == {other}


async def test_a_person_who_is_there_rings_and_a_deputy_who_is_there_follows(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(direct_numbers=(OPERATOR_THEN_PHONE,), reach=Reach.RING))
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen(NUMBER)
    world.switch.leave(world.ringing_at("PJSIP/phone07"), 17)
    await world.clock.advance(0)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    assert passed_by(world, citizen) == [("101", "no_answer")]
    deputy = world.ringing_at(DEPUTY)
    world.switch.pick_up(deputy)
    await world.clock.advance(1)
    assert world.switch.partners(citizen) == {deputy}


async def test_a_person_whose_phone_is_rung_has_the_twenty_seconds_of_the_number_whatever_their_team_rings(
    make_world: Callable[..., World],
) -> None:
    direct = DirectNumber(NUMBER, ESDAM, operator=OperatorNumber("101"))
    area = an_area(direct_numbers=(direct,), reach=Reach.RING)
    front = replace(area.teams[TeamCode("front")], ring_seconds=60)
    world = make_world(area=replace(area, teams={**area.teams, front.code: front}))
    await world.hang_up(await world.operator("101", phone="phone07"))
    await world.hang_up(await world.operator("103", phone="phone03"))
    citizen = await world.citizen(NUMBER)
    await world.clock.advance(19)
    assert list(world.switch.ringing.values()) == ["PJSIP/phone07"]
    await world.clock.advance(2)
    assert list(world.switch.ringing.values()) == ["PJSIP/phone03"], "a call for the queue by now"
    assert passed_by(world, citizen) == [("101", "no_answer")]
    assert world.session("101").pause_reason is PauseReason.NO_ANSWER


async def test_a_person_who_was_free_too_late_to_pick_up_is_not_blamed_for_it(
    make_world: Callable[..., World],
) -> None:
    direct = DirectNumber(NUMBER, ESDAM, operator=OperatorNumber("101"))
    world = make_world(area=an_area(direct_numbers=(direct,), reach=Reach.RING))
    citizen = await world.citizen(NUMBER)
    await world.clock.advance(17)
    await world.hang_up(await world.operator("101", phone="phone07"))
    assert list(world.switch.ringing.values()) == ["PJSIP/phone07"]
    await world.clock.advance(4)
    assert not world.switch.ringing
    assert world.call(citizen).stage is Stage.WAITING and world.call(citizen).direct_until_at is None
    assert world.session("101").state is OperatorState.READY


async def test_nobody_else_is_offered_a_caller_who_rings_at_the_deputy(make_world: Callable[..., World]) -> None:
    world = make_world(area=an_area(direct_numbers=(OPERATOR_THEN_PHONE,), reach=Reach.RING))
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen(NUMBER)
    await world.clock.advance(21)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    await world.hang_up(await world.operator("103", phone="phone03"))
    await world.clock.advance(5)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    assert world.dispatcher.position(world.call(citizen).id) is None


async def test_a_number_whose_deputy_was_taken_away_meanwhile_goes_to_the_queue(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(direct_numbers=(PHONES,)))
    citizen = await world.citizen(NUMBER)
    world.area = an_area(direct_numbers=(DirectNumber(NUMBER, ESDAM, endpoint=PERSON),))
    await world.clock.advance(21)
    assert not world.switch.ringing
    assert world.call(citizen).stage is Stage.WAITING and world.call(citizen).direct_until_at is None


async def _while_the_person_rings(world: World) -> None:
    await world.clock.advance(10)


async def _when_it_is_the_deputys_turn(world: World) -> None:
    world.ledger.available = False
    await world.clock.advance(20.2)
    world.ledger.available = True


async def _while_the_deputy_rings(world: World) -> None:
    await world.clock.advance(25)


@pytest.mark.parametrize("until", [_while_the_person_rings, _when_it_is_the_deputys_turn, _while_the_deputy_rings])
@pytest.mark.parametrize("number", [PHONES, PHONE_THEN_OPERATOR], ids=["a phone", "an operator"])
async def test_wherever_the_process_dies_person_and_deputy_ring_once_each_and_the_deputy_can_take_it(
    make_world: Callable[..., World], number: DirectNumber, until: Callable[[World], Awaitable[None]]
) -> None:
    world = make_world(area=an_area(direct_numbers=(number,), reach=Reach.RING))
    await world.hang_up(await world.operator("102", phone="phone21"))
    citizen = await world.citizen(NUMBER)
    await until(world)
    await world.kill()
    await world.restart()
    if PERSON in world.switch.ringing.values():
        await world.clock.advance(12)
    deputy = world.ringing_at(DEPUTY)
    assert list(world.switch.ringing.values()) == [DEPUTY]
    world.switch.pick_up(deputy)
    await world.clock.advance(5)
    assert world.switch.partners(citizen) == {deputy}
    legs = [leg.party for leg in world.ledger.legs.values() if leg.call_id == world.call(citizen).id]
    assert legs.count(PERSON) == 1 and len(legs) == 3
