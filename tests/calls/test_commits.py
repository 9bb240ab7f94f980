"""A caller for whom somebody is free waits for the disk as seldom as possible, and yet every step is in the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from ari_app.core.area import Whisper
from ari_app.core.call import Call, Fact, FactKind, Leg, Stage
from ari_app.core.operators import OperatorSession
from ari_app.core.queue_visits import QueueVisit
from ari_app.core.survey import SurveyAnswer
from ari_app.core.transfer import Transfer
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


class Commits:
    """Every commit of calls: the stage, and the kinds of its facts."""

    def __init__(self, world: World) -> None:
        self.seen: list[tuple[Stage, list[FactKind]]] = []
        store = world.ledger.store

        async def noticed(
            call: Call,
            facts: Sequence[Fact],
            legs: Sequence[Leg] = (),
            transfers: Sequence[Transfer] = (),
            visits: Sequence[QueueVisit] = (),
            answers: Sequence[SurveyAnswer] = (),
        ) -> Call:
            self.seen.append((call.stage, [fact.kind for fact in facts]))
            return await store(call, facts, legs, transfers, visits, answers)

        world.ledger.store = noticed  # type: ignore[method-assign]
        self._world = world

    def before_each(self, kind: str) -> list[int]:
        """How many commits there were when an order of this kind was given; filled in as the orders come."""
        counts: list[int] = []

        def look(order: tuple[str, ...], is_done: bool) -> bool:
            if order[0] == kind and not is_done:
                counts.append(len(self.seen))
            return False

        self._world.switch.trouble = look
        return counts


async def test_given_a_free_operator_then_arrival_queue_and_offer_are_one_commit(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(whisper=Whisper.NONE))
    operator = await world.operator("101")
    commits = Commits(world)
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {operator}
    decided = [FactKind.ARRIVED, FactKind.MUNICIPALITY_CHOSEN, FactKind.QUEUED, FactKind.OFFERED]
    assert commits.seen == [(Stage.CONNECTING, decided), (Stage.TALKING, [FactKind.ANSWERED])]


async def test_given_nobody_free_then_the_place_in_the_queue_is_committed_before_the_line_is_taken(
    world: World,
) -> None:
    commits = Commits(world)
    answered_after = commits.before_each("answer")
    await world.citizen(ESDAM_ALONE)
    assert commits.seen[0] == (Stage.WAITING, [FactKind.ARRIVED, FactKind.MUNICIPALITY_CHOSEN, FactKind.QUEUED])
    assert answered_after == [1]


async def test_given_a_number_that_is_not_ours_then_the_call_is_in_the_record_before_anything_is_said(
    world: World,
) -> None:
    commits = Commits(world)
    said_after = commits.before_each("play")
    await world.citizen("+31301112222")
    assert commits.seen[0] == (Stage.ARRIVED, [FactKind.ARRIVED])
    assert said_after == [1]


async def test_given_nothing_to_whisper_then_the_line_is_answered_beside_the_commit_of_the_operators_state(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(whisper=Whisper.NONE))
    operator = await world.operator("101")
    written = slow_sessions(world)
    citizen = await world.citizen(ESDAM_ALONE)
    assert citizen in world.switch.up
    assert world.call(citizen).stage is Stage.CONNECTING
    assert world.switch.partners(citizen) == set()
    written.set()
    await world.clock.advance(0.1)
    assert world.switch.partners(citizen) == {operator}
    assert citizen not in world.switch.music


async def test_given_a_state_of_the_operator_that_is_long_in_writing_then_the_answered_caller_hears_music(
    make_world: Callable[..., World],
) -> None:
    world = make_world(area=an_area(whisper=Whisper.NONE))
    operator = await world.operator("101")
    written = slow_sessions(world)
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(0.9)
    assert citizen not in world.switch.music
    await world.clock.advance(0.2)
    assert citizen in world.switch.music
    written.set()
    await world.clock.advance(0.1)
    assert world.switch.partners(citizen) == {operator}
    assert citizen not in world.switch.music


def slow_sessions(world: World) -> asyncio.Event:
    """From now on the row of a session is not written before this event is set."""
    written, store = asyncio.Event(), world.ledger.store_session

    async def waits(session: OperatorSession, is_estimated: bool = False) -> None:
        await written.wait()
        await store(session, is_estimated)

    world.ledger.store_session = waits  # type: ignore[method-assign]
    return written
