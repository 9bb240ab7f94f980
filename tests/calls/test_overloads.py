"""What is left out before callers are turned away, how the machine does, and the record of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ari_app.controller import Health
from ari_app.core.admission import FALL_AFTER, SAMPLE, Signal, Step
from ari_app.core.area import CallbackRules
from ari_app.core.call import EndReason, FactKind, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.ledger import StoreUnavailable
from ari_app.core.overloads import Overload
from ari_app.jobs.overloads import when_there_is_room
from tests.calls.crowds import VEENDIJK_ALONE, full, samples, with_numbers
from tests.calls.requests import Make, asking
from tests.calls.test_load import Sluggish
from tests.calls.world import ESDAM_ALONE, World, an_area

pytestmark = pytest.mark.pure


async def nearly_full(make_world: Make) -> tuple[World, list[ChannelId]]:
    """Nine tenths of the places are taken; there is room for Veendijk."""
    world = make_world(area=with_numbers(an_area()), capacity=40)
    others = [await world.citizen(ESDAM_ALONE) for _ in range(36)]
    await samples(world, 1)
    assert world.admission.step == Step.RINGING and world.switch.waiting == set(others)
    return world, others


async def test_new_callers_hear_ringing_instead_of_music_while_nearly_full(make_world: Make) -> None:
    world, others = await nearly_full(make_world)
    citizen = await world.citizen(VEENDIJK_ALONE)
    assert world.call(citizen).stage is Stage.WAITING
    assert world.call(citizen).line_answered_at is None and citizen not in world.switch.waiting
    assert world.switch.heard(citizen) == []
    for other in others[:20]:
        await world.hang_up(other)
    await samples(world, 8)
    assert world.admission.step is Step.NORMAL
    assert citizen in world.switch.waiting and world.switch.heard(citizen) == ["gemeente/GM9902/welkom-gemeente"]


async def test_a_caller_who_hears_ringing_is_connected_when_somebody_is_free_or_hears_music_in_the_end(
    make_world: Make,
) -> None:
    world, others = await nearly_full(make_world)
    first, second = await world.citizen(VEENDIJK_ALONE), await world.citizen()
    await world.press(second, "2")
    assert second in world.switch.waiting, "the menu has answered this line: silence would be no ringing"
    await samples(world, 39)
    assert first not in world.switch.waiting
    await samples(world, 6)
    assert first in world.switch.waiting, "nobody hears ringing for ever"
    third = await world.citizen(VEENDIJK_ALONE)
    assert world.call(third).line_answered_at is None
    for citizen in (*others, first, second):
        await world.hang_up(citizen)
    operator = await world.operator("102")
    assert world.switch.partners(operator) == {third}


async def test_extras_are_left_out_while_many_are_there(make_world: Make) -> None:
    world = make_world(area=an_area(), capacity=10)
    operator = await world.operator("101")
    citizens = [await world.citizen(ESDAM_ALONE) for _ in range(8)]
    ran: list[str] = []

    async def job() -> None:
        ran.append("job")

    guarded = when_there_is_room(world.admission, job)
    await guarded()
    await samples(world, 1)
    assert world.admission.step is Step.NO_EXTRAS
    await guarded()
    assert ran == ["job"]
    waiting = [citizen for citizen in citizens if citizen in world.switch.waiting]
    assert len(waiting) == 7
    told = [world.ledger.kinds(world.call(citizen).id).count(FactKind.POSITION_TOLD) for citizen in waiting]
    await samples(world, 100)
    assert told == [world.ledger.kinds(world.call(citizen).id).count(FactKind.POSITION_TOLD) for citizen in waiting]
    for citizen in waiting[:-1]:
        await world.hang_up(citizen)
    await samples(world, 60)
    assert world.ledger.kinds(world.call(waiting[-1]).id).count(FactKind.POSITION_TOLD) > told[-1]
    await guarded()
    assert ran == ["job", "job"] and operator in world.switch.channels


# --- how the machine does ---


async def test_given_orders_that_take_too_long_then_only_those_below_their_share_come_in(make_world: Make) -> None:
    world = make_world(area=with_numbers(asking()))
    citizens = [await world.citizen() for _ in range(12)]
    for citizen in citizens[:9]:
        await world.press(citizen, "1")
    slow = Sluggish(world, "play", after=timedelta(seconds=2), lost=False)
    for citizen in citizens[:9]:
        await world.hang_up(citizen)
    others = [await world.citizen() for _ in range(9)]
    await samples(world, 3)
    assert world.admission.step >= Step.TURNING_AWAY and not world.switch.fallback
    slow.is_over = True
    assert world.call(await world.citizen(VEENDIJK_ALONE)).stage is Stage.WAITING
    await samples(world, 12)
    assert world.admission.step is Step.NORMAL, "it comes back by itself"
    assert {world.call(citizen).stage for citizen in others} <= {Stage.CHOOSING, Stage.WAITING}


async def test_a_hiccup_of_this_process_is_no_overload(world: World) -> None:
    for late in (0.0, 5.0, 0.0, 0.0, 3.0, 0.0):
        await world.clock.advance(SAMPLE.total_seconds())
        world.admission.sample(late)
        assert world.admission.step is Step.NORMAL
    for _ in range(6):
        await world.clock.advance(SAMPLE.total_seconds())
        world.admission.sample(0.6)
    assert world.admission.step is Step.TURNING_AWAY


async def test_late_events_are_an_overload_and_a_backlog_that_comes_at_once_is_none(world: World) -> None:
    for number in range(200):
        world.admission.event_came(world.clock.now() - timedelta(seconds=5 if number > 100 else 0))
    await samples(world, 2)
    assert world.admission.step is Step.NORMAL
    for _ in range(8):
        for _ in range(5):
            world.admission.event_came(world.clock.now() - timedelta(seconds=3))
        await samples(world, SAMPLE.total_seconds())
    assert world.admission.refuses_all, "the dialplan is to refuse everybody"
    busy = await world.citizen(ESDAM_ALONE)
    assert world.switch.heard(busy) == [] and world.call(busy).end_reason is EndReason.TURNED_AWAY


async def test_after_the_clock_was_set_back_nobody_is_turned_away_for_what_was_before(make_world: Make) -> None:
    world = await full(make_world)
    await world.citizen(ESDAM_ALONE)
    await samples(world, 1)
    assert world.admission.step >= Step.TURNING_AWAY
    for citizen in list(world.switch.waiting):
        await world.hang_up(citizen)
    world.clock.set_back(3600)
    await samples(world, 8)
    assert world.admission.step is Step.NORMAL


# --- the record ---


async def test_health_tells_what_is_left_out_and_how_many_calls_there_are(make_world: Make) -> None:
    health = Health()
    assert (health.status()["overload"], health.status()["live_calls"]) == (None, None), "a standby has no calls"
    world = await full(make_world)
    health.admission = world.admission
    assert (health.status()["overload"], health.status()["live_calls"]) == ("normal", 9)
    await samples(world, 1)
    assert health.status()["overload"] == "ringing"


async def test_an_overload_is_a_row_with_its_beginning_highest_step_counts_and_end(make_world: Make) -> None:
    world = await full(make_world)
    rows: list[Overload] = []

    async def store(overload: Overload) -> None:
        if not world.ledger.available:
            raise StoreUnavailable("ordered by the test")
        rows.append(overload)

    world.supervisor.start(world.admission.keep_record(store), "overloads")
    began_at = world.clock.now()
    for _ in range(3):
        await world.citizen(ESDAM_ALONE)
    await samples(world, 1)
    assert [(row.step, row.signal, row.ended_at) for row in rows] == [(Step.TURNING_AWAY, Signal.TURNED_AWAY, None)]
    assert rows[0].turned_away == 3 and rows[0].began_at - began_at <= timedelta(seconds=1)
    world.ledger.available = False
    for citizen in list(world.switch.waiting):
        await world.hang_up(citizen)
    await samples(world, 12)
    assert world.admission.step is Step.NORMAL and not rows[-1].ended_at
    world.ledger.available = True
    await world.clock.advance(2)
    assert rows[-1].id == rows[0].id and rows[-1].ended_at is not None
    assert rows[-1].ended_at - began_at >= FALL_AFTER and (rows[-1].step, rows[-1].turned_away) == (
        Step.TURNING_AWAY,
        3,
    )


@pytest.mark.parametrize("rules", [CallbackRules(), CallbackRules(offered=False)])
async def test_without_a_capacity_nothing_is_left_out_however_many_there_are(
    make_world: Callable[..., World], rules: CallbackRules
) -> None:
    world = make_world(area=an_area(callback=rules))
    citizens = [await world.citizen(ESDAM_ALONE) for _ in range(60)]
    await samples(world, 2)
    assert world.admission.step is Step.NORMAL and world.switch.waiting == set(citizens)
