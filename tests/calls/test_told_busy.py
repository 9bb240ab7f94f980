"""More callers than can be told that there is no room: they hear busy, and the dialplan refuses their number."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import pytest

from ari_app.core.admission import Step
from ari_app.core.call import EndReason, Stage
from ari_app.core.ids import ChannelId
from ari_app.core.recovery import LiveChannel
from ari_app.core.shares import FEWEST_TURNING
from ari_app.jobs.overloads import refuse
from tests.calls.crowds import LATER, VEENDIJK_ALONE, WHY, ended, full, samples, with_numbers
from tests.calls.requests import Make, asking
from tests.calls.world import ESDAM_ALONE, World
from tests.fakes.clock import settle

pytestmark = pytest.mark.pure


async def test_more_than_can_be_told_so_hear_busy_and_the_dialplan_refuses_their_number(make_world: Make) -> None:
    world = await full(make_world)
    world.switch.prompts_last = True
    told = [await world.citizen(ESDAM_ALONE, number="") for _ in range(FEWEST_TURNING)]
    assert all(world.switch.heard(citizen) for citizen in told)
    busy = await world.citizen(ESDAM_ALONE, number="")
    assert world.switch.heard(busy) == [] and ("hang up", busy, "17") in world.switch.orders
    call = ended(world, busy)
    assert (call.end_reason, call.line_answered_at) == (EndReason.TURNED_AWAY, None)
    assert world.admission.refused_numbers() == frozenset()
    await samples(world, 1)
    assert world.admission.step is Step.BUSY
    assert world.admission.refused_numbers() == {ESDAM_ALONE} and not world.admission.refuses_all
    assert world.call(await world.citizen(VEENDIJK_ALONE)).stage is Stage.WAITING, "the others' share is theirs"
    for citizen in told:
        world.switch.finish_prompt(citizen)
    await settle()
    await samples(world, 6 + 2)
    assert world.admission.refused_numbers() == frozenset()


async def test_whoever_is_told_after_the_menu_counts_among_those_who_are_told(make_world: Make) -> None:
    world = make_world(area=with_numbers(asking()), capacity=40)
    in_the_menu = [await world.citizen(number="") for _ in range(FEWEST_TURNING + 2)]
    while world.admission.live_calls < 36:
        await world.citizen(ESDAM_ALONE, number="")
    await samples(world, 2, late_seconds=0.6)
    world.switch.prompts_last = True
    for citizen in in_the_menu:
        await world.press(citizen, "1")
    assert all(world.switch.heard(citizen)[-1] == LATER for citizen in in_the_menu), "nobody is cut off after the menu"
    for citizen in in_the_menu[:3]:
        busy = await world.citizen(ESDAM_ALONE, number="")
        assert world.switch.heard(busy) == [] and ("hang up", busy, "17") in world.switch.orders
        await world.hang_up(citizen)
    told = await world.citizen(ESDAM_ALONE, number="")
    assert world.switch.heard(told) == [WHY, LATER], "fewer are told now than may be"


async def test_callers_who_come_in_one_instant_do_not_take_each_others_place(make_world: Make) -> None:
    world = await full(make_world)
    await world.hang_up(next(iter(world.switch.waiting)))
    args = [("citizen", str(uuid4()), ESDAM_ALONE) for _ in range(3)]
    channels = [LiveChannel(ChannelId(f"at-once.{one[1]}"), world.clock.now(), False, one) for one in args]
    for channel in channels:
        world.switch.channels.add(channel.id)
        world.arrivals[channel.id] = channel
    for channel in channels:
        world.supervisor.accept_channel(channel)
    await settle()
    stages = [world.call(channel.id).stage for channel in channels]
    assert stages == [Stage.WAITING, Stage.ENDED, Stage.ENDED]


class Dialplan:
    def __init__(self) -> None:
        self.refused: list[str] = []

    async def refuse_new_calls(self, until: object, dialled: str = "") -> None:
        self.refused.append(dialled or "all")

    async def sound_pairs(self) -> int | None:
        return None


@pytest.mark.parametrize(
    ("are_all", "numbers", "refused"),
    [(False, [], []), (False, ["140119", "140118"], ["140119", "140118"]), (True, ["140119"], ["all"])],
)
async def test_the_dialplan_hears_whom_to_refuse(
    world: World, are_all: bool, numbers: Sequence[str], refused: Sequence[str]
) -> None:
    dialplan = Dialplan()
    await refuse(are_all, numbers, dialplan, world.clock.now())
    assert dialplan.refused == refused
