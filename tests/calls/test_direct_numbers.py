"""Direct numbers: a person, a team or somebody's phone, and then the queue, on fakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ari_app.core.call import Stage
from ari_app.core.directory import AfterCalamity, Calamity, DirectNumber
from ari_app.core.ids import Endpoint, OperatorNumber, TeamCode
from tests.calls.world import ESDAM, OPEN_AT, World, directory

pytestmark = pytest.mark.pure


async def test_a_direct_number_rings_its_phone_and_goes_to_the_queue_after_twenty_seconds(
    make_world: Callable[..., World],
) -> None:
    direct = DirectNumber("+31119555777", ESDAM, endpoint=Endpoint("PJSIP/phone20"))
    world = make_world(area=directory(direct_numbers=(direct,)))
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
    world = make_world(area=directory(direct_numbers=(direct,)))
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
    world = make_world(area=directory(direct_numbers=(direct,), calamities=(calamity,)))
    world.switch.prompts_last = True
    citizen = await world.citizen("+31119555777")
    await world.clock.advance(25)
    world.switch.prompts_last = False
    world.switch.finish_prompt(citizen)
    await world.clock.advance(19)
    world.switch.pick_up(world.ringing_at("PJSIP/phone20"))
    await world.clock.advance(0)
    assert world.call(citizen).stage is Stage.TALKING
