"""A talk from which the caller is transferred: how tests of transfers begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ari_app.core.area import Area, DirectoryEntry, EntryKind, Reach
from ari_app.core.call import Call, Leg, LegRole
from ari_app.core.ids import ChannelId, Endpoint, EntryCode, TeamCode
from ari_app.core.transfer import Transfer
from tests.calls.world import ESDAM, ESDAM_ALONE, VEENDIJK, World, an_area

DESK = Endpoint("PJSIP/phone20")
DEPUTY = Endpoint("PJSIP/phone21")
MOBILE = "+31612345678"


def entry(code: str, extension: str, **target: object) -> DirectoryEntry:
    return DirectoryEntry(EntryCode(code), EntryKind.PERSON, code.title(), ESDAM, extension, **target)  # type: ignore[arg-type]


def with_directory(area: Area | None = None) -> Area:
    """Esdam's, with a colleague of each sort; 240 belongs to Veendijk."""
    plan = [
        entry("civil", "200", endpoint=DESK, subject="paspoorten", deputy=EntryCode("second")),
        entry("second", "201", endpoint=DEPUTY),
        entry("mobile", "210", pii_number=MOBILE),
        entry("bram", "220", operator="102"),
        entry("team", "230", team=TeamCode("both")),
        replace(entry("theirs", "240", endpoint=DESK), municipality=VEENDIJK),
        replace(entry("queue", "250", queue=VEENDIJK), shared=True),
        entry("night", "260", endpoint=DESK, hours={}, deputy=EntryCode("second")),
    ]
    return replace(area or an_area(), entries={each.code: each for each in plan})


@dataclass
class Talk:
    """Operator 101 talks with a citizen of Esdam."""

    world: World
    operator: ChannelId
    citizen: ChannelId

    @property
    def call(self) -> Call:
        return self.world.call(self.citizen)

    @property
    def transfers(self) -> list[Transfer]:
        found = [t for t in self.world.ledger.transfers.values() if t.call_id == self.call.id]
        return sorted(found, key=lambda transfer: transfer.number)

    @property
    def transfer(self) -> Transfer:
        return self.transfers[-1]

    async def keys(self, digits: str) -> None:
        await self.world.press(self.operator, digits)

    def rings(self, endpoint: Endpoint = DESK) -> ChannelId:
        return self.world.ringing_at(endpoint)

    async def picked_up(self, endpoint: Endpoint = DESK) -> ChannelId:
        colleague = self.rings(endpoint)
        self.world.switch.pick_up(colleague)
        await self.world.clock.advance(1)
        return colleague

    def hears(self, channel_id: ChannelId) -> set[ChannelId]:
        return self.world.switch.partners(channel_id)

    def has_music(self, channel_id: ChannelId) -> bool:
        return channel_id in self.world.switch.waiting and channel_id in self.world.switch.music

    def legs(self, role: LegRole) -> list[Leg]:
        return [leg for leg in self.world.ledger.legs.values() if leg.call_id == self.call.id and leg.role is role]


async def talk(make: Callable[..., World], *, reach: Reach = Reach.LINE) -> Talk:
    world = make(area=with_directory(an_area(reach=reach)))
    operator = await world.operator("101", phone="phone07")
    if reach is Reach.RING:
        await world.hang_up(operator)
    citizen = await world.citizen(ESDAM_ALONE)
    if reach is Reach.RING:
        operator = world.ringing_at("PJSIP/phone07")
        world.switch.pick_up(operator)
    await world.clock.advance(60)
    assert world.switch.partners(citizen) == {operator}
    return Talk(world, operator, citizen)


async def consulting(make: Callable[..., World], *, reach: Reach = Reach.LINE) -> tuple[Talk, ChannelId]:
    """The colleague has picked up, and speaks with the operator; the caller is on hold."""
    found = await talk(make, reach=reach)
    await found.keys("*1200#")
    colleague = await found.picked_up()
    assert found.hears(found.operator) == {colleague}
    assert found.has_music(found.citizen)
    return found, colleague
