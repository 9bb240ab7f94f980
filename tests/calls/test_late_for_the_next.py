"""Postgres thaws in the instant in which another process starts: it does late what the dead one asked of it.

The new process has read its rows by then. Whoever is in such a row is served all the same, and none stays open.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.core.call import EndReason, Stage
from ari_app.core.operators import OperatorState
from tests.calls.world import ESDAM_ALONE, NODE, SHARED, World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure


async def start_in_the_instant_of_the_thaw(world: World, newer_writes_first: int) -> None:
    """The process dies while Postgres is frozen; the next one reads its rows before the late writes are done."""
    await world.kill()
    world.ledger.thaw(lambda: newer_writes_first)
    await world.restart()


@pytest.mark.parametrize("newer_writes_first", [0, 1, 2, 3])
async def test_a_caller_whose_first_row_comes_late_is_served(world: World, newer_writes_first: int) -> None:
    world.ledger.freeze()
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(2)
    await start_in_the_instant_of_the_thaw(world, newer_writes_first)
    await world.clock.advance(15)
    assert world.registry.is_owned(citizen) and citizen not in world.switch.fallback
    assert world.call(citizen).stage is Stage.WAITING
    operator = await world.operator("101")
    assert world.switch.partners(citizen) == {operator}


@pytest.mark.parametrize("newer_writes_first", [0, 1, 2, 3])
async def test_a_caller_whose_next_step_comes_late_is_served(world: World, newer_writes_first: int) -> None:
    citizen = await world.citizen(SHARED)
    world.ledger.freeze()
    await world.press(citizen, "1")
    await world.clock.advance(2)
    await start_in_the_instant_of_the_thaw(world, newer_writes_first)
    await world.clock.advance(15)
    assert world.registry.is_owned(citizen) and citizen not in world.switch.fallback
    await world.press(citizen, "1")  # where the choice was lost, the question is asked again
    operator = await world.operator("101")
    assert world.switch.partners(citizen) == {operator}


@pytest.mark.parametrize("newer_writes_first", [0, 1, 2, 3])
async def test_an_operator_whose_state_comes_late_is_at_work(world: World, newer_writes_first: int) -> None:
    operator, citizen = await world.talk()
    world.ledger.freeze()
    await world.press(operator, "*91")
    await world.clock.advance(2)
    await start_in_the_instant_of_the_thaw(world, newer_writes_first)
    await world.clock.advance(15)
    assert world.registry.is_owned(operator) and world.switch.partners(citizen) == {operator}
    await world.hang_up(citizen)
    await world.clock.advance(10)  # what the dead process had noted of the operator is met now
    await world.sweep()
    await world.press(operator, "*0")
    assert world.session("101").state is OperatorState.READY
    another = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(another) == {operator}


@pytest.mark.parametrize("newer_writes_first", [0, 1, 2, 3])
async def test_an_operator_whose_end_of_a_pause_comes_late_is_offered_callers(
    world: World, newer_writes_first: int
) -> None:
    """Every screen says ready, as the operator asked for, and nothing else happens that would write their row."""
    operator = await world.operator("101")
    await world.press(operator, "*91")
    world.ledger.freeze()
    await world.press(operator, "*0")
    await world.clock.advance(2)
    await start_in_the_instant_of_the_thaw(world, newer_writes_first)
    await world.clock.advance(5)
    await world.sweep()
    await world.clock.advance(5)  # until rows and Asterisk were compared
    (session,) = world.registry.sessions()
    assert session == world.session("101")
    if session.state is OperatorState.PAUSED:  # the write came too late for its own row
        await world.press(operator, "*0")
    citizen = await world.citizen(ESDAM_ALONE)
    assert world.switch.partners(citizen) == {operator}


@pytest.mark.parametrize("who", ["citizen", "operator"])
async def test_a_row_that_comes_late_of_somebody_who_is_gone_is_closed(
    make_world: Callable[..., World], who: str
) -> None:
    world = make_world()
    world.ledger.freeze()
    channel = await (world.citizen(ESDAM_ALONE) if who == "citizen" else world.dial_in())
    await world.clock.advance(0.1)
    await world.kill()
    world.switch.leave(channel)
    world.ledger.thaw(lambda: 1)
    await world.restart()
    assert not world.ledger.calls and not world.ledger.lines
    await world.clock.advance(10)
    await world.sweep()  # it comes late, and its task may just not know it yet
    assert len(await world.ledger.open_versions(NODE)) == 1
    await world.clock.advance(10)
    await world.sweep()
    await world.clock.advance(5)
    if who == "citizen":
        assert world.call(channel).end_reason is EndReason.LOST
        assert not [leg for leg in world.ledger.legs.values() if leg.is_open]
    else:
        assert world.line(channel).ended_at is not None


async def test_an_operator_whose_line_comes_late_has_one_open_row(world: World) -> None:
    world.ledger.freeze()
    channel = await world.dial_in()
    await world.clock.advance(0.1)
    await start_in_the_instant_of_the_thaw(world, 2)
    for _ in range(2):
        await world.clock.advance(10)
        await world.sweep()
    assert len([line for line in world.ledger.lines.values() if line.ended_at is None]) == 2
    await world.clock.advance(5)
    assert len([line for line in world.ledger.lines.values() if line.ended_at is None]) == 1
    assert world.registry.is_owned(channel)


async def test_a_row_without_a_task_is_compared_once(world: World) -> None:
    """One that a comparison cannot close is not looked at again and again."""
    citizen = await world.citizen(ESDAM_ALONE)
    await world.kill()
    world.start_process()
    await settle()
    compared = []
    world.supervisor.overtaken.set = lambda: compared.append(world.clock.now())  # type: ignore[method-assign]
    for _ in range(4):
        await world.sweep()
        await world.clock.advance(10)
    assert len(compared) == 1
    await world.close_gap()
    assert world.registry.is_owned(citizen)
