"""More callers than this machine can carry: how tests of them begin."""

from __future__ import annotations

from dataclasses import replace

from ari_app.core.admission import SAMPLE
from ari_app.core.area import Area
from ari_app.core.call import Call
from ari_app.core.ids import ChannelId
from tests.calls.requests import Make, asking
from tests.calls.world import ESDAM_ALONE, VEENDIJK, World

WHY, TOMORROW, THIS_NUMBER, LATER = "nl/lijnen-bezet", "nl/terug-morgen", "nl/terug-dit-nummer", "nl/tot-later"
VEENDIJK_ALONE = "+31119555002"


def with_numbers(area: Area) -> Area:
    """Both municipalities have a number of their own."""
    veendijk = replace(area.municipalities[VEENDIJK], geographic_numbers=(VEENDIJK_ALONE,))
    return replace(area, municipalities={**area.municipalities, VEENDIJK: veendijk})


async def full(make_world: Make, capacity: int = 10, area: Area | None = None) -> World:
    """Callers of Esdam wait, as many as may be: the last place is kept for Veendijk."""
    world = make_world(area=with_numbers(asking() if area is None else area), capacity=capacity)
    while world.admission.live_calls < capacity - 1:
        await world.citizen(ESDAM_ALONE, number="")
    return world


async def samples(world: World, seconds: float, *, late_seconds: float = 0.0) -> None:
    """The signals are taken as time passes."""
    for _ in range(round(seconds / SAMPLE.total_seconds())):
        await world.clock.advance(SAMPLE.total_seconds())
        world.admission.sample(late_seconds)


def ended(world: World, citizen: ChannelId) -> Call:
    call = world.call(citizen)
    assert citizen not in world.switch.channels and not world.registry.is_owned(citizen)
    return call
