"""A call in each stage, for the tests of that stage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ari_app.core.area import DirectNumber, Reach
from ari_app.core.call import Leg
from ari_app.core.ids import ChannelId, Endpoint
from tests.calls.world import CLOSED_AT, ESDAM, ESDAM_ALONE, World, an_area

DIRECT = "+31119555777"
NOT_OURS = "+31301112222"


@dataclass
class Scene:
    """A call in a stage, and the channel of the other party, or of the one that is being reached."""

    world: World
    citizen: ChannelId
    other: ChannelId | None = None


async def arrived(make: Callable[..., World]) -> Scene:
    world = make()
    world.switch.prompts_last = True
    return Scene(world, await world.citizen(NOT_OURS))


async def choosing(make: Callable[..., World]) -> Scene:
    world = make()
    return Scene(world, await world.citizen())


async def announcing(make: Callable[..., World]) -> Scene:
    world = make(now=CLOSED_AT)
    world.switch.prompts_last = True
    return Scene(world, await world.citizen())


async def waiting(make: Callable[..., World]) -> Scene:
    world = make()
    return Scene(world, await world.citizen(ESDAM_ALONE))


async def connecting(make: Callable[..., World]) -> Scene:
    world = make()
    operator = await world.operator("101")
    world.switch.prompts_last = True
    return Scene(world, await world.citizen(ESDAM_ALONE), operator)


async def connecting_rung(make: Callable[..., World]) -> Scene:
    world = make(area=an_area(reach=Reach.RING))
    await world.hang_up(await world.operator("101", phone="phone07"))
    citizen = await world.citizen(ESDAM_ALONE)
    return Scene(world, citizen, world.ringing_at("PJSIP/phone07"))


async def connecting_direct(make: Callable[..., World]) -> Scene:
    world = make(area=an_area(direct_numbers=(DirectNumber(DIRECT, ESDAM, endpoint=Endpoint("PJSIP/phone20")),)))
    citizen = await world.citizen(DIRECT)
    return Scene(world, citizen, world.ringing_at("PJSIP/phone20"))


async def talking(make: Callable[..., World]) -> Scene:
    world = make()
    operator = await world.operator("101")
    scene = Scene(world, await world.citizen(ESDAM_ALONE), operator)
    await world.clock.advance(60)
    return scene


async def talking_after_a_wait(make: Callable[..., World]) -> Scene:
    world = make()
    citizen = await world.citizen(ESDAM_ALONE)
    await world.clock.advance(5)
    scene = Scene(world, citizen, await world.operator("101"))
    await world.clock.advance(60)
    return scene


async def talking_rung(make: Callable[..., World]) -> Scene:
    scene = await connecting_rung(make)
    assert scene.other is not None
    scene.world.switch.pick_up(scene.other)
    await scene.world.clock.advance(60)
    return scene


async def leaving(make: Callable[..., World]) -> Scene:
    world = make()
    citizen = await world.citizen(ESDAM_ALONE)
    world.switch.prompts_last = True
    await world.clock.advance(61)
    return Scene(world, citizen)


SceneMaker = Callable[[Callable[..., World]], Awaitable[Scene]]


def legs_of(scene: Scene) -> list[Leg]:
    call = scene.world.call(scene.citizen)
    return [leg for leg in scene.world.ledger.legs.values() if leg.call_id == call.id]


def estimated_ends(scene: Scene) -> set[ChannelId]:
    return {leg.channel_id for leg in legs_of(scene) if leg.end_is_estimated}
