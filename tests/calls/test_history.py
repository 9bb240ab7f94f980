"""Stays in queues and stretches of states, as the tasks write them: with crashes, lost lines and a changed area."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from ari_app.core.area import DirectNumber, Reach
from ari_app.core.call import EndReason, LegRole
from ari_app.core.ids import ChannelId, Endpoint, OperatorNumber, TeamCode
from ari_app.core.operator_states import OperatorStretch
from ari_app.core.operators import OperatorState
from ari_app.core.queue_visits import QueueVisit, VisitOutcome, VisitReason
from tests.calls.transfers import with_directory
from tests.calls.world import ESDAM, ESDAM_ALONE, VEENDIJK, World, an_area

pytestmark = pytest.mark.pure

Make = Callable[..., World]
FRONT, BOTH = TeamCode("front"), TeamCode("both")
DIRECT = "+31119555777"


def stays(world: World, citizen: ChannelId) -> list[QueueVisit]:
    return world.ledger.visits_of(world.call(citizen).id)


def states(world: World, number: str = "101") -> list[OperatorStretch]:
    return [one for one in world.ledger.stretches if one.operator == number]


def seconds_in(stay: QueueVisit) -> float:
    assert stay.left_at is not None
    return (stay.left_at - stay.entered_at).total_seconds()


async def test_a_caller_who_is_answered_at_once_was_in_the_queue_for_the_whisper_only(world: World) -> None:
    world.switch.prompts_last = True
    operator = await world.operator("101")
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(2)
    world.switch.finish_prompt(operator)
    await world.clock.advance(1)
    (stay,) = stays(world, citizen)
    assert (stay.reason, stay.municipality, stay.outcome) == (VisitReason.MENU, ESDAM, VisitOutcome.ANSWERED)
    assert (stay.operator, stay.team, stay.position, seconds_in(stay)) == ("101", FRONT, 1, 2)
    assert [leg.team for leg in world.ledger.legs.values()] == [None, FRONT]


async def test_callers_who_wait_know_their_place_and_who_hangs_up_abandoned_at_that_moment(world: World) -> None:
    await world.talk()
    first = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(1)
    second = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(6)
    await world.hang_up(first)
    ((left,), (waits,)) = stays(world, first), stays(world, second)
    assert (left.position, left.outcome, seconds_in(left)) == (1, VisitOutcome.ABANDONED, 7)
    assert (waits.position, waits.is_open) == (2, True)


async def test_a_transfer_into_another_municipalitys_queue_is_a_stay_of_its_own(make_world: Make) -> None:
    world = make_world(area=with_directory(an_area()))
    operator, citizen = await world.talk()
    await world.operator("102", phone="phone02")
    await world.press((await world.operator("103", phone="phone03")), "*91")
    other = await world.citizen(ESDAM_ALONE)  # has 102
    await world.clock.advance(5)
    await world.press(operator, "*2250#")
    await world.clock.advance(20)
    await world.hang_up(other)
    await world.clock.advance(31)
    here, there = stays(world, citizen)
    assert (here.municipality, here.outcome, here.operator) == (ESDAM, VisitOutcome.ANSWERED, "101")
    assert (there.municipality, there.from_municipality, there.reason) == (VEENDIJK, ESDAM, VisitReason.TRANSFER)
    assert (there.outcome, there.operator, there.team, seconds_in(there)) == (VisitOutcome.ANSWERED, "102", BOTH, 50)
    assert here.left_at is not None and there.entered_at == here.left_at + timedelta(seconds=5)


async def test_a_direct_number_that_is_not_answered_comes_into_the_queue_when_it_stops_ringing(
    make_world: Make,
) -> None:
    number = DirectNumber(DIRECT, ESDAM, endpoint=Endpoint("PJSIP/phone20"))
    world = make_world(area=an_area(direct_numbers=(number,)))
    await world.talk()
    citizen = await world.citizen(DIRECT)
    await world.clock.advance(10)
    assert stays(world, citizen) == []
    await world.clock.advance(15)
    (stay,) = stays(world, citizen)
    assert (stay.reason, stay.is_open) == (VisitReason.DIRECT, True)
    assert stay.entered_at == world.call(citizen).arrived_at + timedelta(seconds=20)


async def test_a_helping_team_is_told_from_ones_own(make_world: Make) -> None:
    area = an_area(helps=(VEENDIJK,))
    town = replace(area.municipalities[VEENDIJK].norms, overflow_after_seconds=30)
    towns = {**area.municipalities, VEENDIJK: replace(area.municipalities[VEENDIJK], norms=town)}
    world = make_world(area=replace(area, municipalities=towns))
    await world.operator("101")
    citizen = await world.citizen()
    await world.press(citizen, "2")
    await world.clock.advance(5)
    (stay,) = stays(world, citizen)
    assert stay.is_open and not stay.overflowed
    await world.clock.advance(30)
    (stay,) = stays(world, citizen)
    assert (stay.outcome, stay.overflowed, stay.team) == (VisitOutcome.ANSWERED, True, FRONT)


async def test_a_kill_ends_no_stay_and_one_whose_caller_left_meanwhile_is_an_estimate(world: World) -> None:
    await world.talk()
    stays_on, leaves = await world.citizen(ESDAM_ALONE), await world.citizen(ESDAM_ALONE)
    await world.clock.advance(4)
    (before,) = stays(world, stays_on)
    await world.kill()
    await world.hang_up(leaves)
    await world.clock.advance(10)
    await world.restart()
    assert stays(world, stays_on) == [before]
    (lost,) = stays(world, leaves)
    assert world.call(leaves).end_reason is EndReason.LOST
    assert (lost.outcome, lost.end_is_estimated, seconds_in(lost)) == (VisitOutcome.LOST, True, 14)


async def test_a_working_day_is_told_without_gaps(world: World) -> None:
    operator, citizen = await world.talk()
    await world.clock.advance(60)
    await world.hang_up(citizen)
    await world.clock.advance(31)
    await world.press(operator, "*92")
    await world.clock.advance(600)
    await world.press(operator, "*0")
    await world.clock.advance(10)
    await world.press(operator, "*8")
    await world.clock.advance(1)
    told = [(one.state, one.duration.total_seconds()) for one in states(world)]
    assert told == [
        (OperatorState.TALKING, 60),
        (OperatorState.WRAP_UP, 30),
        (OperatorState.READY, 1),
        (OperatorState.PAUSED, 600),
        (OperatorState.READY, 10),
    ]
    session = world.session("101")
    assert session.logged_out_at is not None
    assert sum(seconds for _, seconds in told) == (session.logged_out_at - session.logged_in_at).total_seconds()
    assert {one.teams for one in states(world)} == {(FRONT,)}
    assert not any(one.end_is_estimated for one in states(world))


async def test_what_ended_while_no_process_looked_is_an_estimate(world: World) -> None:
    _, citizen = await world.talk()
    await world.clock.advance(5)
    await world.kill()
    await world.hang_up(citizen)
    await world.clock.advance(40)
    await world.restart()
    (talk,) = states(world)
    assert (talk.state, talk.end_is_estimated, talk.duration.total_seconds()) == (OperatorState.TALKING, True, 45)


async def test_a_line_that_went_while_no_process_looked_ends_its_state_as_an_estimate(world: World) -> None:
    operator = await world.operator("101")
    await world.clock.advance(5)
    await world.kill()
    await world.hang_up(operator)
    await world.clock.advance(40)
    await world.restart()
    session = world.session("101")
    (ready,) = states(world)
    assert (ready.from_at, ready.until_at, ready.end_is_estimated) == (
        session.logged_in_at,
        session.logged_out_at,
        True,
    )


async def test_what_happened_keeps_the_team_under_which_it_happened(world: World) -> None:
    operator, citizen = await world.talk()
    await world.clock.advance(5)
    moved = replace(world.area.operators[OperatorNumber("101")], teams=(BOTH, FRONT))
    world.area = replace(world.area, operators={**world.area.operators, moved.number: moved})
    await world.hang_up(citizen)
    await world.clock.advance(40)
    again = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    await world.hang_up(operator)
    assert [stays(world, one)[0].team for one in (citizen, again)] == [FRONT, BOTH]
    assert [leg.team for leg in world.ledger.legs.values() if leg.role is LegRole.OPERATOR] == [FRONT, BOTH]
    assert [one.teams for one in states(world)][0] == (FRONT,)
    assert [one.teams for one in states(world)][-1] == (BOTH, FRONT)


async def test_a_phone_that_is_rung_has_stretches_from_login_to_logout(make_world: Make) -> None:
    world = make_world(area=an_area(reach=Reach.RING))
    login = await world.operator("101")
    await world.hang_up(login)
    await world.clock.advance(10)
    await world.citizen(ESDAM_ALONE)
    await world.clock.advance(25)
    assert [(one.state, one.duration.total_seconds()) for one in states(world)] == [
        (OperatorState.READY, 10),
        (OperatorState.OFFERED, 20),
    ]
    assert world.session("101").state is OperatorState.PAUSED
